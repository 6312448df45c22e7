/**
 * The driver's check: a bundle, a file of records or a text is examined, and what came of it is put
 * into words of one language (wattseal.driver_check: check and page).
 */

import { BundleError, ContainerError, isBundle, readBundle, readContainer } from "./container.js";
import { distinct, hasFinding, sentence } from "./findings.js";
import { readMoment, short, utcMicros } from "./python_values.js";
import { readRecord } from "./record.js";
import { Unreadable } from "./signature.js";
import { LIMITS, MONTHS, PAGE_WORDS } from "./tables.js";
import { judgeTrust, keyFor, Unreachable } from "./trust.js";
import { unreadable, verifyValues } from "./verify.js";

/**
 * @typedef {import("./container.js").SignedValue} SignedValue
 * @typedef {import("./trust.js").Registry} Registry
 * @typedef {import("./trust.js").Trust} Trust
 * @typedef {import("./verify.js").FileReport} FileReport
 * @typedef {import("./verify.js").TransactionReport} TransactionReport
 * @typedef {import("./verify.js").ValueReport} ValueReport
 * @typedef {"en" | "de"} Language
 * @typedef {{kind: "refused", name: string, word: string, values?: Record<string, any>}
 *   | {kind: "file", name: string, report: FileReport}
 *   | {kind: "session", name: string, session: TransactionReport, values: ValueReport[],
 *     trust: Trust | null, isFilled: boolean}
 *   | {kind: "reading", name: string, value: ValueReport, trust: Trust | null,
 *     isFilled: boolean}} Case what one verdict is about
 * @typedef {{label: string, value: string, isCode: boolean}} Fact
 * @typedef {{name: string, status: string, headline: string, why: string, facts: Fact[],
 *   origin: string[], proof: string, proofWords: string, errors: string[],
 *   warnings: string[]}} View
 * @typedef {{views: View[], summary: string, remark: string}} Result
 */

const EVSE_ID = "EVSEID";

/** One check; `registry` is null where none can be asked. */
export class Examination {
  constructor(/** @type {Registry | null} */ registry) {
    this.registry = registry;
  }

