/** Judges whether authentic records make one transaction (wattseal.ocmf.transaction). */

import { distinct, found } from "./findings.js";
import { Decimal, strip, utcMicros } from "./python_values.js";
import { asText } from "./record.js";
import { LIMITS } from "./tables.js";

/**
 * @typedef {import("./findings.js").Finding} Finding
 * @typedef {import("./record.js").Payload} Payload
 * @typedef {{payload: Payload, context: string | null}} Member
 * @typedef {{payload: Payload, reading: import("./record.js").Reading}} ReadingInRecord
 * @typedef {{begin: ReadingInRecord | null, end: ReadingInRecord | null, findings: Finding[]}} Outcome
 */

export const CONTEXT_BEGIN = "Transaction.Begin";
export const CONTEXT_END = "Transaction.End";
const END_REASONS = ["E", "L", "R", "A", "P"];
const PAGINATION = /^([TF])([0-9]{1,18})$/;
const BAD_LEVELS = ["MISMATCH", "INVALID", "OUTDATED", "UNKNOWN"];
const ENERGY_UNITS = ["kWh", "Wh"];
const CLOCK_STATES = new Map(Object.entries({ S: null, R: null, I: "informative" }));
const GOOD = "G";
const LAST_VERSION_WITH_EVENT_COUNTER = /** @type {Decimal} */ (Decimal.read("0.4"));

/**
 * Judge the authentic records of one transaction.
 * @param {Member[]} members
 * @param {boolean} isClaimed whether the file calls them one, so that a missing half is an error
 * @returns {Outcome}
 */
export function checkTransaction(members, isClaimed) {
  const entries = members.flatMap((member) => entriesOf(member.payload));
  if (!isClaimed && members.every(({ payload }) => isFiscal(payload))) {
    return { begin: null, end: null, findings: [] };
  }
  const billing = billable(entries);
  const begins = billing.filter(isBegin);
  const ends = billing.filter(isEnd);
  const begin = begins.length === 1 ? begins[0] : null;
  const end = ends.length === 1 ? ends[0] : null;
  const findings = [
    ...checkPresence("begin", begins, entries.filter(isBegin), isClaimed),
    ...checkPresence("end", ends, entries.filter(isEnd), isClaimed),
    ...(members.length < 2 ? [] : members.flatMap(checkContext)),
    ...[...begins, ...ends].flatMap(checkReading),
    ...(begin && end ? checkPair(begin, end) : []),
    ...checkClocks(begin, end),
    ...checkOrder(begin, end, members),
    ...(entries.some(({ reading }) => reading.TX === "X") ? [found("exception_reading")] : []),
  ];
  return { begin, end, findings: distinct(findings) };
}

/** Whether a record is of readings outside of transactions (OCMF tables 2 and 7). */
function isFiscal(/** @type {Payload} */ { PG, RD }) {
  return PG?.[0] === "F" && PAGINATION.test(PG) && !RD.some((reading) => reading.TX);
}

/**
 * Whether one record holds the begin and the end of a transaction.
 * @param {Payload} payload
 * @returns {boolean}
 */
export function isComplete(payload) {
  const entries = entriesOf(payload);
  return entries.some(isBegin) && entries.some(isEnd);
}

/**
 * End minus begin in the unit of both, exactly; null where that cannot be told.
 * @param {ReadingInRecord} begin
 * @param {ReadingInRecord} end
 * @returns {Decimal | null}
 */
export function energyOf(begin, end) {
  const [first, last] = [begin.reading, end.reading];
  if (!first.RV?.isSound || !last.RV?.isSound || first.RU !== last.RU) return null;
  return last.RV.minus(first.RV);
}

/** @returns {ReadingInRecord[]} */
function entriesOf(/** @type {Payload} */ payload) {
  return payload.RD.map((reading) => ({ payload, reading }));
}

function isBegin(/** @type {ReadingInRecord} */ { reading }) {
  return reading.TX === "B";
}

