/**
 * Arithmetic on the curves of OCMF, for what the browser's own cryptography does not know.
 *
 * Public data alone go through it, so it may take its time and show how much. SEC 1 version 2.0.
 */

import { toNumber } from "./bytes.js";
import { CURVES } from "./tables.js";

/**
 * @typedef {{x: bigint, y: bigint}} Point
 * @typedef {{x: bigint, y: bigint, z: bigint}} Projective Jacobian; z = 0 at infinity
 * @typedef {{name: string, synonyms: string[], oid: string, p: bigint, a: bigint, b: bigint,
 *   g: Point, n: bigint, bytes: number}} Curve
 */

const INFINITY = { x: 1n, y: 1n, z: 0n };

/** @type {Curve[]} */
const KNOWN = CURVES.map((curve) => ({
  name: curve.name,
  synonyms: curve.synonyms,
  oid: curve.oid,
  p: BigInt(curve.p),
  a: BigInt(curve.a),
  b: BigInt(curve.b),
  g: { x: BigInt(curve.gx), y: BigInt(curve.gy) },
  n: BigInt(curve.n),
  bytes: Math.ceil(BigInt(curve.p).toString(2).length / 8),
}));

/**
 * The curve that a record calls by this name, under either spelling; null if OCMF has none.
 * @param {string} name
 * @returns {Curve | null}
 */
export function curveNamed(name) {
  return KNOWN.find((curve) => [curve.name, ...curve.synonyms].includes(name)) ?? null;
}

/**
 * The curve with that object identifier.
 * @param {string} oid
 * @returns {Curve | null}
 */
export function curveOf(oid) {
  return KNOWN.find((curve) => curve.oid === oid) ?? null;
}

/**
 * Whether a point lies on the curve.
 * @param {Curve} curve
 * @param {Point} point
 * @returns {boolean}
 */
export function isOn(curve, { x, y }) {
  const inField = x >= 0n && x < curve.p && y >= 0n && y < curve.p;
  return inField && mod(y * y - rightSide(curve, x), curve.p) === 0n;
}

/**
 * The point with that abscissa and an ordinate of that parity; null if there is none.
 * @param {Curve} curve
 * @param {bigint} x
 * @param {bigint} parity
 * @returns {Point | null}
 */
export function lifted(curve, x, parity) {
  if (x >= curve.p) return null;
  // All of these fields have p = 3 mod 4, where a root is one power.
  const root = power(rightSide(curve, x), (curve.p + 1n) >> 2n, curve.p);
  const y = (root & 1n) === parity ? root : mod(-root, curve.p);
  return isOn(curve, { x, y }) ? { x, y } : null;
}

/**
 * Whether r and s are the signature of the digest under the public point (SEC 1, 4.1.4).
 * @param {Curve} curve
 * @param {Point} point on the curve
 * @param {Uint8Array} digest SHA-256
 * @param {bigint} r between 1 and n - 1, as s
 * @param {bigint} s
 * @returns {boolean}
 */
export function verify(curve, point, digest, r, s) {
  const inverse = inverted(s, curve.n);
  const u = mod(digestNumber(curve, digest) * inverse, curve.n);
  const v = mod(r * inverse, curve.n);
  const sum = affine(curve, twoMultiples(curve, u, curve.g, v, point));
  return sum !== null && mod(sum.x, curve.n) === r;
}

/**
 * The points under which r and s would verify (SEC 1, 4.1.6).
 * @param {Curve} curve
 * @param {Uint8Array} digest SHA-256
 * @param {bigint} r
 * @param {bigint} s
 * @returns {Point[]}
 */
export function possiblePoints(curve, digest, r, s) {
  const inverse = inverted(r, curve.n);
  const u = mod(-digestNumber(curve, digest) * inverse, curve.n);
  const v = mod(s * inverse, curve.n);
  return [r, r + curve.n]
    .flatMap((x) => [lifted(curve, x, 0n), lifted(curve, x, 1n)])
    .map((point) => point && affine(curve, twoMultiples(curve, u, curve.g, v, point)))
    .filter((point) => point !== null);
}

