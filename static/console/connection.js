// One Socket.IO connection with the identity it acts under: what it joined, how far it has seen, what it waits for.

import { readExact, writeExact } from "../kit/exact.js";
import { say } from "../kit/language.js";
import { Cursor } from "../socket/cursor.js";
import { Exchanges, PATIENCE } from "../socket/exchanges.js";
import { packetName, Socket } from "../socket/socketio.js";
import { clientEvents } from "./targets.js";
import { identityIn, recallToken, refusalText, rememberToken } from "./tokens.js";

/**
 * @import { Json, Protocol } from "../kit/protocol.js"
 * @import { Carrier, Direction, Reason } from "../socket/engineio.js"
 * @import { Transport } from "../kit/as_code.js"
 * @import { Calls } from "./calls.js"
 * @import { Entry, Log } from "./log.js"
 *
 * @typedef {{name: string, userType: string, userId: number, transport: Transport, colour: string}} Identity
 *
 * What is kept of a connection over a reload: the questions with the last id seen, and the user bound last.
 * @typedef {Identity & {key: number, questions?: [number, number][], inbox?: [number, number] | null}} Kept
 *
 * @typedef {{log: Log, calls: Calls, protocol: Protocol}} Parts what a connection needs
 */

/** @param {Protocol} protocol whether a client can catch up by after_id */
function hasAfterId(protocol) {
  const join = clientEvents(protocol).find((event) => event.name === "join_question");
  return join !== undefined && join.fields.some((field) => field.name === "after_id");
}

export class Connection {
  /** Called on a change of state, and on every event that arrives; connections.js sets them. */
  onchange = () => {};
  /** @type {(name: string, payload: any) => void} */
  onevent = () => {};
  onrefused = () => {};
  /** @type {(question: number) => void} called when the server knows a question no more */
  ongone = () => {};

  /** Whether it takes up its questions and its user by itself when it comes back after a break. */
  resumes = true;
  /** What it shows to a server that asks for a token; "" for none. */
  token = "";

  /** Questions joined now, as the server confirmed them. */
  /** @type {Set<number>} */
  joined = new Set();
  /**
   * The user that this connection is bound to now, or null.
   * @type {number | null}
   */
  bound = null;

  #log;
  #calls;
  #tokens; // whether the server asks for them
  #refused = ""; // by the server's own words, until it is let in
  #catchesUp; // whether the protocol has after_id
  /** @type {Exchanges<Entry>} */
  #exchanges;
  /** @type {Socket | null} */
  #socket = null;
  /** @type {Promise<boolean> | null} */
  #connecting = null;
  /** @type {(success: boolean) => void} */
  #settle = () => {};
  /** @type {Map<number, Cursor>} */
  #cursors = new Map(); // by question id, also while not connected
  /** @type {{userId: number, cursor: Cursor} | null} */
  #inbox = null; // of the last bind
  /** @type {Map<string, number>} */
  #asked = new Map(); // "join 1", "bind 2" -> the after_id that was sent

