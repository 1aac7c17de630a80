// What comes by itself, in words for screen readers: messages, notifications, connections that are lost and come back.

import { byId } from "../kit/dom.js";
import { say } from "../kit/language.js";

/**
 * @import { Connection } from "./connection.js"
 * @import { ConsoleParts } from "./main.js"
 */

/** @param {Pick<ConsoleParts, "connections">} parts */
export function heard({ connections }) {
  const place = byId("heard");
  /** @type {Set<string>} */
  const known = new Set(); // each is told once, however many connections receive it
  const tell = (/** @type {string} */ text, /** @type {string | null} */ key = null) => {
    if (key !== null && known.has(key)) return;
    if (key !== null) known.add(key);
    place.textContent = text;
  };

  connections.whenArrived(({ connection, name, payload }) => {
    if (name === "new_message") {
      const { id, question_id: question, sender_id: sender, sender_type: type } = payload;
      if (sender === connections.selected.userId && type === connections.selected.userType) return;
      const who = payload.role_display_name ?? sender;
      const text = payload.content_text ?? payload.content_type;
      tell(say("heardMessage", { question, who, text }), `message ${id}`);
    } else if (name === "notification:new") {
      tell(say("heardNotification", { id: connection.bound, title: payload.title }), `notification ${payload.id}`);
    }
  });
  /** @type {Map<Connection, string>} */
  const states = new Map();
  connections.addEventListener("change", () => {
    for (const connection of connections.list) {
      const [before, { state, name }] = [states.get(connection), connection];
      states.set(connection, state);
      if (state === "waiting" && before !== "waiting") tell(say("heardLost", { name }));
      if (state === "connected" && before !== undefined && before !== state) tell(say("heardConnected", { name }));
    }
  });
}
