/**
 * Texts, decimal numbers, JSON and times as Python reads and writes them, so that both checks cut,
 * trim, compare and show the same.
 */

// --- Texts ---

const WHITESPACE = "\\t-\\r\\x1c-\\x20\\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000";
const AROUND = new RegExp(`^[${WHITESPACE}]+|[${WHITESPACE}]+$`, "g");
const WITHIN = new RegExp(`[${WHITESPACE}]+`, "g");
const UNPRINTABLE = /(?! )[\p{C}\p{Z}]/gu;

/** A regular expression of what may stand between two records. */
export const BETWEEN_RECORDS = new RegExp(`(?<=\\})[${WHITESPACE}]*(?=OCMF\\|)`);

/**
 * Without whitespace at its ends.
 * @param {string} text
 * @returns {string}
 */
export function strip(text) {
  return text.replace(AROUND, "");
}

/**
 * Without any whitespace.
 * @param {string} text
 * @returns {string}
 */
export function withoutBlanks(text) {
  return text.replace(WITHIN, "");
}

/**
 * How many characters a text has; one outside the basic plane counts once.
 * @param {string} text
 * @returns {number}
 */
export function characters(text) {
  return [...text].length;
}

/**
 * The text with everything that could steer its display replaced by question marks, and cut with
 * three dots if it is longer than that.
 * @param {string} text
 * @param {number} most characters
 * @returns {string}
 */
export function short(text, most) {
  const shown = [...text.replace(UNPRINTABLE, "?")];
  return shown.length <= most ? shown.join("") : `${shown.slice(0, most - 3).join("")}...`;
}

// --- Decimal numbers: what readings are compared and subtracted in, never a float ---

const PRECISION = 28;
const MAX_DIGITS = 30;
const MAX_EXPONENT = 18;
const MAX_SPELLED_OUT = 30;
const MAX_WRITTEN_EXPONENT = 999999999999999999n;
const NUMBER = /^([+-]?)(?:([0-9]+)(?:\.([0-9]*))?|\.([0-9]+))(?:[eE]([+-]?[0-9]+))?$/;

/** (-1 if isNegative) * digits * 10 ** exponent; rounded and written as by Python's decimal. */
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

  /** @returns {Decimal} */
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

// --- JSON: what Python's json module takes, but neither NaN nor Infinity ---

const JSON_NUMBER = /-?(?:0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?/y;
const BLANKS = /[ \t\n\r]*/y;
const PLAIN_CHARACTERS = /[^"\\\x00-\x1f]*/y;
const ESCAPES = { '"': '"', "\\": "\\", "/": "/", b: "\b", f: "\f", n: "\n", r: "\r", t: "\t" };
const MAX_DEPTH = 900;
const MAX_INTEGER_DIGITS = 4300;

/** A number as it is written. */
export class JsonNumber {
  /**
   * @param {string} text
   * @param {boolean} isInteger without point and exponent
   */
  constructor(text, isInteger) {
    this.text = text;
    this.isInteger = isInteger;
  }
}

/** The text is no JSON. */
class JsonError extends Error {}

/**
 * The value of a JSON text, nothing lost: objects are Maps, numbers JsonNumbers, which stay texts;
 * and the keys that stood twice.
 * @param {string} text
 * @returns {{value: any, repeated: string[]}} JsonError if it is none
 */
export function readJson(text) {
  return new Reader(text).read();
}

class Reader {
  constructor(/** @type {string} */ text) {
    this.text = text;
    this.at = 0;
    /** @type {string[]} */
    this.repeated = [];
  }

  read() {
    const value = this.#value(0);
    this.#skip(BLANKS);
    if (this.at < this.text.length) throw new JsonError();
    return { value, repeated: this.repeated };
  }

  /** @returns {any} */
  #value(/** @type {number} */ depth) {
    if (depth > MAX_DEPTH) throw new JsonError();
    this.#skip(BLANKS);
    switch (this.text[this.at]) {
      case "{":
        return this.#object(depth);
      case "[":
        return this.#array(depth);
      case '"':
        return this.#string();
      case "t":
        return this.#word("true", true);
      case "f":
        return this.#word("false", false);
      case "n":
        return this.#word("null", null);
      default:
        return this.#number();
    }
  }

  #object(/** @type {number} */ depth) {
    const members = new Map();
    /** @type {string[]} */
    const repeated = [];
    this.at += 1;
    if (!this.#isNext("}")) {
      do {
        this.#skip(BLANKS);
        const key = this.#string();
        this.#expect(":");
        const value = this.#value(depth + 1);
        if (members.has(key)) repeated.push(key);
        members.set(key, value);
      } while (this.#isNext(","));
      this.#expect("}");
    }
    this.repeated.push(...repeated);
    return members;
  }

  #array(/** @type {number} */ depth) {
    const values = [];
    this.at += 1;
    if (!this.#isNext("]")) {
      do values.push(this.#value(depth + 1));
      while (this.#isNext(","));
      this.#expect("]");
    }
    return values;
  }

  #string() {
    if (this.text[this.at] !== '"') throw new JsonError();
    this.at += 1;
    let read = "";
    for (;;) {
      read += this.#skip(PLAIN_CHARACTERS);
      const next = this.text[this.at];
      this.at += 1;
      if (next === '"') return read;
      if (next !== "\\") throw new JsonError();
      read += this.#escape();
    }
  }

  #escape() {
    const letter = this.text[this.at];
    this.at += 1;
    if (letter === "u") {
      const digits = this.text.slice(this.at, this.at + 4);
      if (!/^[0-9A-Fa-f]{4}$/.test(digits)) throw new JsonError();
      this.at += 4;
      return String.fromCharCode(Number.parseInt(digits, 16));
    }
    if (!Object.hasOwn(ESCAPES, letter ?? "")) throw new JsonError();
    return ESCAPES[/** @type {keyof typeof ESCAPES} */ (letter)];
  }

  #number() {
    const text = this.#skip(JSON_NUMBER);
    if (!text) throw new JsonError();
    const isInteger = /^-?[0-9]+$/.test(text);
    if (isInteger && text.replace("-", "").length > MAX_INTEGER_DIGITS) throw new JsonError();
    return new JsonNumber(text, isInteger);
  }

  #word(/** @type {string} */ word, /** @type {any} */ value) {
    if (!this.text.startsWith(word, this.at)) throw new JsonError();
    this.at += word.length;
    return value;
  }

  /** Goes over what the expression takes here, and returns it. */
  #skip(/** @type {RegExp} */ expression) {
    expression.lastIndex = this.at;
    const found = expression.exec(this.text)?.[0] ?? "";
    this.at += found.length;
    return found;
  }

  #isNext(/** @type {string} */ character) {
    this.#skip(BLANKS);
    if (this.text[this.at] !== character) return false;
    this.at += 1;
    return true;
  }

  #expect(/** @type {string} */ character) {
    if (!this.#isNext(character)) throw new JsonError();
  }
}

