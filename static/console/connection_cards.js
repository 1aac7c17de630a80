// The connections as cards side by side: who each is, how it is connected, what it joined, and its buttons.

import { button, chip } from "../kit/controls.js";
import { byId, element, foreign, icon, oncePerFrame, redraw } from "../kit/dom.js";
import { inEveryLanguage, say, sayIfKnown } from "../kit/language.js";
import { editConnection } from "./connection_dialog.js";
import { signIn } from "./sign_in.js";
import { claimsOf } from "./tokens.js";

/**
 * @import { Connection } from "./connection.js"
 * @import { Connections } from "./connections.js"
 * @import { Inboxes } from "./inboxes.js"
 * @import { ConsoleParts } from "./main.js"
 * @typedef {(what: string) => {"data-focus": string}} Focus the attribute by which a control keeps the focus
 */

/** @param {ConsoleParts} parts */
export function connectionCards({ connections, inboxes }) {
  const list = byId("cards");
  /** @type {Connection | null} */
  let shown = null;
  const draw = () => {
    redraw(list, ...connections.list.map((one) => card(one, connections, inboxes)), removedRow(connections));
    if (connections.selected !== shown) {
      shown = connections.selected;
      // By its key: while it is being pressed, another one is still drawn as selected.
      const name = list.querySelector(`[data-focus="${shown.key}-name"]`);
      name?.closest("li")?.scrollIntoView({ block: "nearest", inline: "nearest" });
    }
  };
  const drawSoon = oncePerFrame(draw);
  connections.addEventListener("change", drawSoon);
  inboxes.addEventListener("change", drawSoon);
  byId("add-connection").append(icon("plus"));
  byId("add-connection").addEventListener("click", () => editConnection(connections, null));
  inEveryLanguage(draw);
}

/**
 * Which connection was removed, with the way back.
 * @param {Connections} connections
 */
function removedRow(connections) {
  const { removed } = connections;
  if (removed === null) return null;
  return element(
    "li",
    { class: "row removed" },
    element("span", { class: "hint" }, say("removed", { name: removed.name })),
    button(say("undo"), () => connections.restore(), { kind: "small", "data-focus": "undo" }),
  );
}

/**
 * @param {Connection} connection
 * @param {Connections} connections
 * @param {Inboxes} inboxes
 */
function card(connection, connections, inboxes) {
  const selected = connection === connections.selected;
  /** @type {Focus} */
  const focus = (what) => ({ "data-focus": `${connection.key}-${what}` });
  const select = (/** @type {Event} */ { target }) => {
    const opensDialog = target instanceof Element && target.closest("[aria-haspopup=dialog]") !== null;
    if (!opensDialog) connections.select(connection);
  };
  const role = sayIfKnown(`role_${connection.userType}`, connection.userType);
  return element(
    "li",
    {
      class: "card",
      "data-colour": connection.colour,
      "data-state": connection.state,
      "data-selected": selected,
      onclick: select,
    },
    element(
      "div",
      { class: "card-head" },
      element(
        "button",
        { type: "button", class: "card-name", "aria-pressed": String(selected), onclick: select, ...focus("name") },
        foreign(connection.name),
      ),
      unread(connection, inboxes),
      button("", () => editConnection(connections, connection), {
        kind: "quiet square small",
        drawing: "edit",
        label: say("editConnection", { name: connection.name }),
        "aria-haspopup": "dialog",
        ...focus("edit"),
      }),
    ),
    element("p", { class: "card-line" }, `${role} · ${say("user", { id: connection.userId })}`),
    element("p", { class: "card-line card-state" }, element("span", { class: "dot" }), stateText(connection)),
    tokenLine(connection),
    facts(connection),
    element("div", { class: "card-actions" }, ...actions(connection, focus), signing(connections, connection, focus)),
  );
}

/** @param {Connection} connection */
function stateText(connection) {
  const state = say(`state_${connection.state}`);
  const transport = connection.transportNow || connection.transport;
  return `${state} · ${say(`transport_${transport}`)}`;
}

/**
 * How long its token is valid, or why the server refused it.
 * @param {Connection} connection
 */
function tokenLine(connection) {
  if (connection.refusal) return element("p", { class: "card-line bad" }, connection.refusal);
  const ends = claimsOf(connection.token)?.exp;
  if (!Number.isFinite(ends)) return null;
  const at = new Date(ends * 1000).toLocaleString([], { dateStyle: "short", timeStyle: "short" });
  return element("p", { class: "card-line" }, say("tokenUntil", { at }));
}

/**
 * @param {Connection} connection
 * @param {Inboxes} inboxes
 */
function unread(connection, inboxes) {
  const count = connection.bound === null ? 0 : inboxes.of(connection.bound).unread;
  if (count === 0) return null;
  return element("span", { class: "badge", title: say("unreadCount", { count }) }, String(count));
}

/** @param {Connection} connection */
function facts(connection) {
  const chips = [...connection.joined].map((id) => chip(say("inQuestion", { id })));
  if (connection.bound !== null) chips.push(chip(say("boundUser", { id: connection.bound })));
  return chips.length === 0 ? null : element("div", { class: "card-facts" }, ...chips);
}

/**
 * The button to sign in or out.
 * @param {Connections} connections
 * @param {Connection} connection
 * @param {Focus} focus
 */
function signing(connections, connection, focus) {
  if (connection.isStranger) {
    const open = () => signIn(connections, connection);
    return button(say("signIn"), open, {
      kind: "small accent",
      about: connection.name,
      "aria-haspopup": "dialog",
      ...focus("sign-in"),
    });
  }
  if (connection.token === "") return "";
  return button(say("signOut"), () => connections.signOut(connection), { kind: "small quiet", ...focus("sign-out") });
}

/**
 * @param {Connection} connection
 * @param {Focus} focus
 */
function actions(connection, focus) {
  const about = connection.name;
  if (connection.isStranger && connection.state === "idle") return [];
  if (connection.state === "idle") {
    const kind = connection.canCatchUp ? "small" : "small accent";
    const connect = button(say("connect"), () => connection.connect(), { kind, about, ...focus("toggle") });
    if (!connection.canCatchUp) return [connect];
    const label = say("catchUpHint");
    return [
      button(say("catchUp"), () => connection.catchUp(), {
        kind: "small primary",
        title: label,
        about,
        ...focus("catch-up"),
      }),
      connect,
    ];
  }
  const disconnect = button(say("disconnect"), () => connection.disconnect(), {
    kind: "small",
    about,
    ...focus("toggle"),
  });
  if (connection.state !== "connected") return [disconnect];
  const cut = button(say("cut"), () => connection.cut(), {
    kind: "small quiet",
    title: say("cutHint"),
    about,
    ...focus("cut"),
  });
  return [disconnect, cut];
}
