/**
 * Proof of publication: that an entry is in the log whose head the registry has signed.
 *
 * RFC 9162, 2.1.3.2 (inclusion); C2SP signed-note and tlog-checkpoint (the head).
 */

import { fromBase64, fromHex, joined, sha256, toHex, toUtf8 } from "./bytes.js";
import { readPublicKey } from "./public_key.js";

/** The proof does not hold; the message says why (a name in words.py). */
export class ProofError extends Error {}

const UNREADABLE = "the proof cannot be read";
const MARK = "\u2014";

/**
 * Check a publication.
 * @param {import("./registry.js").Publication} publication
 * @param {import("./registry.js").Facts} facts the registry's name and key
 * @param {{entry: number, publicKey: string, evseId: string, meterSerial: string,
 *   fromMs: number}} expected what the entry must say
 * @returns {Promise<number>} the size of the log; ProofError
 */
export async function checkProof(publication, facts, expected) {
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

function isSame(/** @type {string} */ leaf, /** @type {any} */ expected) {
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
async function readHead(
  /** @type {string} */ note,
  /** @type {import("./registry.js").Facts} */ facts,
) {
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
  /** @type {import("./registry.js").Facts} */ facts,
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
