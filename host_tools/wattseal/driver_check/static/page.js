/**
 * The page of the driver's check. Without this script its form is sent to the server; with it, the
 * check runs here and nothing is uploaded, unless the visitor chooses the server.
 */

import { toUtf8 } from "./bytes.js";
import { describe, Examination, say } from "./examine.js";
import { LIMITS } from "./tables.js";
import { Registry } from "./trust.js";

/**
 * @typedef {import("./examine.js").Case} Case
 * @typedef {import("./examine.js").Language} Language
 * @typedef {import("./examine.js").View} View
 */

class Page {
  constructor(/** @type {HTMLFormElement} */ form) {
    this.form = form;
    this.result = element("result");
    this.fileInput = /** @type {HTMLInputElement} */ (element("file"));
    this.textInput = /** @type {HTMLTextAreaElement} */ (element("text"));
    /** Where the registry is; null in the copy that works without a network. */
    this.address = form.dataset.registry ?? null;
    /** @type {Language} */
    this.language = document.documentElement.lang === "de" ? "de" : "en";
    /** @type {Case[]} */
    this.cases = [];
  }

  /** Take the form over. */
  start() {
    element("where").dataset.text = this.address === null ? "in_browser_offline" : "in_browser";
    for (const shown of document.querySelectorAll('[data-text="drop_hint"]')) {
      shown.removeAttribute("hidden");
    }
    if (this.address !== null) element("server").hidden = false;
    this.form.addEventListener("submit", (event) => this.#submit(event));
    for (const link of document.querySelectorAll("[data-language]")) {
      link.addEventListener("click", (event) => this.#choose(event, /** @type {HTMLElement} */ (link)));
    }
    for (const kind of ["dragenter", "dragover", "dragleave", "drop"]) {
      document.addEventListener(kind, (event) => this.#drag(/** @type {DragEvent} */ (event)));
    }
    this.#translate();
    this.form.dataset.ready = "true";
  }

  #submit(/** @type {SubmitEvent} */ event) {
    if (event.submitter?.id === "server") return;
    event.preventDefault();
    this.#check();
  }

  #choose(/** @type {Event} */ event, /** @type {HTMLElement} */ link) {
    event.preventDefault();
    this.language = link.dataset.language === "de" ? "de" : "en";
    this.#translate();
    if (this.cases.length) this.#show();
  }

  #drag(/** @type {DragEvent} */ event) {
    if (!event.dataTransfer?.types.includes("Files")) return;
    event.preventDefault();
    const isOver = event.type === "dragenter" || event.type === "dragover";
    document.body.classList.toggle("dropping", isOver);
    if (event.type !== "drop") return;
    this.fileInput.files = event.dataTransfer.files;
    this.#check();
  }

  async #check() {
    this.result.setAttribute("aria-busy", "true");
    this.result.textContent = say("working", this.language);
    try {
      this.cases = await this.#cases();
    } catch {
      this.cases = [{ kind: "refused", name: "", word: "browser_failed" }];
    }
    this.result.removeAttribute("aria-busy");
    this.#show();
    this.result.querySelector("section")?.focus();
  }

  /** @returns {Promise<Case[]>} */
  async #cases() {
    const [file] = this.fileInput.files ?? [];
    const text = this.textInput.value;
    const name = file?.name ?? "";
    if (!file && !text.trim()) return [{ kind: "refused", name, word: "nothing_given" }];
    if ((file?.size ?? 0) > LIMITS.formBytes) {
      const values = { limit: LIMITS.formBytes >> 20 };
      return [{ kind: "refused", name, word: "too_large", values }];
    }
    const data = file ? new Uint8Array(await file.arrayBuffer()) : toUtf8(text);
    const registry = this.address === null ? null : new Registry(this.address);
    return new Examination(registry).examine(name, data);
  }

  #show() {
    const result = describe(this.cases, this.language);
    this.result.replaceChildren(section(result, this.language, this.address !== null));
  }

  #translate() {
    document.documentElement.lang = this.language;
    for (const shown of /** @type {NodeListOf<HTMLElement>} */ (
      document.querySelectorAll("[data-text]")
    )) {
      shown.textContent = say(shown.dataset.text ?? "", this.language);
    }
    const lang = /** @type {HTMLInputElement | null} */ (this.form.elements.namedItem("lang"));
    if (lang) lang.value = this.language;
    for (const link of document.querySelectorAll("[data-language]")) {
      const isChosen = /** @type {HTMLElement} */ (link).dataset.language === this.language;
      link.toggleAttribute("aria-current", false);
      if (isChosen) link.setAttribute("aria-current", "true");
    }
  }
}

