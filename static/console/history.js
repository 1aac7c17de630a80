// The messages of one question, read over HTTP a page at a time.

import { button, chip, refreshButton } from "../kit/controls.js";
import { element, foreign, languageOf, redraw } from "../kit/dom.js";
import { inEveryLanguage, say, sayIfKnown } from "../kit/language.js";
import { FileSender, shown } from "./files.js";
import { Reading } from "./reading.js";

/**
 * @import { Json } from "../kit/protocol.js"
 * @import { Calls } from "./calls.js"
 * @import { Connection } from "./connection.js"
 * @import { Connections } from "./connections.js"
 * @import { Attachment } from "./files.js"
 * @import { Question } from "./questions.js"
 *
 * @typedef {object} Message
 * @property {number} id
 * @property {number} sender_id
 * @property {string} sender_type
 * @property {string | null} role_display_name
 * @property {string} content_type
 * @property {string | null} content_text
 * @property {Attachment[]} attachments
 * @property {boolean} is_visible_to_patient
 * @property {string} sent_at
 */

export class History {
  node = element("div", { class: "stack history" });
  #connections;
  #calls;
  #attempt;
  #close;
  #files;
  /** @type {Question | null} */
  #question = null;
  /** @type {Message[]} */
  #items = [];
  #more = false;
  #reading = new Reading(() => this.#draw());
  /** @type {{before_id?: number, after_id?: number}} */
  #asked = {}; // the cursor of the last reading
  #unread = 0; // arrived over a socket since the last reading

  /** @param {{connections: Connections, calls: Calls, attempt: (work: unknown) => void, close: (id: number) => void}} parts */
  constructor({ connections, calls, attempt, close }) {
    this.#connections = connections;
    this.#calls = calls;
    this.#attempt = attempt;
    this.#close = close;
    const sent = (/** @type {number} */ id) => (id === this.#question?.id ? this.#readNew() : undefined);
    this.#files = new FileSender({ connections, calls, redraw: () => this.#draw(), sent });
    connections.whenArrived(({ connection, name, payload }) => this.#arrived(connection, name, payload));
    inEveryLanguage(() => this.#draw());
  }

  /** @param {Question} question */
  open(question) {
    this.#question = question;
    this.#items = [];
    this.#more = false;
    this.#unread = 0;
    this.#attempt(this.#read({}));
    const back = this.node.querySelector("[data-focus=back]");
    if (back instanceof HTMLElement) back.focus();
  }

  /** @param {{before_id?: number, after_id?: number}} cursor */
  #read(cursor) {
    this.#asked = cursor;
    const query = new URLSearchParams({ limit: "30" });
    for (const [name, id] of Object.entries(cursor)) query.set(name, String(id));
    if (this.#connections.selected.userType === "STAFF") query.set("user_type", "STAFF");
    const path = `/api/questions/${this.#question?.id}/messages?${query}`;
    return this.#reading.run(
      () => this.#calls.ask("GET", path),
      ({ items, has_more: more }) => {
        if ("after_id" in cursor) {
          this.#items.push(...items);
        } else {
          this.#items = "before_id" in cursor ? [...items, ...this.#items] : items;
          this.#more = more;
        }
        if (!("before_id" in cursor)) this.#unread = 0;
      },
    );
  }

  #readNew() {
    this.#attempt(this.#read({ after_id: this.#items.at(-1)?.id ?? 0 }));
  }

  /**
   * @param {Connection} connection
   * @param {string} name
   * @param {Json} message
   */
  #arrived(connection, name, message) {
    const here =
      name === "new_message" && message.question_id === this.#question?.id && connection === this.#connections.selected;
    if (!here || message.id <= (this.#items.at(-1)?.id ?? 0)) return;
    this.#unread += 1;
    this.#draw();
  }

  #draw() {
    if (this.#question === null) return;
    const { id, title } = this.#question;
    const oldest = this.#items[0]?.id;
    redraw(
      this.node,
      element(
        "div",
        { class: "panel-head" },
        button("", () => this.#leave(id), {
          kind: "quiet square",
          drawing: "back",
          label: say("backToQuestions"),
          "data-focus": "back",
        }),
        element("h3", { class: "grow" }, element("span", { class: "item-number" }, `#${id}`), " ", foreign(title)),
        refreshButton(() => this.#attempt(this.#read({})), this.#reading.isBusy),
      ),
      this.#more
        ? button(say("older"), () => this.#attempt(this.#read({ before_id: oldest })), {
            kind: "wide",
            "data-focus": "older",
          })
        : null,
      this.#reading.failure(() => this.#attempt(this.#read(this.#asked))),
      this.#items.length === 0 && this.#unread === 0 ? this.#reading.emptiness(noMessages) : null,
      element(
        "ol",
        { class: "messages" },
        ...this.#items.map((message) => bubble(message, this.#connections.selected)),
      ),
      this.#unread > 0
        ? button(say("readNew", { count: this.#unread }), () => this.#readNew(), {
            kind: "wide accent",
            "data-focus": "new",
          })
        : null,
      this.#question.status === "OPEN" ? this.#files.controls(id) : null,
    );
  }

  /** Forgets what it shows, which another user may not see. */
  forget() {
    this.#question = null;
    this.#items = [];
    this.#reading.forget();
    this.node.replaceChildren();
  }

  /** @param {number} id */
  #leave(id) {
    this.#question = null;
    this.#reading.forget();
    this.#close(id);
  }
}

const noMessages = () => element("p", { class: "empty" }, say("noMessages"));

/**
 * @param {Message} message
 * @param {Connection} reader
 */
function bubble(message, reader) {
  const own = message.sender_id === reader.userId && message.sender_type === reader.userType;
  const role = sayIfKnown(`role_${message.sender_type}`, message.sender_type);
  const files = message.attachments.map((one) => shown(one, message.content_type));
  const others = files.filter((one) => one === null).length;
  return element(
    "li",
    { class: "message", "data-own": own, "data-id": message.id },
    element(
      "p",
      { class: "message-head" },
      foreign(message.role_display_name ?? message.sender_id, "message-name"),
      chip(role),
      message.is_visible_to_patient ? null : chip(say("staffOnly"), "warn"),
    ),
    message.content_text === null
      ? null
      : element(
          "p",
          { class: "message-text", dir: "auto", lang: languageOf(message.content_text) },
          message.content_text,
        ),
    ...files,
    others > 0
      ? element("p", { class: "hint" }, `${message.content_type} · ${say("attachmentCount", { count: others })}`)
      : null,
    element("p", { class: "hint" }, `#${message.id} · ${message.sent_at}`),
  );
}