  /**
   * What there is to say, in no language yet; never throws on what the data may hold.
   * @param {string} name
   * @param {Uint8Array} data
   * @returns {Promise<Case[]>}
   */
  async examine(name, data) {
    let files = [{ name, data }];
    try {
      if (isBundle(data)) files = await readBundle(data);
    } catch (error) {
      if (!(error instanceof BundleError)) throw error;
      return [{ kind: "refused", name, word: error.fault }];
    }
    const cases = [];
    for (const file of files) cases.push(...(await this.#file(file.name, file.data)));
    return cases;
  }

  /** @returns {Promise<Case[]>} */
  async #file(/** @type {string} */ name, /** @type {Uint8Array} */ data) {
    let given;
    try {
      given = readContainer(data);
    } catch (error) {
      if (!(error instanceof ContainerError)) throw error;
      return [{ kind: "file", name, report: unreadable(name, error.finding) }];
    }
    const values = await Promise.all(given.map((value) => this.#withKey(value)));
    const filled = new Set(values.map((value, at) => (value === given[at] ? 0 : at + 1)));
    const report = await verifyValues(name, values);
    return [...(await this.#sessions(report, filled)), ...(await this.#readings(report, filled))];
  }

  /** @returns {Promise<Case[]>} */
  #sessions(/** @type {FileReport} */ report, /** @type {Set<number>} */ filled) {
    return Promise.all(
      report.transactions.map(async (session) => {
        const values = session.values.map((number) => report.values[number - 1]);
        const trust = await this.#trust(values[0], session);
        const isFilled = session.values.some((number) => filled.has(number));
        return { kind: "session", name: report.file, session, values, trust, isFilled };
      }),
    );
  }

  /**
   * Values that no transaction counts; one that repeats another says nothing new.
   * @returns {Promise<Case[]>}
   */
  #readings(/** @type {FileReport} */ report, /** @type {Set<number>} */ filled) {
    const counted = new Set(report.transactions.flatMap((session) => session.values));
    const left = report.values.filter(
      (value) => !counted.has(value.number) && !hasFinding(value, "record_repeated"),
    );
    return Promise.all(
      left.map(async (value) => {
        const trust = await this.#trust(value, null);
        const isFilled = filled.has(value.number);
        return { kind: "reading", name: report.file, value, trust, isFilled };
      }),
    );
  }

  /** Of a value in a session or in none; null where there is nothing to trust. */
  async #trust(
    /** @type {ValueReport} */ { key_fingerprint: fingerprint, verdict },
    /** @type {TransactionReport | null} */ session,
  ) {
    if ((session?.verdict ?? verdict) !== "verified" || !fingerprint) return null;
    const isNamed = session?.charge_point_type === EVSE_ID && session.charge_point;
    return judgeTrust(this.registry, {
      fingerprint,
      evseId: isNamed ? session.charge_point : null,
      meterSerial: session?.meter_serial ?? null,
      beginMs: session?.begin ? unixMs(session.begin.time) : null,
      endMs: session?.end ? unixMs(session.end.time) : null,
    });
  }

  /** With the registry's key for the charge point and time that a record without one names. */
  async #withKey(/** @type {SignedValue} */ value) {
    if (!this.registry || value.publicKey !== null) return value;
    try {
      const { payload, appendedKey } = readRecord(value.text);
      if (appendedKey || payload?.CT !== EVSE_ID || !payload.CI) return value;
      const written = payload.RD[0]?.TM;
      const atMs = written === undefined ? null : unixMs(written.split(" ")[0]);
      const key = atMs === null ? null : await keyFor(this.registry, payload.CI, atMs);
      return key === null ? value : { ...value, publicKey: key };
    } catch (error) {
      if (error instanceof Unreadable || error instanceof Unreachable) return value;
      throw error;
    }
  }
}

// --- In words ---

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
  if (one.kind === "refused") {
    const errors = [say(one.word, language, one.values)];
    return { ...viewWith("unreadable", one.name, language), errors };
  }
  if (one.kind === "file") {
    const errors = one.report.findings.map((finding) => sentence(finding, language));
    return { ...viewWith("unreadable", one.name, language), errors };
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

/**
 * The view with a status, and nothing said yet but what that means.
 * @returns {View}
 */
function viewWith(
  /** @type {string} */ status,
  /** @type {string} */ name,
  /** @type {Language} */ language,
) {
  return {
    name: shortened(name),
    status,
    headline: say(status, language),
    why: say(`${status}_why`, language),
    facts: [],
    origin: [],
    proof: "",
    proofWords: "",
    errors: [],
    warnings: [],
  };
}

/** @returns {View} */
function viewOfSigned(
  /** @type {{name: string, trust: Trust | null, isFilled: boolean}} */ { name, trust, isFilled },
  /** @type {string} */ verdict,
  /** @type {Fact[]} */ facts,
  /** @type {import("./findings.js").Finding[]} */ findings,
  /** @type {ValueReport} */ signed,
  /** @type {Language} */ language,
) {
  const told = distinct(findings);
  const ofSeverity = (/** @type {string} */ severity) =>
    told.filter((one) => one.severity === severity).map((one) => sentence(one, language));
  if (trust && signed.key_fingerprint) {
    const value = (signed.key_fingerprint.match(/.{4}/g) ?? []).join(" ");
    facts.push({ label: say("key", language), value, isCode: true });
  }
  const period = trust?.state === "trusted" ? trust.period : null;
  return {
    ...viewWith(statusOf(verdict, trust), name, language),
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
    begin: period && dateInWords(period.fromMs, 0, language),
    end: until === null ? say("now", language) : dateInWords(until, 0, language),
  });
}

function factsOf(/** @type {TransactionReport} */ session, /** @type {Language} */ language) {
  const { begin, end } = session;
  const seconds = begin && end ? secondsBetween(begin.time, end.time) : null;
  const isForward = seconds !== null && seconds >= 0;
  const meter = [session.meter_model, session.meter_serial].filter(Boolean).join(" ");
  /** @type {[string, string | null][]} */
  const facts = [
    ["energy", session.energy && `${number(session.energy, language)} ${session.unit}`],
    ...ofReading("begin", begin, language),
    ...ofReading("end", end, language),
    ["duration", isForward ? durationInWords(seconds) : null],
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
    [name, timeInWords(time, language)],
    [`${name}_value`, shown],
  ];
}

function number(/** @type {string} */ digits, /** @type {Language} */ language) {
  return language === "de" ? digits.replace(".", ",") : digits;
}

function shortened(/** @type {string} */ text) {
  return short(text, LIMITS.nameCharacters);
}

// --- Times, to compare and to show ---

/** Milliseconds since 1970 in UTC; null if the text is no time or tells no offset from UTC. */
function unixMs(/** @type {string} */ text) {
  const moment = readMoment(text);
  return moment === null || moment.offset === null ? null : divided(utcMicros(moment), 1000n);
}

/** Whole seconds from begin to end; null where that cannot be told. */
function secondsBetween(/** @type {string} */ begin, /** @type {string} */ end) {
  const [first, last] = [readMoment(begin), readMoment(end)];
  if (!first || !last || (first.offset === null) !== (last.offset === null)) return null;
  return divided(utcMicros(last) - utcMicros(first), 1_000_000n);
}

/** A time as written in words; what is no time stays as it is. */
function timeInWords(/** @type {string} */ text, /** @type {Language} */ language) {
  const moment = readMoment(text);
  return moment ? dateInWords(divided(moment.micros, 1000n), moment.offset, language) : text;
}

/** `1 h 30 min 0 s`. */
function durationInWords(/** @type {number} */ seconds) {
  const minutes = Math.floor(seconds / 60);
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min ${seconds % 60} s`;
}

/** `21 November 2026, 10:00:00 (UTC+01:00)`; `offset` in seconds, null for an unknown one. */
function dateInWords(
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
