/** Judges the signature of one record with its key (wattseal.verify.signature_check). */

import { fromBase64, fromHex } from "./bytes.js";
import { curveNamed } from "./elliptic.js";
import { found, shown } from "./findings.js";
import { PublicKey, Unreadable, possibleSigners, readPublicKey } from "./public_key.js";

/**
 * @typedef {import("./findings.js").Finding} Finding
 * @typedef {import("./record.js").OcmfRecord} OcmfRecord
 * @typedef {{given: string | null, own: PublicKey | null, pinned: PublicKey | null,
 *   complaint: string}} KeyRing
 */

const ALGORITHM = /^ECDSA-([\p{L}\p{N}_]+)-([\p{L}\p{N}_]+)$/u;
const DEFAULT_ALGORITHM = "ECDSA-secp256r1-SHA256";
const HASH = "SHA256";

/**
 * The ring of a record with the key text that came along, if any; `pinned` is the trusted key.
 * @param {string | null} given
 * @param {PublicKey | null} pinned
 * @returns {Promise<KeyRing>}
 */
export async function keyRing(given, pinned) {
  const ring = { given, own: null, pinned, complaint: "" };
  if (given === null) return ring;
  try {
    return { ...ring, own: await readPublicKey(given) };
  } catch (error) {
    if (!(error instanceof Unreadable)) throw error;
    return { ...ring, complaint: error.message };
  }
}

/**
 * The key that the record is verified with.
 * @param {KeyRing} ring
 * @returns {PublicKey | null}
 */
export function judgeOf(ring) {
  return ring.pinned ?? ring.own;
}

/**
 * The record's signature algorithm (SA) as written, or OCMF's default.
 * @param {OcmfRecord} record
 * @returns {string}
 */
export function algorithmOf(record) {
  return record.section.SA || DEFAULT_ALGORITHM;
}

/**
 * What is wrong with the keys themselves.
 * @param {KeyRing} ring
 * @returns {Finding[]}
 */
export function checkKey(ring) {
  const { own, pinned, complaint } = ring;
  if (complaint) return [found("key_unreadable", { cause: complaint })];
  if (!judgeOf(ring)) return [found("key_missing")];
  if (pinned && own && own.fingerprint !== pinned.fingerprint) {
    return [found("key_differs", { expected: pinned.shortName, found: own.shortName })];
  }
  return [];
}

/**
 * Why the record is not authentic under the judging key; nothing if it is.
 * @param {OcmfRecord} record
 * @param {PublicKey} judge
 * @param {PublicKey[]} others further keys at hand, one of which may fit
 * @returns {Promise<Finding[]>}
 */
export async function checkSignature(record, judge, others) {
  const { curve, hash } = curveAndHash(algorithmOf(record));
  if (!curve) return [found("algorithm_unsupported", { algorithm: algorithmOf(record) })];
  const findings = [];
  if (hash !== HASH) findings.push(found("hash_label_ignored", { expected: HASH, found: hash }));
  if (judge.curve.name !== curve.name) {
    const names = { expected: curve.name, found: judge.curve.name };
    return [...findings, found("key_wrong_curve", names)];
  }
  try {
    const signature = signatureBytes(record);
    if (await judge.verifies(record.signedBytes, signature)) return findings;
    return [...findings, await mismatch(record, signature, judge, others)];
  } catch (error) {
    if (!(error instanceof Unreadable)) throw error;
    return [...findings, found("signature_malformed", { cause: error.message })];
  }
}

/**
 * Keys under which every one of the records verifies, found from the signatures alone; see
 * common_signers of the Python module for what it proves.
 * @param {OcmfRecord[]} records
 * @returns {Promise<PublicKey[]>}
 */
export async function commonSigners(records) {
  if (records.length < 2) return [];
  const [first, ...others] = await Promise.all(records.map(signersOf));
  return first.filter((key) =>
    others.every((keys) => keys.some((other) => other.fingerprint === key.fingerprint)),
  );
}

/**
 * That another key signed than the one that judges; `signers` are all that it may be.
 * @param {PublicKey} judge
 * @param {PublicKey[]} signers
 * @returns {Finding}
 */
export function notSigner(judge, signers) {
  const names = [...new Set(signers.map((signer) => signer.shortName))].sort().join(" or ");
  return found("key_not_signer", { expected: judge.shortName, found: names });
}

async function mismatch(
  /** @type {OcmfRecord} */ record,
  /** @type {Uint8Array} */ signature,
  /** @type {PublicKey} */ judge,
  /** @type {PublicKey[]} */ others,
) {
  for (const other of others) {
    const isSameCurve = other.curve.name === judge.curve.name;
    if (isSameCurve && (await other.verifies(record.signedBytes, signature))) {
      return notSigner(judge, [other]);
    }
  }
  return found("signature_mismatch");
}

async function signersOf(/** @type {OcmfRecord} */ record) {
  const { curve } = curveAndHash(algorithmOf(record));
  if (!curve) return [];
  try {
    return await possibleSigners(curve, record.signedBytes, signatureBytes(record));
  } catch {
    return [];
  }
}

function curveAndHash(/** @type {string} */ algorithm) {
  const parts = ALGORITHM.exec(algorithm);
  return { curve: parts && curveNamed(parts[1]), hash: parts ? parts[2] : "" };
}

/** SD decoded as SE says (table 8); Unreadable. */
function signatureBytes(/** @type {OcmfRecord} */ record) {
  const encoding = record.section.SE || "hex";
  if (encoding !== "hex" && encoding !== "base64") {
    throw new Unreadable(`SE names the unknown encoding ${shown(encoding)}`);
  }
  const decode = encoding === "hex" ? fromHex : fromBase64;
  const bytes = decode(record.section.SD);
  if (!bytes) throw new Unreadable(`SD is not ${encoding}`);
  return bytes;
}
