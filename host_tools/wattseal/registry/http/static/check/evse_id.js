/** EVSE-IDs in the spellings that they come in (wattseal.evse_id). */

const ISO = /^([A-Z]{2})\*?([A-Z0-9]{3})\*?E([A-Z0-9*]+)$/;
const DIN = /^\+?([1-9][0-9]{0,2})\*([0-9]{3,6})\*([0-9*]+)$/;
const MAX_CHARACTERS = 50;
const MAX_OWN_CHARACTERS = 30;

/**
 * An EVSE-ID with all its stars; empty for what is none.
 * @param {string} text
 * @returns {string}
 */
export function readEvseId(text) {
  const isPlain = text.length <= MAX_CHARACTERS && /^[ -~]+$/.test(text);
  if (!isPlain || (text.includes("*") && text.includes("-"))) return "";
  const stars = text.toUpperCase().replaceAll("-", "*");
  const isDin = /^[+0-9]/.test(stars);
  const found = (isDin ? DIN : ISO).exec(stars);
  if (!found || !isOwn(found[3])) return "";
  return isDin ? `+${found[1]}*${found[2]}*${found[3]}` : `${found[1]}*${found[2]}*E${found[3]}`;
}

/** Whether it may be the operator's own part: stars stand alone and within. */
function isOwn(/** @type {string} */ own) {
  const isWithin = !own.startsWith("*") && !own.endsWith("*") && !own.includes("**");
  return isWithin && own.replaceAll("*", "").length <= MAX_OWN_CHARACTERS;
}
