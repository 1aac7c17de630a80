// Which answer belongs to which sent event, and how long it took.

/**
 * @typedef {{name: string, payload: string}} Reply
 * @typedef {{name: string, at: number, resolve: (reply: Reply) => void}} Waiting
 *
 * Reply events carry no id, but a connection's events are answered in their order: an answer belongs to the oldest
 * event of that name that waits. An acknowledgement callback carries an id and is exact.
 */
/** @template Entry what the caller knows a sent event by */
export class Exchanges {
  /** @type {Map<string, string[]>} */
  #answers; // event name -> the names of its replies
  /** @type {(Waiting & {entry: Entry})[]} */
  #waiting = [];
  /** @type {Map<number, {name: string, at: number, entry: Entry}>} */
  #acknowledgements = new Map();

  /** @param {{name: string, answers: string[]}[]} events what a client can send, and what replies */
  constructor(events) {
    this.#answers = new Map(events.map((event) => [event.name, event.answers]));
  }

  /**
   * @param {string} name
   * @param {number | null} ackId
   * @param {Entry} entry
   * @returns {Promise<Reply>} the reply event; it never settles when the connection ends before
   */
  sent(name, ackId, entry) {
    const at = performance.now();
    if (ackId !== null) this.#acknowledgements.set(ackId, { name, at, entry });
    return new Promise((resolve) => this.#waiting.push({ name, at, entry, resolve }));
  }

  /**
   * An event arrived.
   * @param {string} name
   * @param {string} payload
   * @returns {{entry: Entry, latency: number} | null} what it answers
   */
  arrived(name, payload) {
    const answers = (/** @type {Waiting} */ one) => this.#answers.get(one.name)?.includes(name);
    let index = this.#waiting.findIndex(answers);
    // A failed send is told in its ack, so an error belongs to something else if anything else waits.
    if (index < 0 && name === "error") index = this.#waiting.findIndex((one) => one.name !== "send_message");
    if (index < 0 && name === "error" && this.#waiting.length > 0) index = 0;
    if (index < 0) return null;
    const [{ at, entry, resolve }] = this.#waiting.splice(index, 1);
    resolve({ name, payload });
    return { entry, latency: performance.now() - at };
  }

  /**
   * @param {number} id
   * @returns {{name: string, entry: Entry, latency: number} | null} the event that asked for this acknowledgement
   */
  acknowledged(id) {
    const asked = this.#acknowledgements.get(id);
    if (asked === undefined) return null;
    this.#acknowledgements.delete(id);
    return { name: asked.name, entry: asked.entry, latency: performance.now() - asked.at };
  }

  clear() {
    this.#waiting = [];
    this.#acknowledgements.clear();
  }
}
