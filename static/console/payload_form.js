// A payload as a form: one control for each field of the protocol, JSON text in and out.

import { field, fieldName } from "../kit/controls.js";
import { element } from "../kit/dom.js";
import { JsonFault, lineAndColumn, readJson } from "../kit/json_reader.js";
import { members } from "../kit/json_text.js";
import { say, translated } from "../kit/language.js";

/**
 * @import { SentField } from "../kit/protocol.js"
 * @typedef {HTMLInputElement | HTMLSelectElement | HTMLTextAreaElement} Control
 */

const NUMBER = /^-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?$/;

/** A field that holds no JSON where it has to. */
export class FieldFault extends Error {
  /**
   * @param {string} name of the field
   * @param {{line: number, column: number}} place
   */
  constructor(name, place) {
    super("no JSON");
    this.field = name;
    this.place = place;
  }
}

export class PayloadForm {
  node = element("div", { class: "fields" });
  #fields;
  /** @type {Map<string, Control>} */
  #controls = new Map();

  /** @param {SentField[]} fields */
  constructor(fields) {
    this.#fields = fields;
    for (const described of fields) {
      const control = controlFor(described);
      this.#controls.set(described.name, control);
      this.node.append(labelled(described, control));
    }
  }

  /**
   * The payload as JSON text; a control left empty is left out.
   * @throws {FieldFault} for a list or object that is no JSON
   */
  text() {
    const parts = [];
    for (const described of this.#fields) {
      const value = this.#controls.get(described.name)?.value ?? "";
      if (value !== "") parts.push(`${JSON.stringify(described.name)}:${this.#literal(described, value)}`);
    }
    return `{${parts.join(",")}}`;
  }

  /**
   * @param {SentField} field
   * @param {string} value
   */
  #literal({ name, kind }, value) {
    if (kind === "boolean") return value;
    if (kind === "id" || kind === "number") return NUMBER.test(value) ? value : JSON.stringify(value);
    if (kind !== "list" && kind !== "object") return JSON.stringify(value);
    try {
      readJson(value);
    } catch (fault) {
      if (fault instanceof JsonFault) throw new FieldFault(name, lineAndColumn(value, fault.at));
      throw fault;
    }
    return value;
  }

  /** @param {string} name of the field that takes the focus */
  focusOn(name) {
    this.#controls.get(name)?.focus();
  }

  /**
   * What stands in the controls, by field.
   * @returns {[string, string][]}
   */
  values() {
    return [...this.#controls].map(([name, control]) => [name, control.value]);
  }

  /** @param {[string, string][]} values */
  setValues(values) {
    for (const [name, value] of values) {
      const control = this.#controls.get(name);
      if (control !== undefined) setValue(control, value);
    }
  }

  /**
   * Changes the fields that the form shows a value for.
   * @param {Record<string, unknown>} values
   */
  become(values) {
    for (const [name, value] of Object.entries(values)) {
      const control = this.#controls.get(name);
      if (control !== undefined && control.value !== "") setValue(control, String(value));
    }
  }

  /**
   * Shows a payload.
   * @param {string} text
   * @returns {boolean} false when this form can't hold it: an unknown field, or a value of another type
   */
  show(text) {
    if (!isObject(text)) return false;
    for (const control of this.#controls.values()) control.value = "";
    for (const [name, value] of members(text)) {
      const control = this.#controls.get(name);
      if (control === undefined) return false;
      setValue(control, value.startsWith('"') ? JSON.parse(value) : value);
    }
    return same(text, this.text());
  }
}

/**
 * A control for a value that the protocol knows.
 * @param {Record<string, unknown>} attributes
 * @param {string[]} values
 * @param {boolean} required
 */
export function chooser(attributes, values, required) {
  const empty = required ? [] : [element("option", { value: "" }, say("leftOut"))];
  return element("select", attributes, ...empty, ...values.map((value) => element("option", { value }, value)));
}

/**
 * Sets a control's value; a list of known values takes one that it doesn't know, since the protocol does too.
 * @param {Control} control
 * @param {string} value
 */
export function setValue(control, value) {
  if (control instanceof HTMLSelectElement && ![...control.options].some((option) => option.value === value)) {
    control.append(element("option", { value }, value));
  }
  control.value = value;
}

/**
 * @param {SentField} field
 * @returns {Control}
 */
function controlFor({ name, kind, choices, required }) {
  const common = { name, spellcheck: "false", autocomplete: "off", "data-field": name };
  const values = kind === "boolean" ? ["true", "false"] : choices;
  if (values) return chooser(common, values, required === true);
  if (kind === "list" || kind === "object") return element("textarea", { ...common, rows: 3, class: "code" });
  if (kind === "text" && name.startsWith("content")) return element("textarea", { ...common, rows: 3, dir: "auto" });
  return element("input", {
    ...common,
    inputmode: kind === "id" ? "numeric" : null,
    dir: kind === "text" ? "auto" : null,
  });
}

/**
 * @param {SentField} described
 * @param {Control} control
 */
function labelled({ name, kind, required, rule }, control) {
  const wide = control.tagName === "TEXTAREA" || kind === "time";
  const mark = required ? element("span", { class: "required", title: say("required") }, "*") : null;
  const hints = [translated(rule), name === "attachments" ? say("filesFrom") : ""];
  return field(fieldName(name), control, { hint: hints.filter(Boolean).join(" "), kind: wide ? "wide" : "", mark });
}

/** @param {string} text */
function isObject(text) {
  try {
    const value = JSON.parse(text);
    return typeof value === "object" && value !== null && !Array.isArray(value);
  } catch {
    return false;
  }
}

/**
 * Whether two JSON objects say the same, whatever the order of their members.
 * @param {string} one
 * @param {string} other
 */
function same(one, other) {
  const sorted = (/** @type {string} */ text) =>
    JSON.stringify(Object.entries(JSON.parse(text)).sort(([a], [b]) => (a < b ? -1 : 1)));
  return sorted(one) === sorted(other);
}
