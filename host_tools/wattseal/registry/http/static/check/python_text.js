/**
 * Texts as Python treats them, so that both checks cut, trim and show the same.
 */

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
  let count = 0;
  for (const _each of text) count += 1;
  return count;
}

/**
 * The text with everything that could steer its display replaced by question marks.
 * @param {string} text
 * @returns {string}
 */
export function printable(text) {
  return text.replace(UNPRINTABLE, "?");
}

/**
 * The text, printable, and cut with three dots if it is longer than that.
 * @param {string} text
 * @param {number} most characters
 * @returns {string}
 */
export function short(text, most) {
  const shown = [...printable(text)];
  return shown.length <= most ? shown.join("") : `${shown.slice(0, most - 3).join("")}...`;
}
