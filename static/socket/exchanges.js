// Which answer belongs to which sent event, and how long it took.

import { members } from "../kit/json_text.js";

export const PATIENCE = 10_000; // ms; the server answers within five seconds, or never

/**
 * `message` is what a message is known by.
 * @typedef {{name: string, payload: string}} Reply
 * @typedef {{name: string, message: string | undefined, at: number, resolve: (reply: Reply | null) => void}} Waiting
 *
 * A stored message is acknowledged with all that it says. Other reply events do not tell what they answer, but a
 * connection's events are answered in their order: an answer belongs to the oldest event of that name that waits. Who has
 * waited too long waits no more, or a lost answer would shift all that come after it. An acknowledgement callback carries
 * an id and is exact.
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
   * @param {string} payload
   * @param {number | null} ackId
   * @param {Entry} entry
   * @returns {Promise<Reply | null>} the reply event; null where none came in time
   */
  sent(name, payload, ackId, entry) {
    const at = performance.now();
    if (ackId !== null) this.#acknowledgements.set(ackId, { name, at, entry });
    const message = name === "send_message" ? knownBy(payload) : undefined;
    return new Promise((resolve) => {
      const one = { name, message, at, entry, resolve };
      this.#waiting.push(one);
      setTimeout(() => {
        this.#waiting = this.#waiting.filter((other) => other !== one);
        resolve(null);
      }, PATIENCE);
    });
  }

  /**
   * An event arrived.
   * @param {string} name
   * @param {string} payload
   * @returns {{entry: Entry, latency: number} | null} what it answers
   */
  arrived(name, payload) {
    const stored = name === "send_message:ack" ? storedIn(payload) : undefined;
    const message = stored === undefined ? undefined : knownBy(stored);
    const answers = (/** @type {Waiting} */ one) =>
      this.#answers.get(one.name)?.includes(name) && (message === undefined || one.message === message);
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

/**
 * What a message is known by: its client_msg_id, or else whose words they are and in which question.
 * @param {string} message as JSON text
 * @returns {string | undefined}
 */
function knownBy(message) {
  if (!message.startsWith("{")) return undefined;
  const told = members(message);
  const id = told.get("client_msg_id") ?? "null";
  const parts = id === "null" ? ["question_id", "sender_type", "sender_id", "content_text"] : ["client_msg_id"];
  return parts.map((part) => exact(told.get(part) ?? "null")).join(" ");
}

/**
 * A member as it is written by the one way of writing it.
 * @param {string} text
 */
const exact = (text) => (text.startsWith('"') ? JSON.stringify(JSON.parse(text)) : text);

/**
 * The message of an acknowledgement as JSON text; undefined where none was stored.
 * @param {string} acknowledgement
 */
function storedIn(acknowledgement) {
  const told = members(acknowledgement);
  return told.get("success") === "true" ? told.get("data") : undefined;
}