function element(/** @type {string} */ id) {
  return /** @type {HTMLElement} */ (document.getElementById(id));
}

/** Whether the browser has all that the check needs; over plain HTTP it keeps some of it back. */
function isAble() {
  return (
    globalThis.crypto?.subtle !== undefined &&
    globalThis.DecompressionStream !== undefined &&
    typeof String.prototype.isWellFormed === "function"
  );
}

const form = document.getElementById("check");
if (form instanceof HTMLFormElement && isAble()) new Page(form).start();

// --- What check.html builds of a result on the server; all of it is text, never markup ---

/** The section with the result; `hasRegistry` tells whether proofs can be linked to. */
function section(
  /** @type {import("./examine.js").Result} */ result,
  /** @type {Language} */ language,
  /** @type {boolean} */ hasRegistry,
) {
  const heading = made("h2", [say("results", language)]);
  heading.id = "results";
  const whole = made("section", [
    heading,
    ...texts("p", [result.summary], "summary"),
    ...result.views.map((view) => article(view, language, hasRegistry)),
    ...texts("p", [result.remark], "hint"),
  ]);
  whole.setAttribute("aria-labelledby", "results");
  whole.tabIndex = -1;
  return whole;
}

function article(
  /** @type {View} */ view,
  /** @type {Language} */ language,
  /** @type {boolean} */ hasRegistry,
) {
  const parts = [
    ...texts("p", [view.name], "hint file"),
    ...texts("h3", [view.headline]),
    ...texts("p", [view.why]),
    ...list("errors_heading", view.errors, language),
    ...facts(view.facts),
    ...origin(view, language, hasRegistry),
    ...list("warnings_heading", view.warnings, language),
  ];
  return made("article", parts, `verdict ${view.status}`);
}

function facts(/** @type {import("./examine.js").Fact[]} */ given) {
  if (given.length === 0) return [];
  const rows = given.flatMap(({ label, value, isCode }) => {
    const shown = isCode ? made("code", [value], "long") : made("span", [value]);
    return [made("dt", [label]), made("dd", [shown])];
  });
  return [made("dl", rows)];
}

function origin(
  /** @type {View} */ view,
  /** @type {Language} */ language,
  /** @type {boolean} */ hasRegistry,
) {
  if (view.origin.length === 0) return [];
  const parts = [made("h4", [say("trust_heading", language)]), ...texts("p", view.origin)];
  if (view.proof && hasRegistry) {
    const link = made("a", [view.proofWords]);
    link.setAttribute("href", view.proof);
    parts.push(made("p", [link]));
  }
  return parts;
}

function list(
  /** @type {string} */ heading,
  /** @type {string[]} */ sentences,
  /** @type {Language} */ language,
) {
  if (sentences.length === 0) return [];
  return [made("h4", [say(heading, language)]), made("ul", texts("li", sentences))];
}

/** An element for each text that is not empty. */
function texts(/** @type {string} */ tag, /** @type {string[]} */ given, className = "") {
  return given.filter(Boolean).map((text) => made(tag, [text], className));
}

function made(
  /** @type {string} */ tag,
  /** @type {(HTMLElement | string)[]} */ contents,
  className = "",
) {
  const element = document.createElement(tag);
  element.append(...contents);
  if (className) element.className = className;
  return element;
}
