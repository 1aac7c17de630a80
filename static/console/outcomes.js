// What became of reminders: a user's day, and what has rung without an answer.

import { chip, field, fieldName } from "../kit/controls.js";
import { element, foreign } from "../kit/dom.js";
import { say, sayIfKnown } from "../kit/language.js";

export const DAY = "DAY";
export const UNANSWERED = "UNANSWERED";

/**
 * @import { Json } from "../kit/protocol.js"
 * @import { Calls } from "./calls.js"
 * @import { Reading } from "./reading.js"
 *
 * @typedef {object} OfDay an occurrence of a user's day
 * @property {number} task_id
 * @property {string} title
 * @property {string} planned_at
 * @property {string} outcome
 * @property {string | null} outcome_at
 * @property {string | null} outcome_by
 * @property {string | null} note
 *
 * @typedef {object} Unanswered an occurrence that has rung without an answer, whosever it is
 * @property {number} notification_id
 * @property {number} task_id
 * @property {number} user_id
 * @property {string} title
 * @property {string} planned_at
 */

/** @type {Record<string, string>} */
const KINDS = { PENDING: "accent", DONE: "good", MISSED: "warn" };

export class Outcomes {
  #calls;
  #date = ""; // today, in the clinic
  /** @type {OfDay[]} */
  #day = [];
  /** @type {Unanswered[]} */
  #unanswered = [];
  #more = false;

  /** @param {Calls} calls */
  constructor(calls) {
    this.#calls = calls;
  }

  /** Whether there is more of the list than is shown. */
  get more() {
    return this.#more;
  }

  /** @param {string} list */
  static has(list) {
    return list === DAY || list === UNANSWERED;
  }

  /**
   * Asks for the list from its beginning, or on from what is shown.
   * @param {string} list
   * @param {number} userId
   * @param {boolean} further
   */
  ask(list, userId, further) {
    if (list === DAY) {
      const query = this.#date === "" ? "" : `?date=${this.#date}`;
      return this.#calls.ask("GET", `/api/users/${userId}/day${query}`);
    }
    const last = further ? (this.#unanswered.at(-1)?.notification_id ?? 0) : 0;
    return this.#calls.ask("GET", `/api/reminders/unanswered?after_id=${last}`);
  }

  /**
   * Takes the answer to that.
   * @param {string} list
   * @param {Json} answer
   * @param {boolean} further
   */
  take(list, answer, further) {
    if (list === DAY) this.#day = answer.items;
    else this.#unanswered = further ? [...this.#unanswered, ...answer.items] : answer.items;
    this.#more = answer.has_more ?? false; // a day is a single page
  }

  /** Forgets what was read, but not the date. */
  forget() {
    this.#day = [];
    this.#unanswered = [];
    this.#more = false;
  }

  /**
   * @param {string} list
   * @param {Reading} reading
   * @param {() => unknown} again reads the list anew
   */
  draw(list, reading, again) {
    const rows = list === DAY ? this.#day.map(dayRow) : this.#unanswered.map(unansweredRow);
    return element(
      "div",
      { class: "outcomes" },
      list === DAY ? this.#drawDate(again) : null,
      rows.length === 0
        ? reading.emptiness(() => element("p", { class: "empty" }, say(list === DAY ? "noReminders" : "allAnswered")))
        : element("ul", { class: "items" }, ...rows),
    );
  }

  /** @param {() => unknown} again */
  #drawDate(again) {
    /** @type {HTMLInputElement} */
    const control = element("input", {
      type: "date",
      name: "date",
      value: this.#date,
      "data-focus": "date",
      onchange: () => {
        this.#date = control.value;
        this.#day = [];
        again();
      },
    });
    return field(fieldName("date"), control, { hint: say("todayIfEmpty") });
  }
}

/** @param {OfDay} item */
function dayRow(item) {
  const by = item.outcome_by === null ? null : say("outcomeBy", { by: item.outcome_by, at: item.outcome_at ?? "" });
  return element(
    "li",
    { class: "item", "data-id": item.task_id },
    head(item, chip(sayIfKnown(`outcome_${item.outcome}`, item.outcome), KINDS[item.outcome] ?? "")),
    by === null ? null : element("p", { class: "hint" }, by),
    item.note === null ? null : element("p", { class: "item-text", dir: "auto" }, item.note),
  );
}

/** @param {Unanswered} item */
function unansweredRow(item) {
  return element(
    "li",
    { class: "item", "data-id": item.notification_id },
    head(item, chip(say("ofUser", { id: item.user_id }))),
  );
}

/**
 * @param {OfDay | Unanswered} item
 * @param {HTMLElement} mark
 */
function head(item, mark) {
  return element(
    "div",
    { class: "item-head" },
    element("time", { class: "item-number" }, item.planned_at),
    foreign(item.title, "item-title"),
    mark,
  );
}
