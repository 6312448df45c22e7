/**
 * Reads JSON without losing anything: numbers stay texts, and members that stand twice are told.
 *
 * It takes what Python's json module takes, but neither NaN nor Infinity.
 */

const NUMBER = /-?(?:0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?/y;
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
export class JsonError extends Error {}

/**
 * The value of a JSON text: objects are Maps, numbers JsonNumbers; and the keys that stood twice.
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
    return ESCAPES[/** @type {keyof ESCAPES} */ (letter)];
  }

  #number() {
    const text = this.#skip(NUMBER);
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
