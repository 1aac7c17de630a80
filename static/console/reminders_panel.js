// Reminders of the acting connection's user: made with a click, listed, paused, looked ahead in, cancelled; what became
// of them on a day, and what is unanswered.

import { button, chip, refreshButton, segmented } from "../kit/controls.js";
import { announce } from "../kit/copy.js";
import { byId, element, foreign, oncePerFrame, redraw } from "../kit/dom.js";
import { inEveryLanguage, say, sayIfKnown } from "../kit/language.js";
import { bindFirst } from "./inbox_panel.js";
import { LadderFields } from "./ladder.js";
import { DAY, Outcomes, UNANSWERED } from "./outcomes.js";
import { Reading } from "./reading.js";
import { RepeatFields, repeatPart } from "./repeats.js";

const GATHER = 500; // ms
const PARKED = "PARKED"; // no status of a task: the list of those that the server has parked
/**
 * @import { ConsoleParts } from "./main.js"
 *
 * A reminder as the server lists it; a plain one has no rrule.
 * @typedef {object} Task
 * @property {number} id
 * @property {string} title
 * @property {string} status
 * @property {string} channel
 * @property {string} remind_at
 * @property {string} [parked_at]
 * @property {string | null} [parked_for]
 * @property {string | null} [rrule]
 * @property {string | null} [next_at]
 * @property {string} [timezone]
 * @property {boolean} [paused]
 */

/** @type {Record<string, string>} */
const KINDS = { PENDING: "warn", DISPATCHED: "good", CANCELLED: "" };

