// Reminders of the acting connection's user: made with a click, listed, paused, looked ahead in, cancelled.

import { button, byId, chip, element, foreign, oncePerFrame, redraw } from "../kit/dom.js";
import { bindFirst } from "./inbox_panel.js";
import { inEveryLanguage, say, sayIfKnown } from "../kit/language.js";
import { RepeatFields, repeatPart } from "./repeats.js";

const PARKED = "PARKED"; // no status of a task: the list of those that the server has parked
const KINDS = { PENDING: "warn", DISPATCHED: "good", CANCELLED: "" };

export function remindersPanel({ connections, calls, actions, composer, tabs, attempt }) {
  const panel = byId("panel-reminders");
  let items = [];
  let more = false;
  let status = "";
  let owner = null;
  const repeats = new RepeatFields();
  let upcoming = new Map(); // task id -> when it is due next, of those that were asked for

  const read = async (older = false) => {
    owner = userOf(connections.selected);
    const query = new URLSearchParams({ user_id: owner, limit: "20" });
    if (status === PARKED) query.set("parked", "true");
    else if (status) query.set("status", status);
    if (older) query.set("before_id", items.at(-1).id);
    const answer = await calls.ask("GET", `/api/reminders?${query}`);
    items = older ? [...items, ...answer.items] : answer.items;
    if (!older) upcoming = new Map();
    more = answer.has_more;
    draw();
  };
  const remind = async () => {
    await actions.remindSoon(repeats.given);
    await read();
  };
  const become = (task) => {
    items = items.map((one) => (one.id === task.id ? task : one));
    upcoming.delete(task.id);
    draw();
  };
  const cancel = async (id) => become(await calls.ask("DELETE", `/api/reminders/${id}`));
  const pause = async ({ id, paused }) => become(await calls.ask("PATCH", `/api/reminders/${id}`, { paused: !paused }));
  const look = async (id) => {
    const answer = await calls.ask("GET", `/api/reminders/${id}/occurrences?limit=5`);
    upcoming.set(
      id,
      answer.items.map((item) => item.planned_at),
    );
    draw();
  };
  const everyField = () => {
    composer.choose("POST /api/reminders");
    tabs.open("send");
  };
  const show = (wanted) => {
    status = wanted;
    return read();
  };
  const choice = (wanted) => {
    const text = wanted === "" ? say("all") : say(`status_${wanted}`);
    return element(
      "button",
      {
        type: "button",
        "aria-pressed": String(status === wanted),
        "data-focus": `filter-${wanted}`,
        onclick: () => attempt(show(wanted)),
      },
      text,
    );
  };
  const draw = () => {
    const user = userOf(connections.selected);
    const shown = owner === user ? items : [];
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
        button(say("remindOther"), everyField, { "data-focus": "fields" }),
      ),
      repeats.draw(),
      connections.selected.bound === user ? null : bindFirst(user, actions, attempt),
      element("h3", {}, say("remindersOf", { id: user })),
      element(
        "div",
        { class: "panel-head" },
        element(
          "div",
          { class: "segmented", role: "group" },
          ...["", "PENDING", "DISPATCHED", "CANCELLED", PARKED].map(choice),
        ),
        button("", () => attempt(read()), {
          kind: "quiet square small",
          drawing: "refresh",
          label: say("refresh"),
          "data-focus": "refresh",
        }),
      ),
      shown.length === 0
        ? element("p", { class: "empty" }, say("noReminders"))
        : element("ul", { class: "items" }, ...shown.map(row)),
      more && shown.length > 0
        ? button(say("more"), () => attempt(read(true)), { kind: "wide", "data-focus": "more" })
        : null,
    );
  };
  const row = (task) =>
    element(
      "li",
      { class: "item", "data-id": task.id },
      element(
        "div",
        { class: "item-head" },
        element("span", { class: "item-number" }, `#${task.id}`),
        foreign(task.title, "item-title"),
        chip(sayIfKnown(`status_${task.status}`, task.status), KINDS[task.status] ?? ""),
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
  const follow = oncePerFrame(() => {
    if (owner !== userOf(connections.selected)) refreshIfShown();
    draw();
  });
  connections.addEventListener("change", follow);
  connections.addEventListener("arrived", ({ detail }) => {
    if (detail.name === "notification:new") refreshIfShown();
  });
  inEveryLanguage(draw);
  tabs.whenOpened("reminders", () => attempt(read()));
}

function userOf(connection) {
  return connection.bound ?? connection.userId;
}
