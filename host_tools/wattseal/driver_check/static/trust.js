/**
 * Why the key that signed a session is trusted: what the registry on the server of this page says
 * of it, and whether its log proves that (wattseal.driver_check.trust).
 */

import { fromBase64, fromHex, joined, sha256, toHex, toUtf8 } from "./bytes.js";
import { withoutBlanks } from "./python_values.js";
import { readPublicKey } from "./signature.js";
import { LIMITS } from "./tables.js";

/**
 * @typedef {{entry: number, fromMs: number, untilMs: number | null, meterSerial: string,
 *   publicKey: string, evseId: string}} Period
 * @typedef {{fingerprint: string, evseId: string | null, meterSerial: string | null,
 *   beginMs: number | null, endMs: number | null}} Signed
 * @typedef {{state: string, evseId: string, period: Period | null, found: string,
 *   logSize: number | null, logName: string}} Trust
 */

/**
 * Whether the registry lists the key for that charge point, that meter and that time, and proves
 * it; `registry` is null where there is none to ask.
 * @param {Registry | null} registry
 * @param {Signed} signed
 * @returns {Promise<Trust>}
 */
export async function judgeTrust(registry, signed) {
  if (!registry) return trust("not_asked");
  try {
    const listed = await judgeListed(registry, signed);
    return listed.state === "trusted" ? await proven(registry, listed) : listed;
  } catch (error) {
    if (error instanceof Unreachable) return trust("not_asked");
    throw error;
  }
}

/**
 * The public key in hex that the registry lists for a record that came without one; null for none.
 * @param {Registry} registry
 * @param {string} evseId as written
 * @param {number} atMs
 * @returns {Promise<string | null>}
 */
export async function keyFor(registry, evseId, atMs) {
  const name = readEvseId(evseId);
  for (const moment of [atMs, atMs + LIMITS.toleranceMs, atMs - LIMITS.toleranceMs]) {
    const state = name && moment >= 0 ? await registry.keyValid(name, moment) : null;
    if (state) return state.public_key;
  }
  return null;
}

/** @returns {Trust} */
function trust(/** @type {string} */ state, /** @type {Partial<Trust>} */ more = {}) {
  return { state, evseId: "", period: null, found: "", logSize: null, logName: "", ...more };
}

async function judgeListed(/** @type {Registry} */ registry, /** @type {Signed} */ signed) {
  const { fingerprint, beginMs } = signed;
  const now = await registry.key(fingerprint);
  if (!now) return trust("unknown");
  const then = beginMs === null || beginMs < 0 ? null : await registry.key(fingerprint, beginMs);
  const listedAt = then?.evse_id ?? now.evse_id;
  const evseId = signed.evseId === null ? listedAt : readEvseId(signed.evseId);
  const history = evseId ? await registry.history(evseId) : [];
  const periods = await periodsOf(fingerprint, evseId, history);
  if (periods.length === 0) {
    return trust("other_station", { evseId: listedAt, found: signed.evseId ?? "" });
  }
  const period = periods.find((one) => covers(one, signed));
  if (!period) return trust("not_then", { evseId, period: periods[0] });
  const serial = signed.meterSerial;
  if (serial !== null && plain(serial) !== plain(period.meterSerial)) {
    return trust("other_meter", { evseId, period, found: serial });
  }
  return trust("trusted", { evseId, period });
}

/** With the proof that the registration is public; a wrong one makes the answer worthless. */
async function proven(/** @type {Registry} */ registry, /** @type {Trust} */ listed) {
  const period = /** @type {Period} */ (listed.period);
  const facts = await registry.facts();
  const publication = await registry.publication(period.entry, facts.size);
  try {
    if (!publication) throw new ProofError("the entry is not in the log");
    const logSize = await checkProof(publication, facts, period);
    return { ...listed, logSize, logName: facts.name };
  } catch (error) {
    if (!(error instanceof ProofError)) throw error;
    return { ...listed, state: "proof_wrong", found: error.message };
  }
}

/** When the key signed for the charge point, newest first (registry/station_history.py). */
async function periodsOf(
  /** @type {string} */ fingerprint,
  /** @type {string} */ evseId,
  /** @type {HistoryLine[]} */ history,
) {
  /** @type {(Period & {fingerprint: string})[]} */
  const periods = [];
  const isHere = (/** @type {any} */ named) => readEvseId(named.evse_id) === evseId;
  for (const { number, record } of history) {
    const isRegistration = record.type === "registration";
    const leaves = isRegistration && record.ended.evses.some(isHere);
    const ends = (isRegistration || record.type === "deactivation") && isHere(record);
    const last = periods.at(-1);
    if (last && (leaves || ends)) last.untilMs ??= record.unix_ms;
    if (isRegistration && isHere(record)) periods.push(await begun(number, record));
  }
  return periods.filter((period) => period.fingerprint === fingerprint).reverse();
}

