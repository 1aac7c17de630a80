// The notification inbox of the acting connection's user, with its unread badge.

import { button, chip, refreshButton } from "../kit/controls.js";
import { byId, element, foreign, languageOf, oncePerFrame, redraw } from "../kit/dom.js";
import { inEveryLanguage, say, sayIfKnown } from "../kit/language.js";
import { serverTime } from "./server_time.js";

const SOON = 10_000; // ms
const LATER = 600_000;

/**
 * @import { Json } from "../kit/protocol.js"
 * @import { Actions, Reaction } from "./actions.js"
 * @import { Notification } from "./inboxes.js"
 * @import { ConsoleParts } from "./main.js"
 * @typedef {ConsoleParts["attempt"]} Attempt
 */

/** @param {ConsoleParts} parts */
export function inboxPanel({ connections, inboxes, actions, tabs, attempt }) {
  const panel = byId("panel-inbox");
  let onlyUnread = false;

  const read = (/** @type {boolean} */ older) => attempt(inboxes.read(connections.selected.actsFor, older));
  const draw = () => {
    const connection = connections.selected;
    const user = connection.actsFor;
    const { unread, more, reading } = inboxes.of(user);
    showBadge(connection.bound === null ? 0 : unread);
    const items = inboxes.listed(user).filter((item) => !onlyUnread || item.status === "UNREAD");
    /** @type {HTMLInputElement} */
    const toggle = element("input", {
      type: "checkbox",
      checked: onlyUnread,
      onchange: () => filter(toggle.checked),
      "data-focus": "unread",
    });
    redraw(
      panel,
      element(
        "div",
        { class: "panel-head" },
        element(
          "h3",
          { class: "grow" },
          say("inboxOf", { id: user }),
          unread > 0 ? chip(say("unreadCount", { count: unread }), "accent") : null,
        ),
        unread > 0
          ? button(say("readAll"), () => attempt(readAll(user)), { kind: "small", "data-focus": "all" })
          : null,
        refreshButton(() => read(false), reading.isBusy),
      ),
      element("label", { class: "check" }, toggle, say("onlyUnread")),
      connection.bound === user ? null : bindFirst(user, actions, attempt),
      reading.failure(() => read(false)),
      items.length === 0
        ? reading.emptiness(() => empty(actions, attempt, onlyUnread))
        : element("ul", { class: "items" }, ...items.map((item) => row(item, user))),
      more ? button(say("more"), () => read(true), { kind: "wide", "data-focus": "more" }) : null,
    );
  };
  const row = (/** @type {Notification} */ item, /** @type {number} */ user) => {
    const answer = (/** @type {Reaction} */ what, /** @type {Json} */ more = {}) =>
      attempt(actions.answer(user, item.id, what, more));
    const control = (/** @type {string} */ text, /** @type {string} */ name, /** @type {() => void} */ work) =>
      button(text, work, { kind: "small", "data-focus": `${name}-${item.id}`, about: `#${item.id} ${item.title}` });
    const snooze = (/** @type {number} */ after) =>
      answer("snooze", { until: new Date(serverTime.now() + after).toISOString() });
    return element(
      "li",
      { class: item.status === "UNREAD" ? "item unread" : "item", "data-id": item.id },
      element(
        "div",
        { class: "item-head" },
        foreign(item.title, "item-title"),
        chip(sayIfKnown(`status_${item.status}`, item.status), item.status === "UNREAD" ? "accent" : ""),
        answerChip(item),
        item.snoozed_until ? chip(say("snoozedUntil", { at: item.snoozed_until }), "warn") : null,
      ),
      element("p", { class: "item-text", dir: "auto", lang: languageOf(item.content) }, item.content),
      element(
        "div",
        { class: "item-foot" },
        element("span", { class: "hint" }, `#${item.id} · ${item.created_at}`),
        element(
          "div",
          { class: "item-answers" },
          item.status === "UNREAD" ? control(say("markRead"), "read", () => answer("read")) : null,
          item.confirmed_at ? null : control(say("confirm"), "confirm", () => answer("confirm")),
          item.confirmed_at ? null : control(say("skipIt"), "skip", () => answer("confirm", { outcome: "SKIPPED" })),
          item.confirmed_at ? null : control(say("snoozeSoon"), "snooze-soon", () => snooze(SOON)),
          item.confirmed_at ? null : control(say("snoozeLater"), "snooze-later", () => snooze(LATER)),
        ),
      ),
    );
  };
  /** Marks all that are unread as read, also those that are not listed yet. */
  const readAll = async (/** @type {number} */ user) => {
    while (inboxes.of(user).more) await inboxes.read(user, true);
    for (const { id, status } of inboxes.listed(user)) if (status === "UNREAD") await actions.answer(user, id, "read");
    await inboxes.read(user);
  };
  const filter = (/** @type {boolean} */ only) => {
    onlyUnread = only;
    draw();
  };

  const drawSoon = oncePerFrame(draw);
  connections.addEventListener("change", drawSoon);
  inboxes.addEventListener("change", drawSoon);
  inEveryLanguage(draw);
  tabs.whenOpened("inbox", () => {
    const { state } = inboxes.of(connections.selected.actsFor).reading;
    if (state !== "read" && state !== "busy") read(false); // what came later was pushed
  });
}

/**
 * The outcome, and who gave it where that is known: a confirmation that nothing else was said of is DONE.
 * @param {Notification} item
 */
function answerChip(item) {
  const outcome = item.outcome ?? (item.confirmed_at ? "DONE" : null);
  if (outcome === null) return null;
  const word = sayIfKnown(`outcome_${outcome}`, outcome);
  const kind = outcome === "DONE" ? "good" : "warn";
  return chip(item.outcome_by ? say("outcomeOf", { outcome: word, by: item.outcome_by }) : word, kind);
}

/** @param {number} unread */
function showBadge(unread) {
  const badge = byId("inbox-badge");
  badge.hidden = unread === 0;
  badge.textContent = String(unread);
  badge.setAttribute("aria-label", say("unreadCount", { count: unread }));
}

/**
 * The line that says why nothing will arrive yet, with the way to change that.
 * @param {number} user
 * @param {Actions} actions
 * @param {Attempt} attempt
 */
export function bindFirst(user, actions, attempt) {
  return element(
    "p",
    { class: "callout" },
    element("span", {}, say("bindFirst", { id: user })),
    button(say("bind", { id: user }), () => attempt(actions.bind()), { kind: "small", "data-focus": "bind" }),
  );
}

/**
 * @param {Actions} actions
 * @param {Attempt} attempt
 * @param {boolean} onlyUnread
 */
function empty(actions, attempt, onlyUnread) {
  return element(
    "div",
    { class: "empty" },
    element("p", {}, say(onlyUnread ? "nothingUnread" : "inboxEmpty")),
    button(say("guideRemind"), () => attempt(actions.remindSoon()), {
      kind: "small",
      drawing: "bell",
      "data-focus": "remind",
    }),
  );
}
