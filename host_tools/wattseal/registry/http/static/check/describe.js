/** Puts a check into words of one language (wattseal.registry.http.check.describe). */

import { distinct, sentence } from "./findings.js";
import { short } from "./python_text.js";
import { LIMITS, PAGE_WORDS } from "./tables.js";
import { duration, inWords, secondsBetween, utcInWords } from "./times.js";

/**
 * @typedef {"en" | "de"} Language
 * @typedef {import("./examine.js").Case} Case
 * @typedef {import("./trust.js").Trust} Trust
 * @typedef {{label: string, value: string, isCode: boolean}} Fact
 * @typedef {{name: string, status: string, headline: string, why: string, facts: Fact[],
 *   origin: string[], proof: string, proofWords: string, errors: string[],
 *   warnings: string[]}} View
 * @typedef {{views: View[], summary: string, remark: string}} Result
 */

/**
 * A sentence or label of the page with its blanks filled.
 * @param {string} name
 * @param {Language} language
 * @param {Record<string, any>} values
 * @returns {string}
 */
export function say(name, language, values = {}) {
  const words = /** @type {Record<string, {en: string, de: string}>} */ (PAGE_WORDS);
  return words[name][language].replace(/\{(\w+)\}/g, (_all, blank) => String(values[blank] ?? ""));
}

/**
 * All cases, with the sentence that sums them up where there are several.
 * @param {Case[]} cases
 * @param {Language} language
 * @returns {Result}
 */
export function describe(cases, language) {
  const views = cases.map((one) => viewOf(one, language));
  const verified = views.filter((view) => view.status === "verified").length;
  const name = verified === views.length ? "all_verified" : "some_verified";
  const counts = { count: views.length, verified };
  return {
    views,
    summary: views.length > 1 ? say(name, language, counts) : "",
    remark: views.some((view) => view.facts.length) ? say("compare", language) : "",
  };
}

/** @returns {View} */
function viewOf(/** @type {Case} */ one, /** @type {Language} */ language) {
  if (one.kind === "refused") return refused(one.name, say(one.word, language, one.values), language);
  if (one.kind === "file") {
    const sentences = one.report.findings.map((finding) => sentence(finding, language));
    return refused(one.name, sentences.join(" "), language);
  }
  if (one.kind === "reading") {
    const { value } = one;
    const view = viewOfSigned(one, value.verdict, [], value.findings, value, language);
    view.warnings.unshift(say("reading_only", language, { number: value.number }));
    return view;
  }
  const { session, values } = one;
  const findings = [...values.flatMap((value) => value.findings), ...session.findings];
  const facts = factsOf(session, language);
  return viewOfSigned(one, session.verdict, facts, findings, values[0], language);
}

/** @returns {View} */
function refused(
  /** @type {string} */ name,
  /** @type {string} */ error,
  /** @type {Language} */ language,
) {
  return {
    name: shortened(name),
    status: "unreadable",
    headline: say("unreadable", language),
    why: say("unreadable_why", language),
    facts: [],
    origin: [],
    proof: "",
    proofWords: "",
    errors: [error],
    warnings: [],
  };
}

/** @returns {View} */
function viewOfSigned(
  /** @type {{name: string, trust: Trust | null, isFilled: boolean}} */ { name, trust, isFilled },
  /** @type {string} */ verdict,
  /** @type {Fact[]} */ facts,
  /** @type {import("./findings.js").Finding[]} */ findings,
  /** @type {import("./verify.js").ValueReport} */ signed,
  /** @type {Language} */ language,
) {
  const status = statusOf(verdict, trust);
  const told = distinct(findings);
  const ofSeverity = (/** @type {string} */ severity) =>
    told.filter((one) => one.severity === severity).map((one) => sentence(one, language));
  if (trust && signed.key_fingerprint) {
    const value = (signed.key_fingerprint.match(/.{4}/g) ?? []).join(" ");
    facts.push({ label: say("key", language), value, isCode: true });
  }
  const period = trust?.state === "trusted" ? trust.period : null;
  return {
    name: shortened(name),
    status,
    headline: say(status, language),
    why: say(`${status}_why`, language),
    facts,
    origin: originOf(trust, isFilled, language),
    proof: period ? `/v1/entries/${period.entry}/publication` : "",
    proofWords: period ? say("entry", language, { entry: period.entry }) : "",
    errors: ofSeverity("error"),
    warnings: ofSeverity("warning"),
  };
}

function statusOf(/** @type {string} */ verdict, /** @type {Trust | null} */ trust) {
  if (verdict !== "verified") return verdict;
  return trust?.state === "trusted" ? "verified" : "unaltered";
}

function originOf(
  /** @type {Trust | null} */ trust,
  /** @type {boolean} */ isFilled,
  /** @type {Language} */ language,
) {
  const sentences = trust ? [trustSentence(trust, language)] : [];
  if (trust?.logSize) {
    const values = { size: trust.logSize, name: trust.logName };
    sentences.push(say("proof_checked", language, values));
  }
  if (isFilled) sentences.push(say("key_from_registry", language));
  return sentences;
}

function trustSentence(/** @type {Trust} */ trust, /** @type {Language} */ language) {
  const { state, evseId, period, found } = trust;
  if (state === "proof_wrong") return say(state, language, { cause: say(found, language) });
  const until = period?.untilMs ?? null;
  return say(state, language, {
    evse_id: evseId,
    found: shortened(found),
    expected: period?.meterSerial,
    begin: period && utcInWords(period.fromMs, language),
    end: until === null ? say("now", language) : utcInWords(until, language),
  });
}

function factsOf(
  /** @type {import("./verify.js").TransactionReport} */ session,
  /** @type {Language} */ language,
) {
  const { begin, end } = session;
  const seconds = begin && end ? secondsBetween(begin.time, end.time) : null;
  const isForward = seconds !== null && seconds >= 0;
  const meter = [session.meter_model, session.meter_serial].filter(Boolean).join(" ");
  /** @type {[string, string | null][]} */
  const facts = [
    ["energy", session.energy && `${number(session.energy, language)} ${session.unit}`],
    ...ofReading("begin", begin, language),
    ...ofReading("end", end, language),
    ["duration", isForward ? duration(seconds) : null],
    ["charge_point", session.charge_point],
    ["meter", meter],
    ["module", session.gateway_serial],
    ["identification", session.identification],
  ];
  return facts
    .filter(([, value]) => value)
    .map(([name, value]) => ({
      label: say(name, language),
      value: shortened(value ?? ""),
      isCode: false,
    }));
}

/** @returns {[string, string | null][]} */
function ofReading(
  /** @type {string} */ name,
  /** @type {import("./verify.js").ReadingReport | null} */ reading,
  /** @type {Language} */ language,
) {
  if (!reading) return [];
  const { value, unit, time } = reading;
  const shown = value === null ? null : `${number(value, language)} ${unit ?? ""}`.trimEnd();
  return [
    [name, inWords(time, language)],
    [`${name}_value`, shown],
  ];
}

function number(/** @type {string} */ digits, /** @type {Language} */ language) {
  return language === "de" ? digits.replace(".", ",") : digits;
}

function shortened(/** @type {string} */ text) {
  return short(text, LIMITS.nameCharacters);
}
