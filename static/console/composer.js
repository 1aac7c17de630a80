// Where an event or an HTTP call is put together and sent.

import { announce, copy } from "../kit/copy.js";
import { writeExact } from "../kit/exact.js";
import { inEveryLanguage, say } from "../kit/language.js";
import { reasonOf } from "./calls.js";
import { failed } from "./connection.js";
import { ComposerView, TextFault } from "./composer_view.js";
import { keepRecent, recentOf } from "./recent.js";
import { SavedPanel } from "./saved_panel.js";
import { enter } from "./sign_in.js";
import { ownFields, ownPayload, ownPlace, targetsOf } from "./targets.js";

/**
 * @import { Language } from "../kit/as_code.js"
 * @import { Json, Mistake, Protocol } from "../kit/protocol.js"
 * @import { Calls } from "./calls.js"
 * @import { Choice, Draft } from "./composer_view.js"
 * @import { Connections } from "./connections.js"
 * @import { Prepared } from "./prepared.js"
 * @import { Target } from "./targets.js"
 */

const WITHOUT_QUESTION = "bind_user";

export class Composer {
  #connections;
  #calls;
  #targets;
  #tokens; // whether the server asks for them
  /** @type {Target} */
  #target;
  /** @type {ComposerView} */
  #view;
  /** @type {Mistake | null} */
  #mistake = null; // the deliberate mistake that is shown unchanged
  #followed; // whose identity and which question the form shows
  #sendings = 0; // the answer to an older one, or for another target, is in the log alone
  #typed = false; // whether there is more in the form than a target begins with
  /** @type {Map<string, {draft: Draft, followed: string}>} */
  #drafts = new Map(); // what was typed for other targets, by their ids

