// The composer on the page: what to send, filled in from where, as a form or as JSON.

import { field } from "../kit/controls.js";
import { byId, element, foreign } from "../kit/dom.js";
import { JsonFault, lineAndColumn, readJson } from "../kit/json_reader.js";
import { compact, pretty } from "../kit/json_text.js";
import { say, translated } from "../kit/language.js";
import { codeButtons } from "./code_buttons.js";
import { fillChoices, modeButtons, placeFields, targetChoices } from "./composer_controls.js";
import { JsonEditor } from "./json_editor.js";
import { FieldFault, PayloadForm, setValue } from "./payload_form.js";

/**
 * @import { Language } from "../kit/as_code.js"
 * @import { Mistake, SentField } from "../kit/protocol.js"
 * @import { Connection } from "./connection.js"
 * @import { Sent } from "./recent.js"
 * @import { Target } from "./targets.js"
 *
 * What a payload is filled in from; `mistake` and `recent` are places in lists.
 * @typedef {{own?: boolean, example?: boolean, mistake?: number, recent?: number}} Choice
 *
 * What stands in the composer, as it was typed.
 * @typedef {{asJson: boolean, json: string, values: [string, string][], place: Record<string, string>}} Draft
 *
 * What the controls do.
 * @typedef {object} Does
 * @property {(id: string) => void} choose
 * @property {(choice: Choice) => void} fill
 * @property {() => void} edited
 * @property {() => void} send
 * @property {(language: Language) => void} copyAs
 */

/** What stands in the composer is no JSON; `message` says where, and the focus is there. */
export class TextFault extends Error {}

export class ComposerView {
  #saved; // the panel of saved events
  #targets;
  #does;
  #form = new PayloadForm([]);
  #asJson = false;
  #wantsJson = false; // it was chosen, and not only what the form can't hold
  #parts = this.#made([], []);

  /**
   * @param {Target[]} targets
   * @param {Does} does
   * @param {HTMLElement} saved
   */
  constructor(targets, does, saved) {
    this.#saved = saved;
    this.#targets = targets;
    this.#does = does;
  }