/** The leftmost bits of the digest, as many as the order has. */
function digestNumber(/** @type {Curve} */ curve, /** @type {Uint8Array} */ digest) {
  const number = toNumber(digest);
  const excess = 8 * digest.length - curve.n.toString(2).length;
  return excess > 0 ? number >> BigInt(excess) : number;
}

function rightSide(/** @type {Curve} */ curve, /** @type {bigint} */ x) {
  return mod((x * x + curve.a) * x + curve.b, curve.p);
}

/**
 * u * one + v * other, both taken along bit by bit.
 * @param {Curve} curve
 * @param {bigint} u
 * @param {Point} one
 * @param {bigint} v
 * @param {Point} other
 * @returns {Projective}
 */
function twoMultiples(curve, u, one, v, other) {
  const first = { ...one, z: 1n };
  const second = { ...other, z: 1n };
  const steps = [INFINITY, first, second, added(curve, first, second)];
  const length = Math.max(u.toString(2).length, v.toString(2).length);
  const high = u.toString(2).padStart(length, "0");
  const low = v.toString(2).padStart(length, "0");
  /** @type {Projective} */
  let sum = INFINITY;
  for (let at = 0; at < length; at += 1) {
    sum = doubled(curve, sum);
    const step = Number(high[at]) + 2 * Number(low[at]);
    if (step) sum = added(curve, sum, steps[step]);
  }
  return sum;
}

/**
 * Twice a point.
 * @param {Curve} curve
 * @param {Projective} point
 * @returns {Projective}
 */
function doubled({ p, a }, { x, y, z }) {
  if (z === 0n || y === 0n) return INFINITY;
  const yy = mod(y * y, p);
  const s = mod(4n * x * yy, p);
  const zz = mod(z * z, p);
  const m = mod(3n * x * x + a * mod(zz * zz, p), p);
  const newX = mod(m * m - 2n * s, p);
  return { x: newX, y: mod(m * (s - newX) - 8n * yy * yy, p), z: mod(2n * y * z, p) };
}

/**
 * The sum of two points.
 * @param {Curve} curve
 * @param {Projective} one
 * @param {Projective} other
 * @returns {Projective}
 */
function added(curve, one, other) {
  if (one.z === 0n) return other;
  if (other.z === 0n) return one;
  const { p } = curve;
  const zz1 = mod(one.z * one.z, p);
  const zz2 = mod(other.z * other.z, p);
  const u = mod(one.x * zz2, p);
  const s = mod(one.y * zz2 * other.z, p);
  const h = mod(other.x * zz1 - u, p);
  const r = mod(other.y * zz1 * one.z - s, p);
  if (h === 0n) return r === 0n ? doubled(curve, one) : INFINITY;
  const hh = mod(h * h, p);
  const hhh = mod(h * hh, p);
  const x = mod(r * r - hhh - 2n * u * hh, p);
  return { x, y: mod(r * (u * hh - x) - s * hhh, p), z: mod(one.z * other.z * h, p) };
}

/**
 * Null at infinity.
 * @param {Curve} curve
 * @param {Projective} point
 * @returns {Point | null}
 */
function affine({ p }, { x, y, z }) {
  if (z === 0n) return null;
  const inverse = inverted(z, p);
  const square = mod(inverse * inverse, p);
  return { x: mod(x * square, p), y: mod(y * square * inverse, p) };
}

function mod(/** @type {bigint} */ number, /** @type {bigint} */ modulus) {
  const rest = number % modulus;
  return rest < 0n ? rest + modulus : rest;
}

function inverted(/** @type {bigint} */ number, /** @type {bigint} */ modulus) {
  let [low, high, one, other] = [mod(number, modulus), modulus, 1n, 0n];
  while (low > 1n) {
    const times = high / low;
    [low, high, one, other] = [high - times * low, low, other - times * one, one];
  }
  return mod(one, modulus);
}

function power(
  /** @type {bigint} */ base,
  /** @type {bigint} */ exponent,
  /** @type {bigint} */ modulus,
) {
  let result = 1n;
  for (let square = base, rest = exponent; rest; rest >>= 1n) {
    if (rest & 1n) result = mod(result * square, modulus);
    square = mod(square * square, modulus);
  }
  return result;
}
