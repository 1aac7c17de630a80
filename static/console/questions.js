// The consultation questions as the server lists them.

import { Reading } from "./reading.js";

const PAGE = 20; // questions
const LONGEST = 200; // which is the most that the server gives at once

/**
 * @import { Calls } from "./calls.js"
 * @import { Connections } from "./connections.js"
 *
 * @typedef {object} Question
 * @property {number} id
 * @property {number} elder_id
 * @property {string} title
 * @property {"OPEN" | "CLOSED"} status
 * @property {string} created_at
 * @property {number | null} latest_message_id
 * @property {number} [unread] of the acting connection's user, as are the next two
 * @property {string | null} [last_message_at]
 * @property {string | null} [waiting_since]
 *
 * @typedef {{user_id: number, user_type: string, up_to_id: number}} Participant
 */

/** Dispatches "change" whenever the list changed. */
export class Questions extends EventTarget {
  /** @type {Question[]} */
  items = [];
  more = false;
  /** "", "OPEN" or "CLOSED": which are listed. */
  status = "";
  /** Whether those alone are listed in which the acting connection's user takes part. */
  mine = false;
  /** @type {Map<number, Participant[]>} who has read up to where, by question, where it was asked for */
  seen = new Map();
  /** Of the list. */
  reading = new Reading(() => this.#changed());
  #connections;
  #calls;

  /** @param {{connections: Connections, calls: Calls}} parts */
  constructor({ connections, calls }) {
    super();
    this.#connections = connections;
    this.#calls = calls;
    connections.whenArrived(({ name, payload }) => {
      if (name === "question:updated") this.#update(payload);
      if (name === "question:read") this.#see(payload);
    });
  }

  /** Reads the list anew, as long as it is, or the next older page. */
  read(older = false) {
    const length = older ? PAGE : Math.min(Math.max(this.items.length, PAGE), LONGEST);
    const query = new URLSearchParams({ limit: String(length) });
    if (this.status) query.set("status", this.status);
    const { userId, userType } = this.#connections.selected;
    if (this.mine) query.set("participant_id", String(userId));
    if (this.mine) query.set("participant_type", userType);
    if (userType === "STAFF") query.set("user_type", userType);
    if (older) query.set("before_id", String(this.items.at(-1)?.id));
    return this.reading.run(
      () => this.#calls.ask("GET", `/api/questions?${query}`),
      ({ items, has_more: more }) => {
        this.items = older ? [...this.items, ...items] : items;
        this.more = more;
      },
    );
  }

  /** @param {boolean} mine */
  showMine(mine) {
    this.mine = mine;
    this.items = [];
    return this.read();
  }

  /**
   * Reads who has read a question up to where.
   * @param {number} id
   */
  async readSeen(id) {
    const type = this.#connections.selected.userType === "STAFF" ? "&user_type=STAFF" : "";
    const { seen } = this;
    const { items } = await this.#calls.ask("GET", `/api/questions/${id}/participants?limit=200${type}`);
    seen.set(id, items);
    this.#changed();
  }

  /** Forgets the list, which another user may not see. */
  forget() {
    this.seen = new Map(); // an answer that is still to come goes to the old one
    this.items = [];
    this.more = false;
    this.reading.forget();
  }

  /** @param {string} status */
  show(status) {
    this.status = status;
    this.items = [];
    return this.read();
  }

  /**
   * Opens one; it becomes the question at hand.
   * @param {string} title
   * @param {number} elderId
   */
  async open(title, elderId) {
    const question = await this.#calls.ask("POST", "/api/questions", { title, elder_id: elderId });
    this.items = [question, ...this.items];
    this.#connections.setQuestion(question.id);
    this.#changed();
    return question;
  }

  /**
   * @param {number} id
   * @param {"OPEN" | "CLOSED"} status
   */
  async setStatus(id, status) {
    const changed = await this.#calls.ask("PATCH", `/api/questions/${id}`, { status });
    this.#update(changed);
  }

  /** @param {Question} changed */
  #update(changed) {
    this.items = this.items.map((one) => (one.id === changed.id ? { ...one, ...changed } : one));
    this.#changed();
  }

  /** @param {Participant & {question_id: number}} read */
  #see({ question_id: id, ...read }) {
    const seen = this.seen.get(id);
    if (seen === undefined) return;
    const others = seen.filter((one) => one.user_id !== read.user_id || one.user_type !== read.user_type);
    this.seen.set(
      id,
      [...others, read].sort((one, other) => (one.user_id < other.user_id ? -1 : 1)),
    );
    this.#changed();
  }

  #changed() {
    this.dispatchEvent(new Event("change"));
  }
}
