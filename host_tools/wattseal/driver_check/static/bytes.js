/**
 * Bytes from hex, base64, UTF-8 and numbers, and the other way round; and the little DER (X.690)
 * that keys and signatures are written in. A reader returns null for what it cannot read, one of
 * DER throws a DerError.
 */

/** The bytes are not the DER that they should be. */
export class DerError extends Error {}

/** Bytes of hex digits; blanks may stand between bytes. */
export function fromHex(/** @type {string} */ text) {
  const digits = text.replace(/[\t-\r ]*([0-9A-Fa-f]{2})[\t-\r ]*/g, "$1");
  if (!/^(?:[0-9A-Fa-f]{2})*$/.test(digits)) return null;
  const bytes = new Uint8Array(digits.length / 2);
  for (let at = 0; at < bytes.length; at += 1) {
    bytes[at] = Number.parseInt(digits.slice(2 * at, 2 * at + 2), 16);
  }
  return bytes;
}

/** Lowercase hex of bytes. */
export function toHex(/** @type {Uint8Array} */ bytes) {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** Bytes of base64 with its padding, and nothing between. */
export function fromBase64(/** @type {string} */ text) {
  if (!/^[A-Za-z0-9+/]*={0,2}$/.test(text)) return null;
  const digits = text.replace(/=+$/, "");
  const left = digits.length % 4;
  const isPadded = text.length - digits.length >= 4 - left;
  if (left === 1 || (left > 0 && !isPadded)) return null;
  return Uint8Array.from(atob(digits), (character) => character.charCodeAt(0));
}

/** The text of bytes in UTF-8, a mark at its start kept. */
export function fromUtf8(/** @type {Uint8Array} */ bytes) {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return null;
  }
}

/** The bytes of a text in UTF-8. */
export function toUtf8(/** @type {string} */ text) {
  return new TextEncoder().encode(text);
}

/**
 * One after the other.
 * @param {...Uint8Array} parts
 * @returns {Uint8Array}
 */
export function joined(...parts) {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** SHA-256, by the browser. */
export async function sha256(/** @type {Uint8Array} */ bytes) {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
}

/** The number that bytes write, the first the weightiest. */
export function toNumber(/** @type {Uint8Array} */ bytes) {
  return bytes.length ? BigInt(`0x${toHex(bytes)}`) : 0n;
}

/**
 * A number in that many bytes.
 * @param {bigint} number not negative
 * @param {number} length in bytes
 * @returns {Uint8Array}
 */
export function fromNumber(number, length) {
  return /** @type {Uint8Array} */ (fromHex(number.toString(16).padStart(2 * length, "0")));
}

/**
 * One element of DER: the contents, and what follows.
 * @param {Uint8Array} bytes
 * @param {number} tag
 * @returns {{contents: Uint8Array, rest: Uint8Array}} DerError
 */
export function take(bytes, tag) {
  if (bytes[0] !== tag) throw new DerError();
  const { length, start } = readLength(bytes);
  if (start + length > bytes.length) throw new DerError();
  return { contents: bytes.slice(start, start + length), rest: bytes.slice(start + length) };
}

function readLength(/** @type {Uint8Array} */ bytes) {
  const first = bytes[1];
  if (first === undefined) throw new DerError();
  if (first < 0x80) return { length: first, start: 2 };
  const count = first & 0x7f;
  const digits = bytes.slice(2, 2 + count);
  const isMinimal = digits[0] !== 0 && !(count === 1 && digits[0] < 0x80);
  if (count === 0 || count > 4 || digits.length < count || !isMinimal) throw new DerError();
  return { length: Number(toNumber(digits)), start: 2 + count };
}

/** An object identifier in dots. */
export function dotted(/** @type {Uint8Array} */ contents) {
  /** @type {bigint[]} */
  const numbers = [];
  let number = 0n;
  let isFirst = true;
  for (const byte of contents) {
    if (isFirst && byte === 0x80) throw new DerError();
    number = (number << 7n) | BigInt(byte & 0x7f);
    isFirst = byte < 0x80;
    if (isFirst) {
      numbers.push(number);
      number = 0n;
    }
  }
  if (!isFirst || numbers.length === 0) throw new DerError();
  const [first, ...others] = numbers;
  const top = first < 80n ? first / 40n : 2n;
  return [top, first - 40n * top, ...others].join(".");
}

/** The contents of an object identifier. */
export function identifier(/** @type {string} */ dots) {
  const [top, second, ...others] = dots.split(".").map(Number);
  /** @type {number[]} */
  const bytes = [];
  for (const number of [40 * top + second, ...others]) {
    const digits = [number & 0x7f];
    for (let rest = number >> 7; rest; rest >>= 7) digits.unshift((rest & 0x7f) | 0x80);
    bytes.push(...digits);
  }
  return Uint8Array.from(bytes);
}

/** The two numbers of an ECDSA signature (RFC 3279, 2.2.3), each in its shortest form. */
export function readSignature(/** @type {Uint8Array} */ bytes) {
  const sequence = take(bytes, 0x30);
  const r = take(sequence.contents, 0x02);
  const s = take(r.rest, 0x02);
  if (sequence.rest.length || s.rest.length) throw new DerError();
  return [natural(r.contents), natural(s.contents)];
}

function natural(/** @type {Uint8Array} */ contents) {
  const isNegative = contents[0] >= 0x80;
  const isPadded = contents.length > 1 && contents[0] === 0 && contents[1] < 0x80;
  if (contents.length === 0 || isNegative || isPadded) throw new DerError();
  return toNumber(contents);
}
