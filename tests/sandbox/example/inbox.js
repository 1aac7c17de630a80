// The front end under test: one person's reminders on one device. None is missing and none is shown twice, however often
// the connection breaks.

import { io } from "socket.io-client";

export class Inbox {
  /** Every notification that was shown, in order. */
  shown = [];
  /** What went wrong, as the server put it. */
  faults = [];
  #socket;

  constructor(url, userId, transport) {
    this.#socket = io(url, {
      transports: [transport],
      forceNew: true,
      reconnectionDelay: 50,
      reconnectionDelayMax: 200,
    });
    this.#socket.on("connect", () => this.#socket.emit("bind_user", { user_id: userId, after_id: this.#lastId() }));
    this.#socket.on(
      "bind_user:ack",
      ({ has_more: hasMore }) => hasMore && this.faults.push("more than 500 were missed"),
    );
    this.#socket.on("notification:new", (notification) => this.#show(notification));
    this.#socket.on("error", ({ code, message }) => this.faults.push(`${code}: ${message}`));
  }

  /** The person has taken the medicine. */
  async confirm(notification) {
    return this.#socket.timeout(10_000).emitWithAck("notification:confirm", { id: notification.id });
  }

  close() {
    this.#socket.disconnect();
  }

  #show(notification) {
    if (notification.id > this.#lastId()) this.shown.push(notification);
  }

  #lastId() {
    return this.shown.at(-1)?.id ?? 0;
  }
}
