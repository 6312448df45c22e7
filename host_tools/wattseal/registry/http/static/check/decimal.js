/**
 * Exact decimal numbers: what readings are compared and subtracted in, never a float.
 *
 * The texts are those of Python's decimal module, its precision of 28 digits included.
 */

const PRECISION = 28;
const MAX_DIGITS = 30;
const MAX_EXPONENT = 18;
const MAX_SPELLED_OUT = 30;
const MAX_WRITTEN_EXPONENT = 999999999999999999n;
const NUMBER = /^([+-]?)(?:([0-9]+)(?:\.([0-9]*))?|\.([0-9]+))(?:[eE]([+-]?[0-9]+))?$/;

/** A number: (-1 if isNegative) * digits * 10 ** exponent. */
export class Decimal {
  /**
   * @param {boolean} isNegative
   * @param {bigint} digits not negative
   * @param {bigint} exponent
   */
  constructor(isNegative, digits, exponent) {
    this.isNegative = isNegative;
    this.digits = digits;
    this.exponent = exponent;
  }

  /**
   * The number that a text writes, null if it writes none.
   * @param {string} text
   * @returns {Decimal | null}
   */
  static read(text) {
    const found = NUMBER.exec(text);
    if (!found) return null;
    const [, sign, whole = "", fraction = found[4] ?? "", , written = "0"] = found;
    const exponent = BigInt(written.replace("+", ""));
    if (exponent > MAX_WRITTEN_EXPONENT || exponent < -MAX_WRITTEN_EXPONENT) return null;
    return new Decimal(sign === "-", BigInt(whole + fraction), exponent - BigInt(fraction.length));
  }

  /** Whether a meter can have sent it: exact arithmetic on it stays small. */
  get isSound() {
    const exponent = this.exponent < 0n ? -this.exponent : this.exponent;
    return this.digits.toString().length <= MAX_DIGITS && exponent <= BigInt(MAX_EXPONENT);
  }

  /** Whether it is below zero. */
  get isBelowZero() {
    return this.isNegative && this.digits !== 0n;
  }

  /** Whether it is the same number, however it is written. */
  equals(/** @type {Decimal} */ other) {
    if (this.digits === 0n || other.digits === 0n) return this.digits === other.digits;
    return this.isSound && other.isSound && this.minus(other).digits === 0n;
  }

  /**
   * The difference, rounded half to even where it has more than 28 digits; both must be sound.
   * @param {Decimal} other
   * @returns {Decimal}
   */
  minus(other) {
    const exponent = this.exponent < other.exponent ? this.exponent : other.exponent;
    const difference = this.#scaled(exponent) - other.#scaled(exponent);
    const digits = difference < 0n ? -difference : difference;
    const isZeroBelow = digits === 0n && this.isNegative && !other.isNegative;
    return new Decimal(difference < 0n || isZeroBelow, digits, exponent).#rounded();
  }

  /** As Python's str(): with an exponent where there would be many zeros. */
  toString() {
    const digits = this.digits.toString();
    const left = this.exponent + BigInt(digits.length);
    if (this.exponent <= 0n && left > -6n) return this.#sign() + pointed(digits, Number(left));
    const exponent = left - 1n;
    return `${this.#sign()}${pointed(digits, 1)}E${exponent < 0n ? "" : "+"}${exponent}`;
  }

  /** The digits as signed; with an exponent only where they would be absurdly many without. */
  toDigits() {
    const exponent = this.exponent < 0n ? -this.exponent : this.exponent;
    if (exponent > BigInt(MAX_SPELLED_OUT)) return this.toString();
    const digits = this.digits.toString();
    if (this.exponent > 0n && this.digits === 0n) return `${this.#sign()}0`;
    return this.#sign() + pointed(digits, digits.length + Number(this.exponent));
  }

  #sign() {
    return this.isNegative ? "-" : "";
  }

  #scaled(/** @type {bigint} */ exponent) {
    const scaled = this.digits * 10n ** (this.exponent - exponent);
    return this.isNegative ? -scaled : scaled;
  }

  #rounded() {
    const excess = this.digits.toString().length - PRECISION;
    if (excess <= 0) return this;
    const unit = 10n ** BigInt(excess);
    let digits = this.digits / unit;
    const twice = 2n * (this.digits % unit);
    if (twice > unit || (twice === unit && digits % 2n === 1n)) digits += 1n;
    return new Decimal(this.isNegative, digits, this.exponent + BigInt(excess)).#rounded();
  }
}

/**
 * Digits with the point after that many of them.
 * @param {string} digits
 * @param {number} left may be negative, or more than there are
 * @returns {string}
 */
function pointed(digits, left) {
  if (left <= 0) return `0.${"0".repeat(-left)}${digits}`;
  if (left >= digits.length) return digits + "0".repeat(left - digits.length);
  return `${digits.slice(0, left)}.${digits.slice(left)}`;
}
