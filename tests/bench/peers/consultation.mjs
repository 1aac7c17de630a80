// What both peers do: the consultation part of the protocol on socket.io, stored in SQLite before it is acknowledged.
// `db` is node:sqlite's DatabaseSync or bun:sqlite's Database: exec() and prepare().get()/run() are all that is used.

const MAX_TEXT = 10_000;
const MAX_NAME = 64;
const MAX_ATTACHMENTS = 20;
const MAX_URL = 2_048;
const TYPE = /^[A-Z0-9_]{1,32}$/;

export const SOCKET_IO = {
  path: "/socket.io/",
  transports: ["websocket"],
  perMessageDeflate: false,
  httpCompression: false,
  serveClient: false,
};

export function prepareDatabase(db) {
  const synchronous = process.env.SYNCHRONOUS ?? "FULL";
  if (synchronous !== "FULL" && synchronous !== "NORMAL") throw new Error(`SYNCHRONOUS=${synchronous}`);
  db.exec("PRAGMA journal_mode = WAL");
  db.exec(`PRAGMA synchronous = ${synchronous}`);
  db.exec("PRAGMA foreign_keys = ON");
  // As far apart as Careline lets checkpoints be: fewer of them is faster.
  db.exec("PRAGMA wal_autocheckpoint = 4000");
  db.exec(`
    CREATE TABLE IF NOT EXISTS question (
      id INTEGER PRIMARY KEY AUTOINCREMENT, title TEXT NOT NULL, elder_id INTEGER NOT NULL, status TEXT NOT NULL,
      created_at INTEGER NOT NULL);
    CREATE TABLE IF NOT EXISTS message (
      id INTEGER PRIMARY KEY AUTOINCREMENT, question_id INTEGER NOT NULL REFERENCES question (id),
      sender_type TEXT NOT NULL, sender_id INTEGER NOT NULL, role_display_name TEXT, content_type TEXT NOT NULL,
      content_text TEXT, attachments TEXT NOT NULL, is_visible_to_patient INTEGER NOT NULL, sent_at INTEGER NOT NULL);
    CREATE INDEX IF NOT EXISTS message_question ON message (question_id, id);
  `);
}

export function questionOpener(db) {
  const insert = db.prepare("INSERT INTO question (title, elder_id, status, created_at) VALUES (?, ?, 'OPEN', ?)");
  return ({ title, elder_id }) => ({ id: Number(insert.run(title, elder_id, Date.now()).lastInsertRowid) });
}

class Fault extends Error {
  constructor(code, text) {
    super(text);
    this.code = code;
  }
}

const invalid = (text) => new Fault("INVALID_PAYLOAD", text);

function requireObject(payload) {
  if (payload === null || typeof payload !== "object" || Array.isArray(payload)) throw invalid("请求数据必须为对象");
}

function requireId(payload, field) {
  if (!Number.isInteger(payload[field]) || payload[field] < 1) throw invalid(`${field} 必须为正整数`);
}

function requireType(payload, field) {
  if (typeof payload[field] !== "string" || !TYPE.test(payload[field])) throw invalid(`${field} 格式不正确`);
}

function checkText(value, field, max) {
  if (value === undefined || value === null) return null;
  if (typeof value !== "string" || value.length > max || value.includes("\0")) throw invalid(`${field} 格式不正确`);
  return value;
}

function checkAttachment(given, index) {
  const at = `attachments[${index}]`;
  if (given === null || typeof given !== "object") throw invalid(`${at} 格式不正确`);
  const { url, thumbnail_url = null, duration = null, size = null } = given;
  if (!checkText(url, `${at}.url`, MAX_URL)) throw invalid(`${at}.url 格式不正确`);
  checkText(thumbnail_url, `${at}.thumbnail_url`, MAX_URL);
  if (duration !== null && !(Number.isFinite(duration) && duration >= 0)) throw invalid(`${at}.duration 格式不正确`);
  if (size !== null && !(Number.isInteger(size) && size >= 0)) throw invalid(`${at}.size 格式不正确`);
  return { url, thumbnail_url, duration, size };
}

function checkMessage(payload) {
  requireObject(payload);
  requireId(payload, "question_id");
  requireType(payload, "sender_type");
  requireId(payload, "sender_id");
  const role_display_name = checkText(payload.role_display_name, "role_display_name", MAX_NAME);
  requireType(payload, "content_type");
  const content_text = checkText(payload.content_text, "content_text", MAX_TEXT);
  const given = payload.attachments ?? [];
  if (!Array.isArray(given) || given.length > MAX_ATTACHMENTS) throw invalid("attachments 格式不正确");
  const attachments = given.map(checkAttachment);
  if (attachments.length === 0 && (content_text === null || content_text.trim() === "")) {
    throw invalid("content_text 不能为空");
  }
  return {
    id: 0,
    question_id: payload.question_id,
    sender_type: payload.sender_type,
    sender_id: payload.sender_id,
    role_display_name,
    content_type: payload.content_type,
    content_text,
    sent_at: "",
    status: "SENT",
    is_visible_to_patient: true,
    attachments,
  };
}

