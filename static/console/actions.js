// What the page does with one click, each made of the same events and calls that anyone can send.

import { writeExact } from "../kit/exact.js";
import { say } from "../kit/language.js";
import { serverTime } from "./server_time.js";
import { enter } from "./sign_in.js";

const SOON = 5000; // ms

/**
 * @import { Json } from "../kit/protocol.js"
 * @import { ConsoleParts } from "./main.js"
 *
 * @typedef {"read" | "confirm" | "snooze"} Reaction what a user does to a notification
 */

export class Actions {
  #connections;
  #calls;
  #composer;
  #questions;
  #inboxes;

  /** @param {Pick<ConsoleParts, "connections" | "calls" | "composer" | "questions" | "inboxes">} parts */
  constructor({ connections, calls, composer, questions, inboxes }) {
    this.#connections = connections;
    this.#calls = calls;
    this.#composer = composer;
    this.#questions = questions;
    this.#inboxes = inboxes;
  }

  /**
   * Connects the acting connection.
   * @throws {Error} when it can't be
   */
  connect() {
    return enter(this.#connections, this.#connections.selected);
  }

  /**
   * Opens a question and makes it the one at hand.
   * @param {string} title
   * @param {number} elderId
   */
  openQuestion(title, elderId) {
    return this.#questions.open(title, elderId);
  }

  /**
   * Joins a question, which becomes the one at hand.
   * @param {number} question
   * @throws {Error} where the server refuses
   */
  async join(question) {
    this.#connections.setQuestion(question);
    this.#composer.chooseOwn("join_question");
    const connection = await this.connect();
    const { name, payload } = await connection.join(question);
    if (name === "error") throw new Error(JSON.parse(payload).message);
  }

  /** @param {number} question */
  async leave(question) {
    const connection = await this.connect();
    return connection.emit("leave_question", writeExact({ question_id: question }));
  }

  /**
   * Reads a question up to its latest message, as the acting connection's user, who joins it for that.
   * @param {number} question
   * @param {number} upTo
   */
  async readQuestion(question, upTo) {
    const connection = await this.connect();
    if (!connection.joined.has(question)) await this.join(question);
    const { name, payload } = await connection.emit(
      "read_question",
      writeExact({ question_id: question, up_to_id: upTo }),
    );
    if (name === "error") throw new Error(JSON.parse(payload).message);
    return this.#questions.read();
  }

  /** Binds the acting connection to its user, from the latest notification on that the page knows. */
  async bind() {
    const connection = await this.connect();
    const { userId } = connection;
    const latest = this.#inboxes.listed(userId)[0]?.id ?? 0;
    return connection.emit("bind_user", writeExact({ user_id: userId, after_id: latest }));
  }

  /**
   * Reads, confirms or snoozes a notification of the user, over the acting connection where that is bound to the user.
   * @param {number} userId
   * @param {number} id
   * @param {Reaction} what
   * @param {Json} more
   */
  async answer(userId, id, what, more = {}) {
    const connection = this.#connections.selected;
    if (connection.bound !== userId) return this.#inboxes.answer(userId, id, what, more);
    const { name, payload } = await connection.emit(`notification:${what}`, writeExact({ id, ...more }));
    if (name === "error") throw new Error(JSON.parse(payload).message);
    return payload;
  }

  /**
   * A reminder for the acting connection's user, due in five seconds; binds first, so that it arrives at once.
   * @param {Json} more
   */
  async remindSoon(more = {}) {
    const connection = this.#connections.selected;
    if (connection.bound === null) await this.bind();
    return this.#calls.ask("POST", "/api/reminders", {
      user_id: connection.actsFor,
      biz_type: "INTERVENTION_TASK",
      biz_id: 12345,
      channel: "IN_APP",
      title: say("reminderTitle"),
      content: say("reminderContent"),
      remind_at: new Date(serverTime.now() + SOON).toISOString(),
      ...more,
    });
  }
}
