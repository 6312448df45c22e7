/**
 * XML, read by the browser's own parser within bounds.
 *
 * A document type is refused before anything is parsed, so no entity can grow or fetch anything.
 */

import { fromUtf8 } from "./bytes.js";

const BEFORE_ROOT = /^\ufeff?(?:<\?[^]*?\?>|<!--[^]*?-->|[ \t\r\n])*/;
const DECLARED = /^(?:\xef\xbb\xbf)?<\?xml[^>]*?[ \t\r\n]encoding[ \t\r\n]*=[ \t\r\n]*["']([^"']*)["']/;
const EIGHT_BITS = /^(?:iso-8859-[0-9]{1,2}|windows-125[0-9])$/;

/**
 * The root element, or the cause why there is none.
 * @param {Uint8Array} data
 * @returns {{root: Element | null, cause: string}}
 */
export function readXml(data) {
  const text = decode(withoutBlankStart(data));
  if (text === null) return { root: null, cause: "its encoding is unknown" };
  const start = BEFORE_ROOT.exec(text)?.[0].length ?? 0;
  if (text.startsWith("<!", start)) {
    return {
      root: null,
      cause: "it declares a document type or entities, which is refused",
    };
  }
  const whole = new DOMParser().parseFromString(text.replace(/^\ufeff/, ""), "application/xml");
  const [complaint] = whole.getElementsByTagNameNS("*", "parsererror");
  if (!complaint) return { root: whole.documentElement, cause: "" };
  const [, line, column] = /line (?:number )?(\d+)\D+?column (\d+)/i.exec(complaint.textContent ?? "") ?? [];
  const where = line ? `, line ${line}, column ${column}` : "";
  return { root: null, cause: `it is not well-formed${where}` };
}

function withoutBlankStart(/** @type {Uint8Array} */ data) {
  const start = data.findIndex((byte) => ![0x20, 0x09, 0x0d, 0x0a].includes(byte));
  return data.slice(start < 0 ? data.length : start);
}

/** The text in the encoding that a mark at its start or its declaration tells; null for none. */
function decode(/** @type {Uint8Array} */ data) {
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