  /**
   * Draws everything for a target, empty.
   * @param {Target} target
   * @param {Sent[]} recent
   */
  draw(target, recent) {
    const { checked } = this.#parts.ack;
    this.#form = new PayloadForm(target.fields);
    this.#asJson = this.#wantsJson = false;
    const parts = this.#made(placeFields(target), target.fields);
    this.#parts = parts;
    parts.ack.checked = checked;
    parts.target.append(...targetChoices(this.#targets, target));
    parts.form.append(this.#form.node);
    const hasBody = target.fields.length > 0;
    const composer = element(
      "form",
      { class: "composer", novalidate: true },
      element("div", { class: "composer-scroll", tabindex: "-1" }, ...this.#body(target, hasBody)),
      element(
        "div",
        { class: "composer-foot" },
        hasBody ? parts.json.problems : null,
        parts.expected,
        parts.answer,
        parts.hint,
        element("div", { class: "row" }, parts.send, ...this.#extras(target)),
      ),
    );
    composer.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#does.send();
    });
    composer.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey)) return;
      event.preventDefault();
      this.#does.send();
    });
    byId("panel-send").replaceChildren(composer);
    this.drawFill(target, recent);
    this.#showMode();
  }

  /**
   * Draws it again, in another language, with what stands in it.
   * @param {Target} target
   * @param {Sent[]} recent
   */
  redraw(target, recent) {
    const draft = this.draft();
    this.draw(target, recent);
    this.restore(draft);
  }

  /** @returns {Draft} */
  draft() {
    const json = this.#parts.json.value;
    return { asJson: this.#asJson, json, values: this.#form.values(), place: this.place() };
  }

  /** @param {Draft} draft */
  restore({ asJson, json, values, place }) {
    this.setPlace(place);
    this.#form.setValues(values);
    this.#parts.json.value = json;
    this.#asJson = asJson;
    this.#showMode();
  }

  /**
   * @param {Target} target
   * @param {Sent[]} recent
   */
  drawFill(target, recent) {
    this.#parts.fill.replaceChildren(...fillChoices(target, recent));
  }

  /**
   * The payload as JSON text without spaces around it.
   * @throws {TextFault}
   */
  text() {
    const { value } = this.#parts.json;
    try {
      if (!this.#asJson) return this.#form.node.childElementCount === 0 ? "" : this.#form.text();
      if (value.trim() !== "") readJson(value);
      return compact(value);
    } catch (fault) {
      const text = say("notJson");
      if (fault instanceof JsonFault) {
        this.#parts.json.focusAt(fault.at);
        throw new TextFault(say("atPlace", { ...lineAndColumn(value, fault.at), text }));
      }
      if (!(fault instanceof FieldFault)) throw fault;
      this.#form.focusOn(fault.field);
      throw new TextFault(say("ofField", { name: fault.field, text: say("atPlace", { ...fault.place, text }) }));
    }
  }

  /**
   * Shows a payload, as a form where that can hold it and neither `asJson` nor the user asks for JSON.
   * @param {string} text
   * @param {boolean} asJson
   */
  setText(text, asJson) {
    const fits = text === "" || this.#form.show(text);
    this.#parts.json.value = shown(text);
    this.#asJson = asJson || this.#wantsJson || !fits;
    this.#showMode();
  }

  /** @returns {Record<string, string>} */
  place() {
    return Object.fromEntries(this.#placeControls().map((control) => [control.name, control.value.trim()]));
  }

  /** @param {Record<string, string>} values */
  setPlace(values) {
    for (const control of this.#placeControls()) setValue(control, values[control.name] ?? control.value);
  }

  /**
   * Takes the focus to a name in the path, which is missing.
   * @param {string} name
   */
  focusOnPlace(name) {
    const control = this.#placeControls().find((one) => one.name === name);
    control?.setAttribute("aria-invalid", "true");
    control?.focus();
  }

  #placeControls() {
    /** @type {NodeListOf<HTMLInputElement | HTMLSelectElement>} */
    const controls = this.#parts.place.querySelectorAll("input, select");
    return [...controls];
  }

  /** @param {Record<string, unknown>} values */
  become(values) {
    this.#form.become(values);
  }

  withAck() {
    return this.#parts.ack.checked;
  }

  /**
   * @param {Target} target
   * @param {Connection} connection
   */
  showSender(target, connection) {
    const key = target.kind === "call" ? "callNow" : connection.state === "connected" ? "sendAs" : "connectAndSend";
    this.#parts.send.replaceChildren(foreign(say(key, { name: connection.name })));
  }

  /**
   * Shows what a deliberate mistake should be answered by; null for none.
   * @param {Mistake["answer"] | null} answer
   */
  showExpected(answer) {
    const { expected } = this.#parts;
    expected.className = "expected";
    this.clearAnswer();
    if (answer === null) expected.replaceChildren();
    else {
      expected.replaceChildren(
        element("p", {}, say("expected"), " ", element("code", {}, answer.event)),
        answerText(answer.payload),
      );
    }
  }

  /** @param {boolean} agrees */
  showVerdict(agrees) {
    const { expected } = this.#parts;
    expected.classList.add(agrees ? "good" : "bad");
    expected.append(element("p", { class: "verdict" }, say(agrees ? "asExpected" : "notExpected")));
  }

  /**
   * Shows in one line what the last sending was answered by.
   * @param {string} name
   * @param {string} text
   * @param {boolean} failed
   */
  showAnswer(name, text, failed) {
    this.#parts.answer.replaceChildren(
      element("code", { class: failed ? "answer-name bad" : "answer-name" }, name),
      " ",
      foreign(text.slice(0, 200)),
    );
  }

  /** Shows that it was sent, and what is waited for. */
  showWaiting() {
    this.#parts.answer.replaceChildren(say("waitingForAnswer"));
  }

  /**
   * Shows that nothing came.
   * @param {string} reason
   */
  showNoReply(reason) {
    this.#parts.answer.replaceChildren(element("span", { class: "bad" }, reason));
  }

  clearAnswer() {
    this.#parts.answer.replaceChildren();
    this.#parts.expected.querySelector(".verdict")?.remove();
  }

  /**
   * The controls, empty.
   * @param {HTMLElement[]} place
   * @param {SentField[]} fields
   */
  #made(place, fields) {
    const edited = () => this.#does.edited();
    const placed = (/** @type {Event} */ { target }) => {
      if (target instanceof HTMLElement) target.removeAttribute("aria-invalid");
      edited();
    };
    const choose = () => {
      this.#does.choose(this.#parts.target.value);
      byId("target").focus();
    };
    return {
      target: element("select", { id: "target", class: "code", onchange: choose }),
      fill: element("select", { id: "fill", onchange: () => this.#chosenFill() }),
      place: element("div", { class: "fields place", oninput: placed }, ...place),
      form: element("div", { oninput: edited }),
      json: new JsonEditor(fields, edited),
      hint: element("p", { class: "hint bad", id: "composer-hint", role: "status" }),
      expected: element("div", { class: "expected", id: "expected", role: "status" }),
      answer: element("p", { class: "answer", id: "answer", role: "status" }),
      ack: element("input", { type: "checkbox", id: "with-ack" }),
      send: element("button", { type: "submit", class: "button primary", id: "send" }),
      modes: modeButtons((asJson) => this.#setMode(asJson)),
    };
  }

  #chosenFill() {
    const select = this.#parts.fill;
    const [kind, index] = select.value.split(" ");
    if (kind !== "") this.#does.fill({ [kind]: index === undefined ? true : Number(index) });
    select.value = "";
  }

  /**
   * @param {Target} target
   * @param {boolean} hasBody
   */
  #body(target, hasBody) {
    const parts = this.#parts;
    const about = translated(target.about);
    return [
      element("div", { class: "fields" }, field(say("whatToSend"), parts.target), field(say("fill"), parts.fill)),
      this.#saved,
      about ? element("p", { class: "about" }, about) : null,
      parts.place.childElementCount > 0 ? parts.place : null,
      hasBody ? parts.modes : null,
      hasBody ? parts.form : null,
      hasBody ? parts.json.node : null,
    ];
  }

  /** @param {Target} target */
  #extras(target) {
    const ack = element("label", { class: "check" }, this.#parts.ack, say("withAck"));
    return [
      element("span", { class: "grow" }),
      codeButtons((language) => this.#does.copyAs(language), "copy-"),
      target.kind === "event" ? ack : null,
    ];
  }

  /** @param {boolean} asJson */
  #setMode(asJson) {
    if (asJson === this.#asJson) return;
    try {
      if (asJson) this.#parts.json.value = pretty(this.#form.text());
    } catch (fault) {
      if (!(fault instanceof FieldFault)) throw fault;
      this.#form.focusOn(fault.field);
      this.#parts.hint.textContent = say("ofField", { name: fault.field, text: say("notJson") });
      return;
    }
    if (!asJson && !this.#form.show(this.#parts.json.value)) {
      this.#parts.hint.textContent = say("notForForm");
      return;
    }
    this.#asJson = this.#wantsJson = asJson;
    this.#showMode();
  }

  #showMode() {
    const { form, json, modes, hint } = this.#parts;
    hint.textContent = "";
    form.hidden = this.#asJson;
    json.node.hidden = !this.#asJson;
    json.problems.hidden = !this.#asJson;
    modes.querySelector("[data-mode=form]")?.setAttribute("aria-pressed", String(!this.#asJson));
    modes.querySelector("[data-mode=json]")?.setAttribute("aria-pressed", String(this.#asJson));
  }
}

/** @param {unknown} payload */
function answerText(payload) {
  return element("pre", { class: "code" }, pretty(JSON.stringify(payload)));
}

/**
 * Laid out when it is JSON, else as it was typed.
 * @param {string} text
 */
function shown(text) {
  try {
    JSON.parse(text);
    return pretty(text);
  } catch {
    return text;
  }
}