function isEnd(/** @type {ReadingInRecord} */ { reading }) {
  return END_REASONS.includes(reading.TX ?? "");
}

function nameOf(/** @type {ReadingInRecord} */ entry) {
  return isBegin(entry) ? "begin" : "end";
}

/** Readings of the registers that bill; loss-compensated ones alone if there are any. */
function billable(/** @type {ReadingInRecord[]} */ entries) {
  const of = (/** @type {string} */ kind) =>
    entries.filter(({ reading }) => reading.RI && kindOfRegister(reading.RI) === kind);
  const compensated = of("compensated");
  return compensated.length ? compensated : of("billable");
}

/** One begin, one end: `billing` are those of a register that bills. */
function checkPresence(
  /** @type {string} */ name,
  /** @type {ReadingInRecord[]} */ billing,
  /** @type {ReadingInRecord[]} */ ofAnyRegister,
  /** @type {boolean} */ isClaimed,
) {
  if (billing.length > 1) return [found(`${name}_repeated`, { count: billing.length })];
  if (billing.length) return [];
  if (ofAnyRegister.length) {
    const register = ofAnyRegister[0].reading.RI;
    return [found("register_not_billable", { reading: name, register })];
  }
  if (isClaimed) return [found(`${name}_missing`)];
  return [found("transaction_incomplete", { reading: name })];
}

/** Begin and end apart, and each where the file says that it is. */
function checkContext(/** @type {Member} */ { payload, context }) {
  const entries = entriesOf(payload);
  const holdsBegin = entries.some(isBegin);
  const holdsEnd = entries.some(isEnd);
  if (holdsBegin && holdsEnd) {
    return [found(context === CONTEXT_END ? "end_holds_begin" : "begin_holds_end")];
  }
  if (holdsEnd && context === CONTEXT_BEGIN) {
    return [found("context_mismatch", { expected: "begin", found: "end" })];
  }
  if (holdsBegin && context === CONTEXT_END) {
    return [found("context_mismatch", { expected: "end", found: "begin" })];
  }
  return [];
}

function checkReading(/** @type {ReadingInRecord} */ entry) {
  const reading = nameOf(entry);
  const { ST, EF, RU, RV, TM } = entry.reading;
  const { IL } = entry.payload;
  const findings = [];
  if (ST !== GOOD) findings.push(found("meter_status", { reading, expected: GOOD, found: ST }));
  if (EF?.includes("E")) findings.push(found("energy_error_flag", { reading }));
  if (EF?.includes("t")) findings.push(found("time_error_flag", { reading }));
  if (!ENERGY_UNITS.includes(RU ?? "")) findings.push(found("unit_not_energy", { reading, unit: RU }));
  if (RV === null) findings.push(found("value_missing", { reading }));
  else if (!RV.isSound || RV.isBelowZero) findings.push(found("value_out_of_range", { reading, value: RV }));
  if (BAD_LEVELS.includes(IL ?? "")) {
    findings.push(found("identification_level", { reading, level: IL }));
  }
  if (!strip(TM).includes(" ")) {
    const cause = "the letter of the clock's status is missing";
    findings.push(found("time_status_wrong", { reading, cause }));
  }
  return findings;
}

/** Whether the clock was good enough to bill by time (OCMF table 19). */
function checkClocks(/** @type {ReadingInRecord | null} */ begin, /** @type {ReadingInRecord | null} */ end) {
  if (end?.reading.timeStatus === "R") return []; // the duration was measured well
  const findings = [];
  for (const entry of [begin, end]) {
    const { timeStatus = "S" } = entry?.reading ?? {};
    const state = CLOCK_STATES.has(timeStatus) ? CLOCK_STATES.get(timeStatus) : "unknown";
    if (entry && state) {
      findings.push(found("time_not_synchronised", { reading: nameOf(entry), state }));
    }
  }
  return findings;
}

