// Reminders that repeat: what is asked for besides a time, and what one shows besides others.

import { button, field, fieldName } from "../kit/controls.js";
import { element, foreign } from "../kit/dom.js";
import { say } from "../kit/language.js";

/** @import { Task } from "./reminders_panel.js" */

const MISSED = /** @type {const} */ (["latest", "all", "skip"]);
const RULES = [
  "FREQ=DAILY",
  "FREQ=DAILY;BYHOUR=8,20;BYMINUTE=0;BYSECOND=0",
  "FREQ=WEEKLY;BYDAY=MO,TH",
  "FREQ=MINUTELY",
];

/** The fields of recurrence. What is typed stays when the panel is drawn anew. */
export class RepeatFields {
  #values = { rrule: "", timezone: "", missed: "" };

  /** What was filled in, as a body takes it. */
  get given() {
    return Object.fromEntries(Object.entries(this.#values).filter(([, value]) => value !== ""));
  }

  draw() {
    const values = this.#values;
    /**
     * @param {keyof typeof values} name
     * @param {HTMLInputElement | HTMLSelectElement} control
     */
    const kept = (name, control) => {
      control.name = `repeat-${name}`;
      control.dataset.focus = control.name;
      control.value = values[name];
      control.addEventListener("input", () => (values[name] = control.value));
      return field(fieldName(name), control);
    };
    const typed = { autocomplete: "off", spellcheck: "false" };
    const missed = MISSED.map((value) => element("option", { value }, say(`missed_${value}`, { value })));
    return element(
      "div",
      { class: "fields" },
      kept("rrule", element("input", { ...typed, list: "repeat-rules", placeholder: RULES[0] })),
      element("datalist", { id: "repeat-rules" }, ...RULES.map((value) => element("option", { value }))),
      kept("timezone", element("input", { ...typed, placeholder: "Asia/Shanghai" })),
      kept("missed", element("select", {}, element("option", { value: "" }, say("leftOut")), ...missed)),
    );
  }
}

/**
 * What a task that repeats shows below its time: its rule, the next times where they were asked for, and its pause.
 * @param {Task} task
 * @param {{coming: string[] | undefined, look: () => void, pause: () => void}} shown
 */
export function repeatPart(task, { coming, look, pause }) {
  if (task.rrule === undefined || task.rrule === null) return null;
  const line = task.next_at === null ? task.timezone : say("nextAt", { at: task.next_at, zone: task.timezone });
  const small = { kind: "small", about: `#${task.id} ${task.title}` };
  const buttons =
    task.status === "PENDING"
      ? [
          button(say("upcoming"), look, { ...small, "data-focus": `upcoming-${task.id}` }),
          button(say(task.paused ? "goOn" : "pause"), pause, { ...small, "data-focus": `pause-${task.id}` }),
        ]
      : [];
  return element(
    "div",
    { class: "item-repeats" },
    element("div", { class: "hint" }, element("code", {}, foreign(task.rrule))),
    element("div", { class: "item-foot" }, element("span", { class: "hint grow" }, line), ...buttons),
    coming === undefined
      ? null
      : element("ul", { class: "upcoming" }, ...coming.map((at) => element("li", {}, element("time", {}, at)))),
  );
}
