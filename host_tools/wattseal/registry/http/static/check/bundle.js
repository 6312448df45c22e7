/** The record files of an invoice bundle (zip), taken out within bounds (wattseal.verify.bundle). */

import { fromUtf8 } from "./bytes.js";
import { LIMITS } from "./tables.js";

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

/** @typedef {{name: string, flags: number, method: number, crc: number, packed: number, size: number, offset: number}} Entry */

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