function checkPair(/** @type {ReadingInRecord} */ begin, /** @type {ReadingInRecord} */ end) {
  const [first, last] = [begin.reading, end.reading];
  const findings = checkShared(begin, end);
  if (energyOf(begin, end)?.isBelowZero) {
    findings.push(found("energy_decreased", { begin: first.RV, end: last.RV }));
  }
  if (first.timeStatus === "R" && last.timeStatus !== "R") {
    const cause = "it is not relative (R), but that of the begin is";
    findings.push(found("time_status_wrong", { reading: "end", cause }));
  }
  // Where one tells its offset from UTC and the other does not, they cannot be compared.
  const isMixed = (first.moment.offset === null) !== (last.moment.offset === null);
  if (isMixed || utcMicros(last.moment) < utcMicros(first.moment)) {
    findings.push(found("time_reversed", { begin: first.TM, end: last.TM }));
  } else {
    findings.push(...checkPower(begin, end));
  }
  return findings;
}

/** Whether so much energy can have been delivered in the time. */
function checkPower(/** @type {ReadingInRecord} */ begin, /** @type {ReadingInRecord} */ end) {
  const { RU } = begin.reading;
  const energy = energyOf(begin, end);
  let milliseconds = (utcMicros(end.reading.moment) - utcMicros(begin.reading.moment)) / 1000n;
  const { powerKw: limit, clockStepMs, untimedMs } = LIMITS;
  const isTimed = [begin.reading, end.reading].every(
    ({ timeStatus, EF }) => CLOCK_STATES.has(timeStatus) && !EF?.includes("t"),
  );
  if (!isTimed && milliseconds < BigInt(untimedMs)) milliseconds = BigInt(untimedMs);
  const most = BigInt(limit) * (milliseconds + BigInt(clockStepMs)) * (RU === "Wh" ? 1000n : 1n);
  if (!energy || energy.isNegative) return [];
  const given = new Decimal(false, energy.digits * 3_600_000n, energy.exponent);
  if (!new Decimal(false, most, 0n).minus(given).isBelowZero) return [];
  const told = { energy: `${energy.toDigits()} ${RU ?? "None"}`, seconds: milliseconds / 1000n };
  return [found("energy_implausible", { ...told, limit })];
}

function checkShared(/** @type {ReadingInRecord} */ begin, /** @type {ReadingInRecord} */ end) {
  const [first, last] = [begin.payload, end.payload];
  const findings = [];
  for (const [code, before, after] of /** @type {[string, any, any][]} */ ([
    ["gateway_serial_differs", first.GS, last.GS],
    ["meter_serial_differs", first.MS, last.MS],
    ["register_differs", begin.reading.RI, end.reading.RI],
    ["unit_differs", begin.reading.RU, end.reading.RU],
  ])) {
    if (before !== after) findings.push(found(code, { begin: before, end: after }));
  }
  const isAnother = first.ID && last.ID && first.ID.toUpperCase() !== last.ID.toUpperCase();
  const isOneCharge = !isAnother || first.PG === last.PG;
  if (!isOneCharge) findings.push(found("user_differs", { begin: first.ID, end: last.ID }));
  for (const [field, before, after] of [
    ["identification", first.ID, last.ID],
    ["type of the identification", first.IT, last.IT],
  ]) {
    if (isOneCharge && before !== after) {
      findings.push(found("identification_differs", { field, begin: before, end: after }));
    }
  }
  const [before, after] = [eventCounter(begin), eventCounter(end)];
  if (after !== null && before !== after) {
    findings.push(found("event_counter_differs", { begin: before, end: after }));
  }
  return findings;
}

/** EI, which readings had up to OCMF 0.4. */
function eventCounter(/** @type {ReadingInRecord} */ { payload, reading }) {
  const version = Decimal.read(strip(payload.FV || "1"));
  if (!version || reading.EI === null || !version.isSound) return null;
  return LAST_VERSION_WITH_EVENT_COUNTER.minus(version).isBelowZero ? null : spelled(reading.EI);
}

