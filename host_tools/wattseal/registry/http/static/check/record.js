/** One OCMF record taken apart: framing, payload, signature section (wattseal.verify.record). */

import { toUtf8 } from "./bytes.js";
import { found, shown } from "./findings.js";
import { readPayload, readSection } from "./payload.js";
import { Unreadable } from "./public_key.js";
import { strip } from "./python_text.js";
import { readJson } from "./strict_json.js";

/**
 * `payload` is null, and a finding says why, when the signed text is no OCMF payload.
 * @typedef {{text: string, signedBytes: Uint8Array, section: import("./payload.js").Section,
 *   payload: import("./payload.js").Payload | null, appendedKey: string | null,
 *   findings: import("./findings.js").Finding[]}} OcmfRecord
 */

const NOT_JSON = "is not well-formed JSON";
const NO_OBJECT = "is not a JSON object";
const NOT_OCMF = "does not follow OCMF";

/**
 * Take a record apart.
 * @param {string} given
 * @returns {OcmfRecord} Unreadable if it has no signature to check
 */
export function readRecord(given) {
  const text = strip(given);
  const [header, payloadText, sectionText, ...rest] = text.split("|");
  if (header !== "OCMF" || sectionText === undefined) {
    throw new Unreadable("it is not of the form OCMF|payload|signature");
  }
  if (!text.isWellFormed()) {
    throw new Unreadable("it holds characters that no encoding can carry");
  }
  const signed = readSigned(sectionText);
  const content = readContent(payloadText);
  return {
    text,
    signedBytes: toUtf8(payloadText),
    section: signed.section,
    payload: content.payload,
    appendedKey: strip(rest.join("|")) || null,
    findings: [...content.ambiguous, ...deviations([...signed.notes, ...content.notes]), ...content.malformed],
  };
}

function readSigned(/** @type {string} */ text) {
  /** @type {string[]} */
  const notes = [];
  const { members, repeated, complaint } = readMembers(text);
  if (!members) throw new Unreadable(`its signature section ${complaint}`);
  let section;
  try {
    section = readSection(members, notes);
  } catch {
    throw new Unreadable(`its signature section ${NOT_OCMF}`);
  }
  if (repeated.length) {
    throw new Unreadable(`its signature section holds ${shown(repeated[0])} twice`);
  }
  return { section, notes };
}

function readContent(/** @type {string} */ text) {
  /** @type {string[]} */
  const notes = [];
  const { members, repeated, complaint } = readMembers(text);
  const none = (/** @type {string} */ cause) => ({
    payload: null,
    notes: [],
    ambiguous: [],
    malformed: [found("payload_malformed", { cause: `it ${cause}` })],
  });
  if (!members) return none(complaint);
  try {
    const payload = readPayload(members, notes);
    const ambiguous = repeated.length ? [found("payload_ambiguous", { field: repeated[0] })] : [];
    return { payload, notes, ambiguous, malformed: [] };
  } catch {
    return none(NOT_OCMF);
  }
}

function readMembers(/** @type {string} */ text) {
  try {
    const { value, repeated } = readJson(text);
    if (value instanceof Map) return { members: value, repeated, complaint: "" };
    return { members: null, repeated, complaint: NO_OBJECT };
  } catch {
    return { members: null, repeated: [], complaint: NOT_JSON };
  }
}

function deviations(/** @type {string[]} */ notes) {
  return [...new Set(notes)].map((cause) => found("format_deviation", { cause }));
}