  /** @param {{connections: Connections, calls: Calls, protocol: Protocol}} parts */
  constructor({ connections, calls, protocol }) {
    this.#connections = connections;
    this.#calls = calls;
    this.#targets = targetsOf(protocol);
    this.#target = this.#targets[0];
    this.#tokens = protocol.tokens;
    this.#followed = this.#whoActs();
    const saved = new SavedPanel({
      prepared: () => this.#prepared(),
      load: ({ id, text, place }) => this.load(id, text, place),
      knows: (id) => this.knows(id),
    });
    const does = {
      choose: (/** @type {string} */ id) => this.choose(id),
      fill: (/** @type {Choice} */ choice) => this.#fill(choice),
      edited: () => {
        this.#typed = true;
        this.#setMistake(null);
      },
      send: () => this.send(),
      copyAs: (/** @type {Language} */ language) => this.#copyAs(language),
    };
    this.#view = new ComposerView(this.#targets, does, saved.node);
    // Without a question at hand, the first event is one that needs none.
    this.choose(connections.question === null ? WITHOUT_QUESTION : this.#target.id);
    inEveryLanguage(() => {
      saved.draw();
      this.#view.redraw(this.#target, recentOf(this.#target));
      this.#view.showExpected(this.#mistake?.answer ?? null);
      this.#showSender();
    });
    connections.addEventListener("change", () => this.#follow());
    connections.addEventListener("forget", () => this.#forget());
  }

  /**
   * Shows a target with what was typed for it before, or filled with what the acting connection would send.
   * @param {string} id
   */
  choose(id) {
    this.#sendings += 1;
    if (this.#typed) this.#drafts.set(this.#target.id, { draft: this.#view.draft(), followed: this.#followed });
    this.#target = this.#targets.find((target) => target.id === id) ?? this.#target;
    this.#view.draw(this.#target, recentOf(this.#target));
    this.#fillOwn();
    const kept = this.#drafts.get(this.#target.id);
    if (kept !== undefined) {
      this.#view.restore(kept.draft);
      this.#typed = true;
      if (kept.followed !== this.#followed) this.#becomeOwn();
    }
    this.#showSender();
  }

  /**
   * Shows a target filled with what the acting connection would send, whatever was typed for it.
   * @param {string} id
   */
  chooseOwn(id) {
    this.choose(id);
    this.#fillOwn();
  }

  /**
   * Shows a target with a given payload, e.g. one that was sent before.
   * @param {string} id
   * @param {string} text
   * @param {Record<string, string>} place
   */
  load(id, text, place = {}) {
    this.choose(id);
    this.#setMistake(null);
    this.#view.setPlace(place);
    this.#view.setText(text, text === "" && this.#target.fields.length > 0);
    this.#typed = true;
  }

  /**
   * Shows the first deliberate mistake of a target.
   * @param {string} id
   */
  loadMistake(id) {
    this.choose(id);
    this.#fill({ mistake: 0 });
  }

  /**
   * Whether there is such a target: a link from elsewhere may name anything.
   * @param {string} id
   */
  knows(id) {
    return this.#targets.some((target) => target.id === id);
  }

  async send() {
    const text = this.#text();
    if (text === null || !this.#placeIsWhole()) return;
    this.#sendings += 1;
    this.#view.clearAnswer();
    keepRecent(this.#target, { text, place: this.#view.place() });
    this.#view.drawFill(this.#target, recentOf(this.#target));
    if (this.#target.kind === "call") {
      await this.#call(text);
    } else {
      await this.#emit(text);
    }
  }

  /** @param {string} text */
  async #call(text) {
    const { method } = this.#target;
    const sending = this.#sendings;
    this.#view.showWaiting();
    try {
      const { ok, status, text: answer } = await this.#calls.make(method, this.#path(), text);
      if (sending === this.#sendings) this.#view.showAnswer(String(status), answer, !ok);
    } catch (fault) {
      if (sending === this.#sendings) this.#view.clearAnswer();
      announce(say("callFailed", { reason: reasonOf(fault) }), "bad");
    }
  }

  /** @param {string} text */
  async #emit(text) {
    const connection = this.#connections.selected;
    const mistake = this.#mistake;
    const id = this.#target.id;
    const withAck = this.#view.withAck();
    const sending = this.#sendings;
    this.#view.showWaiting();
    try {
      await enter(this.#connections, connection);
    } catch (reason) {
      if (sending === this.#sendings) this.#view.clearAnswer();
      announce(reasonOf(reason), "bad");
      return;
    }
    let reply;
    try {
      reply = await connection.emit(id, text, withAck);
    } catch (fault) {
      if (sending === this.#sendings) this.#view.showNoReply(reasonOf(fault));
      return;
    }
    if (sending !== this.#sendings) return;
    const { name, payload } = reply;
    this.#view.clearAnswer();
    if (mistake && mistake === this.#mistake) this.#view.showVerdict(agrees(mistake.answer, name, payload));
    else this.#view.showAnswer(name, payload, failed(name, payload === "" ? null : JSON.parse(payload)));
  }

  /** The payload as JSON text, or null where it is not JSON, which is then shown. */
  #text() {
    try {
      return this.#view.text();
    } catch (fault) {
      if (!(fault instanceof TextFault)) throw fault;
      announce(fault.message, "bad");
      return null;
    }
  }

  /** Whether the path has all its names; one that has not would be another call's. */
  #placeIsWhole() {
    const place = this.#view.place();
    const missing = this.#target.pathNames.find((name) => place[name] === "");
    if (missing === undefined) return true;
    this.#view.focusOnPlace(missing);
    announce(say("placeMissing", { name: missing }), "bad");
    return false;
  }

  /** @returns {Prepared | null} what the form shows, null where that is no JSON, which is then said */
  #prepared() {
    const text = this.#text();
    return text === null ? null : { id: this.#target.id, text, place: this.#view.place() };
  }

  #path() {
    const place = this.#view.place();
    const path = this.#target.path.replace(/\{(\w+)\}/g, (_, name) => encodeURIComponent(place[name]));
    const query = this.#target.query.filter(({ name }) => place[name] !== "");
    if (query.length === 0) return path;
    return `${path}?${new URLSearchParams(query.map(({ name }) => [name, place[name]]))}`;
  }

  /** @param {Language} language */
  #copyAs(language) {
    const payload = this.#text();
    if (payload === null || !this.#placeIsWhole()) return;
    const { kind, id, method } = this.#target;
    const { transport } = this.#connections.selected;
    copy(
      kind === "event"
        ? language.event({ name: id, payload, transport, tokens: this.#tokens })
        : language.call({ method, path: this.#path(), payload, tokens: this.#tokens }),
    );
  }

  /** @param {Choice} choice */
  #fill(choice) {
    this.#setMistake(null);
    this.#typed = choice.recent !== undefined;
    if (choice.own) {
      this.#drafts.delete(this.#target.id);
      this.#fillOwn();
    } else if (choice.example) {
      this.#view.setText(JSON.stringify(this.#target.example), false);
    } else if (choice.mistake !== undefined) {
      const mistake = this.#target.mistakes[choice.mistake];
      this.#view.setText(JSON.stringify(mistake.payload), true);
      this.#setMistake(mistake);
    } else if (choice.recent !== undefined) {
      const { text, place } = recentOf(this.#target)[choice.recent];
      this.#view.setPlace(place);
      this.#view.setText(text, false);
    }
  }

  #fillOwn() {
    const { selected, question } = this.#connections;
    this.#typed = false;
    this.#setMistake(null);
    this.#view.setPlace(ownPlace(this.#target, selected, question));
    const payload = ownPayload(this.#target, selected, question);
    this.#view.setText(this.#target.fields.length === 0 ? "" : writeExact(payload), false);
  }

  /** @param {Mistake | null} mistake */
  #setMistake(mistake) {
    this.#mistake = mistake;
    this.#view.showExpected(mistake?.answer ?? null);
  }

  /** Another connection acts, or another question is at hand: the form's identity follows, its text stays. */
  #follow() {
    const now = this.#whoActs();
    if (now !== this.#followed) {
      this.#followed = now;
      this.#becomeOwn();
    }
    this.#showSender();
  }

  #forget() {
    this.#drafts.clear();
    this.#fillOwn();
    this.#view.drawFill(this.#target, recentOf(this.#target));
  }

  #becomeOwn() {
    const { selected, question } = this.#connections;
    this.#view.become(ownFields(selected, question));
    this.#view.setPlace(ownPlace(this.#target, selected, question));
  }

  #whoActs() {
    const { selected, question } = this.#connections;
    return writeExact([selected.key, ownFields(selected, question)]);
  }

  #showSender() {
    this.#view.showSender(this.#target, this.#connections.selected);
  }
}

/**
 * Whether an answer is the one that the protocol gives, whatever the order of its members.
 * @param {Mistake["answer"]} expected
 * @param {string} name
 * @param {string} payload
 */
function agrees(expected, name, payload) {
  return name === expected.event && sorted(JSON.parse(payload || "null")) === sorted(expected.payload);
}

/** @param {Json | null} value */
const sorted = (value) => JSON.stringify(Object.entries(value ?? {}).sort(([one], [other]) => (one < other ? -1 : 1)));
