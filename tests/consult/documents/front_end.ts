// A front end in TypeScript that uses every event and every call, as strictly as the compiler can be.
import { io, type Socket } from "socket.io-client";
import type { Calls, ClientToServerEvents, Error as Fault, Message, ServerToClientEvents } from "./careline";

const socket: Socket<ServerToClientEvents, ClientToServerEvents> = io("http://127.0.0.1:8000", {
  auth: (give) => give({ token: "…" }),
});

let cursor = 0;
const shown: Message[] = [];

socket.on("connect", () => {
  socket.emit("join_question", { question_id: 1, user_id: 1001, user_type: "ELDER", after_id: cursor, updates: true });
  socket.emit("bind_user", { user_id: 1001, after_id: 0 });
});
socket.on("joined_question", ({ question_id, latest_id, has_more }) => {
  const latest: number | undefined = latest_id;
  const more: boolean | undefined = has_more;
  console.log(question_id, latest, more);
});
socket.on("left_question", ({ question_id }) => console.log(question_id.toFixed()));
socket.on("new_message", (message) => {
  cursor = Math.max(cursor, message.id);
  shown.push(message);
  const text: string | null = message.content_text;
  const sender: number | null = message.sender_id;
  for (const { url, thumbnail_url, duration, size } of message.attachments) console.log(url, thumbnail_url, duration, size);
  console.log(text?.length, sender, message.is_visible_to_patient, message.status === "SENT");
});
socket.on("send_message:ack", (answer) => {
  if (answer.success) console.log(answer.data.id, answer.data.client_msg_id ?? "");
  else console.error(answer.message);
});
socket.on("question:updated", ({ status, latest_message_id }) => console.log(status === "CLOSED", latest_message_id));
socket.on("read_question:ack", ({ question_id, up_to_id, unread }) => console.log(question_id, up_to_id, unread));
socket.on("question:read", ({ user_id, user_type, up_to_id }) => console.log(user_id, user_type, up_to_id));
socket.on("notification:new", ({ title, content, read_at }) => console.log(title, content ?? "", read_at));
socket.on("notification:updated", ({ id, status, unread, snoozed_until }) => console.log(id, status, unread, snoozed_until));
socket.on("bind_user:ack", ({ success, user_id, latest_id }) => console.log(success, user_id, latest_id));
socket.on("notification:read:ack", ({ id }) => console.log(id));
socket.on("notification:confirm:ack", ({ id }) => console.log(id));
socket.on("notification:snooze:ack", ({ id }) => console.log(id));
socket.on("error", ({ code, message }) => console.error(code, message));

socket.emit("leave_question", { question_id: 1 }, (reply) => {
  if ("code" in reply) console.error(reply.message);
  else console.log(reply.question_id);
});
socket.timeout(5000).emit(
  "send_message",
  {
    question_id: 1,
    sender_type: "ELDER",
    sender_id: 1001,
    content_type: "IMAGE",
    content_text: null,
    attachments: [{ url: "https://example.com/1.png", size: 1024 }],
    client_msg_id: "1",
    is_visible_to_patient: 1,
  },
  (lost, answer) => {
    if (lost) console.error(lost.message);
    else if (answer.success) shown.push(answer.data);
  },
);
const reply: { success: boolean; message: string } = await socket.emitWithAck("send_message", {
  question_id: 1,
  sender_type: "SYSTEM",
  content_type: "TEXT",
  content_text: "您好",
});
console.log(reply.success);
socket.emit("read_question", { question_id: 1, up_to_id: cursor }, (answer) => {
  if ("unread" in answer) console.log(answer.unread);
});
socket.emit("notification:read", { id: 1 }, (answer) => console.log("success" in answer && answer.id));
socket.emit("notification:confirm", { id: 1 });
socket.emit("notification:snooze", { id: 1, until: "2030-01-01T20:00:00+08:00" });

type Answer<Name extends keyof Calls> = Calls[Name]["answer"] | Fault;

async function call<Name extends keyof Calls>(name: Name, asked: Omit<Calls[Name], "answer">): Promise<Answer<Name>> {
  const { path, query, body } = asked as { path?: object; query?: object; body?: object };
  const [method = "", template = ""] = name.split(" ");
  const ids = Object.values(path ?? {});
  const address = template.replace(/{\w+}/g, () => String(ids.shift()));
  const search = new URLSearchParams(Object.entries(query ?? {}).map(([key, value]) => [key, String(value)]));
  const answer = await fetch(`${address}?${search}`, { method, body: body ? JSON.stringify(body) : null });
  return (await answer.json()) as Answer<Name>;
}

