/**
 * Public keys on the curves of OCMF (wattseal.ocmf.public_key), and whether one of them signed a record
 * (wattseal.ocmf.signature).
 */

import {
  DerError,
  dotted,
  fromBase64,
  fromHex,
  fromNumber,
  identifier,
  joined,
  readSignature,
  sha256,
  take,
  toHex,
  toNumber,
} from "./bytes.js";
import { curveNamed, curveOf, isOn, lifted, possiblePoints, verify } from "./elliptic.js";
import { found, shown } from "./findings.js";
import { withoutBlanks } from "./python_values.js";
import { LIMITS } from "./tables.js";

/**
 * @typedef {import("./elliptic.js").Curve} Curve
 * @typedef {import("./elliptic.js").Point} Point
 * @typedef {import("./findings.js").Finding} Finding
 * @typedef {import("./record.js").OcmfRecord} OcmfRecord
 */

const EC_PUBLIC_KEY = "1.2.840.10045.2.1";
const NO_INFO = "it is not SubjectPublicKeyInfo in DER";
const BROWSERS_NAMES = new Map([
  ["secp256r1", "P-256"],
  ["secp384r1", "P-384"],
]);
const PEM = /-----BEGIN ([A-Z ]+)-----([^]*?)-----END \1-----/;

/** Something cannot be read; the message says why, as the cause of a finding. */
export class Unreadable extends Error {}

/** A point on one of the curves; equal keys have one fingerprint whatever they were read from. */
export class PublicKey {
  /**
   * @param {Curve} curve
   * @param {Point} point
   * @param {Uint8Array} spki SubjectPublicKeyInfo in DER
   * @param {string} fingerprint SHA-256 of the SPKI in hex
   */
  constructor(curve, point, spki, fingerprint) {
    this.curve = curve;
    this.point = point;
    this.spki = spki;
    this.fingerprint = fingerprint;
  }

  /**
   * The key of a point.
   * @param {Curve} curve
   * @param {Point} point
   * @returns {Promise<PublicKey>}
   */
  static async of(curve, point) {
    const spki = subjectPublicKeyInfo(curve, encoded(curve, point));
    return new PublicKey(curve, point, spki, toHex(await sha256(spki)));
  }

  /** The SPKI in uppercase hex. */
  get hex() {
    return toHex(this.spki).toUpperCase();
  }

  /** The start of the fingerprint: enough to tell two keys apart by eye. */
  get shortName() {
    return this.fingerprint.slice(0, 16);
  }

  /**
   * Whether the DER signature is this key's ECDSA with SHA-256 over the message.
   * @param {Uint8Array} message
   * @param {Uint8Array} signature
   * @returns {Promise<boolean>} Unreadable if it is no signature on this curve
   */
  async verifies(message, signature) {
    const [r, s] = signatureNumbers(this.curve, signature);
    const namedCurve = BROWSERS_NAMES.get(this.curve.name);
    if (!namedCurve) return verify(this.curve, this.point, await sha256(message), r, s);
    const algorithm = { name: "ECDSA", namedCurve };
    const raw = encoded(this.curve, this.point);
    const key = await crypto.subtle.importKey("raw", raw, algorithm, false, ["verify"]);
    const { bytes } = this.curve;
    const both = joined(fromNumber(r, bytes), fromNumber(s, bytes));
    return crypto.subtle.verify({ name: "ECDSA", hash: "SHA-256" }, key, both, message);
  }
}

/**
 * r and s of a signature in DER.
 * @param {Curve} curve
 * @param {Uint8Array} signature
 * @returns {[bigint, bigint]} Unreadable
 */
function signatureNumbers(curve, signature) {
  /** @type {[bigint, bigint]} */
  let numbers;
  try {
    numbers = readSignature(signature);
  } catch {
    throw new Unreadable("it is not an ECDSA signature in DER");
  }
  if (!numbers.every((number) => number > 0n && number < curve.n)) {
    throw new Unreadable(`its numbers do not fit the curve ${curve.name}`);
  }
  return numbers;
}

/**
 * A public key from the hex, base64 or PEM of its SubjectPublicKeyInfo, blanks between or not.
 * @param {string} text
 * @returns {Promise<PublicKey>} Unreadable
 */
export async function readPublicKey(text) {
  if (text.length > LIMITS.keyTextCharacters) {
    throw new Unreadable(`it is longer than ${LIMITS.keyTextCharacters} bytes`);
  }
  const { curve, point } = readInfo(decoded(text));
  return PublicKey.of(curve, readPoint(curve, point));
}

function decoded(/** @type {string} */ text) {
  const armour = PEM.exec(text);
  if (armour && armour[1] !== "PUBLIC KEY") {
    throw new Unreadable(`it is a PEM ${armour[1].toLowerCase()}, not a public key`);
  }
  const compact = withoutBlanks(armour ? armour[2] : text);
  if (!compact) throw new Unreadable("it is empty");
  const isHex = /^[0-9A-Fa-f]+$/.test(compact);
  const bytes = isHex ? fromHex(compact) : fromBase64(compact);
  if (!bytes) throw new Unreadable("it is neither hex nor base64 nor PEM");
  return bytes;
}