/** @param {ConsoleParts} parts */
export function remindersPanel({ connections, calls, actions, composer, tabs, attempt }) {
  const panel = byId("panel-reminders");
  /** @type {Task[]} */
  let items = [];
  let more = false;
  let status = "";
  /** @type {number | null} */
  let owner = null;
  const repeats = new RepeatFields();
  const ladder = new LadderFields(() => draw());
  const outcomes = new Outcomes(calls);
  /** @type {Map<number, string[]>} */
  let upcoming = new Map(); // by task id, when it is due next, of those that were asked for

  const reading = new Reading(() => draw());
  const read = (older = false) => {
    const user = connections.selected.actsFor;
    if (owner !== user) forget();
    owner = user;
    if (Outcomes.has(status)) {
      return reading.run(
        () => outcomes.ask(status, user, older),
        (answer) => {
          outcomes.take(status, answer, older);
          more = outcomes.more;
        },
      );
    }
    const query = new URLSearchParams({ user_id: String(user), limit: "20" });
    if (status === PARKED) query.set("parked", "true");
    else if (status) query.set("status", status);
    if (older) query.set("before_id", String(items.at(-1)?.id));
    return reading.run(
      () => calls.ask("GET", `/api/reminders?${query}`),
      (answer) => {
        items = older ? [...items, ...answer.items] : answer.items;
        if (!older) upcoming = new Map();
        more = answer.has_more;
      },
    );
  };
  const forget = () => {
    items = [];
    more = false;
    upcoming = new Map();
    outcomes.forget();
  };
  const remind = async () => {
    const made = await actions.remindSoon({ ...repeats.given, ...ladder.given });
    const follows = made.next_at && made.next_at !== made.remind_at;
    announce(follows ? say("remindsAt", { at: made.next_at }) : say("remindsOnceAt", { at: made.remind_at }));
    await read();
  };
  const become = (/** @type {Task} */ task) => {
    items = items.map((one) => (one.id === task.id ? task : one));
    upcoming.delete(task.id);
    draw();
  };
  const cancel = async (/** @type {number} */ id) => become(await calls.ask("DELETE", `/api/reminders/${id}`));
  const pause = async (/** @type {Task} */ { id, paused }) =>
    become(await calls.ask("PATCH", `/api/reminders/${id}`, { paused: !paused }));
  const look = async (/** @type {number} */ id) => {
    /** @type {{items: {planned_at: string}[]}} */
    const answer = await calls.ask("GET", `/api/reminders/${id}/occurrences?limit=5`);
    upcoming.set(
      id,
      answer.items.map((item) => item.planned_at),
    );
    draw();
  };
  const fill = (/** @type {string} */ target) => {
    composer.choose(target);
    tabs.open("send");
    byId("target").focus(); // the button is out of sight
  };
  const show = (/** @type {string} */ wanted) => {
    status = wanted;
    forget();
    const shown = read();
    byId("reminders-listed").scrollIntoView(); // the list may lie below what can be seen
    return shown;
  };
  const draw = () => {
    const user = connections.selected.actsFor;
    const isRead = owner === user;
    redraw(
      panel,
      element(
        "div",
        { class: "opening" },
        button(say("remindIn5", { id: user }), () => attempt(remind()), {
          kind: "primary",
          drawing: "bell",
          id: "remind-soon",
          "data-focus": "remind",
        }),
        button(say("remindOther"), () => fill("POST /api/reminders"), { "data-focus": "fields" }),
        button(say("quietHours"), () => fill("PUT /api/users/{user_id}/quiet-hours"), { "data-focus": "quiet-hours" }),
      ),
      repeats.draw(),
      ladder.draw(),
      connections.selected.bound === user ? null : bindFirst(user, actions, attempt),
      element(
        "h3",
        { id: "reminders-listed" },
        status === UNANSWERED ? say("remindersUnanswered") : say("remindersOf", { id: user }),
      ),
      element(
        "div",
        { class: "panel-head" },
        segmented(statuses(), status, (wanted) => attempt(show(wanted))),
        refreshButton(() => attempt(read()), reading.isBusy),
      ),
      reading.failure(() => attempt(read())),
      isRead ? list() : null,
      isRead && more ? button(say("more"), () => attempt(read(true)), { kind: "wide", "data-focus": "more" }) : null,
    );
  };
  const list = () => {
    if (Outcomes.has(status)) return outcomes.draw(status, reading, () => attempt(read()));
    return items.length === 0 ? reading.emptiness(noReminders) : element("ul", { class: "items" }, ...items.map(row));
  };
  const row = (/** @type {Task} */ task) =>
    element(
      "li",
      { class: "item", "data-id": task.id },
      element(
        "div",
        { class: "item-head" },
        element("span", { class: "item-number" }, `#${task.id}`),
        foreign(task.title, "item-title"),
        chip(sayIfKnown(`status_${task.status}`, task.status), KINDS[task.status] ?? ""),
        task.paused && task.status === "PENDING" ? chip(say("paused"), "warn") : null,
        task.parked_at ? chip(say("status_PARKED"), "warn") : null,
      ),
      task.parked_at
        ? element("p", { class: "hint" }, say("parkedFor", { at: task.parked_at, reason: task.parked_for ?? "" }))
        : null,
      element(
        "div",
        { class: "item-foot" },
        element("span", { class: "hint grow" }, say("remindAt", { at: task.remind_at, channel: task.channel })),
        task.status === "PENDING"
          ? button(say("cancelReminder"), () => attempt(cancel(task.id)), {
              kind: "small",
              "data-focus": `cancel-${task.id}`,
              about: `#${task.id} ${task.title}`,
            })
          : null,
      ),
      repeatPart(task, {
        coming: upcoming.get(task.id),
        look: () => attempt(look(task.id)),
        pause: () => attempt(pause(task)),
      }),
    );

  const refreshIfShown = () => {
    if (tabs.current === "reminders") attempt(read());
  };
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let waiting; // for the notifications that come with the one that has come
  const refresh = () => {
    waiting = undefined;
    refreshIfShown();
  };
  const follow = oncePerFrame(() => {
    if (owner !== connections.selected.actsFor) refreshIfShown();
    draw();
  });
  connections.addEventListener("change", follow);
  connections.whenArrived(({ name }) => {
    if (name === "notification:new" || name === "notification:updated") waiting ??= setTimeout(refresh, GATHER);
  });
  inEveryLanguage(draw);
  tabs.whenOpened("reminders", () => attempt(read()));
}

function noReminders() {
  return element("p", { class: "empty" }, say("noReminders"));
}

/** Which reminders can be listed, and what became of them. */
function statuses() {
  return [
    { value: "", text: say("all") },
    { value: "PENDING", text: say("status_PENDING") },
    { value: "DISPATCHED", text: say("status_DISPATCHED") },
    { value: "CANCELLED", text: say("status_CANCELLED") },
    { value: PARKED, text: say("status_PARKED") },
    { value: DAY, text: say("ofTheDay") },
    { value: UNANSWERED, text: say("unanswered") },
  ];
}