  /**
   * @param {Kept} kept
   * @param {Parts} parts
   */
  constructor(kept, { log, calls, protocol }) {
    this.key = kept.key;
    this.#log = log;
    this.#calls = calls;
    this.#tokens = protocol.tokens;
    this.#catchesUp = hasAfterId(protocol);
    this.#exchanges = new Exchanges(clientEvents(protocol));
    this.name = kept.name;
    this.userType = kept.userType;
    this.userId = kept.userId;
    this.transport = kept.transport;
    this.colour = kept.colour;
    if (this.#tokens) this.token = recallToken(this.key);
    for (const [question, id] of kept.questions ?? []) this.#cursors.set(question, new Cursor(id));
    if (kept.inbox) this.#inbox = { userId: kept.inbox[0], cursor: new Cursor(kept.inbox[1]) };
  }

  /** @param {Identity} identity */
  become({ name, userType, userId, transport, colour }) {
    Object.assign(this, { name, userType, userId, transport, colour });
  }

  /** The id of the user that it acts for: the one that it is bound to, or the one that it would bind to. */
  get actsFor() {
    return this.bound ?? this.userId;
  }

  /** @returns {Kept} */
  kept() {
    const { key, name, userType, userId, transport, colour } = this;
    /** @type {[number, number][]} */
    const questions = [...this.#cursors].map(([question, cursor]) => [question, cursor.id]);
    /** @type {[number, number] | null} */
    const inbox = this.#inbox && [this.#inbox.userId, this.#inbox.cursor.id];
    return { key, name, userType, userId, transport, colour, questions, inbox };
  }

  /** True if it needs a token before it can connect. */
  get isStranger() {
    return this.#tokens && this.token === "";
  }

  /** Why the server refused its token, or "". */
  get refusal() {
    return this.#refused && refusalText(this.#refused);
  }

  /**
   * Shows this token from now on, and takes over the identity in it.
   * @param {string} token
   */
  signIn(token) {
    this.#refused = "";
    this.#keep(token);
    Object.assign(this, identityIn(token));
  }

  signOut() {
    this.disconnect();
    this.#keep("");
  }

  /** @param {string} token */
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

  /**
   * Connects.
   * @returns {Promise<boolean>} whether the first try succeeded
   */
  connect() {
    if (this.state === "connected") return Promise.resolve(true);
    if (this.#socket === null || this.state === "idle") this.#socket = this.#newSocket();
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
   * Sends an event.
   * @param {string} name
   * @param {string} text the payload as JSON text, "" for none
   * @param {boolean} withAck
   * @returns {Promise<{name: string, payload: string}>} the answer
   * @throws {Error} with a sentence to show, where none comes in time
   */
  async emit(name, text, withAck = false) {
    if (this.#socket === null) throw new Error(`${name}: not connected`);
    this.#noteCursor(name, text);
    const { raw, ackId } = this.#socket.emit(name, text, withAck);
    const about = { event: name, transport: this.transport };
    const entry = this.#log.add({ connection: this, kind: "event", direction: "out", name, text, raw, about });
    const reply = await this.#exchanges.sent(name, text, ackId, entry);
    if (reply === null) throw new Error(say("noReply", { seconds: PATIENCE / 1000 }));
    return reply;
  }

  /** @param {number} question */
  join(question) {
    return this.emit("join_question", writeExact(this.#joining(question)));
  }

  /** @param {number} question */
  #joining(question) {
    const who = { user_id: this.userId, user_type: this.userType, role_display_name: this.name };
    return { question_id: question, ...who, updates: true };
  }

  /** Takes up every question and the user again; the log shows what of it no reply came to. */
  #resume() {
    const take = (/** @type {string} */ name, /** @type {object} */ payload) =>
      this.emit(name, writeExact(payload)).catch(() => {});
    const after = (/** @type {Cursor} */ cursor) => (this.#catchesUp ? { after_id: cursor.id } : {});
    for (const [question, cursor] of this.#cursors) {
      take("join_question", { ...this.#joining(question), ...after(cursor) });
    }
    if (this.#inbox) {
      const { userId, cursor } = this.#inbox;
      take("bind_user", { user_id: userId, ...after(cursor) });
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

  /**
   * @param {string} text
   * @param {"connected" | "idle"} [became]
   */
  #note(text, became) {
    const about = became && { became };
    this.#log.add({ connection: this, kind: "note", direction: "", name: text, text: "", raw: "", about });
  }

  /**
   * @param {Direction} direction
   * @param {string} raw
   * @param {Carrier} transport
   */
  #packet(direction, raw, transport) {
    if (/^4[23]/.test(raw)) return; // events and acknowledgements have entries of their own
    const name = `${packetName(raw)} · ${transport}`;
    // What the log shows can be copied: a token is not among it.
    const text = this.token === "" ? raw : raw.replace(this.token, "…");
    this.#log.add({ connection: this, kind: "wire", direction, name, text, raw: text });
    if (direction === "out" && raw === "5") this.#note(say("noteUpgraded"));
  }

  /** @param {boolean} again */
  #connected(again) {
    this.#refused = "";
    const carrier = this.transportNow;
    this.#note(say("noteConnected", { transport: carrier === "" ? "" : say(`transport_${carrier}`) }), "connected");
    this.#settle(true);
    if (again && this.resumes) this.#resume();
  }

  /**
   * The server refused its token, at the start or later on.
   * @param {string} message
   */
  #turnedAway(message) {
    this.#refused = message;
    this.#keep("");
    this.#note(say("noteRefused", { reason: this.refusal }));
    this.onrefused();
  }

  /**
   * @param {Reason} reason
   * @param {number} nextTry
   */
  #disconnected(reason, nextTry) {
    this.joined.clear();
    this.bound = null;
    this.#exchanges.clear();
    this.#asked.clear();
    const retry = nextTry ? ", " + say("noteRetry", { seconds: (nextTry / 1000).toFixed(1) }) : "";
    this.#note(say("noteDisconnected", { reason: say(`reason_${reason}`) }) + retry, "idle");
    this.#settle(false);
    this.onchange();
  }

  /**
   * @param {string} name
   * @param {string} text
   * @param {string} raw
   */
  #arrived(name, text, raw) {
    const payload = text === "" ? null : readExact(text);
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
      answers: answered?.entry.number,
    });
    if (answered) this.#log.answered(answered.entry, answered.latency);
    if (name === "joined_question") this.#joined(payload);
    else if (name === "left_question") this.#left(payload.question_id);
    else if (name === "bind_user:ack" && payload.success) this.#isBound(payload);
    else if (name === "new_message") this.#cursors.get(payload.question_id)?.arrived(payload.id);
    else if (name === "notification:new") this.#inbox?.cursor.arrived(payload.id);
    this.onevent(name, payload);
    if (name === "error" && payload.code === "QUESTION_NOT_FOUND" && answered) this.#gone(answered.entry);
    if (name === "error" && payload.code === "UNAUTHENTICATED") {
      this.#turnedAway(payload.message);
      this.disconnect();
    }
  }

  /**
   * The server does not know the question that this was about: neither does the page, from now on.
   * @param {Entry} sent
   */
  #gone({ name, text }) {
    const id = name === "join_question" ? readExact(text).question_id : undefined;
    if (id === undefined) return;
    if (this.#cursors.delete(id)) this.#note(say("noteGone", { id }));
    this.ongone(id);
  }

  /**
   * @param {number} id
   * @param {string} text
   * @param {string} raw
   */
  #acknowledged(id, text, raw) {
    const answered = this.#exchanges.acknowledged(id);
    const name = `${answered?.name ?? "?"} (callback ${id})`;
    const [latency, answers] = [answered?.latency, answered?.entry.number];
    this.#log.add({ connection: this, kind: "event", direction: "in", name, text, raw, latency, answers });
  }

  /**
   * Remembers a sent after_id: the answer starts a catch-up from there.
   * @param {string} name
   * @param {string} text
   */
  #noteCursor(name, text) {
    if (name !== "join_question" && name !== "bind_user") return;
    const payload = text === "" ? null : readExact(text);
    if (!Number.isInteger(payload?.after_id)) return;
    const asked = name === "join_question" ? `join ${payload.question_id}` : `bind ${payload.user_id}`;
    this.#asked.set(asked, payload.after_id);
  }