/**
 * A JSON value as one text, to be compared and shown; structures have no meaning here.
 * @returns {string}
 */
function spelled(/** @type {any} */ value) {
  if (value instanceof Map) {
    return `{${[...value].map(([name, one]) => `${name}: ${spelled(one)}`).join(", ")}}`;
  }
  if (Array.isArray(value)) return `[${value.map(spelled).join(", ")}]`;
  return value === null ? "None" : asText(value);
}

/** The paginations of a transaction's records count on from begin to end. */
function checkOrder(
  /** @type {ReadingInRecord | null} */ begin,
  /** @type {ReadingInRecord | null} */ end,
  /** @type {Member[]} */ members,
) {
  const written = members.map(({ payload }) => payload.PG ?? "");
  const unreadable = members.filter((_one, at) => !PAGINATION.test(written[at]));
  if (unreadable.length) {
    return unreadable.map(({ payload }) =>
      found("pagination_unreadable", { pagination: payload.PG }),
    );
  }
  if (members.length < 2 || !begin || !end) return [];
  const [first, last] = [begin.payload.PG ?? "", end.payload.PG ?? ""];
  const other = written.find((text) => text[0] !== first[0]);
  if (other) return [found("pagination_context_differs", { expected: first, found: other })];
  if (BigInt(last.slice(1)) < BigInt(first.slice(1))) {
    return [found("pagination_reversed", { begin: first, end: last })];
  }
  return checkCounting(first, last, written.map((text) => BigInt(text.slice(1))));
}

/** Whether each number stands once and none between them is left out. */
function checkCounting(
  /** @type {string} */ first,
  /** @type {string} */ last,
  /** @type {bigint[]} */ given,
) {
  const numbers = [...given].sort((one, other) => (one < other ? -1 : Number(one > other)));
  const repeated = numbers.find((number, at) => at > 0 && number === numbers[at - 1]);
  if (repeated !== undefined) {
    return [found("pagination_repeated", { pagination: `${first[0]}${repeated}` })];
  }
  const count = numbers[numbers.length - 1] - numbers[0] + 1n - BigInt(numbers.length);
  return count ? [found("pagination_gap", { begin: first, end: last, count })] : [];
}

// --- Which registers bill: as the transparency software has it (pyocmf's OBIS codes) ---

const CODE =
  /^([0-9a-f]{1,2})-([0-9a-f]{1,2}):([0-9a-f]{1,2})\.([0-9a-f]{1,2})\.([0-9a-f]{1,2})(?:[.*]([0-9a-f]+))?$/i;
const COMPENSATED = [0x98, 0xb1, 0xb3, 0xc1, 0xc3];
const LAST_GROUPS = ["", "200", "255", "ff"];

/** "other", "billable" or "compensated": what a register, with its part after the star, is. */
function kindOfRegister(/** @type {string} */ obis) {
  const whole = groups(obis);
  if (!whole || !isLawRelevant(whole.c) || !LAST_GROUPS.includes(whole.f)) return "other";
  const plain = groups(obis.split("*")[0]);
  return plain && COMPENSATED.includes(plain.c) ? "compensated" : "billable";
}

function isLawRelevant(/** @type {number} */ c) {
  return c === 0x01 || c === 0x98 || c === 0x9e || (c >= 0xb0 && c <= 0xc7);
}

/** The groups of a register of cumulative electric energy that count; null of any other. */
function groups(/** @type {string} */ obis) {
  const found = CODE.exec(strip(obis));
  if (!found) return null;
  const [a, , c, d] = found.slice(1, 5).map((group) => Number.parseInt(group, 16));
  const f = (found[6] ?? "").toLowerCase().replace(/^0+/, "");
  return a === 1 && d === 8 ? { c, f } : null;
}
