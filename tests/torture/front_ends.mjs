// Front ends as they should be written: official clients that send with a client_msg_id until they are told that it is
// stored, come back with cursors, and page over HTTP where they are told to. What they saw is told at the end, as JSON:
// ids with a digest of what came, in the order in which it came, and all that should not have happened.
import { createHash } from "node:crypto";
import { createInterface } from "node:readline";
import { io } from "socket.io-client";

const MOST_REPLAYED = 500;
const IN_FLIGHT = 3;
const FENCE = 2 ** 53 - 1;
const NOT_AHEAD = "until 必须为一年之内的将来时间";
const { url, questions, frontEnds, seed } = JSON.parse(process.argv[2]);

let state = seed;

// A number from 0 up to 1, the same ones for the same seed.
function random() {
  state = (state + 0x6d2b79f5) | 0;
  let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
  mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
  return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
}

const digest = (value) => createHash("sha256").update(JSON.stringify(value)).digest("hex").slice(0, 16);
const last = (seen) => (seen.length ? seen[seen.length - 1][0] : 0);
// Without what an answer changes, which a later replay tells of and the first push did not.
const lasting = ({ status, read_at, ...rest }) => rest;

// Gets JSON, as soon as there is some while it is wanted: a connection that is kept alive may be one to a server that
// was killed, and nothing else would ask again.
async function get(path, isWanted = () => true) {
  while (isWanted()) {
    try {
      const response = await fetch(path);
      if (response.ok) {
        return await response.json();
      }
    } catch {
      // The server is down, or was killed just now.
    }
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return null;
}

class FrontEnd {
  constructor({ name, transports, userType, userId, cursor, forgets, answers, once }) {
    Object.assign(this, { name, userType, userId, cursor, forgets, answers, once });
    this.entered = new Set(); // what it was told to be in; one that enters once does it until then, and never again
    this.answering = new Map(); // notification id -> [event, payload], until it is acknowledged
    this.confirmed = [];
    this.snoozed = [];
    this.seen = Object.fromEntries(questions.map((question) => [question, []]));
    this.notifications = [];
    this.acknowledged = [];
    this.wrong = [];
    this.connections = 0;
    this.pages = 0;
    this.pending = new Map();
    this.rooms = {};
    this.heardOf = {}; // how many of each question since it connected
    this.full = []; // the last messages of its rooms that it was brought back to and sent as many as are replayed
    this.sent = 0;
    this.finishing = false;
    this.fenced = null;
    this.socket = io(url, { transports, forceNew: true, reconnectionDelay: 10, reconnectionDelayMax: 100 });
    this.socket.on("connect", () => this.comeBack());
    this.socket.on("disconnect", () => (this.rooms = this.once ? this.rooms : {}));
    this.socket.on("bind_user:ack", () => this.entered.add("user"));
    this.socket.on("joined_question", (answer) => this.joined(answer));
    this.socket.on("new_message", (message) => this.heard(message));
    this.socket.on("send_message:ack", (ack) => this.told(ack));
    this.socket.on("notification:new", (notification) => this.reminded(notification));
    this.socket.on("left_question", () => this.fenced());
    this.socket.on("error", (error) => error.message === NOT_AHEAD || this.wrong.push(["error", error]));
    for (let number = 0; number < IN_FLIGHT; number++) {
      this.send();
    }
  }

  comeBack() {
    this.connections += 1;
    if (this.once) {
      this.heardOf = Object.fromEntries(questions.map((question) => [question, 0]));
      this.enterOnce();
    } else {
      this.enter();
    }
    for (const message of this.pending.values()) {
      this.socket.emit("send_message", message);
    }
    this.answering.forEach((_, id) => this.deliver(id));
  }

  // As the first front ends do it: what they miss the server has to know.
  enterOnce() {
    if (!this.entered.has("user")) {
      this.socket.emit("bind_user", { user_id: this.userId });
    }
    for (const question of questions.filter((one) => !this.entered.has(one))) {
      this.socket.emit("join_question", { question_id: question, user_id: this.userId, user_type: this.userType });
    }
  }

  enter() {
    this.rooms = {};
    const bind = { user_id: this.userId };
    if (this.cursor) {
      bind.after_id = last(this.notifications);
    }
    this.socket.emit("bind_user", bind);
    for (const question of questions) {
      // A page that was loaded anew has kept less.
      const seen = this.seen[question];
      seen.length = Math.max(0, seen.length - Math.floor(random() * this.forgets));
      const who = { user_id: this.userId, user_type: this.userType };
      this.socket.emit("join_question", { question_id: question, ...who, after_id: last(seen) });
    }
  }

  joined({ question_id: question, latest_id: latest, has_more: more }) {
    this.entered.add(question);
    this.rooms[question] = { latest, left: more ? MOST_REPLAYED : 0, kept: more ? [] : null };
  }

  heard(message) {
    const room = this.rooms[message.question_id];
    if (this.once) {
      if (++this.heardOf[message.question_id] === MOST_REPLAYED) {
        this.full.push(message.id);
      }
      // It may come again, and it may come before its `joined_question` has, which was lost with the server.
      if (!this.seen[message.question_id].some(([id]) => id === message.id)) {
        this.append(message);
      }
    } else if (room === undefined) {
      this.wrong.push(["before joined_question", message.id]);
    } else if (room.kept && room.left === 0) {
      room.kept.push(message);
    } else {
      this.append(message);
      if (room.kept && --room.left === 0) {
        this.page(message.question_id, room);
      }
    }
  }

  append(message) {
    const seen = this.seen[message.question_id];
    if (message.id <= last(seen)) {
      this.wrong.push(["a message again, or too late", message.id]);
    }
    seen.push([message.id, digest(message)]);
  }

  async page(question, room) {
    const path = `${url}/api/questions/${question}/messages?limit=200&user_type=${this.userType}&after_id=`;
    const isWanted = () => this.rooms[question] === room; // else the next connection asks again
    while (last(this.seen[question]) < room.latest) {
      const page = await get(path + last(this.seen[question]), isWanted);
      if (page === null || !isWanted()) {
        return;
      }
      this.pages += 1;
      if (page.items.length === 0) {
        this.wrong.push(["nothing up to latest_id", room.latest]);
        break;
      }
      for (const message of page.items.filter((one) => one.id <= room.latest)) {
        this.append(message);
      }
    }
    const { kept } = room;
    room.kept = null;
    kept.forEach((message) => this.append(message));
  }

  send() {
    if (this.finishing) {
      return;
    }
    const message = {
      client_msg_id: `${this.name}-${this.sent++}`,
      question_id: questions[Math.floor(random() * questions.length)],
      sender_type: this.userType,
      sender_id: this.userId,
      content_type: "TEXT",
      is_visible_to_patient: this.userType !== "STAFF" || random() < 0.7,
    };
    message.content_text = message.client_msg_id;
    this.pending.set(message.client_msg_id, message);
    if (this.socket.connected) {
      this.socket.emit("send_message", message);
    }
  }

  told({ success, message, data }) {
    if (!success) {
      this.wrong.push(["not sent", message]);
      return;
    }
    const { client_msg_id: id, ...stored } = data;
    if (!this.pending.delete(id)) {
      this.wrong.push(["acknowledged twice", id]);
      return;
    }
    this.acknowledged.push([id, stored.id, digest(stored)]);
    process.stdout.write("acknowledged\n");
    setTimeout(() => this.send(), random() * 20);
  }

  reminded(notification) {
    if (this.cursor && notification.id <= last(this.notifications)) {
      this.wrong.push(["a notification again, or too late", notification.id]);
    }
    const again = this.notifications.some(([id]) => id === notification.id);
    this.notifications.push([notification.id, digest(lasting(notification))]);
    if (this.answers && !this.finishing && !again) {
      this.answer(notification.id);
    }
  }

  // Confirms some, snoozes some, and leaves the rest.
  answer(id) {
    const choice = random();
    if (choice < 0.3) {
      this.answering.set(id, ["notification:confirm", { id }]);
    } else if (choice < 0.6) {
      this.answering.set(id, ["notification:snooze", { id, until: soon() }]);
    } else {
      return;
    }
    this.deliver(id);
  }

  deliver(id) {
    const [event, payload] = this.answering.get(id);
    this.socket.emit(event, payload, (reply) => this.answered(id, event, payload, reply));
  }

  answered(id, event, payload, reply) {
    if (reply.message === NOT_AHEAD) {
      // It was not stored before the server was killed, and now the time has passed.
      this.answering.set(id, [event, { id, until: soon() }]);
      this.deliver(id);
    } else if (!reply.success || reply.id !== id) {
      this.wrong.push(["not answered", id, reply]);
      this.answering.delete(id); // else it would never come to an end, and nobody would hear of it
    } else if (this.answering.delete(id)) {
      // Sent again before the first was answered, it is answered twice.
      if (payload.until) {
        this.snoozed.push([id, Date.parse(payload.until)]);
      } else {
        this.confirmed.push(id);
      }
    }
  }

  // Resolves when nothing of the user's is to come again.
  async settled() {
    const path = `${url}/api/users/${this.userId}/notifications?answers=true&limit=200&after_id=`;
    for (let after = 0, more = true; more;) {
      const page = await get(path + after);
      const waiting = page.items.some((item) => item.snoozed_until !== null);
      more = waiting || page.has_more;
      if (waiting) {
        await new Promise((resolve) => setTimeout(resolve, 20));
      } else if (more) {
        after = page.items.at(-1).id;
      }
    }
  }

  get idle() {
    const rooms = Object.values(this.rooms);
    return (
      this.pending.size + this.answering.size === 0 &&
      rooms.length === questions.length &&
      rooms.every((room) => room.kept === null)
    );
  }

  // Resolves when the server has answered something asked now, so that all it sent before is here.
  fence() {
    return new Promise((resolve) => {
      this.fenced = resolve;
      this.socket.emit("leave_question", { question_id: FENCE });
    });
  }

  report() {
    const { name, userType, userId, cursor, once, seen, notifications, acknowledged, wrong, connections, pages } = this;
    const { confirmed, snoozed, full } = this;
    const answered = { confirmed, snoozed };
    return {
      name,
      userType,
      userId,
      cursor,
      once,
      seen,
      notifications,
      acknowledged,
      wrong,
      connections,
      pages,
      full,
      ...answered,
    };
  }
}

// A time that comes before long, to the millisecond.
const soon = () => new Date(Date.now() + 100 + random() * 1200).toISOString();

const all = frontEnds.map((frontEnd) => new FrontEnd(frontEnd));

// The first line says that nothing more is to be sent, and ends it when all is told and heard.
await new Promise((resolve) => createInterface({ input: process.stdin }).once("line", resolve).once("close", resolve));
all.forEach((frontEnd) => (frontEnd.finishing = true));
while (!all.every((frontEnd) => frontEnd.idle)) {
  await new Promise((resolve) => setTimeout(resolve, 20));
}
await Promise.all(all.map((frontEnd) => frontEnd.settled()));
await Promise.all(all.map((frontEnd) => frontEnd.fence()));
process.stdout.write(JSON.stringify(all.map((frontEnd) => frontEnd.report())) + "\n", () => process.exit(0));
