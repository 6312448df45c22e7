/**
 * Verifies what a file held (wattseal.ocmf.verify): every value's signature,
 * then the transactions that authentic values make. The report has the form of Python's.
 */

import { found, guarded, hasFinding, verdictFor, weightiest, weightiestError } from "./findings.js";
import { readRecord } from "./record.js";
import {
  algorithmOf,
  checkSignature,
  commonSigners,
  givenKey,
  notSigner,
  Unreadable,
} from "./signature.js";
import { LIMITS } from "./tables.js";
import { checkTransaction, CONTEXT_BEGIN, CONTEXT_END, energyOf, isComplete } from "./transaction.js";

/**
 * @typedef {import("./container.js").SignedValue} SignedValue
 * @typedef {import("./findings.js").Finding} Finding
 * @typedef {import("./findings.js").Verdict} Verdict
 * @typedef {import("./record.js").OcmfRecord} OcmfRecord
 * @typedef {import("./signature.js").PublicKey} PublicKey
 * @typedef {import("./transaction.js").Outcome} Outcome
 * @typedef {import("./transaction.js").ReadingInRecord} ReadingInRecord
 * @typedef {{number: number, value: SignedValue, record: OcmfRecord | null,
 *   key: PublicKey | null, findings: Finding[]}} Judged
 * @typedef {{number: number, transaction_id: string | null, context: string | null,
 *   verdict: Verdict, reason: string | null, pagination: string | null, algorithm: string | null,
 *   public_key: string | null, key_fingerprint: string | null, findings: Finding[]}} ValueReport
 * @typedef {{time: string, time_status: string, value: string | null, unit: string | null,
 *   obis: string | null, reason: string, pagination: string | null}} ReadingReport
 * @typedef {{transaction_id: string | null, values: number[], verdict: Verdict,
 *   reason: string | null, begin: ReadingReport | null, end: ReadingReport | null,
 *   energy: string | null, unit: string | null, gateway_serial: string | null,
 *   meter_serial: string | null, meter_model: string | null, identification: string | null,
 *   charge_point_type: string | null, charge_point: string | null,
 *   findings: Finding[]}} TransactionReport
 * @typedef {{file: string, verdict: Verdict, reason: string | null, key_source: string,
 *   findings: Finding[], values: ValueReport[], transactions: TransactionReport[]}} FileReport
 */

/**
 * Verify values, at least one, in file order; never throws on what they may hold.
 * @param {string} file its name
 * @param {SignedValue[]} values
 * @returns {Promise<FileReport>}
 */
export async function verifyValues(file, values) {
  const judged = await judgeValues(values);
  const groups = groupsOf(judged);
  if (judged.length <= LIMITS.valuesForRecovery) {
    for (const group of groups) {
      await guarded(() => lookForReplacedKey(group), (failure) => void group[0].findings.push(failure));
    }
  }
  const checked = groups.map((group) =>
    guarded(
      () => checkGroup(group),
      (failure) => reportTransaction(group, [failure], null),
    ),
  );
  const transactions = (await Promise.all(checked)).filter((report) => report !== null);
  const ofValues = judged.map(reportValue);
  const reason = weightiest([...ofValues, ...transactions].map((part) => part.reason));
  return {
    file,
    verdict: verdictFor(reason),
    reason,
    key_source: judged.some((one) => one.key) ? "in_file" : "none",
    findings: [],
    values: ofValues,
    transactions,
  };
}

/**
 * The report on a file from which nothing could be taken.
 * @param {string} file
 * @param {Finding} finding
 * @returns {FileReport}
 */
export function unreadable(file, finding) {
  const { code } = finding;
  const parts = { values: [], transactions: [] };
  const verdict = verdictFor(code);
  return { file, verdict, reason: code, key_source: "none", findings: [finding], ...parts };
}

async function judgeValues(/** @type {SignedValue[]} */ values) {
  /** @type {Judged[]} */
  const judged = [];
  for (const [at, value] of values.entries()) {
    const none = { number: at + 1, value, record: null, key: null };
    judged.push(
      await guarded(() => open(at + 1, value), (failure) => ({ ...none, findings: [failure] })),
    );
  }
  const keys = distinctKeys(judged);
  for (const one of judged) {
    await guarded(() => judge(one, keys), (failure) => void one.findings.push(failure));
  }
  markRepeated(judged);
  return judged;
}

/** @returns {Promise<Judged>} */
async function open(/** @type {number} */ number, /** @type {SignedValue} */ value) {
  try {
    const record = readRecord(value.text);
    const { key, findings } = await givenKey(value.publicKey ?? record.appendedKey);
    return { number, value, record, key, findings };
  } catch (error) {
    if (!(error instanceof Unreadable)) throw error;
    const findings = [found("record_malformed", { cause: error.message })];
    return { number, value, record: null, key: null, findings };
  }
}

async function judge(/** @type {Judged} */ one, /** @type {PublicKey[]} */ keys) {
  const { record, key, value, findings } = one;
  if (!record) return;
  if (key) findings.push(...(await checkSignature(record, key, keys)));
  if (isAuthentic(one)) findings.push(...record.findings);
  const { transactionId } = value;
  if (transactionId && !/^\p{Nd}+$/u.test(transactionId)) {
    findings.push(found("transaction_id_not_integer", { found: transactionId }));
  }
}

/** Whether the record is what the owner of its key signed. */
function isAuthentic(/** @type {Judged} */ one) {
  return weightiestError(one.findings) === null;
}

