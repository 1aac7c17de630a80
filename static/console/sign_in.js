// Giving a connection its token: one that somebody made, or a throw-away one.

import { labelled } from "./connection_dialog.js";
import { button, byId, element } from "../kit/dom.js";
import { say, sayIfKnown } from "../kit/language.js";
import { canThrowAway, hasKey, takeKey, throwAway } from "./tokens.js";

/** Connects, and asks for a token first where there is none. @throws {Error} that says why it is not connected */
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

/** Opens the dialog; it closes when the connection has entered. */
export function signIn(connections, connection) {
  const dialog = byId("connection-dialog");
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
  const show = async (shown) => {
    fault.textContent = "";
    connections.signIn(connection, shown);
    try {
      await enter(connections, connection);
      dialog.close();
    } catch (reason) {
      fault.textContent = reason.message;
    }
  };
  form.append(
    element("h2", { id: "connection-dialog-title" }, say("signInAs", { name: connection.name })),
    element("p", { class: "hint" }, say("signInHint")),
    labelled("token", token, say("tokenHint")),
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
  dialog.replaceChildren(form);
  dialog.showModal();
}

/** On the box itself: a token for an hour, for who may read the key. */
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
      if (file.files.length > 0) await takeKey(file.files[0]);
      if (!hasKey()) throw new Error(say("keyFirst"));
      const listed = questions.value.match(/\d+/g) ?? [];
      await show(await throwAway(connection, listed.map(Number)));
    } catch (reason) {
      fault.textContent = reason.message;
    }
  };
  const role = sayIfKnown(`role_${userType}`, userType);
  return element(
    "fieldset",
    { class: "field dialog-form" },
    element("legend", { class: "field-name" }, say("throwAway")),
    labelled("key", file, say(hasKey() ? "keyKept" : "keyHint")),
    userType === "FAMILY" ? labelled("questions", questions) : null,
    button(say("makeToken", { role, id: userId }), make, { kind: "accent", id: "make-token" }),
  );
}
