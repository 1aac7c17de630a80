// The composer on the page: what to send, filled in from where, as a form or as JSON.

import { field } from "../kit/controls.js";
import { byId, element, foreign } from "../kit/dom.js";
import { compact, pretty } from "../kit/json_text.js";
import { say, translated } from "../kit/language.js";
import { codeButtons } from "./code_buttons.js";
import { fillChoices, modeButtons, placeFields, targetChoices } from "./composer_controls.js";
import { PayloadForm } from "./payload_form.js";

/**
 * @import { Language } from "../kit/as_code.js"
 * @import { Mistake } from "../kit/protocol.js"
 * @import { Connection } from "./connection.js"
 * @import { Sent } from "./recent.js"
 * @import { Target } from "./targets.js"
 *
 * What a payload is filled in from; `mistake` and `recent` are places in lists.
 * @typedef {{own?: boolean, example?: boolean, mistake?: number, recent?: number}} Choice
 *
 * What the controls do.
 * @typedef {object} Does
 * @property {(id: string) => void} choose
 * @property {(choice: Choice) => void} fill
 * @property {() => void} edited
 * @property {() => void} send
 * @property {(language: Language) => void} copyAs
 */

export class ComposerView {
  #targets;
  #does;
  #form = new PayloadForm([]);
  #asJson = false;
  #parts = this.#made([]);

  /**
   * @param {Target[]} targets
   * @param {Does} does
   */
  constructor(targets, does) {
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
    this.#asJson = false;
    const parts = this.#made(placeFields(target));
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
    const place = this.place();
    const asJson = this.#asJson;
    const text = this.#parts.json.value;
    const values = this.#form.values();
    this.draw(target, recent);
    this.setPlace(place);
    this.#form.setValues(values);
    this.#parts.json.value = text;
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
   * @throws {SyntaxError} when it is no JSON
   */
  text() {
    if (!this.#asJson) return this.#form.node.childElementCount === 0 ? "" : this.#form.text();
    const text = this.#parts.json.value.trim();
    if (text !== "") JSON.parse(text);
    return compact(text);
  }

  /**
   * Shows a payload, as a form where that can hold it and `asJson` isn't asked for.
   * @param {string} text
   * @param {boolean} asJson
   */
  setText(text, asJson) {
    const fits = text === "" || this.#form.show(text);
    this.#parts.json.value = shown(text);
    this.#asJson = asJson || !fits;
    this.#showMode();
  }

  /** @returns {Record<string, string>} */
  place() {
    const inputs = [...this.#parts.place.querySelectorAll("input")];
    return Object.fromEntries(inputs.map((input) => [input.name, input.value.trim()]));
  }

  /** @param {Record<string, string>} values */
  setPlace(values) {
    for (const input of this.#parts.place.querySelectorAll("input")) input.value = values[input.name] ?? input.value;
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
   */
  showAnswer(name, text) {
    this.#parts.answer.replaceChildren(
      element("code", { class: "answer-name" }, name),
      " ",
      foreign(text.slice(0, 200)),
    );
  }

  clearAnswer() {
    this.#parts.answer.replaceChildren();
    this.#parts.expected.querySelector(".verdict")?.remove();
  }

  /**
   * The controls, empty.
   * @param {HTMLElement[]} place
   */
  #made(place) {
    const edited = () => this.#does.edited();
    const choose = () => {
      this.#does.choose(this.#parts.target.value);
      byId("target").focus();
    };
    return {
      target: element("select", { id: "target", class: "code", onchange: choose }),
      fill: element("select", { id: "fill", onchange: () => this.#chosenFill() }),
      place: element("div", { class: "fields place" }, ...place),
      form: element("div", { oninput: edited }),
      json: element("textarea", {
        class: "code json-editor",
        id: "json-editor",
        rows: 12,
        spellcheck: "false",
        "aria-label": say("payloadJson"),
        oninput: edited,
      }),
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
      about ? element("p", { class: "about" }, about) : null,
      parts.place.childElementCount > 0 ? parts.place : null,
      hasBody ? parts.modes : null,
      hasBody ? parts.form : null,
      hasBody ? parts.json : null,
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
    try {
      if (asJson) this.#parts.json.value = pretty(this.#form.text());
    } catch {
      this.#parts.hint.textContent = say("notJson");
      return;
    }
    if (!asJson && !this.#form.show(this.#parts.json.value)) {
      this.#parts.hint.textContent = say("notForForm");
      return;
    }
    this.#asJson = asJson;
    this.#showMode();
  }

  #showMode() {
    const { form, json, modes, hint } = this.#parts;
    hint.textContent = "";
    form.hidden = this.#asJson;
    json.hidden = !this.#asJson;
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
