/** Times to compare and to show (wattseal.registry.http.check.times). */

import { readMoment, utcMicros } from "./iso_time.js";
import { MONTHS } from "./tables.js";

/** @typedef {"en" | "de"} Language */

/**
 * Milliseconds since 1970 in UTC; null if the text is no time or tells no offset from UTC.
 * @param {string} text
 * @returns {number | null}
 */
export function unixMs(text) {
  const moment = readMoment(text);
  return moment === null || moment.offset === null ? null : divided(utcMicros(moment), 1000n);
}

/**
 * Whole seconds from begin to end; null where that cannot be told.
 * @param {string} begin
 * @param {string} end
 * @returns {number | null}
 */
export function secondsBetween(begin, end) {
  const [first, last] = [readMoment(begin), readMoment(end)];
  if (!first || !last || (first.offset === null) !== (last.offset === null)) return null;
  return divided(utcMicros(last) - utcMicros(first), 1_000_000n);
}

/**
 * `21 November 2026, 10:00:00 (UTC+01:00)`; what is no time stays as it is.
 * @param {string} text
 * @param {Language} language
 * @returns {string}
 */
export function inWords(text, language) {
  const moment = readMoment(text);
  return moment ? say(divided(moment.micros, 1000n), moment.offset, language) : text;
}

/**
 * The same of a registry's time.
 * @param {number} ms
 * @param {Language} language
 * @returns {string}
 */
export function utcInWords(ms, language) {
  return say(ms, 0, language);
}

/**
 * `1 h 30 min 0 s`.
 * @param {number} seconds
 * @returns {string}
 */
export function duration(seconds) {
  const minutes = Math.floor(seconds / 60);
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min ${seconds % 60} s`;
}

function say(
  /** @type {number} */ ms,
  /** @type {number | null} */ offset,
  /** @type {Language} */ language,
) {
  const date = new Date(ms);
  const day = `${date.getUTCDate()}${language === "de" ? "." : ""}`;
  const month = MONTHS[language][date.getUTCMonth()];
  const clock = [date.getUTCHours(), date.getUTCMinutes(), date.getUTCSeconds()].map(twoDigits);
  return `${day} ${month} ${date.getUTCFullYear()}, ${clock.join(":")}${zone(offset)}`;
}

function zone(/** @type {number | null} */ offset) {
  if (offset === null) return "";
  if (offset === 0) return " (UTC)";
  const minutes = Math.floor(Math.abs(offset) / 60);
  const clock = `${twoDigits(Math.floor(minutes / 60))}:${twoDigits(minutes % 60)}`;
  return ` (UTC${offset < 0 ? "-" : "+"}${clock})`;
}

function twoDigits(/** @type {number} */ number) {
  return String(number).padStart(2, "0");
}

/** Divided and rounded down, as a number. */
function divided(/** @type {bigint} */ number, /** @type {bigint} */ by) {
  const quotient = number / by;
  return Number(number % by < 0n ? quotient - 1n : quotient);
}
