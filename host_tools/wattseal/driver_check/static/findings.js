/** What a check can find: codes, their severity and their sentences (wattseal.ocmf.findings). */

import { short } from "./python_values.js";
import {
  ABSENT,
  CODES,
  LIMITS,
  SENTENCE_WORDS,
  SENTENCES,
  UNREADABLE,
  WARNINGS,
} from "./tables.js";

/**
 * @typedef {"verified" | "not_verified" | "unreadable"} Verdict
 * @typedef {{code: string, severity: "error" | "warning", values: Record<string, string>}} Finding
 */

/**
 * A finding with its values made fit to be shown: null is shown as absent.
 * @param {string} code
 * @param {Record<string, unknown>} values
 * @returns {Finding}
 */
export function found(code, values = {}) {
  /** @type {Record<string, string>} */
  const texts = {};
  for (const [name, value] of Object.entries(values)) {
    const most = name === "cause" ? LIMITS.causeCharacters : LIMITS.shownCharacters;
    texts[name] = shown(value, most);
  }
  return { code, severity: WARNINGS.includes(code) ? "warning" : "error", values: texts };
}

/**
 * What an action finds, or that it failed: no record may end the check of the others.
 * @template T
 * @param {() => T | Promise<T>} action
 * @param {(failure: Finding) => T} otherwise
 * @returns {Promise<T>}
 */
export async function guarded(action, otherwise) {
  try {
    return await action();
  } catch (error) {
    return otherwise(found("check_failed", { cause: error }));
  }
}

/**
 * A value as a message may quote it.
 * @param {unknown} value
 * @param {number} most characters
 * @returns {string}
 */
export function shown(value, most = LIMITS.shownCharacters) {
  return short(value === null || value === undefined ? ABSENT.en : String(value), most);
}

/**
 * What a finding says.
 * @param {Finding} finding
 * @param {"en" | "de"} language
 * @returns {string}
 */
export function sentence(finding, language) {
  const { [finding.code]: both } = /** @type {Record<string, {en: string, de: string}>} */ (
    SENTENCES
  );
  return both[language].replace(/\{(\w+)(:word)?\}/g, (_all, name, isWord) =>
    inLanguage(finding.values[name] ?? "", Boolean(isWord), language),
  );
}

function inLanguage(
  /** @type {string} */ value,
  /** @type {boolean} */ isWord,
  /** @type {"en" | "de"} */ language,
) {
  if (language === "en") return value;
  if (value === ABSENT.en) return ABSENT.de;
  const words = /** @type {Record<string, string>} */ (SENTENCE_WORDS);
  return isWord && Object.hasOwn(words, value) ? words[value] : value;
}

/**
 * Whether a code is among the findings of a value.
 * @param {{findings: Finding[]}} value
 * @param {string} code
 * @returns {boolean}
 */
export function hasFinding(value, code) {
  return value.findings.some((finding) => finding.code === code);
}

/** Each finding once, in order. */
export function distinct(/** @type {Finding[]} */ findings) {
  const seen = new Map(findings.map((finding) => [JSON.stringify(finding), finding]));
  return [...seen.values()];
}

/** The code that matters most, null if there is none. */
export function weightiest(/** @type {(string | null)[]} */ codes) {
  return CODES.find((code) => codes.includes(code)) ?? null;
}

/** The code of the error that matters most, null if there is no error. */
export function weightiestError(/** @type {Finding[]} */ findings) {
  return weightiest(findings.filter((one) => one.severity === "error").map((one) => one.code));
}

/** The verdict that follows from the weightiest error. */
export function verdictFor(/** @type {string | null} */ reason) {
  if (reason === null) return "verified";
  return UNREADABLE.includes(reason) ? "unreadable" : "not_verified";
}
