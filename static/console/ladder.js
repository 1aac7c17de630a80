// The ladder of a reminder: who is told next, and after how many seconds, until there is an answer.

import { button, field, fieldName } from "../kit/controls.js";
import { element } from "../kit/dom.js";
import { idOf } from "../kit/exact.js";
import { say } from "../kit/language.js";

const MOST_RUNGS = 20;
const FIRST_AFTER = 60; // seconds

/** @typedef {{after: string, user_id: string}} Rung as it is typed */

/** The fields of the ladder. What is typed stays when the panel is drawn anew. */
export class LadderFields {
  #critical = false;
  #missedAfter = "";
  /** @type {Rung[]} */
  #rungs = [];
  #changed;

  /** @param {() => void} changed draws the panel anew */
  constructor(changed) {
    this.#changed = changed;
  }

  /** What was filled in, as a body takes it. */
  get given() {
    const rungs = this.#rungs.map(({ after, user_id: user }) => ({
      after: Number(after),
      ...(user === "" ? {} : { user_id: idOf(user) }),
    }));
    return {
      ...(rungs.length === 0 ? {} : { follow_up: rungs }),
      ...(this.#missedAfter === "" ? {} : { missed_after: Number(this.#missedAfter) }),
      ...(this.#critical ? { critical: true } : {}),
    };
  }

  draw() {
    const critical = element("input", {
      type: "checkbox",
      checked: this.#critical,
      name: "critical",
      "data-focus": "ladder-critical",
      onchange: () => (this.#critical = critical.checked),
    });
    const missed = number("missed_after", this.#missedAfter, (typed) => (this.#missedAfter = typed));
    return element(
      "fieldset",
      { class: "ladder" },
      element("legend", {}, fieldName("follow_up")),
      element("p", { class: "hint" }, say("ladderAbout")),
      ...this.#rungs.map((rung, place) => this.#drawRung(rung, place)),
      this.#rungs.length < MOST_RUNGS
        ? button(say("addRung"), () => this.#add(), { kind: "small", "data-focus": "rung-add" })
        : null,
      element(
        "div",
        { class: "fields" },
        field(fieldName("missed_after"), missed, { hint: say("secondsAfter") }),
        element("label", { class: "check" }, critical, fieldName("critical")),
      ),
    );
  }

  /**
   * @param {Rung} rung
   * @param {number} place
   */
  #drawRung(rung, place) {
    const after = number(`rung-${place}-after`, rung.after, (typed) => (rung.after = typed));
    const user = number(`rung-${place}-user_id`, rung.user_id, (typed) => (rung.user_id = typed));
    user.placeholder = say("reminderOwnUser");
    return element(
      "div",
      { class: "rung" },
      field(fieldName("after"), after),
      field(fieldName("user_id"), user),
      button("", () => this.#remove(place), {
        kind: "quiet square small",
        drawing: "close",
        label: say("removeRung"),
        "data-focus": `rung-${place}-remove`,
      }),
    );
  }

  #add() {
    const last = this.#rungs.at(-1);
    const after = last === undefined ? FIRST_AFTER : Number(last.after) + FIRST_AFTER;
    this.#rungs.push({ after: String(after), user_id: "" });
    this.#changed();
  }

  /** @param {number} place */
  #remove(place) {
    this.#rungs.splice(place, 1);
    this.#changed();
  }
}

/**
 * @param {string} name
 * @param {string} value
 * @param {(typed: string) => void} keep
 */
function number(name, value, keep) {
  /** @type {HTMLInputElement} */
  const control = element("input", {
    type: "number",
    name,
    value,
    inputmode: "numeric",
    "data-focus": name,
    oninput: () => keep(control.value),
  });
  return control;
}
