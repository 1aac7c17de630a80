// Adding a connection, or changing who it is.

import { COLOURS, TRANSPORTS } from "./connections.js";
import { button, byId, element } from "../kit/dom.js";
import { say, sayIfKnown } from "../kit/language.js";

const USER_TYPES = ["ELDER", "FAMILY", "STAFF", "SYSTEM"];

/** Opens the dialog; `connection` is null for a new one. */
export function editConnection(connections, connection) {
  const dialog = byId("connection-dialog");
  const start = connection ?? connections.proposal();
  const form = element("form", { class: "dialog-form" });
  const title = connection === null ? say("addConnection") : say("editConnection", { name: connection.name });
  const remove = () => {
    connections.remove(connection);
    dialog.close();
  };
  form.append(
    element("h2", { id: "connection-dialog-title" }, title),
    labelled("name", element("input", { name: "name", value: start.name, required: true, maxlength: 64 })),
    labelled(
      "userType",
      choice(
        "userType",
        [...new Set([...USER_TYPES, start.userType])],
        start.userType,
        (type) => `${sayIfKnown(`role_${type}`, type)} (${type})`,
      ),
    ),
    labelled(
      "userId",
      element("input", {
        name: "userId",
        value: start.userId,
        required: true,
        inputmode: "numeric",
        pattern: "[1-9][0-9]{0,15}",
      }),
    ),
    labelled(
      "transport",
      choice("transport", TRANSPORTS, start.transport, (one) => say(`transport_${one}`)),
      say("transportTaken"),
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
    const values = Object.fromEntries(new FormData(form));
    const identity = { ...values, userId: Number(values.userId) };
    if (connection === null) connections.add(identity);
    else connections.change(connection, identity);
    dialog.close();
  });
  dialog.replaceChildren(form);
  dialog.showModal();
}

/** A control with its name before it and, where there is one, a hint after it. */
export function labelled(field, control, hint = "") {
  const name = element("span", { class: "field-name" }, say(`field_${field}`));
  return element("label", { class: "field" }, name, control, hint ? element("span", { class: "hint" }, hint) : null);
}

function choice(name, values, chosen, text) {
  return element(
    "select",
    { name },
    ...values.map((value) => element("option", { value, selected: value === chosen }, text(value))),
  );
}

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
