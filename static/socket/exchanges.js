// Which answer belongs to which sent event, and how long it took.

import { members } from "../kit/json_text.js";

export const PATIENCE = 10_000; // ms; the server answers within five seconds, or never
const TOGETHER = 1000; // ms; a message's acknowledgement and its new_message come at most so far apart

/**
 * `message` is set for a message. `heard` is its id, and when its own words came back as new_message.
 * @typedef {{name: string, payload: string}} Reply
 * @typedef {{id: string | undefined, clientId: string | undefined, words: string}} Message
 * @typedef {object} Waiting
 * @property {string} name
 * @property {Message | undefined} message
 * @property {{id: string | undefined, at: number}} [heard]
 * @property {number} at
 * @property {(reply: Reply | null) => void} resolve
 *
 * A stored message is acknowledged with all that it says. Other reply events do not tell what they answer, but a
 * connection's events are answered in their order: an answer belongs to the oldest event of that name that waits. Who has
 * waited too long waits no more, or a lost answer would shift all that come after it; so does a message that was heard
 * and not acknowledged. An acknowledgement callback carries an id and is exact.
 */
/** @template Entry what the caller knows a sent event by */
export class Exchanges {
  /** @type {Map<string, string[]>} */
  #answers; // event name -> the names of its replies
  /** @type {(Waiting & {entry: Entry})[]} */
  #waiting = [];
  /** @type {Set<string | undefined>} */
  #stored = new Set(); // ids of messages that were acknowledged and not yet heard
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
      /** @type {Waiting & {entry: Entry}} */
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
    if (name === "new_message") this.#hear(payload);
    const stored = name === "send_message:ack" ? storedIn(payload) : undefined;
    const now = performance.now();
    const answers = (/** @type {Waiting} */ one) =>
      this.#answers.get(one.name)?.includes(name) && (stored === undefined || isSame(stored, one.message));
    const isLost = (/** @type {Waiting} */ { heard }) =>
      heard !== undefined && (heard.id !== stored?.id || now - heard.at > TOGETHER);
    let index = this.#waiting.findIndex((one) => answers(one) && !isLost(one));
    if (index < 0) index = this.#waiting.findIndex(answers);
    // A failed send is told in its ack, so an error belongs to something else if anything else waits.
    if (index < 0 && name === "error") index = this.#waiting.findIndex((one) => one.name !== "send_message");
    if (index < 0 && name === "error" && this.#waiting.length > 0) index = 0;
    if (index < 0) return null;
    const [{ at, entry, heard, resolve }] = this.#waiting.splice(index, 1);
    if (stored !== undefined && heard === undefined) this.#stored.add(stored.id);
    resolve({ name, payload });
    return { entry, latency: now - at };
  }

  /** @param {string} payload of new_message */
  #hear(payload) {
    if (this.#waiting.length + this.#stored.size === 0) return; // nothing of its own is under way
    const said = knownBy(payload);
    if (said === undefined || this.#stored.delete(said.id)) return;
    const one = this.#waiting.find(({ message, heard }) => heard === undefined && message?.words === said.words);
    if (one !== undefined) one.heard = { id: said.id, at: performance.now() };
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
    this.#stored.clear();
    this.#acknowledgements.clear();
  }
}

/**
 * What a message is known by: its id, its client_msg_id, and whose words they are and in which question.
 * @param {string} text JSON
 * @returns {Message | undefined}
 */
function knownBy(text) {
  if (!text.startsWith("{")) return undefined;
  const told = members(text);
  const part = (/** @type {string} */ name) => exact(told.get(name) ?? "null");
  const clientId = part("client_msg_id");
  return {
    id: told.get("id"),
    clientId: clientId === "null" ? undefined : clientId,
    words: ["question_id", "sender_type", "sender_id", "content_text"].map(part).join(" "),
  };
}

/**
 * @param {Message} stored
 * @param {Message | undefined} sent
 */
const isSame = (stored, sent) =>
  stored.clientId === sent?.clientId && (stored.clientId !== undefined || stored.words === sent?.words);

/**
 * A member as it is written by the one way of writing it.
 * @param {string} text
 */
const exact = (text) => (text.startsWith('"') ? JSON.stringify(JSON.parse(text)) : text);

/**
 * What the message of an acknowledgement is known by; undefined where none was stored.
 * @param {string} acknowledgement
 */
function storedIn(acknowledgement) {
  const told = members(acknowledgement);
  return told.get("success") === "true" ? knownBy(told.get("data") ?? "") : undefined;
}
