/**
 * One OCMF record taken apart: framing, payload, signature section (wattseal.ocmf.record).
 *
 * What is refused and what is tolerated with a note is as in pyocmf 0.6, which follows the
 * transparency software. Notes are the causes of `format_deviation`.
 */

import { fromBase64, toUtf8 } from "./bytes.js";
import { found, shown } from "./findings.js";
import { characters, Decimal, JsonNumber, readJson, readMoment, strip } from "./python_values.js";
import { Unreadable } from "./signature.js";
import { OCMF } from "./tables.js";

/**
 * `payload` is null, and a finding says why, when the signed text is no OCMF payload.
 * @typedef {{text: string, signedBytes: Uint8Array, section: Section,
 *   payload: Payload | null, appendedKey: string | null,
 *   findings: import("./findings.js").Finding[]}} OcmfRecord
 */

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
  const notes = new Set([...signed.notes, ...content.notes]);
  const deviations = [...notes].map((cause) => found("format_deviation", { cause }));
  return {
    text,
    signedBytes: toUtf8(payloadText),
    section: signed.section,
    payload: content.payload,
    appendedKey: strip(rest.join("|")) || null,
    findings: [...content.ambiguous, ...deviations, ...content.malformed],
  };
}

/** The signature section: a record without one that can be read is Unreadable. */
function readSigned(/** @type {string} */ text) {
  const { part, notes, repeated, complaint } = readPart(text, readSection);
  if (!part) throw new Unreadable(`its signature section ${complaint}`);
  if (repeated.length) {
    throw new Unreadable(`its signature section holds ${shown(repeated[0])} twice`);
  }
  return { section: part, notes };
}

function readContent(/** @type {string} */ text) {
  const { part, notes, repeated, complaint } = readPart(text, readPayload);
  const cause = `it ${complaint}`;
  return {
    payload: part,
    notes,
    ambiguous: part && repeated.length ? [found("payload_ambiguous", { field: repeated[0] })] : [],
    malformed: part ? [] : [found("payload_malformed", { cause })],
  };
}

/**
 * What `read` makes of a text's members, and which of them stood twice; or a complaint.
 * @template T
 * @param {string} text
 * @param {(members: Members, notes: string[]) => T} read
 * @returns {{part: T | null, notes: string[], repeated: string[], complaint: string}}
 */
function readPart(text, read) {
  const none = { part: null, notes: [], repeated: [] };
  let json;
  try {
    json = readJson(text);
  } catch {
    return { ...none, complaint: "is not well-formed JSON" };
  }
  const { value, repeated } = json;
  if (!(value instanceof Map)) return { ...none, complaint: "is not a JSON object" };
  try {
    /** @type {string[]} */
    const notes = [];
    return { part: read(value, notes), notes, repeated, complaint: "" };
  } catch {
    return { ...none, complaint: "does not follow OCMF" };
  }
}

// --- Payload and signature section (OCMF 1.4.1, tables 1 to 8) ---

/**
 * @typedef {Map<string, any>} Members
 * @typedef {{TM: string, moment: import("./python_values.js").Moment, timeStatus: string,
 *   TX: string | null, RV: Decimal | null, RI: string | null, RU: string | null,
 *   EF: string | null, ST: string | null, EI: any}} Reading
 * @typedef {{FV: string | null, GS: string | null, PG: string | null, MM: string | null,
 *   MS: string | null, IL: string | null, IT: string | null, ID: string | null,
 *   CT: string | null, CI: string | null, RD: Reading[]}} Payload
 * @typedef {{SA: string | null, SE: string | null, SD: string}} Section
 */

/** The members do not follow OCMF. */
class ModelError extends Error {}

const TEXTS = ["GI", "GS", "GV", "PG", "MV", "MM", "MS", "MF", "ID", "TT", "CF", "CI"];
const INHERITED = ["TM", "TX", "RI", "RU", "RT", "EF", "ST"];
const YES = ["1", "on", "t", "true", "y", "yes"];
const NO = ["0", "off", "f", "false", "n", "no"];
const ID_FORMATS = {
  ISO14443: /^(?:[0-9a-fA-F]{8}|[0-9a-fA-F]{14})$/,
  ISO15693: /^[0-9a-fA-F]{16}$/,
  EMAID: /^[A-Za-z0-9]{14,15}$/,
  EVCCID: /^[0-9a-fA-F]{1,12}$/,
  EVCOID: /^[A-Z]{2,3}-[A-Z0-9]{2,3}-[0-9]{6}-[0-9]$/,
  ISO7812: /^[0-9]{8,19}$/,
  // E.164; whether a country has such a number, this check does not know.
  PHONE_NUMBER: /^(?:tel:)?\+[1-9](?:[ ()./-]*[0-9]){6,14}$/,
};

