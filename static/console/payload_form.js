// A payload as a form: one control for each field of the protocol, JSON text in and out.

import { element } from "../kit/dom.js";
import { say, translated } from "../kit/language.js";
import { members } from "../kit/json_text.js";

const NUMBER = /^-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?$/;

export class PayloadForm {
  node = element("div", { class: "fields" });
  #fields;
  #controls = new Map();

  constructor(fields) {
    this.#fields = fields;
    for (const field of fields) {
      const control = controlFor(field);
      this.#controls.set(field.name, control);
      this.node.append(labelled(field, control));
    }
  }

  /** The payload as JSON text; a control left empty is left out. @throws {SyntaxError} for a list or object that is no JSON */
  text() {
    const parts = [];
    for (const field of this.#fields) {
      const value = this.#controls.get(field.name).value;
      if (value !== "") parts.push(`${JSON.stringify(field.name)}:${literal(field, value)}`);
    }
    return `{${parts.join(",")}}`;
  }

  /** What stands in the controls, by field. */
  values() {
    return [...this.#controls].map(([name, control]) => [name, control.value]);
  }

  setValues(values) {
    for (const [name, value] of values) setValue(this.#controls.get(name), value);
  }

  /** Changes the fields that the form shows a value for. */
  become(values) {
    for (const [name, value] of Object.entries(values)) {
      const control = this.#controls.get(name);
      if (control !== undefined && control.value !== "") setValue(control, String(value));
    }
  }

  /** Shows a payload. @returns {boolean} false when this form can't hold it: an unknown field, or a value of another type */
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

/** Sets a control's value; a list of known values takes one that it doesn't know, since the protocol does too. */
function setValue(control, value) {
  if (control.tagName === "SELECT" && ![...control.options].some((option) => option.value === value)) {
    control.append(element("option", { value }, value));
  }
  control.value = value;
}

function literal({ kind }, value) {
  if (kind === "boolean") return value;
  if (kind === "id" || kind === "number") return NUMBER.test(value) ? value : JSON.stringify(value);
  if (kind === "list" || kind === "object") {
    JSON.parse(value);
    return value;
  }
  return JSON.stringify(value);
}

function controlFor({ name, kind, choices, required }) {
  const common = { name, spellcheck: "false", autocomplete: "off", "data-field": name };
  const values = kind === "boolean" ? ["true", "false"] : choices;
  if (values) {
    const empty = required ? [] : [element("option", { value: "" }, say("leftOut"))];
    return element("select", common, ...empty, ...values.map((value) => element("option", { value }, value)));
  }
  if (kind === "list" || kind === "object") return element("textarea", { ...common, rows: 3, class: "code" });
  if (kind === "text" && name.startsWith("content")) return element("textarea", { ...common, rows: 3, dir: "auto" });
  return element("input", {
    ...common,
    inputmode: kind === "id" ? "numeric" : null,
    dir: kind === "text" ? "auto" : null,
  });
}

function labelled(field, control) {
  const wide = control.tagName === "TEXTAREA" || field.kind === "time";
  const mark = field.required ? element("span", { class: "required", title: say("required") }, "*") : null;
  const rule = translated(field.rule);
  return element(
    "label",
    { class: wide ? "field wide" : "field" },
    element("span", { class: "field-name" }, element("code", {}, field.name), mark),
    control,
    rule ? element("span", { class: "hint" }, rule) : null,
  );
}

function isObject(text) {
  try {
    const value = JSON.parse(text);
    return typeof value === "object" && value !== null && !Array.isArray(value);
  } catch {
    return false;
  }
}

/** Whether two JSON objects say the same, whatever the order of their members. */
function same(one, other) {
  const sorted = (text) => JSON.stringify(Object.entries(JSON.parse(text)).sort(([a], [b]) => (a < b ? -1 : 1)));
  return sorted(one) === sorted(other);
}
