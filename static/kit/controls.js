// The controls that every panel is made of.

import { element, icon } from "./dom.js";
import { say } from "./language.js";

/** @import { Child } from "./dom.js" */

/**
 * A button with text, an icon (`drawing`), or both; `label` says more than the text, or all where there is none. `about`
 * is what it works on, where many buttons have the same words: screen readers read it after them.
 * @param {string} text
 * @param {() => unknown} onclick
 * @param {{kind?: string, drawing?: string, label?: string | null, about?: string, [attribute: string]: unknown}} options
 */
export function button(text, onclick, { kind = "", drawing = "", label = null, about = "", ...attributes } = {}) {
  const content = [drawing ? icon(drawing) : null, text ? element("span", {}, text) : null];
  const name = text ? about && `${text} ${about}` : label; // a button with words is called by them
  return element(
    "button",
    {
      type: "button",
      class: `button ${kind}`.trim(),
      "aria-label": name || null,
      title: label,
      onclick,
      ...attributes,
    },
    ...content,
  );
}

/**
 * Reads a list anew.
 * @param {() => unknown} read
 * @param {boolean} busy whether it is being read
 */
export function refreshButton(read, busy) {
  return button("", read, {
    kind: "quiet square small",
    drawing: "refresh",
    label: say("refresh"),
    "data-focus": "refresh",
    "aria-busy": String(busy),
  });
}

/**
 * Words on a status: "OPEN", "UNREAD".
 * @param {string} text
 * @param {string} kind
 */
export function chip(text, kind = "") {
  return element("span", { class: `chip ${kind}`.trim() }, text);
}

/**
 * A control with its name before it and, where there is one, a hint after it.
 * @param {Child} name
 * @param {HTMLElement} control
 * @param {{hint?: string, kind?: string, mark?: Child}} options `kind` is a class; `mark` stands beside the name
 */
export function field(name, control, { hint = "", kind = "", mark = null } = {}) {
  return element(
    "label",
    { class: `field ${kind}`.trim() },
    element("span", { class: "field-name" }, name, mark),
    control,
    hint ? element("span", { class: "hint" }, hint) : null,
  );
}

/**
 * A name of the protocol, before its control.
 * @param {string} name
 */
export const fieldName = (name) => element("code", {}, name);

/**
 * Buttons side by side of which one is pressed: which part of a list is shown.
 * @param {{value: string, text: string}[]} choices
 * @param {string} chosen
 * @param {(value: string) => unknown} choose
 */
export function segmented(choices, chosen, choose) {
  const segment = (/** @type {{value: string, text: string}} */ { value, text }) =>
    element(
      "button",
      {
        type: "button",
        "aria-pressed": String(value === chosen),
        "data-focus": `filter-${value}`,
        onclick: () => choose(value),
      },
      text,
    );
  return element("div", { class: "segmented", role: "group" }, ...choices.map(segment));
}
