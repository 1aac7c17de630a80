// The notification inbox of the acting connection's user, with its unread badge.

import { button, byId, chip, element, foreign, oncePerFrame, redraw } from "../kit/dom.js";
import { inEveryLanguage, say, sayIfKnown } from "../kit/language.js";

const SOON = 10_000; // ms
const LATER = 600_000;

export function inboxPanel({ connections, inboxes, actions, tabs, attempt }) {
  const panel = byId("panel-inbox");
  let onlyUnread = false;

  const read = (older) => attempt(inboxes.read(userOf(connections.selected), older));
  const draw = () => {
    const connection = connections.selected;
    const user = userOf(connection);
    const { unread, more } = inboxes.of(user);
    showBadge(connection.bound === null ? 0 : unread);
    const items = inboxes.listed(user).filter((item) => !onlyUnread || item.status === "UNREAD");
    const toggle = element("input", {
      type: "checkbox",
      checked: onlyUnread,
      onchange: (event) => filter(event.target.checked),
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
        button("", () => read(false), {
          kind: "quiet square small",
          drawing: "refresh",
          label: say("refresh"),
          "data-focus": "refresh",
        }),
      ),
      element("label", { class: "check" }, toggle, say("onlyUnread")),
      connection.bound === user ? null : bindFirst(user, actions, attempt),
      items.length === 0
        ? empty(actions, attempt)
        : element("ul", { class: "items" }, ...items.map((item) => row(item, user))),
      more ? button(say("more"), () => read(true), { kind: "wide", "data-focus": "more" }) : null,
    );
  };
  const row = (item, user) => {
    const answer = (what, more) => attempt(actions.answer(user, item.id, what, more));
    const control = (text, name, work) => button(text, work, { kind: "small", "data-focus": `${name}-${item.id}` });
    const snooze = (after) => answer("snooze", { until: new Date(Date.now() + after).toISOString() });
    return element(
      "li",
      { class: item.status === "UNREAD" ? "item unread" : "item", "data-id": item.id },
      element(
        "div",
        { class: "item-head" },
        foreign(item.title, "item-title"),
        chip(sayIfKnown(`status_${item.status}`, item.status), item.status === "UNREAD" ? "accent" : ""),
        item.confirmed_at ? chip(say("confirmed"), "good") : null,
        item.snoozed_until ? chip(say("snoozedUntil", { at: item.snoozed_until }), "warn") : null,
      ),
      element("p", { class: "item-text", dir: "auto" }, item.content),
      element(
        "div",
        { class: "item-foot" },
        element("span", { class: "hint" }, `#${item.id} · ${item.created_at}`),
        element(
          "div",
          { class: "item-answers" },
          item.status === "UNREAD" ? control(say("markRead"), "read", () => answer("read")) : null,
          item.confirmed_at ? null : control(say("confirm"), "confirm", () => answer("confirm")),
          item.confirmed_at ? null : control(say("snoozeSoon"), "snooze-soon", () => snooze(SOON)),
          item.confirmed_at ? null : control(say("snoozeLater"), "snooze-later", () => snooze(LATER)),
        ),
      ),
    );
  };
  const filter = (only) => {
    onlyUnread = only;
    draw();
  };

  const drawSoon = oncePerFrame(draw);
  connections.addEventListener("change", drawSoon);
  inboxes.addEventListener("change", drawSoon);
  inEveryLanguage(draw);
  tabs.whenOpened("inbox", () => {
    if (!inboxes.of(userOf(connections.selected)).read) read(false); // what came later was pushed
  });
}

/** The user whose notifications are shown: the bound one, or who would be bound. */
function userOf(connection) {
  return connection.bound ?? connection.userId;
}

function showBadge(unread) {
  const badge = byId("inbox-badge");
  badge.hidden = unread === 0;
  badge.textContent = String(unread);
  badge.setAttribute("aria-label", say("unreadCount", { count: unread }));
}

/** The line that says why nothing will arrive yet, with the way to change that. */
export function bindFirst(user, actions, attempt) {
  return element(
    "p",
    { class: "callout" },
    element("span", {}, say("bindFirst", { id: user })),
    button(say("bind", { id: user }), () => attempt(actions.bind()), { kind: "small", "data-focus": "bind" }),
  );
}

function empty(actions, attempt) {
  return element(
    "div",
    { class: "empty" },
    element("p", {}, say("inboxEmpty")),
    button(say("guideRemind"), () => attempt(actions.remindSoon()), {
      kind: "small",
      drawing: "bell",
      "data-focus": "remind",
    }),
  );
}
