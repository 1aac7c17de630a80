// The notifications of each user as far as the page knows them: read over HTTP, and kept up by notification:new and
// notification:updated.

/** Tells "change" whenever a list or a count changed. */
export class Inboxes extends EventTarget {
  #connections;
  #calls;
  #byUser = new Map();

  constructor({ connections, calls }) {
    super();
    this.#connections = connections;
    this.#calls = calls;
    connections.addEventListener("arrived", ({ detail: { connection, name, payload } }) => {
      if (name === "bind_user:ack" && payload.success) this.read(payload.user_id);
      if (name === "notification:new" && connection.bound !== null) this.#take(connection.bound, payload);
      if (name === "notification:updated" && connection.bound !== null) this.#update(connection.bound, payload);
    });
  }

  /** @returns {{items: Map<number, object>, unread: number, more: boolean, read: boolean, updates: number}} */
  of(userId) {
    if (!this.#byUser.has(userId)) {
      this.#byUser.set(userId, { items: new Map(), unread: 0, more: false, read: false, updates: 0 });
    }
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
    const cursor = older && inbox.items.size > 0 ? `&before_id=${oldest}` : "";
    const path = `/api/users/${userId}/notifications?answers=true${cursor}`;
    let updates;
    let page;
    do {
      // What is told while the page is on its way may be newer than the page.
      updates = inbox.updates;
      page = await this.#calls.ask("GET", path, undefined, this.#connections.of(userId));
    } while (inbox.updates !== updates);
    const { items, has_more: more, unread } = page;
    const newest = Math.max(0, ...items.map((item) => item.id));
    const pushedMeanwhile = older
      ? []
      : [...inbox.items.values()].filter((item) => item.id > newest && item.status === "UNREAD");
    for (const item of items) inbox.items.set(item.id, item);
    inbox.unread = unread + pushedMeanwhile.length;
    if (older || first) inbox.more = more;
    this.#changed();
  }

  /** Answers over HTTP; `what` is read, confirm or snooze. */
  async answer(userId, id, what, body) {
    const by = this.#connections.of(userId);
    const answered = await this.#calls.ask("POST", `/api/notifications/${id}/${what}`, body, by);
    const inbox = this.of(userId);
    const known = inbox.items.get(id);
    if (known?.status === "UNREAD" && answered.status === "READ") inbox.unread -= 1;
    inbox.items.set(id, { ...known, ...answered });
    this.#changed();
  }

  #take(userId, notification) {
    const inbox = this.of(userId);
    const newest = Math.max(0, ...inbox.items.keys());
    const known = inbox.items.has(notification.id) || notification.id < newest;
    inbox.items.set(notification.id, { ...inbox.items.get(notification.id), ...notification });
    if (!known && notification.status === "UNREAD") inbox.unread += 1;
    this.#changed();
  }

  #update(userId, { unread, ...changed }) {
    const inbox = this.of(userId);
    const known = inbox.items.get(changed.id);
    if (known) inbox.items.set(changed.id, { ...known, ...changed });
    inbox.unread = unread;
    inbox.updates += 1;
    this.#changed();
  }

  #changed() {
    this.dispatchEvent(new Event("change"));
  }
}
