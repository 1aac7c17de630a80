// The notifications of each user as far as the page knows them: read over HTTP, and kept up by notification:new and
// notification:updated.

import { Reading } from "./reading.js";

/**
 * @import { Json } from "../kit/protocol.js"
 * @import { Reaction } from "./actions.js"
 * @import { Calls } from "./calls.js"
 * @import { Connections } from "./connections.js"
 *
 * A notification; what may be missing only where its reactions were asked for.
 * @typedef {object} Notification
 * @property {number} id
 * @property {string} title
 * @property {string} content
 * @property {"UNREAD" | "READ"} status
 * @property {string} created_at
 * @property {string | null} [confirmed_at]
 * @property {string | null} [snoozed_until]
 * @property {"DONE" | "MISSED" | "SKIPPED" | "WITHDRAWN"} [outcome] of its occurrence
 * @property {string} [outcome_by]
 *
 * @typedef {{items: Map<number, Notification>, unread: number, more: boolean, reading: Reading, updates: number}} Inbox
 */

/** Dispatches "change" whenever a list or a count changed. */
export class Inboxes extends EventTarget {
  #connections;
  #calls;
  /** @type {Map<number, Inbox>} */
  #byUser = new Map();

  /** @param {{connections: Connections, calls: Calls}} parts */
  constructor({ connections, calls }) {
    super();
    this.#connections = connections;
    this.#calls = calls;
    connections.whenArrived(({ connection, name, payload }) => {
      if (name === "bind_user:ack" && payload.success) this.read(payload.user_id).catch(() => {}); // the panel says why
      if (name === "notification:new" && connection.bound !== null) this.#take(connection.bound, payload);
      if (name === "notification:updated" && connection.bound !== null) this.#update(connection.bound, payload);
    });
  }

  /**
   * @param {number} userId
   * @returns {Inbox}
   */
  of(userId) {
    const known = this.#byUser.get(userId);
    if (known !== undefined) return known;
    const reading = new Reading(() => this.#changed());
    const inbox = { items: new Map(), unread: 0, more: false, reading, updates: 0 };
    this.#byUser.set(userId, inbox);
    return inbox;
  }

  /**
   * The user's notifications, newest first.
   * @param {number} userId
   */
  listed(userId) {
    return [...this.of(userId).items.values()].sort((one, other) => other.id - one.id);
  }

  /**
   * Reads the latest page, or the one before the oldest that is known.
   * @param {number} userId
   * @param {boolean} older
   */
  read(userId, older = false) {
    const inbox = this.of(userId);
    const before = [...inbox.items.keys()];
    const cursor = older && before.length > 0 ? `&before_id=${Math.min(...before)}` : "";
    const path = `/api/users/${userId}/notifications?answers=true&outcomes=true${cursor}`;
    const ask = async () => {
      let updates;
      let page;
      do {
        // What is told while the page is on its way may be newer than the page.
        updates = inbox.updates;
        page = await this.#calls.ask("GET", path, undefined, this.#connections.of(userId));
      } while (inbox.updates !== updates);
      return page;
    };
    return inbox.reading.run(ask, (page) => take(inbox, page, older ? null : before));
  }

  /**
   * Reads, confirms or snoozes over HTTP.
   * @param {number} userId
   * @param {number} id
   * @param {Reaction} what
   * @param {Json} body
   */
  async answer(userId, id, what, body) {
    const by = this.#connections.of(userId);
    const answered = await this.#calls.ask("POST", `/api/notifications/${id}/${what}`, body, by);
    const inbox = this.of(userId);
    const known = inbox.items.get(id);
    if (known?.status === "UNREAD" && answered.status === "READ") inbox.unread -= 1;
    const outcome = what === "confirm" ? { outcome: body.outcome ?? "DONE" } : {};
    inbox.items.set(id, { ...known, ...answered, ...outcome });
    inbox.updates += 1;
    this.#changed();
  }

  /**
   * @param {number} userId
   * @param {Notification} notification
   */
  #take(userId, notification) {
    const inbox = this.of(userId);
    const newest = Math.max(0, ...inbox.items.keys());
    const known = inbox.items.has(notification.id) || notification.id < newest;
    inbox.items.set(notification.id, { ...inbox.items.get(notification.id), ...notification });
    if (!known && notification.status === "UNREAD") inbox.unread += 1;
    this.#changed();
  }

  /**
   * @param {number} userId
   * @param {Json} update
   */
  #update(userId, { unread, ...changed }) {
    const inbox = this.of(userId);
    const known = inbox.items.get(changed.id);
    if (known) inbox.items.set(known.id, { ...known, ...changed });
    inbox.unread = unread;
    inbox.updates += 1;
    this.#changed();
  }

  #changed() {
    this.dispatchEvent(new Event("change"));
  }
}

/**
 * Takes a page of the user's notifications.
 * @param {Inbox} inbox
 * @param {{items: Notification[], has_more: boolean, unread: number}} page
 * @param {number[] | null} before the ids that were known when the latest page was asked for; null for an older page
 */
function take(inbox, { items, has_more: more, unread }, before) {
  const ids = items.map((item) => item.id);
  if (before === null || before.length === 0) {
    inbox.more = more;
  } else {
    // What the server does not know any more is forgotten.
    const oldest = more ? Math.min(...ids) : 0;
    for (const id of before) if (id >= oldest && !ids.includes(id)) inbox.items.delete(id);
    if (!more) inbox.more = false;
  }
  const newest = Math.max(0, ...ids);
  const pushed = [...inbox.items.values()].filter((item) => item.id > newest && item.status === "UNREAD");
  for (const item of items) inbox.items.set(item.id, item);
  inbox.unread = unread + (before === null ? 0 : pushed.length);
}
