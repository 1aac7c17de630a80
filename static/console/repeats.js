// Reminders that repeat: what is asked for besides a time, and what one shows besides others.

import { button, element, foreign } from "../kit/dom.js";
import { say } from "../kit/language.js";

const MISSED = ["", "latest", "all", "skip"];
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
    const control = (tag, name, attributes, ...children) =>
      element(
        "label",
        { class: "field" },
        element("span", { class: "field-name" }, element("code", {}, name)),
        element(
          tag,
          {
            ...attributes,
            name: `repeat-${name}`,
            value: tag === "input" ? this.#values[name] : undefined,
            "data-focus": `repeat-${name}`,
            autocomplete: "off",
            spellcheck: "false",
            oninput: ({ target }) => (this.#values[name] = target.value),
          },
          ...children,
        ),
      );
    const selected = (value) => (value === this.#values.missed ? true : null);
    return element(
      "div",
      { class: "fields" },
      control("input", "rrule", { list: "repeat-rules", placeholder: RULES[0] }),
      element("datalist", { id: "repeat-rules" }, ...RULES.map((value) => element("option", { value }))),
      control("input", "timezone", { placeholder: "Asia/Shanghai" }),
      control(
        "select",
        "missed",
        {},
        ...MISSED.map((value) => element("option", { value, selected: selected(value) }, value || say("leftOut"))),
      ),
    );
  }
}

/** What a task that repeats shows below its time: its rule, the next times where they were asked for, and its pause. */
export function repeatPart(task, { coming, look, pause }) {
  if (task.rrule === undefined || task.rrule === null) return null;
  const line = task.next_at === null ? task.timezone : say("nextAt", { at: task.next_at, zone: task.timezone });
  const buttons =
    task.status === "PENDING"
      ? [
          button(say("upcoming"), look, { kind: "small", "data-focus": `upcoming-${task.id}` }),
          button(say(task.paused ? "goOn" : "pause"), pause, { kind: "small", "data-focus": `pause-${task.id}` }),
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