async function begun(/** @type {number} */ entry, /** @type {any} */ record) {
  const spki = fromHex(record.public_key) ?? new Uint8Array();
  return {
    entry,
    fromMs: record.unix_ms,
    untilMs: null,
    meterSerial: record.meter.serial,
    publicKey: record.public_key,
    evseId: record.evse_id,
    fingerprint: toHex(await sha256(spki)),
  };
}

/** Whether the whole session lies within the period, as far as its times tell. */
function covers(/** @type {Period} */ { fromMs, untilMs }, /** @type {Signed} */ signed) {
  const tolerance = LIMITS.toleranceMs;
  return [signed.beginMs, signed.endMs].every(
    (moment) =>
      moment === null ||
      (moment >= fromMs - tolerance && (untilMs === null || moment <= untilMs + tolerance)),
  );
}

function plain(/** @type {string} */ serial) {
  return withoutBlanks(serial).toUpperCase();
}

// --- EVSE-IDs in the spellings that they come in (wattseal.ocmf.evse_id) ---

const ISO = /^([A-Z]{2})\*?([A-Z0-9]{3})\*?E([A-Z0-9*]+)$/;
const DIN = /^\+?([1-9][0-9]{0,2})\*([0-9]{3,6})\*([0-9*]+)$/;
const MAX_CHARACTERS = 50;
const MAX_OWN_CHARACTERS = 30;

/** An EVSE-ID with all its stars; empty for what is none. */
function readEvseId(/** @type {string} */ text) {
  const isPlain = text.length <= MAX_CHARACTERS && /^[ -~]+$/.test(text);
  if (!isPlain || (text.includes("*") && text.includes("-"))) return "";
  const stars = text.toUpperCase().replaceAll("-", "*");
  const isDin = /^[+0-9]/.test(stars);
  const found = (isDin ? DIN : ISO).exec(stars);
  if (!found || !isOwn(found[3])) return "";
  return isDin ? `+${found[1]}*${found[2]}*${found[3]}` : `${found[1]}*${found[2]}*E${found[3]}`;
}

/** Whether it may be the operator's own part: stars stand alone and within. */
function isOwn(/** @type {string} */ own) {
  const isWithin = !own.startsWith("*") && !own.endsWith("*") && !own.includes("**");
  return isWithin && own.replaceAll("*", "").length <= MAX_OWN_CHARACTERS;
}

// --- Questions to the registry: nothing of a record is sent to it but what they name ---

/** The registry does not answer, or answers something that is no answer. */
export class Unreachable extends Error {}

/**
 * @typedef {{fingerprint: string, public_key: string, evse_id: string}} KeyState
 * @typedef {{number: number, record: any}} HistoryLine
 * @typedef {{checkpoint: string, leaf: string, leaf_index: number, proof: string[]}} Publication
 * @typedef {{name: string, registry_key: string, size: number}} Facts
 */

/** A registry by the address of its service; it remembers what it was told. */
export class Registry {
  /** @param {string} address such as "/" */
  constructor(address) {
    this.address = address;
    /** @type {Map<string, Promise<any>>} */
    this.answers = new Map();
  }

  /**
   * A key as it was at a time, or is now; null if it is not known.
   * @param {string} fingerprint
   * @param {number | null} atMs
   * @returns {Promise<KeyState | null>} Unreachable
   */
  key(fingerprint, atMs = null) {
    return this.#ask(`v1/keys/${fingerprint}${atMs === null ? "" : `?at=${atMs}`}`);
  }

  /**
   * The key that was valid for a charge point at a time.
   * @param {string} evseId
   * @param {number} atMs
   * @returns {Promise<KeyState | null>} Unreachable
   */
  keyValid(evseId, atMs) {
    return this.#ask(`v1/evse/${encodeURIComponent(evseId)}/key?at=${atMs}`);
  }

  /**
   * Every record that touched a charge point, oldest first.
   * @param {string} evseId
   * @returns {Promise<HistoryLine[]>} Unreachable
   */
  async history(evseId) {
    return (await this.#ask(`v1/evse/${encodeURIComponent(evseId)}/history`)) ?? [];
  }

  /**
   * Name, key and size of its log.
   * @returns {Promise<Facts>} Unreachable
   */
  facts() {
    return this.#ask("v1/registry");
  }

  /**
   * The proof that an entry is in the log of that size.
   * @param {number} entry
   * @param {number} size
   * @returns {Promise<Publication | null>} Unreachable
   */
  publication(entry, size) {
    return this.#ask(`v1/entries/${entry}/publication?size=${size}`);
  }

  /** @returns {Promise<any>} null for what there is not */
  #ask(/** @type {string} */ path) {
    const asked = this.answers.get(path) ?? fetchJson(this.address + path);
    this.answers.set(path, asked);
    return asked;
  }
}

