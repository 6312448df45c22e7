/** From the bytes of a file to the OCMF records and keys in it (wattseal.verify.container). */

import { fromBase64, fromHex, fromUtf8 } from "./bytes.js";
import { found, shown } from "./findings.js";
import { BETWEEN_RECORDS, strip, withoutBlanks } from "./python_text.js";
import { LIMITS } from "./tables.js";
import { readXml } from "./xml.js";

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

/**
 * The OCMF string in a text that holds it plainly, in hex or in base64; null if it does not.
 * @param {string} given
 * @returns {string | null}
 */
export function decodeOcmfText(given) {
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
  const { root, cause } = readXml(data);
  if (!root) throw new ContainerError(found("xml_malformed", { cause }));
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
  if (children.length > 1) {
    const cause = `one of its values holds ${name} twice`;
    throw new ContainerError(found("xml_malformed", { cause }));
  }
  return children.length ? strip(textBefore(children[0])) : "";
}

/** The text of an element up to its first child, comments left out. */
function textBefore(/** @type {Element} */ element) {
  let text = "";
  for (const node of element.childNodes) {
    if (node.nodeType === Node.ELEMENT_NODE) break;
    if (node instanceof CharacterData && node.nodeType !== Node.COMMENT_NODE) {
      text += node.nodeType === Node.PROCESSING_INSTRUCTION_NODE ? "" : node.data;
    }
  }
  return text;
}

function attribute(/** @type {Element} */ element, /** @type {string} */ name) {
  return shown(strip(element.getAttribute(name) ?? "")) || null;
}
