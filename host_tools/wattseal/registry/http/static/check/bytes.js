/** Bytes from hex, base64 and UTF-8, and the other way round; each reader returns null for none. */

const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/**
 * Bytes of hex digits; blanks may stand between bytes.
 * @param {string} text
 * @returns {Uint8Array | null}
 */
export function fromHex(text) {
  const digits = text.replace(/[\t-\r ]*([0-9A-Fa-f]{2})[\t-\r ]*/g, "$1");
  if (!/^(?:[0-9A-Fa-f]{2})*$/.test(digits)) return null;
  const bytes = new Uint8Array(digits.length / 2);
  for (let at = 0; at < bytes.length; at += 1) {
    bytes[at] = Number.parseInt(digits.slice(2 * at, 2 * at + 2), 16);
  }
  return bytes;
}

/**
 * Lowercase hex of bytes.
 * @param {Uint8Array} bytes
 * @returns {string}
 */
export function toHex(bytes) {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/**
 * Bytes of base64 with its padding, and nothing between.
 * @param {string} text
 * @returns {Uint8Array | null}
 */
export function fromBase64(text) {
  if (!/^[A-Za-z0-9+/]*={0,2}$/.test(text)) return null;
  const digits = text.replace(/=+$/, "");
  const padding = text.length - digits.length;
  const left = digits.length % 4;
  if (left === 1 || (left > 0 && padding < 4 - left)) return null;
  const bytes = new Uint8Array(Math.floor((digits.length * 6) / 8));
  let bits = 0;
  let held = 0;
  let at = 0;
  for (const digit of digits) {
    held = (held << 6) | ALPHABET.indexOf(digit);
    bits += 6;
    if (bits >= 8) {
      bits -= 8;
      bytes[at] = (held >> bits) & 0xff;
      held &= (1 << bits) - 1;
      at += 1;
    }
  }
  return bytes;
}

/**
 * The text of bytes in UTF-8, a mark at its start kept.
 * @param {Uint8Array} bytes
 * @returns {string | null}
 */
export function fromUtf8(bytes) {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return null;
  }
}

/**
 * The bytes of a text in UTF-8.
 * @param {string} text
 * @returns {Uint8Array}
 */
export function toUtf8(text) {
  return new TextEncoder().encode(text);
}

/**
 * One after the other.
 * @param {...Uint8Array} parts
 * @returns {Uint8Array}
 */
export function joined(...parts) {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/**
 * SHA-256, by the browser.
 * @param {Uint8Array} bytes
 * @returns {Promise<Uint8Array>}
 */
export async function sha256(bytes) {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
}

/**
 * The number that bytes write, the first the weightiest.
 * @param {Uint8Array} bytes
 * @returns {bigint}
 */
export function toNumber(bytes) {
  return bytes.length ? BigInt(`0x${toHex(bytes)}`) : 0n;
}

/**
 * A number in that many bytes.
 * @param {bigint} number not negative
 * @param {number} length in bytes
 * @returns {Uint8Array}
 */
export function fromNumber(number, length) {
  return /** @type {Uint8Array} */ (fromHex(number.toString(16).padStart(2 * length, "0")));
}
