/** Builds what check.html builds of a result on the server. All of it is text, never markup. */

import { say } from "./describe.js";

/** @typedef {import("./describe.js").Language} Language */

/**
 * The section with the result.
 * @param {import("./describe.js").Result} result
 * @param {Language} language
 * @param {boolean} hasRegistry whether proofs can be linked to
 * @returns {HTMLElement}
 */
export function render(result, language, hasRegistry) {
  const heading = made("h2", say("results", language));
  heading.id = "results";
  const section = holding("section", [
    heading,
    ...texts("p", [result.summary], "summary"),
    ...result.views.map((view) => article(view, language, hasRegistry)),
    ...texts("p", [result.remark], "hint"),
  ]);
  section.setAttribute("aria-labelledby", "results");
  section.tabIndex = -1;
  return section;
}

function article(
  /** @type {import("./describe.js").View} */ view,
  /** @type {Language} */ language,
  /** @type {boolean} */ hasRegistry,
) {
  const made_ = holding("article", [
    ...texts("p", [view.name], "hint file"),
    made("h3", view.headline),
    made("p", view.why),
    ...list("errors_heading", view.errors, language),
    ...facts(view.facts),
    ...origin(view, language, hasRegistry),
    ...list("warnings_heading", view.warnings, language),
  ]);
  made_.className = `verdict ${view.status}`;
  return made_;
}

function facts(/** @type {import("./describe.js").Fact[]} */ given) {
  if (given.length === 0) return [];
  const rows = given.flatMap(({ label, value, isCode }) => {
    const shown = made(isCode ? "code" : "span", value);
    if (isCode) shown.className = "long";
    return [made("dt", label), holding("dd", [shown])];
  });
  return [holding("dl", rows)];
}

function origin(
  /** @type {import("./describe.js").View} */ view,
  /** @type {Language} */ language,
  /** @type {boolean} */ hasRegistry,
) {
  if (view.origin.length === 0) return [];
  const parts = [made("h4", say("trust_heading", language)), ...texts("p", view.origin)];
  if (view.proof && hasRegistry) {
    const link = made("a", view.proofWords);
    link.setAttribute("href", view.proof);
    parts.push(holding("p", [link]));
  }
  return parts;
}

function list(
  /** @type {string} */ heading,
  /** @type {string[]} */ sentences,
  /** @type {Language} */ language,
) {
  if (sentences.length === 0) return [];
  return [made("h4", say(heading, language)), holding("ul", texts("li", sentences))];
}

/** An element for each text that is not empty. */
function texts(/** @type {string} */ tag, /** @type {string[]} */ given, className = "") {
  return given.filter(Boolean).map((text) => {
    const element = made(tag, text);
    if (className) element.className = className;
    return element;
  });
}

function made(/** @type {string} */ tag, /** @type {string} */ text) {
  const element = document.createElement(tag);
  element.textContent = text;
  return element;
}

function holding(/** @type {string} */ tag, /** @type {HTMLElement[]} */ children) {
  const element = document.createElement(tag);
  element.append(...children);
  return element;
}