async function fetchJson(/** @type {string} */ url) {
  try {
    const response = await fetch(url, { credentials: "omit", referrerPolicy: "no-referrer" });
    if (response.status === 404) return null;
    if (response.ok) return await response.json();
  } catch {
    throw new Unreachable();
  }
  throw new Unreachable();
}

// --- Proof of publication: that an entry is in the log whose head the registry has signed ---
// RFC 9162, 2.1.3.2 (inclusion); C2SP signed-note and tlog-checkpoint (the head).

/** The proof does not hold; the message says why (a name in words.py). */
class ProofError extends Error {}

const UNREADABLE = "the proof cannot be read";
const MARK = "\u2014";

/**
 * Check a publication.
 * @param {Publication} publication
 * @param {Facts} facts the registry's name and key
 * @param {Period} expected what the entry must say
 * @returns {Promise<number>} the size of the log; ProofError
 */
async function checkProof(publication, facts, expected) {
  const { leaf, leaf_index: index, proof, checkpoint } = publication;
  if (index !== expected.entry || !isSame(leaf, expected)) {
    throw new ProofError("the entry is another key's");
  }
  const head = await readHead(checkpoint, facts);
  const hashes = proof.map(fromHex);
  const root = await rootOf(index, head.size, toUtf8(leaf), hashes);
  if (toHex(root) !== toHex(head.root)) throw new ProofError("the entry is not in the log");
  return head.size;
}

function isSame(/** @type {string} */ leaf, /** @type {Period} */ expected) {
  let said;
  try {
    said = JSON.parse(leaf);
  } catch {
    throw new ProofError(UNREADABLE);
  }
  return (
    said.type === "registration" &&
    said.public_key === expected.publicKey &&
    said.evse_id === expected.evseId &&
    said.meter_serial === expected.meterSerial &&
    said.unix_ms === expected.fromMs
  );
}

/** Size and root of a checkpoint that the registry's key has signed. */
async function readHead(/** @type {string} */ note, /** @type {Facts} */ facts) {
  const split = note.lastIndexOf("\n\n");
  const text = note.slice(0, split + 1);
  const [origin, size, root] = text.split("\n");
  const hash = fromBase64(root ?? "");
  const isHead = origin === facts.name && /^(?:0|[1-9][0-9]{0,15})$/.test(size ?? "");
  if (split < 0 || !isHead || hash?.length !== 32) throw new ProofError(UNREADABLE);
  if (!(await isSigned(text, note.slice(split + 2), facts))) {
    throw new ProofError("the signature of the log is wrong");
  }
  return { size: Number(size), root: hash };
}

/** Whether one of a note's signature lines is of the registry's ECDSA key. */
async function isSigned(
  /** @type {string} */ text,
  /** @type {string} */ lines,
  /** @type {Facts} */ facts,
) {
  const key = await readPublicKey(facts.registry_key);
  const keyId = toHex((await sha256(key.spki)).slice(0, 4));
  for (const line of lines.split("\n")) {
    const [mark, name, content] = line.split(" ");
    const bytes = fromBase64(content ?? "");
    if (mark !== MARK || name !== facts.name || !bytes) continue;
    if (toHex(bytes.slice(0, 4)) !== keyId) continue;
    return key.verifies(toUtf8(text), bytes.slice(4)).catch(() => false);
  }
  return false;
}

async function rootOf(
  /** @type {number} */ index,
  /** @type {number} */ size,
  /** @type {Uint8Array} */ entry,
  /** @type {(Uint8Array | null)[]} */ proof,
) {
  if (index >= size) throw new ProofError("the entry is not in the log");
  let [node, last] = [BigInt(index), BigInt(size) - 1n];
  let above = await sha256(joined(Uint8Array.of(0), entry));
  for (const beside of proof) {
    if (beside?.length !== 32 || last === 0n) throw new ProofError(UNREADABLE);
    if (node & 1n || node === last) {
      above = await sha256(joined(Uint8Array.of(1), beside, above));
      while (node && !(node & 1n)) [node, last] = [node >> 1n, last >> 1n];
    } else {
      above = await sha256(joined(Uint8Array.of(1), above, beside));
    }
    [node, last] = [node >> 1n, last >> 1n];
  }
  if (last) throw new ProofError("the entry is not in the log");
  return above;
}
