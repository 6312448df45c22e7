/** Times as OCMF records tell them, read as Python's datetime.fromisoformat reads them. */

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