let shownSecond = -1;
let shown = "";

// The wire's time format; formatted once a second.
export function wireTime(now) {
  const second = Math.floor(now / 1000);
  if (second !== shownSecond) {
    const date = new Date(now);
    const two = (n) => String(n).padStart(2, "0");
    shown =
      `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())} ` +
      `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
    shownSecond = second;
  }
  return shown;
}

const roomOf = (questionId) => `consultation:question:${questionId}`;

export function serveConsultation(io, db) {
  const selectStatus = db.prepare("SELECT status FROM question WHERE id = ?");
  const insertMessage = db.prepare(
    "INSERT INTO message (question_id, sender_type, sender_id, role_display_name, content_type, content_text, " +
      "attachments, is_visible_to_patient, sent_at) VALUES (?, ?, ?, ?, ?, ?, ?, 1, ?)",
  );
  const begin = db.prepare("BEGIN IMMEDIATE");
  const commit = db.prepare("COMMIT");
  const rollback = db.prepare("ROLLBACK");

  function statusOf(questionId) {
    const row = selectStatus.get(questionId);
    if (!row) throw new Fault("QUESTION_NOT_FOUND", "咨询问题不存在");
    return row.status;
  }

  function append(message) {
    if (statusOf(message.question_id) !== "OPEN") throw new Fault("INVALID_PAYLOAD", "咨询问题已关闭");
    const now = Date.now();
    const { lastInsertRowid } = insertMessage.run(
      message.question_id,
      message.sender_type,
      message.sender_id,
      message.role_display_name,
      message.content_type,
      message.content_text,
      JSON.stringify(message.attachments),
      now,
    );
    message.id = Number(lastInsertRowid);
    message.sent_at = wireTime(now);
  }

  function publish(socket, message) {
    socket.emit("send_message:ack", { success: true, message: "发送成功", data: message });
    io.to(roomOf(message.question_id)).emit("new_message", message);
  }

  // Anything but a Fault is a defect of this program or of the disk: shown in the log, never to the client.
  function textOf(fault) {
    if (fault instanceof Fault) return fault.message;
    console.error(fault);
    return "服务器内部错误";
  }

  function refuse(socket, fault) {
    socket.emit("send_message:ack", { success: false, message: `发送失败：${textOf(fault)}` });
  }

  function sendAlone(socket, message) {
    append(message);
    publish(socket, message);
  }

  // GROUP=1: everything that one turn of the event loop brought in goes into one transaction.
  let waiting = [];

  function sendGrouped(socket, message) {
    if (waiting.length === 0) setImmediate(flush);
    waiting.push({ socket, message, fault: null });
  }

  function flush() {
    const batch = waiting;
    waiting = [];
    try {
      begin.run();
      for (const entry of batch) {
        try {
          append(entry.message);
        } catch (fault) {
          if (!(fault instanceof Fault)) throw fault;
          entry.fault = fault;
        }
      }
      commit.run();
    } catch (fault) {
      rollback.run();
      for (const { socket } of batch) refuse(socket, fault);
      return;
    }
    for (const { socket, message, fault } of batch) {
      if (fault) refuse(socket, fault);
      else publish(socket, message);
    }
  }

  const send = process.env.GROUP === "1" ? sendGrouped : sendAlone;

  io.on("connection", (socket) => {
    // The upgrade request is not needed again; dropping it is socket.io's own advice for less memory.
    socket.conn.request = null;

    const answering = (handler) => (payload) => {
      try {
        handler(payload);
      } catch (fault) {
        socket.emit("error", { code: fault instanceof Fault ? fault.code : "INTERNAL_ERROR", message: textOf(fault) });
      }
    };

    socket.on(
      "join_question",
      answering((payload) => {
        requireObject(payload);
        requireId(payload, "question_id");
        requireId(payload, "user_id");
        requireType(payload, "user_type");
        checkText(payload.role_display_name, "role_display_name", MAX_NAME);
        statusOf(payload.question_id);
        socket.join(roomOf(payload.question_id));
        socket.emit("joined_question", { question_id: payload.question_id });
      }),
    );

    socket.on(
      "leave_question",
      answering((payload) => {
        requireObject(payload);
        requireId(payload, "question_id");
        socket.leave(roomOf(payload.question_id));
        socket.emit("left_question", { question_id: payload.question_id });
      }),
    );

    socket.on("send_message", (payload) => {
      try {
        send(socket, checkMessage(payload));
      } catch (fault) {
        refuse(socket, fault);
      }
    });
  });
}
