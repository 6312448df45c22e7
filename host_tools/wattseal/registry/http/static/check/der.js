/** The little DER (X.690) that keys and signatures are written in. */

import { toNumber } from "./bytes.js";

/** The bytes are not what they should be. */
export class DerError extends Error {}

/**
 * One element: the contents, and what follows.
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

/**
 * An object identifier in dots.
 * @param {Uint8Array} contents
 * @returns {string} DerError
 */
export function dotted(contents) {
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

/**
 * The contents of an object identifier.
 * @param {string} dots
 * @returns {Uint8Array}
 */
export function identifier(dots) {
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

/**
 * The two numbers of an ECDSA signature (RFC 3279, 2.2.3), each in its shortest form.
 * @param {Uint8Array} bytes
 * @returns {[bigint, bigint]} DerError
 */
export function readSignature(bytes) {
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
