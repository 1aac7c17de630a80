// What can be sent from the console: the client's events and the HTTP calls, and what a connection would put into them.

import { serverTime } from "./server_time.js";

/**
 * @import { Connection } from "./connection.js"
 * @import { Call, ClientEvent, Json, Mistake, Protocol, SentField, Translated } from "../kit/protocol.js"
 *
 * @typedef {object} Target
 * @property {string} id the event's name, or "METHOD /path"
 * @property {"event" | "call"} kind
 * @property {string} method "" for an event
 * @property {string} path "" for an event
 * @property {string[]} pathNames the names in a call's path
 * @property {Translated} about
 * @property {SentField[]} fields
 * @property {SentField[]} query
 * @property {Json | null} example
 * @property {Mistake[]} mistakes
 */

/** @param {Protocol} protocol */
export function clientEvents({ events }) {
  return events.filter((event) => event.from === "client");
}

/**
 * @param {Protocol} protocol
 * @returns {Target[]} the events before the calls
 */
export function targetsOf(protocol) {
  // A file is no payload: it is sent from a question's history.
  const calls = protocol.calls.filter((call) => !call.takes_file);
  return [...clientEvents(protocol).map(eventTarget), ...calls.map(callTarget)];
}

/**
 * @param {ClientEvent} event
 * @returns {Target}
 */
function eventTarget({ name, about, fields, example, mistakes }) {
  return { id: name, kind: "event", method: "", path: "", pathNames: [], about, fields, query: [], example, mistakes };
}

/**
 * @param {Call} call
 * @returns {Target}
 */
function callTarget({ method, path, about, fields, query, example }) {
  const pathNames = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
  return {
    id: `${method} ${path}`,
    kind: "call",
    method,
    path,
    pathNames,
    about,
    fields,
    query,
    example,
    mistakes: [],
  };
}

/**
 * The fields that say who acts, and on which question.
 * @param {Connection} connection
 * @param {number | null} question
 */
export function ownFields(connection, question) {
  const { name, userId, userType } = connection;
  /** @type {Json} */
  const own = {
    user_id: userId,
    user_type: userType,
    sender_id: userId,
    sender_type: userType,
    role_display_name: name,
  };
  if (userType === "ELDER") own.elder_id = userId;
  if (question !== null) own.question_id = question;
  return own;
}

/**
 * The target's example as the connection would send it; a reminder, or a snooze, is due in a minute.
 * @param {Target} target
 * @param {Connection} connection
 * @param {number | null} question
 */
export function ownPayload(target, connection, question) {
  const soon = new Date(serverTime.now() + 60_000).toISOString();
  /** @type {Json} */
  const own = { ...ownFields(connection, question), remind_at: soon, until: soon };
  /** @type {Json} */
  const payload = {};
  for (const [name, value] of Object.entries(target.example ?? {})) {
    // Sent a second time, an example's client_msg_id or cursor would mean something else than the first time.
    if (name !== "client_msg_id" && name !== "after_id") payload[name] = own[name] ?? value;
  }
  return payload;
}

/**
 * The values of the names in a call's path.
 * @param {Target} target
 * @param {Connection} connection
 * @param {number | null} question
 * @returns {Record<string, string>}
 */
export function ownPlace(target, connection, question) {
  /** @type {Json} */
  const own = { user_id: connection.userId, question_id: question ?? 1 };
  return Object.fromEntries(target.pathNames.map((name) => [name, String(own[name] ?? 1)]));
}
