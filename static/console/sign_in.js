// Giving a connection its token: one that was made elsewhere, or a throw-away one.

import { button, field } from "../kit/controls.js";
import { element } from "../kit/dom.js";
import { say, sayIfKnown } from "../kit/language.js";
import { reasonOf } from "./calls.js";
import { dialogElement, openDialog } from "./connection_dialog.js";
import { canThrowAway, hasKey, takeKey, throwAway } from "./tokens.js";

/**
 * @import { Connection } from "./connection.js"
 * @import { Connections } from "./connections.js"
 */

/**
 * Connects, and asks for a token first where there is none.
 * @param {Connections} connections
 * @param {Connection} connection
 * @throws {Error} that says why it is not connected
 */
export async function enter(connections, connection) {
  if (connection.isStranger) {
    signIn(connections, connection);
    throw new Error(say("signInFirst", { name: connection.name }));
  }
  if (!(await connection.connect())) {
    throw new Error(connection.refusal || say("notConnected", { name: connection.name }));
  }
  return connection;
}

/**
 * Opens the dialog; it closes when the server has let the connection in.
 * @param {Connections} connections
 * @param {Connection} connection
 */
export function signIn(connections, connection) {
  const dialog = dialogElement();
  const form = element("form", { class: "dialog-form" });
  const token = element("textarea", {
    name: "token",
    class: "code",
    rows: 4,
    required: true,
    spellcheck: "false",
    autocomplete: "off",
  });
  const fault = element("p", { class: "hint bad", role: "alert" });
  const show = async (/** @type {string} */ shown) => {
    fault.textContent = "";
    connections.signIn(connection, shown);
    try {
      await enter(connections, connection);
      connections.select(connection);
      dialog.close();
    } catch (reason) {
      fault.textContent = reasonOf(reason);
    }
  };
  form.append(
    element("h2", { id: "connection-dialog-title" }, say("signInAs", { name: connection.name })),
    element("p", { class: "hint" }, say("signInHint")),
    field(say("field_token"), token, { hint: say("tokenHint") }),
    canThrowAway ? making(connections, connection, show, fault) : "",
    fault,
    element(
      "div",
      { class: "dialog-actions" },
      element("span", { class: "grow" }),
      button(say("cancel"), () => dialog.close()),
      element("button", { class: "button primary", id: "sign-in" }, say("signIn")),
    ),
  );
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    show(token.value.trim());
  });
  openDialog(form, connection);
}

/**
 * On the server's own machine: makes a token for an hour, given the key file.
 * @param {Connections} connections
 * @param {Connection} connection
 * @param {(token: string) => Promise<void>} show
 * @param {HTMLElement} fault
 */
function making(connections, connection, show, fault) {
  const { userId, userType } = connection;
  const file = element("input", { type: "file", name: "key" });
  const questions = element("input", {
    name: "questions",
    value: connections.question ?? "",
    inputmode: "numeric",
    pattern: "[1-9][0-9]*(, *[1-9][0-9]*)*",
  });
  const make = async () => {
    fault.textContent = "";
    try {
      const chosen = file.files?.[0];
      if (chosen) await takeKey(chosen);
      if (!hasKey()) throw new Error(say("keyFirst"));
      const listed = questions.value.match(/\d+/g) ?? [];
      await show(await throwAway(connection, listed.map(Number)));
    } catch (reason) {
      fault.textContent = reasonOf(reason);
    }
  };
  const role = sayIfKnown(`role_${userType}`, userType);
  return element(
    "fieldset",
    { class: "field dialog-form" },
    element("legend", { class: "field-name" }, say("throwAway")),
    field(say("field_key"), file, { hint: say(hasKey() ? "keyKept" : "keyHint") }),
    userType === "FAMILY" ? field(say("field_questions"), questions) : null,
    button(say("makeToken", { role, id: userId }), make, { kind: "accent", id: "make-token" }),
  );
}
