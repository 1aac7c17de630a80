// One Socket.IO connection with the identity it acts under: what it joined, how far it has seen, what it waits for.

import { Cursor } from "../socket/cursor.js";
import { Exchanges } from "../socket/exchanges.js";
import { say } from "../kit/language.js";
import { packetName, Socket } from "../socket/socketio.js";
import { identityIn, recallToken, refusalText, rememberToken } from "./tokens.js";

export class Connection {
  /** Called on a change of state, and on every event that arrives; connections.js sets them. */
  onchange = () => {};
  onevent = (name, payload) => {};
  onrefused = () => {};

  /** What it shows to a server that asks for a token; "" for none. */
  token = "";

  /** Questions joined now, as the server confirmed them. */
  joined = new Set();
  /** The user that this connection is bound to now, or null. */
  bound = null;

  #log;
  #calls;
  #tokens; // whether the server asks for them
  #refused = ""; // by the server's own words, until it is let in
  #catchesUp; // whether the protocol has after_id
  #exchanges;
  #socket = null;
  #connecting = null;
  #settle = () => {};
  #cursors = new Map(); // question id -> Cursor, also while not connected
  #inbox = null; // {userId, cursor} of the last bind
  #asked = new Map(); // "join 1", "bind 2" -> the after_id that was sent

