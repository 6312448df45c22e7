/**
 * From the bytes that are given to the OCMF records and keys in them: a file in one of its forms
 * (wattseal.ocmf.container), or the record files of an invoice bundle (wattseal.ocmf.container).
 */

import { fromBase64, fromHex, fromUtf8 } from "./bytes.js";
import { found, shown } from "./findings.js";
import { BETWEEN_RECORDS, strip, withoutBlanks } from "./python_values.js";
import { LIMITS } from "./tables.js";

/**
 * @typedef {{text: string, publicKey: string | null, transactionId: string | null,
 *   context: string | null}} SignedValue
 */

/** A file from which no record can be taken; `finding` says why. */
export class ContainerError extends Error {
  constructor(/** @type {import("./findings.js").Finding} */ finding) {
    super(finding.code);
    this.finding = finding;
  }
}

/**
 * The signed values of a file, at least one, in file order.
 * @param {Uint8Array} data
 * @returns {SignedValue[]} ContainerError
 */
export function readContainer(data) {
  if (data.length > LIMITS.fileBytes) {
    throw new ContainerError(found("file_too_large", { limit: `${LIMITS.fileBytes >> 10} KiB` }));
  }
  const values = isXml(data) ? xmlValues(data) : textValues(data);
  if (values.length > LIMITS.records) {
    throw new ContainerError(found("too_many_records", { limit: LIMITS.records }));
  }
  return values;
}

/** The OCMF string in a text that holds it plainly, in hex or in base64; null if it does not. */
function decodeOcmfText(/** @type {string} */ given) {
  const text = strip(strip(given).replace(/^\ufeff/, ""));
  if (text.startsWith("OCMF|")) return text;
  const compact = withoutBlanks(text);
  for (const decode of [fromHex, fromBase64]) {
    const bytes = decode(compact);
    const decoded = bytes && fromUtf8(bytes);
    if (decoded && strip(decoded).startsWith("OCMF|")) return strip(decoded);
  }
  return null;
}

function isXml(/** @type {Uint8Array} */ data) {
  const start = String.fromCharCode(...data.slice(0, 64));
  return /^(?:\xef\xbb\xbf)?[ \t\r\n]*</.test(start) || /^(?:\xff\xfe|\xfe\xff)/.test(start);
}

function textValues(/** @type {Uint8Array} */ data) {
  const text = fromUtf8(data);
  const records = text === null ? null : decodeOcmfText(text.replace(/^\ufeff/, ""));
  if (records === null) throw new ContainerError(found("no_record"));
  const alone = { publicKey: null, transactionId: null, context: null };
  return records.split(BETWEEN_RECORDS).map((part) => ({ text: part, ...alone }));
}

function xmlValues(/** @type {Uint8Array} */ data) {
  const root = readXml(data);
  const values = [...root.getElementsByTagNameNS("*", "value")];
  if (root.localName === "value") values.unshift(root);
  if (values.length === 0) throw new ContainerError(found("no_record"));
  return values.map(readValue);
}

/** @returns {SignedValue} */
function readValue(/** @type {Element} */ element) {
  const signed = childText(element, "signedData");
  const written = signed || childText(element, "encodedData");
  return {
    text: decodeOcmfText(written) ?? written,
    publicKey: childText(element, "publicKey") || null,
    transactionId: attribute(element, "transactionId"),
    context: attribute(element, "context"),
  };
}

/** What stands in the one child of that name; of two, another reader might take the other. */
function childText(/** @type {Element} */ element, /** @type {string} */ name) {
  const children = [...element.children].filter((child) => child.localName === name);
  if (children.length > 1) throw malformed(`one of its values holds ${name} twice`);
  return children.length ? strip(textBefore(children[0])) : "";
}

/** The text of an element up to its first child, comments left out. */
function textBefore(/** @type {Element} */ element) {
  let text = "";
  for (const node of element.childNodes) {
    if (node.nodeType === Node.ELEMENT_NODE) break;
    if (node instanceof Text) text += node.data;
  }
  return text;
}

function attribute(/** @type {Element} */ element, /** @type {string} */ name) {
  return shown(strip(element.getAttribute(name) ?? "")) || null;
}

// --- XML, read by the browser's own parser within bounds ---

const BEFORE_ROOT = /^\ufeff?(?:<\?[^]*?\?>|<!--[^]*?-->|[ \t\r\n])*/;
const DECLARED = /^(?:\xef\xbb\xbf)?<\?xml[^>]*?[ \t\r\n]encoding[ \t\r\n]*=[ \t\r\n]*["']([^"']*)["']/;
const WHERE = /line (?:number )?(\d+)\D+?column (\d+)/i;
const EIGHT_BITS = /^(?:iso-8859-[0-9]{1,2}|windows-125[0-9])$/;