/**
 * The payload in members as read.
 * @param {Members} members
 * @param {string[]} notes takes what was tolerated
 * @returns {Payload} ModelError
 */
function readPayload(members, notes) {
  const model = new Model(members, notes);
  /** @type {Record<string, string | null>} */
  const texts = Object.fromEntries(TEXTS.map((name) => [name, model.text(name)]));
  const status = model.flag("IS");
  const level = model.listed("IL", true);
  const flags = model.flags("IF");
  const type = members.has("IT") ? model.listed("IT") : "NONE";
  readCableLoss(model.get("LC"), notes);
  const version = model.version("FV");
  const chargePointType = model.chargePointType("CT");
  const readings = inherited(members.get("RD")).map((one) => readReading(one, notes));
  noteDeviations(texts, status, flags, type, notes);
  noteMissed(members, texts, version, notes);
  return /** @type {Payload} */ ({
    ...texts,
    FV: version,
    IL: level,
    IT: type,
    CT: chargePointType,
    RD: readings,
  });
}

/** What pyocmf takes without a word, though OCMF asks for it (tables 1, 3 and 4). */
function noteMissed(
  /** @type {Members} */ members,
  /** @type {Record<string, string | null>} */ { MS, PG },
  /** @type {string | null} */ version,
  /** @type {string[]} */ notes,
) {
  if (!MS) notes.push("Meter Serial (MS) is mandatory");
  const hasType = (members.get("IT") ?? null) !== null;
  if (!hasType && PG?.[0] !== "F") notes.push("Identification Type (IT) is mandatory");
  const status = members.get("IS") ?? false;
  if (typeof status !== "boolean") notes.push("Identification Status (IS) must be true or false");
  if (version !== null && !OCMF.FV.includes(version)) {
    notes.push(`Format Version (FV) '${version}' is no version of OCMF`);
  }
}

/**
 * The signature section in members as read.
 * @param {Members} members
 * @param {string[]} notes takes what was tolerated
 * @returns {Section} ModelError
 */
function readSection(members, notes) {
  const model = new Model(members, notes);
  const [algorithm, encoding] = ["SA", "SE", "SM"].map((name) => model.listed(name));
  const data = model.text("SD");
  if (data === null) throw new ModelError();
  if (!/^[0-9a-fA-F]+$/.test(data) && !fromBase64(data)) {
    notes.push("Signature Data (SD) is neither hex nor base64 encoded");
  }
  return { SA: algorithm, SE: encoding, SD: data };
}

/** Members as pyocmf's models take them; what they do not take is a ModelError. */
class Model {
  constructor(/** @type {Members} */ members, /** @type {string[]} */ notes) {
    this.members = members;
    this.notes = notes;
  }

  /** @returns {any} null if it is not there */
  get(/** @type {string} */ name) {
    return this.members.get(name) ?? null;
  }

  /** @returns {string | null} */
  text(/** @type {string} */ name) {
    const value = this.get(name);
    if (value !== null && typeof value !== "string") throw new ModelError();
    return value;
  }

  /** @returns {string | null} a text; one that OCMF does not list is noted */
  listed(/** @type {string} */ name, isTrimmed = false) {
    const written = this.text(name);
    const value = isTrimmed && written !== null ? strip(written) : written;
    if (value !== written) {
      this.notes.push(`'${written}' has leading or trailing whitespace for ${name}`);
    }
    if (value !== null) this.#noteUnlisted(value, name);
    return value;
  }

  /** @returns {string[]} */
  flags(/** @type {string} */ name) {
    const value = this.members.has(name) ? this.members.get(name) : [];
    if (!Array.isArray(value) || !value.every((one) => typeof one === "string")) {
      throw new ModelError();
    }
    for (const one of value) this.#noteUnlisted(one, name);
    return value;
  }

