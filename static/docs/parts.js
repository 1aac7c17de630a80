// The pieces of the protocol's page: texts with code in them, JSON, code, fields, tables.

import { button } from "../kit/controls.js";
import { copy } from "../kit/copy.js";
import { element, icon } from "../kit/dom.js";
import { coloured } from "../kit/json_text.js";
import { translated } from "../kit/language.js";
import { word } from "./words.js";

/**
 * @import { Child } from "../kit/dom.js"
 * @import { GotField, SentField, Translated } from "../kit/protocol.js"
 * @typedef {Child | Child[]} Cell
 */

/**
 * A text in which names stand between backticks.
 * @param {string} text
 */
export function rich(text) {
  return text.split("`").map((part, index) => (index % 2 === 1 ? element("code", {}, part) : part));
}

/** @param {Translated[]} notes */
export function bullets(notes) {
  if (notes.length === 1) return element("p", {}, ...rich(translated(notes[0])));
  return element("ul", { class: "rules" }, ...notes.map((note) => element("li", {}, ...rich(translated(note)))));
}

/**
 * A link into the console, filled in; always the same window, so that its connections stay.
 * @param {string} target
 * @param {unknown} [payload]
 */
export function tryLink(target, payload) {
  const query = new URLSearchParams({ try: target });
  if (payload !== undefined) query.set("payload", JSON.stringify(payload));
  // Percent signs for spaces, so that the address can be read and copied whole.
  const fragment = query.toString().replaceAll("+", "%20");
  return element(
    "a",
    {
      class: "button small accent try",
      href: `./#${fragment}`,
      target: "careline-console",
      "data-try": target,
      "aria-label": `${word("tryIt")}: ${target}`,
      title: word("tryThis", { name: target }),
    },
    icon("play"),
    element("span", {}, word("tryIt")),
  );
}

/**
 * Code that can be copied, under a heading.
 * @param {string} title
 * @param {string} text
 * @param {Child[]} nodes the text, coloured or not
 * @param {...HTMLElement} actions
 */
function block(title, text, nodes, ...actions) {
  return element(
    "figure",
    { class: "block" },
    element(
      "figcaption",
      {},
      element("span", { class: "block-title" }, title),
      ...actions,
      button("", () => copy(text), { kind: "quiet square small", drawing: "copy", label: word("copy") }),
    ),
    element("pre", { class: "code" }, ...nodes),
  );
}

/**
 * @param {string} title
 * @param {unknown} value
 * @param {...HTMLElement} actions
 */
export function json(title, value, ...actions) {
  return block(title, JSON.stringify(value, null, 2), coloured(JSON.stringify(value)), ...actions);
}

/**
 * @param {string} title
 * @param {string} text
 */
export function foldedCode(title, text) {
  return element("details", { class: "as-code" }, element("summary", {}, title), block(title, text, [text]));
}

/**
 * The fields of what clients send, each with its rule and the text that it is refused with.
 * @param {SentField[]} fields
 * @returns {HTMLElement}
 */
export function sentFields(fields) {
  return element("ul", { class: "fields-told" }, ...fields.map(sentField));
}

/**
 * @param {SentField} field
 * @returns {HTMLElement}
 */
function sentField(field) {
  /** @type {{text: string, about?: Translated}[]} */
  const faults = [{ text: field.fault }, ...(field.checks ?? [])];
  const values = field.choices ?? [];
  return element(
    "li",
    { "data-name": field.name },
    element(
      "p",
      { class: "field-head" },
      element("code", { class: "field-told" }, field.name),
      field.required ? element("span", { class: "chip warn" }, word("required")) : null,
      element("span", { class: "field-type" }, translated(field.rule)),
    ),
    field.about ? element("p", {}, ...rich(translated(field.about))) : null,
    values.length === 0 ? null : element("p", { class: "aside" }, word("known"), ...spaced(values)),
    field.default === undefined
      ? null
      : element("p", { class: "aside" }, word("byDefault"), element("code", {}, String(field.default))),
    ...faults.map(({ text, about }) =>
      element(
        "p",
        { class: "aside" },
        word("otherwise"),
        element("code", { lang: "zh-CN" }, text),
        about && translated(about) !== text ? element("span", {}, " (", ...rich(translated(about)), ")") : null,
      ),
    ),
    field.items ? inner(word("eachItem"), sentFields(field.items)) : null,
  );
}

/**
 * The fields of what the server sends.
 * @param {GotField[]} fields
 * @returns {HTMLElement}
 */
export function gotFields(fields) {
  return element("ul", { class: "fields-told" }, ...fields.map(gotField));
}

/**
 * @param {GotField} field
 * @returns {HTMLElement}
 */
function gotField(field) {
  const isList = field.type === "array";
  return element(
    "li",
    { "data-name": field.name },
    element(
      "p",
      { class: "field-head" },
      element("code", { class: "field-told" }, field.name),
      element("span", { class: "field-type" }, ...rich(field.type)),
    ),
    element("p", {}, ...rich(translated(field.about))),
    field.items ? inner(word(isList ? "eachItem" : "within"), gotFields(field.items)) : null,
  );
}

/**
 * @param {string} title
 * @param {HTMLElement} fields
 */
function inner(title, fields) {
  return element("details", { class: "inner", open: true }, element("summary", {}, title), fields);
}

/** @param {string[]} values */
function spaced(values) {
  return values.flatMap((value) => [element("code", {}, value), " "]);
}

/**
 * @param {string[]} head texts with code in them
 * @param {Cell[][]} rows
 * @param {(string | null)[]} ids of the rows that can be linked to
 */
export function table(head, rows, ids = []) {
  const titles = head.map((title) => element("th", { scope: "col" }, ...rich(title)));
  // On a phone, where there is no room for columns, each cell says what it is.
  const cellOf = (/** @type {Cell} */ cell, /** @type {number} */ column) =>
    element("td", { "data-head": head[column].replaceAll("`", "") }, ...[cell].flat());
  return element(
    "table",
    {},
    element("thead", {}, element("tr", {}, ...titles)),
    element("tbody", {}, ...rows.map((cells, row) => element("tr", { id: ids[row] }, ...cells.map(cellOf)))),
  );
}