// --- Times: what Python's datetime.fromisoformat takes ---

const CALENDAR = /^([0-9]{4})-([0-9]{2})-([0-9]{2})/;
const BASIC = /^([0-9]{4})([0-9]{2})([0-9]{2})/;
const WEEK = /^([0-9]{4})(-?)W([0-9]{2})(?:\2([1-7]))?/;
const CLOCK =
  /^([0-9]{2})(?::([0-9]{2})(?::([0-9]{2})(?:[.,]([0-9]+))?)?|([0-9]{2})(?:([0-9]{2})(?:[.,]([0-9]+))?)?)?$/;
const DAY_MS = 86_400_000;

/**
 * A time: `micros` since 1970 as its clock showed it; `offset` of that clock from UTC in seconds,
 * null if the text tells none.
 * @typedef {{micros: bigint, offset: number | null}} Moment
 */

/**
 * The moment that a text tells, null if it is none.
 * @param {string} text
 * @returns {Moment | null}
 */
export function readMoment(text) {
  const date = readDate(text.replaceAll(",", "."));
  if (!date) return null;
  const rest = date.rest.replace(/^[^]/u, "");
  if (!rest) return { micros: BigInt(date.ms) * 1000n, offset: null };
  const at = rest.search(/[-+Z]/);
  const clock = readClock(at < 0 ? rest : rest.slice(0, at));
  if (!clock || clock.seconds >= 86_400) return null;
  const offset = at < 0 ? null : readOffset(rest.slice(at));
  if (offset === undefined) return null;
  return { micros: BigInt(date.ms + clock.seconds * 1000) * 1000n + BigInt(clock.micros), offset };
}

/**
 * Microseconds since 1970 in UTC; those of the clock if it tells no offset.
 * @param {Moment} moment
 * @returns {bigint}
 */
export function utcMicros(moment) {
  return moment.micros - BigInt(moment.offset ?? 0) * 1_000_000n;
}

function readDate(/** @type {string} */ text) {
  const week = WEEK.exec(text);
  if (week) return readWeek(week, text);
  const found = CALENDAR.exec(text) ?? BASIC.exec(text);
  if (!found) return null;
  const [year, month, day] = found.slice(1).map(Number);
  const ms = midnight(year, month - 1, day);
  const date = new Date(ms);
  const isReal = year > 0 && date.getUTCMonth() === month - 1 && date.getUTCDate() === day;
  return isReal ? { ms, rest: text.slice(found[0].length) } : null;
}

function readWeek(/** @type {RegExpExecArray} */ found, /** @type {string} */ text) {
  const [year, week, day] = [Number(found[1]), Number(found[3]), Number(found[4] ?? 1)];
  const fourth = midnight(year, 0, 4); // always in the first week
  const monday = fourth - ((new Date(fourth).getUTCDay() + 6) % 7) * DAY_MS;
  const ms = monday + ((week - 1) * 7 + day - 1) * DAY_MS;
  const thursday = new Date(ms + (4 - day) * DAY_MS).getUTCFullYear();
  const isReal = year > 0 && week > 0 && thursday === year;
  return isReal ? { ms, rest: text.slice(found[0].length) } : null;
}

function midnight(
  /** @type {number} */ year,
  /** @type {number} */ month,
  /** @type {number} */ day,
) {
  // Date.UTC would take the years before 100 for those after 1900.
  return new Date(0).setUTCFullYear(year, month, day);
}

function readClock(/** @type {string} */ text) {
  const found = CLOCK.exec(text);
  if (!found) return null;
  const [hours, minutes, seconds] = [found[1], found[2] ?? found[5], found[3] ?? found[6]].map(
    (part) => Number(part ?? 0),
  );
  if (minutes > 59 || seconds > 59) return null;
  const fraction = (found[4] ?? found[7] ?? "").slice(0, 6).padEnd(6, "0");
  return { seconds: hours * 3600 + minutes * 60 + seconds, micros: Number(fraction) };
}

/** Undefined if it is none. */
function readOffset(/** @type {string} */ text) {
  if (text[0] === "Z") return text.length === 1 ? 0 : undefined;
  const clock = readClock(text.slice(1));
  if (!clock || clock.seconds >= 86_400) return undefined;
  return text[0] === "-" ? -clock.seconds : clock.seconds;
}