/** The root element; ContainerError. */
function readXml(/** @type {Uint8Array} */ data) {
  const text = xmlText(withoutBlankStart(data));
  if (text === null) throw malformed("its encoding is unknown");
  // Refused before anything is parsed, so that no entity can grow or fetch anything.
  const start = BEFORE_ROOT.exec(text)?.[0].length ?? 0;
  if (text.startsWith("<!", start)) {
    throw malformed("it declares a document type or entities, which is refused");
  }
  const whole = new DOMParser().parseFromString(text.replace(/^\ufeff/, ""), "application/xml");
  const [complaint] = whole.getElementsByTagNameNS("*", "parsererror");
  if (!complaint) return whole.documentElement;
  const [, line, column] = WHERE.exec(complaint.textContent ?? "") ?? [];
  throw malformed(`it is not well-formed${line ? `, line ${line}, column ${column}` : ""}`);
}

function malformed(/** @type {string} */ cause) {
  return new ContainerError(found("xml_malformed", { cause }));
}

function withoutBlankStart(/** @type {Uint8Array} */ data) {
  const start = data.findIndex((byte) => ![0x20, 0x09, 0x0d, 0x0a].includes(byte));
  return data.slice(start < 0 ? data.length : start);
}

/** The text in the encoding that a mark at its start or its declaration tells; null for none. */
function xmlText(/** @type {Uint8Array} */ data) {
  const mark = data[0] * 256 + data[1];
  if (mark === 0xfffe || mark === 0xfeff) {
    return decodeAs(mark === 0xfffe ? "utf-16le" : "utf-16be", data);
  }
  const start = String.fromCharCode(...data.slice(0, 200));
  const declared = (DECLARED.exec(start)?.[1] ?? "utf-8").toLowerCase();
  if (declared === "utf-8") return fromUtf8(data);
  if (declared === "us-ascii" || declared === "ascii") {
    return data.every((byte) => byte < 0x80) ? fromUtf8(data) : null;
  }
  // Browsers take this name for that of another encoding.
  if (declared === "iso-8859-1") return Array.from(data, (byte) => String.fromCharCode(byte)).join("");
  return EIGHT_BITS.test(declared) ? decodeAs(declared, data) : null;
}

function decodeAs(/** @type {string} */ encoding, /** @type {Uint8Array} */ data) {
  try {
    return new TextDecoder(encoding, { fatal: true }).decode(data);
  } catch {
    return null;
  }
}

// --- Bundles (zip), taken out within bounds ---

const SUFFIXES = [".xml", ".ocmf"];
const END = 0x06054b50;
const ENTRY = 0x02014b50;
const FILE = 0x04034b50;
const MAX_COMMENT = 65535;
const STORED = 0;
const DEFLATED = 8;

/** A bundle that is refused as a whole; `fault` names the sentence of the page that says why. */
export class BundleError extends Error {
  constructor(/** @type {string} */ fault) {
    super(fault);
    this.fault = fault;
  }
}

/**
 * @typedef {{name: string, flags: number, method: number, crc: number, packed: number,
 *   size: number, offset: number}} Entry
 */

/**
 * Whether the bytes begin as a zip file does.
 * @param {Uint8Array} data
 * @returns {boolean}
 */
export function isBundle(data) {
  const start = String.fromCharCode(...data.slice(0, 4));
  return start === "PK\x03\x04" || start === "PK\x05\x06";
}

/**
 * Name and bytes of each file with records, in the order of the bundle.
 * @param {Uint8Array} data
 * @returns {Promise<{name: string, data: Uint8Array}[]>} BundleError
 */
export async function readBundle(data) {
  try {
    return await readWithin(data, recordFiles(readDirectory(data)));
  } catch (error) {
    throw error instanceof BundleError ? error : new BundleError("bundle_malformed");
  }
}

async function readWithin(/** @type {Uint8Array} */ data, /** @type {Entry[]} */ wanted) {
  let room = LIMITS.bundleBytes;
  const files = [];
  for (const entry of wanted) {
    const contents = await readEntry(data, entry);
    room -= contents.length;
    if (room < 0) throw new BundleError("bundle_too_large");
    files.push({ name: entry.name, data: contents });
  }
  return files;
}

