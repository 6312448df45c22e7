/** Why the key that signed a session is trusted (wattseal.registry.http.check.trust). */

import { fromHex, sha256, toHex } from "./bytes.js";
import { readEvseId } from "./evse_id.js";
import { ProofError, checkProof } from "./log_proof.js";
import { withoutBlanks } from "./python_text.js";
import { Unreachable } from "./registry.js";
import { LIMITS } from "./tables.js";

/**
 * @typedef {import("./registry.js").Registry} Registry
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

/** When the key signed for the charge point, newest first (http/station_view.py). */
async function periodsOf(
  /** @type {string} */ fingerprint,
  /** @type {string} */ evseId,
  /** @type {import("./registry.js").HistoryLine[]} */ history,
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