function readInfo(/** @type {Uint8Array} */ der) {
  const { kind, oid, point, behind } = splitInfo(der);
  if (kind !== EC_PUBLIC_KEY) throw new Unreadable("it is not a key for elliptic curves");
  if (behind) throw new Unreadable("bytes follow the end of the key");
  const curve = curveOf(oid);
  if (!curve) throw new Unreadable(`its curve ${oid} is not one that OCMF knows`);
  if (toHex(der) !== toHex(subjectPublicKeyInfo(curve, point))) throw new Unreadable(NO_INFO);
  return { curve, point };
}

/** Kind of key, named curve and encoded point of a SubjectPublicKeyInfo (RFC 5480). */
function splitInfo(/** @type {Uint8Array} */ der) {
  const nothing = new Uint8Array();
  try {
    const outer = take(der, 0x30);
    const algorithm = take(outer.contents, 0x30);
    const first = take(algorithm.contents, 0x06);
    const kind = dotted(first.contents);
    if (kind !== EC_PUBLIC_KEY) return { kind, oid: "", point: nothing, behind: 0 };
    const second = take(first.rest, 0x06);
    const bits = take(algorithm.rest, 0x03);
    if (bits.contents[0] !== 0) throw new DerError();
    const behind = outer.rest.length + second.rest.length + bits.rest.length;
    return { kind, oid: dotted(second.contents), point: bits.contents.slice(1), behind };
  } catch {
    throw new Unreadable(NO_INFO);
  }
}

/**
 * The point that bytes encode (SEC 1, 2.3.4), proven to lie on the curve.
 * @param {Curve} curve
 * @param {Uint8Array} bytes
 * @returns {Point} Unreadable
 */
function readPoint(curve, bytes) {
  const form = bytes[0];
  if (form !== 2 && form !== 3 && form !== 4) {
    throw new Unreadable("its point is in no form that SEC 1 defines");
  }
  const x = toNumber(bytes.slice(1, 1 + curve.bytes));
  const isWhole = form === 4 && bytes.length === 1 + 2 * curve.bytes;
  const isCompressed = form !== 4 && bytes.length === 1 + curve.bytes;
  const whole = isWhole ? { x, y: toNumber(bytes.slice(1 + curve.bytes)) } : null;
  const point = isCompressed ? lifted(curve, x, BigInt(form & 1)) : whole;
  if (!point || !isOn(curve, point)) {
    throw new Unreadable(`its point does not lie on the curve ${curve.name}`);
  }
  return point;
}

function encoded(/** @type {Curve} */ curve, /** @type {Point} */ point) {
  const { bytes } = curve;
  return joined(Uint8Array.of(4), fromNumber(point.x, bytes), fromNumber(point.y, bytes));
}

function subjectPublicKeyInfo(/** @type {Curve} */ curve, /** @type {Uint8Array} */ point) {
  const algorithm = joined(element(6, identifier(EC_PUBLIC_KEY)), element(6, identifier(curve.oid)));
  const bits = joined(Uint8Array.of(0), point);
  return element(0x30, joined(element(0x30, algorithm), element(3, bits)));
}

function element(/** @type {number} */ tag, /** @type {Uint8Array} */ contents) {
  const { length } = contents;
  const head = length < 0x80 ? [tag, length] : [tag, 0x81, length];
  return joined(Uint8Array.from(head), contents);
}

// --- The signature of a record, judged with its key ---

const ALGORITHM = /^ECDSA-([\p{L}\p{N}_]+)-([\p{L}\p{N}_]+)$/u;
const DEFAULT_ALGORITHM = "ECDSA-secp256r1-SHA256";
const HASH = "SHA256";

/**
 * The key in the text that came with a record, if any, and what is wrong with it.
 * @param {string | null} text
 * @returns {Promise<{key: PublicKey | null, findings: Finding[]}>}
 */
export async function givenKey(text) {
  if (text === null) return { key: null, findings: [found("key_missing")] };
  try {
    return { key: await readPublicKey(text), findings: [] };
  } catch (error) {
    if (!(error instanceof Unreadable)) throw error;
    return { key: null, findings: [found("key_unreadable", { cause: error.message })] };
  }
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
 * Why the record is not authentic under the key that came with it; nothing if it is.
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

/** The public keys under which the signature would verify; none if it is none. */
async function signersOf(/** @type {OcmfRecord} */ record) {
  const { curve } = curveAndHash(algorithmOf(record));
  if (!curve) return [];
  try {
    const numbers = signatureNumbers(curve, signatureBytes(record));
    const points = possiblePoints(curve, await sha256(record.signedBytes), ...numbers);
    return await Promise.all(points.map((point) => PublicKey.of(curve, point)));
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