function recordFiles(/** @type {Entry[]} */ entries) {
  if (entries.length > LIMITS.bundleEntries) throw new BundleError("bundle_too_many");
  if (new Set(entries.map((entry) => entry.name)).size < entries.length) {
    throw new BundleError("bundle_name_repeated");
  }
  const wanted = entries.filter(({ name }) =>
    SUFFIXES.some((suffix) => name.toLowerCase().endsWith(suffix)),
  );
  if (wanted.length === 0) throw new BundleError("bundle_empty");
  if (wanted.length > LIMITS.bundleFiles) throw new BundleError("bundle_too_many");
  if (wanted.some((entry) => entry.flags & 1)) throw new BundleError("bundle_encrypted");
  return wanted;
}

/** The entries of the central directory (APPNOTE 4.3.12). */
function readDirectory(/** @type {Uint8Array} */ data) {
  const view = new DataView(data.buffer, data.byteOffset, data.length);
  const end = findEnd(view);
  const count = view.getUint16(end + 10, true);
  let at = view.getUint32(end + 16, true);
  /** @type {Entry[]} */
  const entries = [];
  for (let number = 0; number < count; number += 1) {
    if (view.getUint32(at, true) !== ENTRY) throw new BundleError("bundle_malformed");
    const [nameLength, extraLength, commentLength] = [28, 30, 32].map((field) =>
      view.getUint16(at + field, true),
    );
    const flags = view.getUint16(at + 8, true);
    entries.push({
      name: readName(data.slice(at + 46, at + 46 + nameLength), Boolean(flags & 0x800)),
      flags,
      method: view.getUint16(at + 10, true),
      crc: view.getUint32(at + 16, true),
      packed: view.getUint32(at + 20, true),
      size: view.getUint32(at + 24, true),
      offset: view.getUint32(at + 42, true),
    });
    at += 46 + nameLength + extraLength + commentLength;
  }
  return entries;
}

function findEnd(/** @type {DataView} */ view) {
  const last = view.byteLength - 22;
  for (let at = last; at >= Math.max(0, last - MAX_COMMENT); at -= 1) {
    const isEnd = view.getUint32(at, true) === END;
    if (isEnd && at + 22 + view.getUint16(at + 20, true) === view.byteLength) return at;
  }
  throw new BundleError("bundle_malformed");
}

/** A name, to be shown: it is never used as a path. */
function readName(/** @type {Uint8Array} */ bytes, /** @type {boolean} */ isUtf8) {
  const text = isUtf8 ? fromUtf8(bytes) : null;
  return text ?? String.fromCharCode(...bytes);
}

async function readEntry(/** @type {Uint8Array} */ data, /** @type {Entry} */ entry) {
  const view = new DataView(data.buffer, data.byteOffset, data.length);
  const { offset, packed, method } = entry;
  if (view.getUint32(offset, true) !== FILE) throw new BundleError("bundle_malformed");
  const [nameLength, extraLength] = [26, 28].map((field) => view.getUint16(offset + field, true));
  const start = offset + 30 + nameLength + extraLength;
  if (start + packed > data.length) throw new BundleError("bundle_malformed");
  if (method !== STORED && method !== DEFLATED) throw new BundleError("bundle_malformed");
  const held = data.slice(start, start + packed);
  const contents = method === STORED ? held : await inflated(held);
  if (contents.length > LIMITS.fileBytes) throw new BundleError("bundle_too_large");
  if (contents.length !== entry.size || crc32(contents) !== entry.crc) {
    throw new BundleError("bundle_malformed");
  }
  return contents;
}

/** Stops at the limit by what comes out, whatever the sizes say that the bundle declares. */
async function inflated(/** @type {Uint8Array} */ packed) {
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("deflate-raw"));
  const reader = stream.getReader();
  /** @type {Uint8Array[]} */
  const parts = [];
  let length = 0;
  for (;;) {
    const { value, done } = await reader.read();
    if (done) break;
    length += value.length;
    if (length > LIMITS.fileBytes) {
      await reader.cancel();
      throw new BundleError("bundle_too_large");
    }
    parts.push(value);
  }
  return new Uint8Array(await new Blob(parts).arrayBuffer());
}

function crc32(/** @type {Uint8Array} */ bytes) {
  let rest = 0xffffffff;
  for (const byte of bytes) {
    rest ^= byte;
    for (let bit = 0; bit < 8; bit += 1) rest = (rest >>> 1) ^ (rest & 1 ? 0xedb88320 : 0);
  }
  return (rest ^ 0xffffffff) >>> 0;
}