  /** @returns {boolean | string | null} */
  flag(/** @type {string} */ name) {
    const value = this.get(name);
    if (value === null || typeof value === "boolean") return value;
    if (value instanceof JsonNumber) {
      const number = Decimal.read(value.text);
      const isOneOfTwo = number && [0n, 1n].some((n) => number.equals(new Decimal(false, n, 0n)));
      if (!isOneOfTwo) throw new ModelError();
      return number.digits !== 0n;
    }
    if (typeof value !== "string") throw new ModelError();
    const word = value.replace(/[A-Z]/g, (letter) => letter.toLowerCase());
    if (YES.includes(word) || NO.includes(word)) return YES.includes(word);
    this.notes.push(`'${value}' is not a value defined by the OCMF spec for ${name}`);
    return value;
  }

  /** @returns {Decimal | null} */
  number(/** @type {string} */ name) {
    const value = this.get(name);
    if (value === null) return null;
    const isText = typeof value === "string";
    if (!isText && !(value instanceof JsonNumber)) throw new ModelError();
    const written = isText ? strip(value).replaceAll("_", "") : value.text;
    const number = Decimal.read(written);
    if (!number) throw new ModelError();
    const isPlainZero = !isText && value.isInteger && number.digits === 0n;
    return isPlainZero ? new Decimal(false, 0n, 0n) : number;
  }

  /** @returns {string | null} */
  version(/** @type {string} */ name) {
    const value = this.get(name);
    return value === null || typeof value === "string" ? value : asText(value);
  }

  /** @returns {string | null} */
  chargePointType(/** @type {string} */ name) {
    const value = this.get(name);
    if (value === null || value === "" || value === false) return null;
    if (value === true || (value instanceof JsonNumber && value.isInteger)) {
      const text = asText(value);
      if (text === "0") return null;
      this.#noteUnlisted(text, name);
      return text;
    }
    if (value instanceof JsonNumber && Decimal.read(value.text)?.digits === 0n) return null;
    return this.listed(name);
  }

  #noteUnlisted(/** @type {string} */ value, /** @type {string} */ name) {
    const known = /** @type {Record<string, string[]>} */ (OCMF)[name];
    if (!known.includes(value)) {
      this.notes.push(`'${value}' is not a value defined by the OCMF spec for ${name}`);
    }
  }
}

/**
 * A JSON number or word as Python writes it.
 * @param {any} value
 * @returns {string} ModelError of arrays and objects
 */
export function asText(value) {
  if (typeof value === "string") return value;
  if (value === true) return "True";
  if (value === false) return "False";
  if (value instanceof JsonNumber) {
    return value.isInteger ? BigInt(value.text).toString() : String(Decimal.read(value.text));
  }
  throw new ModelError();
}

/** The readings, each with the members that it inherits from the one before. */
function inherited(/** @type {any} */ readings) {
  if (!Array.isArray(readings) || !readings.every((one) => one instanceof Map)) {
    throw new ModelError();
  }
  /** @type {Members} */
  let last = new Map();
  return readings.map((one) => {
    const whole = new Map([...last, ...one]);
    last = new Map([...whole].filter(([name]) => INHERITED.includes(name)));
    return whole;
  });
}

/**
 * One reading (table 7).
 * @param {Members} members
 * @param {string[]} notes
 * @returns {Reading}
 */
function readReading(members, notes) {
  const model = new Model(members, notes);
  const written = members.get("TM");
  if (typeof written !== "string") throw new ModelError();
  const reading = {
    TM: written,
    ...readTime(written, notes),
    TX: model.listed("TX", true),
    RV: model.number("RV"),
    RI: readRegister(model.get("RI")),
    RU: model.listed("RU"),
    RT: model.listed("RT"),
    CL: model.number("CL"),
    EF: readErrorFlags(model.text("EF"), notes),
    ST: model.listed("ST"),
    EI: model.get("EI"),
  };
  noteReading(reading, notes);
  return reading;
}

function readErrorFlags(/** @type {string | null} */ flags, /** @type {string[]} */ notes) {
  if (!flags) return null;
  if (!/^[Et]*\n?$/.test(flags)) {
    notes.push(`Error flags (EF) '${flags}' contain characters other than 'E' and 't'`);
  }
  return flags;
}