/** The first few keys of all. */
function distinctKeys(/** @type {Judged[]} */ judged) {
  /** @type {Map<string, PublicKey>} */
  const keys = new Map();
  for (const { key } of judged) {
    if (key) keys.set(key.fingerprint, key);
    if (keys.size === LIMITS.otherKeys) break;
  }
  return [...keys.values()];
}

/** Mark values that repeat another one word for word; they add nothing to a transaction. */
function markRepeated(/** @type {Judged[]} */ judged) {
  /** @type {Map<string, number>} */
  const firstSeen = new Map();
  for (const { record, value, number, findings } of judged) {
    if (!record) continue;
    const same = JSON.stringify([value.transactionId, record.text]);
    const first = firstSeen.get(same);
    if (first === undefined) firstSeen.set(same, number);
    else findings.push(found("record_repeated", { number: first }));
  }
}

/** Values that belong together: by transactionId; without one, the incomplete ones together. */
function groupsOf(/** @type {Judged[]} */ judged) {
  /** @type {Map<string | number | null, Judged[]>} */
  const groups = new Map();
  for (const one of judged) {
    if (!one.record || hasFinding(one, "record_repeated")) continue;
    const { transactionId } = one.value;
    const key = transactionId ?? (standsAlone(one.record, one.value) ? one.number : null);
    groups.set(key, [...(groups.get(key) ?? []), one]);
  }
  return [...groups.values()];
}

/** Whether a value is a whole transaction, or is not called part of one. */
function standsAlone(/** @type {OcmfRecord} */ { payload }, /** @type {SignedValue} */ { context }) {
  if (payload === null || isComplete(payload)) return payload !== null;
  const isCalledPart = context === CONTEXT_BEGIN || context === CONTEXT_END;
  return !isCalledPart && !payload.RD.some((reading) => reading.TX);
}

/** Tell a replaced key from altered records where the signatures themselves can tell. */
async function lookForReplacedKey(/** @type {Judged[]} */ group) {
  const failed = group.filter((one) => hasFinding(one, "signature_mismatch"));
  const records = failed.map((one) => one.record).filter((record) => record !== null);
  const signers = await commonSigners(records);
  if (signers.length === 0) return;
  for (const one of failed) {
    if (!one.key) continue;
    const kept = one.findings.filter((finding) => finding.code !== "signature_mismatch");
    one.findings = [notSigner(one.key, signers), ...kept];
  }
}

/**
 * The verdict on values that belong together; null if they are no part of a transaction.
 * @param {Judged[]} group
 * @returns {TransactionReport | null}
 */
function checkGroup(group) {
  const differing = checkOneKey(group);
  const members = group
    .filter((one) => isAuthentic(one) && one.record?.payload)
    .map((one) => ({
      payload: /** @type {import("./record.js").Payload} */ (one.record?.payload),
      context: one.value.context,
    }));
  if (members.length < group.length) return reportTransaction(group, differing, null);
  const isClaimed = group.length > 1 || group[0].value.transactionId !== null;
  const outcome = checkTransaction(members, isClaimed);
  const findings = [...differing, ...outcome.findings];
  if (!findings.length && !outcome.begin && !outcome.end) return null;
  return reportTransaction(group, findings, outcome);
}

/** Whether the keys that came along are one. */
function checkOneKey(/** @type {Judged[]} */ group) {
  const [first, ...others] = group.map((one) => one.key).filter((key) => key !== null);
  const other = others.find((key) => key.fingerprint !== first.fingerprint);
  return other ? [found("key_differs", { expected: first.shortName, found: other.shortName })] : [];
}

/** @returns {ValueReport} */
function reportValue(/** @type {Judged} */ one) {
  const reason = weightiestError(one.findings);
  return {
    number: one.number,
    transaction_id: one.value.transactionId,
    context: one.value.context,
    verdict: verdictFor(reason),
    reason,
    pagination: one.record?.payload?.PG ?? null,
    algorithm: one.record ? algorithmOf(one.record) : null,
    public_key: one.key?.hex ?? null,
    key_fingerprint: one.key?.fingerprint ?? null,
    findings: one.findings,
  };
}

/** @returns {TransactionReport} */
function reportTransaction(
  /** @type {Judged[]} */ group,
  /** @type {Finding[]} */ findings,
  /** @type {Outcome | null} */ outcome,
) {
  const ofValues = group.map((one) => weightiestError(one.findings));
  const reason = weightiest([weightiestError(findings), ...ofValues]);
  const { begin = null, end = null } = outcome ?? {};
  const some = (begin ?? end)?.payload;
  const energy = begin && end ? energyOf(begin, end) : null;
  return {
    transaction_id: group[0].value.transactionId,
    values: group.map((one) => one.number),
    verdict: verdictFor(reason),
    reason,
    begin: reportReading(begin),
    end: reportReading(end),
    energy: energy?.toDigits() ?? null,
    unit: energy ? (begin?.reading.RU ?? "None") : null,
    gateway_serial: some?.GS ?? null,
    meter_serial: some?.MS ?? null,
    meter_model: some?.MM ?? null,
    identification: some?.ID || null,
    charge_point_type: some?.CT ?? null,
    charge_point: some?.CI ?? null,
    findings,
  };
}

/** @returns {ReadingReport | null} */
function reportReading(/** @type {ReadingInRecord | null} */ entry) {
  if (!entry) return null;
  const { TM, timeStatus, RV, RU, RI, TX } = entry.reading;
  return {
    time: TM.split(" ")[0],
    time_status: timeStatus,
    value: RV?.toDigits() ?? null,
    unit: RU,
    obis: RI,
    reason: TX ?? "",
    pagination: entry.payload.PG,
  };
}
