// The notifications of each user as far as the page knows them: read over HTTP, and kept up by notification:new.

/** Tells "change" whenever a list or a count changed. */
export class Inboxes extends EventTarget {
  #calls;
  #byUser = new Map();

  constructor({ connections, calls }) {
    super();
    this.#calls = calls;
    connections.addEventListener("arrived", ({ detail: { connection, name, payload } }) => {
      if (name === "bind_user:ack" && payload.success) this.read(payload.user_id);
      if (name === "notification:new" && connection.bound !== null) this.#take(connection.bound, payload);
    });
  }

  /** @returns {{items: Map<number, object>, unread: number, more: boolean, read: boolean}} */
  of(userId) {
    if (!this.#byUser.has(userId)) this.#byUser.set(userId, { items: new Map(), unread: 0, more: false, read: false });
    return this.#byUser.get(userId);
  }

  /** The user's notifications, newest first. */
  listed(userId) {
    return [...this.of(userId).items.values()].sort((one, other) => other.id - one.id);
  }

  /** Reads the latest page, or the one before the oldest that is known. */
  async read(userId, older = false) {
    const inbox = this.of(userId);
    const first = !inbox.read;
    inbox.read = true;
    const oldest = Math.min(...inbox.items.keys());
    const cursor = older && inbox.items.size > 0 ? `?before_id=${oldest}` : "";
    const {
      items,
      has_more: more,
      unread,
    } = await this.#calls.ask("GET", `/api/users/${userId}/notifications${cursor}`);
    const newest = Math.max(0, ...items.map((item) => item.id));
    const pushedMeanwhile = older
      ? []
      : [...inbox.items.values()].filter((item) => item.id > newest && item.status === "UNREAD");
    for (const item of items) inbox.items.set(item.id, item);
    inbox.unread = unread + pushedMeanwhile.length;
    if (older || first) inbox.more = more;
    this.#changed();
  }

  async markRead(userId, id) {
    const inbox = this.of(userId);
    const wasUnread = inbox.items.get(id)?.status === "UNREAD";
    inbox.items.set(id, await this.#calls.ask("POST", `/api/notifications/${id}/read`));
    if (wasUnread) inbox.unread -= 1;
    this.#changed();
  }

  #take(userId, notification) {
    const inbox = this.of(userId);
    const newest = Math.max(0, ...inbox.items.keys());
    const known = inbox.items.has(notification.id) || notification.id < newest;
    inbox.items.set(notification.id, notification);
    if (!known && notification.status === "UNREAD") inbox.unread += 1;
    this.#changed();
  }

  #changed() {
    this.dispatchEvent(new Event("change"));
  }
}