function readTime(/** @type {string} */ written, /** @type {string[]} */ notes) {
  const blank = written.lastIndexOf(" ");
  const moment = readMoment(blank < 0 ? written : written.slice(0, blank));
  if (!moment) throw new ModelError();
  const timeStatus = blank < 0 ? "U" : written.slice(blank + 1);
  if (!OCMF.time_status.includes(timeStatus)) {
    notes.push(`Time status '${timeStatus}' is not defined by the OCMF spec (U, I, S, R)`);
  }
  return { moment, timeStatus };
}

/** The OBIS code, without a star that nothing follows. */
function readRegister(/** @type {any} */ value) {
  if (value === null) return null;
  if (typeof value === "string") return value.replace(/^([^*]*)\*$/, "$1");
  if (!(value instanceof Map)) throw new ModelError();
  const code = value.get("code");
  const suffix = value.get("suffix") ?? "";
  if (typeof code !== "string" || typeof suffix !== "string") throw new ModelError();
  return suffix ? `${code}*${suffix}` : code;
}

function noteReading(/** @type {any} */ reading, /** @type {string[]} */ notes) {
  if (reading.ST === null) notes.push("Status (ST) is mandatory");
  if ((reading.RI === null) !== (reading.RU === null)) {
    notes.push(
      "RI (Reading Identification) and RU (Reading Unit) must both be present or both absent",
    );
  }
  if (reading.RV !== null && reading.RU === null) {
    notes.push("RU (Reading Unit) is required when RV (Reading Value) is present");
  }
}

/** Cable loss compensation (table 24), which the transparency software ignores. */
function readCableLoss(/** @type {any} */ members, /** @type {string[]} */ notes) {
  if (members === null) return;
  if (!(members instanceof Map)) throw new ModelError();
  const model = new Model(members, notes);
  const naming = model.text("LN");
  checkInteger(model.get("LI"));
  const resistance = model.number("LR");
  const unit = model.listed("LU");
  if (naming !== null && characters(naming) > 20) {
    notes.push("Loss compensation naming (LN) exceeds 20 characters");
  }
  if (resistance === null) notes.push("Loss compensation cable resistance (LR) is mandatory");
  if (unit === null) notes.push("Loss compensation resistance unit (LU) is mandatory");
}

function checkInteger(/** @type {any} */ value) {
  if (value === null || typeof value === "boolean") return;
  const text = value instanceof JsonNumber ? value.text : value;
  if (typeof text !== "string") throw new ModelError();
  const isWhole = /^[+-]?[0-9]+(?:\.0*)?$/.test(strip(text).replaceAll("_", ""));
  if (!isWhole) throw new ModelError();
}

function noteDeviations(
  /** @type {Record<string, string | null>} */ texts,
  /** @type {boolean | string | null} */ status,
  /** @type {string[]} */ flags,
  /** @type {string | null} */ type,
  /** @type {string[]} */ notes,
) {
  const { PG, GS, MS, TT, CF, ID } = texts;
  if (PG === null || !/^[TF](?:0|[1-9][0-9]*)\n?$/.test(PG)) {
    notes.push(`Pagination (PG) '${PG ?? "None"}' must be 'T' or 'F' followed by a number`);
  }
  if (status === null) notes.push("Identification Status (IS) is mandatory");
  if (GS === null && MS === null) {
    notes.push("Either Gateway Serial (GS) or Meter Serial (MS) must be provided");
  }
  if (flags.length > 4) {
    notes.push(`At most 4 identification flags (IF) are allowed, got ${flags.length}`);
  }
  if (TT !== null && characters(TT) > 250) notes.push("Tariff Text (TT) exceeds 250 characters");
  if (CF !== null && characters(CF) > 25) {
    notes.push("Charge Controller Firmware (CF) exceeds 25 characters");
  }
  const formats = /** @type {Record<string, RegExp>} */ (ID_FORMATS);
  if (ID && type !== null && Object.hasOwn(formats, type) && !formats[type].test(ID)) {
    notes.push(
      `ID value '${ID}' does not match expected format for identification type '${type}'`,
    );
  }
}
