/** Which registers bill: as the transparency software has it (pyocmf's registry of OBIS codes). */

import { strip } from "./python_text.js";

const CODE =
  /^([0-9a-f]{1,2})-([0-9a-f]{1,2}):([0-9a-f]{1,2})\.([0-9a-f]{1,2})\.([0-9a-f]{1,2})(?:[.*]([0-9a-f]+))?$/i;
const COMPENSATED = [0x98, 0xb1, 0xb3, 0xc1, 0xc3];
const LAST_GROUPS = ["", "200", "255", "ff"];

/**
 * What a register is to the bill.
 * @param {string} obis with its part after the star
 * @returns {"other" | "billable" | "compensated"}
 */
export function kindOfRegister(obis) {
  const whole = groups(obis);
  if (!whole || !isLawRelevant(whole.c) || !LAST_GROUPS.includes(whole.f)) return "other";
  const plain = groups(obis.split("*")[0]);
  return plain && COMPENSATED.includes(plain.c) ? "compensated" : "billable";
}

function isLawRelevant(/** @type {number} */ c) {
  return c === 0x01 || c === 0x98 || c === 0x9e || (c >= 0xb0 && c <= 0xc7);
}

/** The groups of a register of cumulative electric energy that count; null of any other. */
function groups(/** @type {string} */ obis) {
  const found = CODE.exec(strip(obis));
  if (!found) return null;
  const [a, , c, d] = found.slice(1, 5).map((group) => Number.parseInt(group, 16));
  const f = (found[6] ?? "").toLowerCase().replace(/^0+/, "");
  return a === 1 && d === 8 ? { c, f } : null;
}
