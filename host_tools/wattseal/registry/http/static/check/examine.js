/** Checks a bundle, a file of records, or a text (wattseal.registry.http.check.examine). */

import { BundleError, isBundle, readBundle } from "./bundle.js";
import { ContainerError, readContainer } from "./container.js";
import { Unreadable } from "./public_key.js";
import { readRecord } from "./record.js";
import { Unreachable } from "./registry.js";
import { unixMs } from "./times.js";
import { judgeTrust, keyFor } from "./trust.js";
import { unreadable, verifyValues } from "./verify.js";

/**
 * @typedef {import("./registry.js").Registry} Registry
 * @typedef {import("./container.js").SignedValue} SignedValue
 * @typedef {import("./verify.js").ValueReport} ValueReport
 * @typedef {import("./verify.js").TransactionReport} TransactionReport
 * @typedef {import("./trust.js").Trust} Trust
 * @typedef {{kind: "refused", name: string, word: string, values?: Record<string, any>}
 *   | {kind: "file", name: string, report: import("./verify.js").FileReport}
 *   | {kind: "session", name: string, session: TransactionReport, values: ValueReport[],
 *     trust: Trust | null, isFilled: boolean}
 *   | {kind: "reading", name: string, value: ValueReport, trust: Trust | null,
 *     isFilled: boolean}} Case what one verdict is about
 */

const EVSE_ID = "EVSEID";

/**
 * What there is to say, in no language yet.
 * @param {Registry | null} registry null where none can be asked
 * @param {string} name
 * @param {Uint8Array} data
 * @returns {Promise<Case[]>}
 */
export async function examine(registry, name, data) {
  let files = [{ name, data }];
  try {
    if (isBundle(data)) files = await readBundle(data);
  } catch (error) {
    if (!(error instanceof BundleError)) throw error;
    return [{ kind: "refused", name, word: error.fault }];
  }
  const cases = [];
  for (const file of files) cases.push(...(await examineFile(registry, file.name, file.data)));
  return cases;
}

/** @returns {Promise<Case[]>} */
async function examineFile(
  /** @type {Registry | null} */ registry,
  /** @type {string} */ name,
  /** @type {Uint8Array} */ data,
) {
  let given;
  try {
    given = readContainer(data);
  } catch (error) {
    if (!(error instanceof ContainerError)) throw error;
    return [{ kind: "file", name, report: unreadable(name, error.finding) }];
  }
  const values = await Promise.all(given.map((value) => withKey(registry, value)));
  const filled = new Set(values.map((value, at) => (value === given[at] ? 0 : at + 1)));
  const report = await verifyValues(name, values);
  return [
    ...(await sessionsOf(registry, report, filled)),
    ...(await readingsOf(registry, report, filled)),
  ];
}

/** @returns {Promise<Case[]>} */
function sessionsOf(
  /** @type {Registry | null} */ registry,
  /** @type {import("./verify.js").FileReport} */ report,
  /** @type {Set<number>} */ filled,
) {
  return Promise.all(
    report.transactions.map(async (session) => {
      const values = session.values.map((number) => report.values[number - 1]);
      const isVerified = session.verdict === "verified";
      const trust = isVerified ? await trustOf(registry, session, values) : null;
      const isFilled = session.values.some((number) => filled.has(number));
      return { kind: "session", name: report.file, session, values, trust, isFilled };
    }),
  );
}

/**
 * Values that no transaction counts; one that repeats another says nothing new.
 * @returns {Promise<Case[]>}
 */
function readingsOf(
  /** @type {Registry | null} */ registry,
  /** @type {import("./verify.js").FileReport} */ report,
  /** @type {Set<number>} */ filled,
) {
  const counted = new Set(report.transactions.flatMap((session) => session.values));
  const left = report.values.filter(
    ({ number, findings }) =>
      !counted.has(number) && !findings.some((finding) => finding.code === "record_repeated"),
  );
  return Promise.all(
    left.map(async (value) => {
      const fingerprint = value.verdict === "verified" ? value.key_fingerprint : null;
      const nothing = { evseId: null, meterSerial: null, beginMs: null, endMs: null };
      const trust = fingerprint ? await judgeTrust(registry, { fingerprint, ...nothing }) : null;
      const isFilled = filled.has(value.number);
      return { kind: "reading", name: report.file, value, trust, isFilled };
    }),
  );
}

async function trustOf(
  /** @type {Registry | null} */ registry,
  /** @type {TransactionReport} */ session,
  /** @type {ValueReport[]} */ values,
) {
  const fingerprint = values[0].key_fingerprint;
  if (!fingerprint) return null;
  const { begin, end, charge_point: chargePoint } = session;
  const isNamed = session.charge_point_type === EVSE_ID && chargePoint;
  return judgeTrust(registry, {
    fingerprint,
    evseId: isNamed ? chargePoint : null,
    meterSerial: session.meter_serial,
    beginMs: begin && unixMs(begin.time),
    endMs: end && unixMs(end.time),
  });
}

/** With the registry's key for the charge point and time that a record without one names. */
async function withKey(/** @type {Registry | null} */ registry, /** @type {SignedValue} */ value) {
  if (!registry || value.publicKey !== null) return value;
  try {
    const { payload, appendedKey } = readRecord(value.text);
    if (appendedKey || payload?.CT !== EVSE_ID || !payload.CI) return value;
    const written = payload.RD[0]?.TM;
    const atMs = written === undefined ? null : unixMs(written.split(" ")[0]);
    const key = atMs === null ? null : await keyFor(registry, payload.CI, atMs);
    return key === null ? value : { ...value, publicKey: key };
  } catch (error) {
    if (error instanceof Unreadable || error instanceof Unreachable) return value;
    throw error;
  }
}
