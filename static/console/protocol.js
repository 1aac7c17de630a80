// The protocol as the server tells it (/protocol.json): what can be sent, what it must look like, what answers.

/** An event to send, or an HTTP call: `{id, kind: "event"|"call", method, path, about, fields, query, example, mistakes}`. */
export async function readProtocol() {
  const response = await fetch("protocol.json");
  if (!response.ok) throw new Error(`${response.status} ${response.statusText}`);
  const protocol = await response.json();
  const events = protocol.events.filter((event) => event.from === "client").map(eventTarget);
  const calls = protocol.calls.map(callTarget);
  const join = events.find((event) => event.id === "join_question");
  return { ...protocol, targets: [...events, ...calls], catchesUp: hasField(join, "after_id") };
}

function eventTarget(event) {
  return { ...event, id: event.name, kind: "event", query: [], pathNames: [] };
}

function callTarget(call) {
  const pathNames = [...call.path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
  return {
    mistakes: [],
    ...call,
    fields: call.fields ?? [],
    query: call.query ?? [],
    id: `${call.method} ${call.path}`,
    kind: "call",
    pathNames,
  };
}

function hasField(target, name) {
  return target.fields.some((field) => field.name === name);
}

/** The fields that say who acts, and on which question. */
export function ownFields(connection, question) {
  const { name, userId, userType } = connection;
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

/** The target's example as the connection would send it; a reminder, or a snooze, is due in a minute. */
export function ownPayload(target, connection, question) {
  const soon = new Date(Date.now() + 60_000).toISOString();
  const own = { ...ownFields(connection, question), remind_at: soon, until: soon };
  const payload = {};
  for (const [name, value] of Object.entries(target.example ?? {})) {
    // Sent a second time, an example's client_msg_id or cursor would mean something else than the first time.
    if (name !== "client_msg_id" && name !== "after_id") payload[name] = own[name] ?? value;
  }
  return payload;
}

/** The values of the names in a call's path. */
export function ownPlace(target, connection, question) {
  const own = { user_id: connection.userId, question_id: question ?? 1 };
  return Object.fromEntries(target.pathNames.map((name) => [name, String(own[name] ?? 1)]));
}
