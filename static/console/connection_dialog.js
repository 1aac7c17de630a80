// Adding a connection, or changing who it is.

import { button, field } from "../kit/controls.js";
import { byId, element } from "../kit/dom.js";
import { idOf } from "../kit/exact.js";
import { say, sayIfKnown } from "../kit/language.js";
import { COLOURS, TRANSPORTS } from "./connections.js";

/**
 * @import { Connection, Identity } from "./connection.js"
 * @import { Connections } from "./connections.js"
 */

const USER_TYPES = ["ELDER", "FAMILY", "STAFF", "SYSTEM"];

/** The dialog in which connections are edited and signed in. */
export const dialogElement = () => /** @type {HTMLDialogElement} */ (byId("connection-dialog"));

/**
 * Shows a form in the dialog. At its end the focus goes back to what opened it. Where that was drawn anew meanwhile, it is
 * found by its name, or else the card's own button is.
 * @param {HTMLFormElement} form
 * @param {Connection | null} connection whose form it is
 */
export function openDialog(form, connection) {
  const dialog = dialogElement();
  const opener = document.activeElement;
  const focus = opener instanceof HTMLElement ? opener.dataset.focus : undefined;
  const giveBack = () => {
    const isLost = document.activeElement === document.body || dialog.contains(document.activeElement);
    if (!isLost) return;
    const control = [focus, `${connection?.key}-name`]
      .map((name) => byId("cards").querySelector(`[data-focus="${name}"]`))
      .find((found) => found !== null);
    if (control instanceof HTMLElement) control.focus();
  };
  dialog.replaceChildren(form);
  dialog.showModal();
  dialog.addEventListener("close", giveBack, { once: true });
}

/**
 * Opens the dialog.
 * @param {Connections} connections
 * @param {Connection | null} connection null for a new one
 */
export function editConnection(connections, connection) {
  const dialog = dialogElement();
  const start = connection ?? connections.proposal();
  const form = element("form", { class: "dialog-form" });
  const title = connection === null ? say("addConnection") : say("editConnection", { name: connection.name });
  const remove = () => {
    dialog.close();
    if (connection === null) return;
    connections.remove(connection);
    // Drawn by the next frame; in its place is the way back.
    requestAnimationFrame(() => {
      const undo = byId("cards").querySelector("[data-focus=undo]");
      if (undo instanceof HTMLElement) undo.focus();
    });
  };
  form.append(
    element("h2", { id: "connection-dialog-title" }, title),
    field(say("field_name"), element("input", { name: "name", value: start.name, required: true, maxlength: 64 })),
    field(
      say("field_userType"),
      choice(
        "userType",
        [...new Set([...USER_TYPES, start.userType])],
        start.userType,
        (type) => `${sayIfKnown(`role_${type}`, type)} (${type})`,
      ),
    ),
    field(
      say("field_userId"),
      element("input", {
        name: "userId",
        value: start.userId,
        required: true,
        inputmode: "numeric",
        pattern: "[1-9][0-9]{0,18}",
      }),
    ),
    field(
      say("field_transport"),
      choice("transport", TRANSPORTS, start.transport, (one) => say(`transport_${one}`)),
      { hint: say("transportTaken") },
    ),
    colours(start.colour),
    element(
      "div",
      { class: "dialog-actions" },
      connection !== null && connections.list.length > 1
        ? button(say("removeConnection"), remove, { kind: "quiet danger" })
        : null,
      element("span", { class: "grow" }),
      button(say("cancel"), () => dialog.close()),
      element("button", { class: "button primary" }, say("save")),
    ),
  );
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const { name, userType, userId, transport, colour } = Object.fromEntries(new FormData(form));
    const identity = /** @type {Identity} */ ({ name, userType, userId: idOf(String(userId)), transport, colour });
    if (connection === null) connections.add(identity);
    else connections.change(connection, identity);
    dialog.close();
  });
  openDialog(form, connection);
}

/**
 * @template {string} Value
 * @param {string} name
 * @param {Value[]} values
 * @param {string} chosen
 * @param {(value: Value) => string} text
 */
function choice(name, values, chosen, text) {
  return element(
    "select",
    { name },
    ...values.map((value) => element("option", { value, selected: value === chosen }, text(value))),
  );
}

/** @param {string} chosen */
function colours(chosen) {
  const swatches = COLOURS.map((colour) =>
    element(
      "label",
      { class: "swatch", "data-colour": colour, title: say(`colour_${colour}`) },
      element("input", {
        type: "radio",
        name: "colour",
        value: colour,
        checked: colour === chosen,
        "aria-label": say(`colour_${colour}`),
      }),
    ),
  );
  return element(
    "fieldset",
    { class: "field swatches" },
    element("legend", { class: "field-name" }, say("field_colour")),
    ...swatches,
  );
}