  constructor(kept, { log, calls, protocol }) {
    this.key = kept.key;
    this.#log = log;
    this.#calls = calls;
    this.#tokens = protocol.tokens;
    this.#catchesUp = protocol.catchesUp;
    this.#exchanges = new Exchanges(protocol);
    this.become(kept);
    if (this.#tokens) this.token = recallToken(this.key);
    for (const [question, id] of kept.questions ?? []) this.#cursors.set(question, new Cursor(id));
    if (kept.inbox) this.#inbox = { userId: kept.inbox[0], cursor: new Cursor(kept.inbox[1]) };
  }

  /** Takes over name, userType, userId, transport and colour. */
  become({ name, userType, userId, transport, colour }) {
    Object.assign(this, { name, userType, userId, transport, colour });
  }

  /** What is kept over a reload. */
  kept() {
    const { key, name, userType, userId, transport, colour } = this;
    const questions = [...this.#cursors].map(([question, cursor]) => [question, cursor.id]);
    const inbox = this.#inbox && [this.#inbox.userId, this.#inbox.cursor.id];
    return { key, name, userType, userId, transport, colour, questions, inbox };
  }

  /** Whether it can't connect before it was given a token. */
  get isStranger() {
    return this.#tokens && this.token === "";
  }

  /** Why its token was not taken, or "". */
  get refusal() {
    return this.#refused && refusalText(this.#refused);
  }

  /** From now on it shows this token, and is whom that says it is. */
  signIn(token) {
    this.#refused = "";
    this.#keep(token);
    Object.assign(this, identityIn(token));
  }

  signOut() {
    this.disconnect();
    this.#keep("");
  }

  #keep(token) {
    this.token = token;
    rememberToken(this.key, token);
  }

  get state() {
    return this.#socket?.state ?? "idle";
  }

  /** The transport that carries packets now; "" when not connected. */
  get transportNow() {
    return this.#socket?.transport ?? "";
  }

  /** Whether there is anything to come back to with after_id. */
  get canCatchUp() {
    const hasLeft = this.state === "idle" && !this.isStranger;
    return this.#catchesUp && hasLeft && (this.#cursors.size > 0 || this.#inbox !== null);
  }

  /** Connects. @returns {Promise<boolean>} whether the first try succeeded */
  connect() {
    if (this.state === "connected") return Promise.resolve(true);
    if (this.state === "idle") this.#socket = this.#newSocket();
    this.#connecting ??= new Promise((resolve) => {
      this.#settle = (success) => {
        this.#connecting = null;
        resolve(success);
      };
    });
    const connecting = this.#connecting;
    this.#socket.connect();
    return connecting;
  }

  /** Connects and takes up every question and the user again, from where this connection was. */
  async catchUp() {
    if (await this.connect()) this.#resume();
  }

  disconnect() {
    this.#socket?.disconnect();
  }

  /** Breaks off without a word; the reconnection follows by itself. */
  cut() {
    this.#socket?.drop();
  }

  /**
   * Sends an event. `text` is the JSON text of the payload, "" for none.
   * @returns {Promise<{name: string, payload: string}>} the answer; it never settles when the connection ends before
   */
  emit(name, text, withAck = false) {
    this.#noteCursor(name, text);
    const { raw, ackId } = this.#socket.emit(name, text, withAck);
    const about = { event: name, transport: this.transport };
    const entry = this.#log.add({ connection: this, kind: "event", direction: "out", name, text, raw, about });
    return this.#exchanges.sent(name, ackId, entry);
  }

  join(question) {
    return this.emit("join_question", JSON.stringify(this.#joining(question)));
  }

  #joining(question) {
    return { question_id: question, user_id: this.userId, user_type: this.userType, role_display_name: this.name };
  }

  #resume() {
    const after = (cursor) => (this.#catchesUp ? { after_id: cursor.id } : {});
    for (const [question, cursor] of this.#cursors) {
      this.emit("join_question", JSON.stringify({ ...this.#joining(question), ...after(cursor) }));
    }
    if (this.#inbox) {
      const { userId, cursor } = this.#inbox;
      this.emit("bind_user", JSON.stringify({ user_id: userId, ...after(cursor) }));
    }
  }

  #newSocket() {
    const socket = new Socket(this.transport, () => (this.token === "" ? undefined : { token: this.token }));
    socket.onstate = () => this.onchange();
    socket.onpacket = (direction, raw, transport) => this.#packet(direction, raw, transport);
    socket.onconnect = (again) => this.#connected(again);
    socket.onevent = (name, payload, raw) => this.#arrived(name, payload, raw);
    socket.onack = (id, payload, raw) => this.#acknowledged(id, payload, raw);
    socket.onrefused = (message) => this.#turnedAway(message);
    socket.ondisconnect = (reason, nextTry) => this.#disconnected(reason, nextTry);
    return socket;
  }

  #note(text) {
    this.#log.add({ connection: this, kind: "note", direction: "", name: text, text: "", raw: "" });
  }

  #packet(direction, raw, transport) {
    if (/^4[23]/.test(raw)) return; // events and acknowledgements have entries of their own
    const name = `${packetName(raw)} · ${transport}`;
    // What the log shows can be copied: a token is not among it.
    const text = this.token === "" ? raw : raw.replace(this.token, "…");
    this.#log.add({ connection: this, kind: "wire", direction, name, text, raw: text });
    if (direction === "out" && raw === "5") this.#note(say("noteUpgraded"));
  }

  #connected(again) {
    this.#refused = "";
    this.#note(say("noteConnected", { transport: say(`transport_${this.transportNow}`) }));
    this.#settle(true);
    if (again) this.#resume();
  }

  /** The server does not let it in, or not any longer. */
  #turnedAway(message) {
    this.#refused = message;
    this.#keep("");
    this.#note(say("noteRefused", { reason: this.refusal }));
    this.onrefused();
  }

  #disconnected(reason, nextTry) {
    this.joined.clear();
    this.bound = null;
    this.#exchanges.clear();
    this.#asked.clear();
    const retry = nextTry ? ", " + say("noteRetry", { seconds: (nextTry / 1000).toFixed(1) }) : "";
    this.#note(say("noteDisconnected", { reason: say(`reason_${reason}`) }) + retry);
    this.#settle(false);
    this.onchange();
  }

  #arrived(name, text, raw) {
    const payload = text === "" ? null : JSON.parse(text);
    const answered = this.#exchanges.arrived(name, text);
    const latency = answered?.latency;
    this.#log.add({
      connection: this,
      kind: "event",
      direction: "in",
      name,
      text,
      raw,
      latency,
      failed: failed(name, payload),
    });
    if (answered) this.#log.answered(answered.entry, latency);
    if (name === "joined_question") this.#joined(payload);
    else if (name === "left_question") this.#left(payload.question_id);
    else if (name === "bind_user:ack" && payload.success) this.#isBound(payload);
    else if (name === "new_message") this.#cursors.get(payload.question_id)?.arrived(payload.id);
    else if (name === "notification:new") this.#inbox?.cursor.arrived(payload.id);
    this.onevent(name, payload);
    if (name === "error" && payload.code === "UNAUTHENTICATED") {
      this.#turnedAway(payload.message);
      this.disconnect();
    }
  }

  #acknowledged(id, text, raw) {
    const answered = this.#exchanges.acknowledged(id);
    const name = `${answered?.name ?? "?"} (callback ${id})`;
    this.#log.add({ connection: this, kind: "event", direction: "in", name, text, raw, latency: answered?.latency });
  }

  /** Remembers a sent after_id: the answer starts a catch-up from there. */
  #noteCursor(name, text) {
    if (name !== "join_question" && name !== "bind_user") return;
    const payload = text === "" ? null : JSON.parse(text);
    if (!Number.isInteger(payload?.after_id)) return;
    const asked = name === "join_question" ? `join ${payload.question_id}` : `bind ${payload.user_id}`;
    this.#asked.set(asked, payload.after_id);
  }

  #start(asked, current, answer, path, stream) {
    const after = this.#asked.get(asked);
    this.#asked.delete(asked);
    if (after === undefined || answer.latest_id === undefined) return current ?? new Cursor();
    const cursor = new Cursor(after);
    const readPage = (id) => this.#calls.ask("GET", `${path}after_id=${id}&limit=200`, undefined, this);
    const done = (count, latest) => this.#note(say("noteCaughtUp", { stream, count, latest }));
    cursor.answered(answer.latest_id, answer.has_more, readPage, done);
    return cursor;
  }

  #joined(answer) {
    const id = answer.question_id;
    const path = `/api/questions/${id}/messages?${this.userType === "STAFF" ? "user_type=STAFF&" : ""}`;
    this.joined.add(id);
    this.#cursors.set(id, this.#start(`join ${id}`, this.#cursors.get(id), answer, path, say("inQuestion", { id })));
    this.onchange();
  }

  #left(id) {
    this.joined.delete(id);
    this.#cursors.delete(id);
    this.onchange();
  }

  #isBound(answer) {
    const id = answer.user_id;
    const current = this.#inbox?.userId === id ? this.#inbox.cursor : null;
    const path = `/api/users/${id}/notifications?`;
    this.bound = id;
    this.#inbox = { userId: id, cursor: this.#start(`bind ${id}`, current, answer, path, say("user", { id })) };
    this.onchange();
  }
}

function failed(name, payload) {
  return name === "error" || payload?.success === false;
}
