/** Asks the registry, on the server that this page is from. Nothing of a record is sent to it. */

/** The registry does not answer, or answers something that is no answer. */
export class Unreachable extends Error {}

/**
 * @typedef {{fingerprint: string, public_key: string, evse_id: string}} KeyState
 * @typedef {{number: number, record: any}} HistoryLine
 * @typedef {{checkpoint: string, leaf: string, leaf_index: number, proof: string[]}} Publication
 * @typedef {{name: string, registry_key: string, size: number}} Facts
 */

/** A registry by the address of its service; it remembers what it was told. */
export class Registry {
  /** @param {string} address such as "/" */
  constructor(address) {
    this.address = address;
    /** @type {Map<string, Promise<any>>} */
    this.answers = new Map();
  }

  /**
   * A key as it was at a time, or is now; null if it is not known.
   * @param {string} fingerprint
   * @param {number | null} atMs
   * @returns {Promise<KeyState | null>} Unreachable
   */
  key(fingerprint, atMs = null) {
    return this.#ask(`v1/keys/${fingerprint}${atMs === null ? "" : `?at=${atMs}`}`);
  }

  /**
   * The key that was valid for a charge point at a time.
   * @param {string} evseId
   * @param {number} atMs
   * @returns {Promise<KeyState | null>} Unreachable
   */
  keyValid(evseId, atMs) {
    return this.#ask(`v1/evse/${encodeURIComponent(evseId)}/key?at=${atMs}`);
  }

  /**
   * Every record that touched a charge point, oldest first.
   * @param {string} evseId
   * @returns {Promise<HistoryLine[]>} Unreachable
   */
  async history(evseId) {
    return (await this.#ask(`v1/evse/${encodeURIComponent(evseId)}/history`)) ?? [];
  }

  /**
   * Name, key and size of its log.
   * @returns {Promise<Facts>} Unreachable
   */
  facts() {
    return this.#ask("v1/registry");
  }

  /**
   * The proof that an entry is in the log of that size.
   * @param {number} entry
   * @param {number} size
   * @returns {Promise<Publication | null>} Unreachable
   */
  publication(entry, size) {
    return this.#ask(`v1/entries/${entry}/publication?size=${size}`);
  }

  /** @returns {Promise<any>} null for what there is not */
  #ask(/** @type {string} */ path) {
    const asked = this.answers.get(path) ?? fetchJson(this.address + path);
    this.answers.set(path, asked);
    return asked;
  }
}

async function fetchJson(/** @type {string} */ url) {
  try {
    const response = await fetch(url, { credentials: "omit", referrerPolicy: "no-referrer" });
    if (response.status === 404) return null;
    if (response.ok) return await response.json();
  } catch {
    throw new Unreachable();
  }
  throw new Unreachable();
}
