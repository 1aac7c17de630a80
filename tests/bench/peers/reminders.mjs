// Reminders on Node: a timer loop over node:sqlite, pushed through socket.io. Usage: node reminders.mjs DATABASE
// The file holds `reminder_task` with what is due. GROUP=1 commits a chunk at a time; otherwise each reminder is
// committed by itself before it is pushed, as one writes it first.
import { DatabaseSync } from "node:sqlite";
import { Server } from "socket.io";
import { prepareDatabase, questionOpener, serveConsultation, SOCKET_IO, wireTime } from "./consultation.mjs";
import { listen, questionServer } from "./node_http.mjs";

const CHUNK = 500;
const LONGEST_SLEEP = 1000;

const db = new DatabaseSync(process.argv[2]);
prepareDatabase(db);
db.exec(`
  CREATE TABLE IF NOT EXISTS user_notification (
    id INTEGER PRIMARY KEY AUTOINCREMENT, user_id INTEGER NOT NULL, biz_type TEXT NOT NULL, biz_id INTEGER NOT NULL,
    title TEXT NOT NULL, content TEXT, status TEXT NOT NULL, created_at INTEGER NOT NULL, read_at INTEGER,
    task_id INTEGER NOT NULL REFERENCES reminder_task (id), occurrence_at INTEGER NOT NULL,
    UNIQUE (task_id, occurrence_at));
  CREATE INDEX IF NOT EXISTS user_notification_of_user ON user_notification (user_id, id);
`);
const http = questionServer(questionOpener(db));
const io = new Server(http, SOCKET_IO);
serveConsultation(io, db);
io.on("connection", (socket) => {
  socket.on("bind_user", ({ user_id }) => {
    if (!Number.isInteger(user_id) || user_id < 1) {
      socket.emit("error", { code: "INVALID_PAYLOAD", message: "user_id 必须为正整数" });
      return;
    }
    socket.join(`user:${user_id}`);
    socket.emit("bind_user:ack", { success: true, user_id });
  });
});

const selectDue = db.prepare(
  "SELECT * FROM reminder_task WHERE status = 'PENDING' AND remind_at <= ? ORDER BY remind_at, id LIMIT ?",
);
const selectNext = db.prepare("SELECT min(remind_at) AS next FROM reminder_task WHERE status = 'PENDING'");
const insert = db.prepare(
  "INSERT INTO user_notification (user_id, biz_type, biz_id, title, content, status, created_at, task_id, " +
    "occurrence_at) VALUES (?, ?, ?, ?, ?, 'UNREAD', ?, ?, ?)",
);
const dispatched = db.prepare("UPDATE reminder_task SET status = 'DISPATCHED' WHERE id = ?");
const begin = db.prepare("BEGIN IMMEDIATE");
const commit = db.prepare("COMMIT");

function store(task) {
  const now = Date.now();
  const { lastInsertRowid } = insert.run(
    task.user_id,
    task.biz_type,
    task.biz_id,
    task.title,
    task.content,
    now,
    task.id,
    task.remind_at,
  );
  dispatched.run(task.id);
  return {
    id: Number(lastInsertRowid),
    biz_type: task.biz_type,
    biz_id: task.biz_id,
    title: task.title,
    content: task.content,
    status: "UNREAD",
    created_at: wireTime(now),
    read_at: null,
  };
}

const push = (task, notification) => io.to(`user:${task.user_id}`).emit("notification:new", notification);

function dispatchEach(tasks) {
  for (const task of tasks) {
    begin.run();
    const notification = store(task);
    commit.run();
    push(task, notification);
  }
}

function dispatchGrouped(tasks) {
  begin.run();
  const notifications = tasks.map(store);
  commit.run();
  tasks.forEach((task, place) => push(task, notifications[place]));
}

const dispatch = process.env.GROUP === "1" ? dispatchGrouped : dispatchEach;

function tick() {
  const tasks = selectDue.all(Date.now(), CHUNK);
  dispatch(tasks);
  // Between two chunks messages have their turn.
  if (tasks.length === CHUNK) {
    setImmediate(tick);
    return;
  }
  const { next } = selectNext.get();
  setTimeout(tick, next === null ? LONGEST_SLEEP : Math.min(LONGEST_SLEEP, Math.max(0, next - Date.now())));
}

listen(http, tick);
