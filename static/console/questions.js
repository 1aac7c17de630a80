// The consultation questions as the server lists them.

/**
 * @import { Calls } from "./calls.js"
 * @import { Connections } from "./connections.js"
 *
 * @typedef {{id: number, elder_id: number, title: string, status: "OPEN" | "CLOSED", created_at: string}} Question
 */

/** Dispatches "change" whenever the list changed. */
export class Questions extends EventTarget {
  /** @type {Question[]} */
  items = [];
  more = false;
  /** "", "OPEN" or "CLOSED": which are listed. */
  status = "";
  #connections;
  #calls;

  /** @param {{connections: Connections, calls: Calls}} parts */
  constructor({ connections, calls }) {
    super();
    this.#connections = connections;
    this.#calls = calls;
  }

  /** Reads the newest page, or the next older one. */
  async read(older = false) {
    const query = new URLSearchParams({ limit: "20" });
    if (this.status) query.set("status", this.status);
    if (older) query.set("before_id", String(this.items.at(-1)?.id));
    const { items, has_more: more } = await this.#calls.ask("GET", `/api/questions?${query}`);
    this.items = older ? [...this.items, ...items] : items;
    this.more = more;
    this.#changed();
  }

  /** Forgets the list, which another user may not see. */
  forget() {
    this.items = [];
    this.more = false;
    this.#changed();
  }

  /** @param {string} status */
  show(status) {
    this.status = status;
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
    this.items = this.items.map((one) => (one.id === id ? changed : one));
    this.#changed();
  }

  #changed() {
    this.dispatchEvent(new Event("change"));
  }
}