  /**
   * The cursor of a stream that was joined or bound.
   * @param {string} asked
   * @param {Cursor | undefined} current
   * @param {Json} answer
   * @param {string} path
   * @param {string} stream
   */
  #start(asked, current, answer, path, stream) {
    const after = this.#asked.get(asked);
    this.#asked.delete(asked);
    if (after === undefined || answer.latest_id === undefined) return current ?? new Cursor();
    if (answer.latest_id < after) {
      // It has less than this connection has seen: it is another database.
      this.#note(say("noteOther", { stream, latest: answer.latest_id, after }));
      return new Cursor(answer.latest_id);
    }
    const cursor = new Cursor(after);
    const readPage = (/** @type {number} */ id) =>
      this.#calls.ask("GET", `${path}after_id=${id}&limit=200`, undefined, this);
    const done = (/** @type {number} */ count, /** @type {number} */ latest) =>
      this.#note(say("noteCaughtUp", { stream, count, latest }));
    cursor.answered(answer.latest_id, answer.has_more, readPage, done);
    return cursor;
  }

  /** @param {Json} answer */
  #joined(answer) {
    const id = answer.question_id;
    const path = `/api/questions/${id}/messages?${this.userType === "STAFF" ? "user_type=STAFF&" : ""}`;
    this.joined.add(id);
    this.#cursors.set(id, this.#start(`join ${id}`, this.#cursors.get(id), answer, path, say("inQuestion", { id })));
    this.onchange();
  }

  /** @param {number} id */
  #left(id) {
    this.joined.delete(id);
    this.#cursors.delete(id);
    this.onchange();
  }

  /** @param {Json} answer */
  #isBound(answer) {
    const id = answer.user_id;
    const inbox = this.#inbox;
    const current = inbox !== null && inbox.userId === id ? inbox.cursor : undefined;
    const path = `/api/users/${id}/notifications?`;
    this.bound = id;
    this.#inbox = { userId: id, cursor: this.#start(`bind ${id}`, current, answer, path, say("user", { id })) };
    this.onchange();
  }
}

/**
 * Whether an event says that something failed.
 * @param {string} name
 * @param {Json | null} payload
 */
export function failed(name, payload) {
  return name === "error" || payload?.success === false;
}