const photo = await call("POST /api/files", { body: new Blob(["GIF89a"], { type: "image/gif" }) });
if ("url" in photo) console.log(photo.url, photo.size, photo.sha256, photo.content_type);
const made = await call("POST /api/questions", { body: { title: "最近血压偏高", elder_id: 1001 } });
if (!("code" in made)) console.log(made.id, made.latest_message_id);
const path = { question_id: 1 };
const open = await call("GET /api/questions", { query: { status: "OPEN", limit: 200 } });
if ("items" in open) console.log(open.items.map(({ title }) => title), open.has_more);
await call("GET /api/questions/{question_id}", { path });
await call("PATCH /api/questions/{question_id}", { path, body: { status: "CLOSED" } });
const urgent = await call("PATCH /api/questions/{question_id}", {
  path,
  body: { assignee_id: 456, priority: "URGENT", category: null, notify_replies: true, follow_up: [{ after: 600 }] },
});
if ("title" in urgent) console.log(urgent.assignee_id ?? 0, urgent.priority === "URGENT", urgent.follow_up?.[0]?.after);
const messages = await call("GET /api/questions/{question_id}/messages", { path, query: { after_id: cursor } });
if ("items" in messages) shown.push(...messages.items);
const sent = await call("POST /api/questions/{question_id}/messages", {
  path,
  body: { sender_type: "ELDER", sender_id: 1001, content_type: "TEXT", content_text: "您好" },
});
if ("sent_at" in sent) shown.push(sent);
const people = await call("GET /api/questions/{question_id}/participants", { path, query: { limit: 200 } });
if ("items" in people) console.log(people.items.map(({ user_id, up_to_id }) => [user_id, up_to_id]));
const nurse = { user_id: 456, user_type: "STAFF" };
await call("POST /api/questions/{question_id}/participants", { path, body: nurse });
await call("DELETE /api/questions/{question_id}/participants", { path, body: nurse });
const task = await call("POST /api/reminders", {
  body: {
    user_id: 1001,
    biz_type: "INTERVENTION_TASK",
    biz_id: 1,
    channel: "IN_APP",
    title: "服药提醒",
    remind_at: "2030-01-01 20:00:00",
    rrule: "FREQ=DAILY",
    exdates: ["2030-01-05"],
    missed: "latest",
  },
});
if ("remind_at" in task) console.log(task.status === "PENDING", task.next_at ?? "");
const id = 1;
await call("GET /api/reminders", { query: { user_id: 1001, status: "PENDING", parked: "true" } });
await call("GET /api/reminders/{id}", { path: { id } });
await call("PATCH /api/reminders/{id}", { path: { id }, body: { rrule: null, paused: true } });
await call("GET /api/reminders/{id}/occurrences", { path: { id }, query: { limit: 5 } });
const history = await call("GET /api/reminders/{id}/history", { path: { id } });
if ("items" in history) console.log(history.items[0]?.detail["planned_at"]);
await call("DELETE /api/reminders/{id}", { path: { id } });
await call("POST /api/reminders/{id}/withdraw", { path: { id }, body: { reason: "停药" } });
const day = await call("GET /api/users/{user_id}/day", { path: { user_id: 1001 }, query: { date: "2030-01-01" } });
if ("items" in day) console.log(day.items[0]?.outcome === "PENDING");
const quiet = { path: { user_id: 1001 } };
const night = await call("PUT /api/users/{user_id}/quiet-hours", { ...quiet, body: { from: "22:00", to: "07:00" } });
if ("to" in night) console.log(night.from ?? "", night.timezone ?? "");
await call("GET /api/users/{user_id}/quiet-hours", quiet);
await call("DELETE /api/users/{user_id}/quiet-hours", quiet);
await call("GET /api/reminders/unanswered", { query: { after_id: 0 } });
const notifications = await call("GET /api/users/{user_id}/notifications", {
  path: { user_id: 1001 },
  query: { status: "UNREAD", answers: "true" },
});
if ("unread" in notifications) console.log(notifications.unread, notifications.items[0]?.confirmed_at);
await call("POST /api/notifications/{id}/read", { path: { id } });
await call("POST /api/notifications/{id}/confirm", { path: { id } });
await call("POST /api/notifications/{id}/snooze", { path: { id }, body: { until: "2030-01-01 20:00:00" } });
await call("GET /api/notifications/{id}/history", { path: { id } });
const health = await call("GET /health", {});
if ("jobs" in health) console.log(health.status === "ok", health.jobs);
