// Where an event or an HTTP call is put together and sent.

import { callAsCurl, callAsJavaScript, eventAsCurl, eventAsJavaScript } from "../kit/as_code.js";
import { ComposerView } from "./composer_view.js";
import { announce, copy } from "../kit/copy.js";
import { inEveryLanguage, say } from "../kit/language.js";
import { ownFields, ownPayload, ownPlace } from "./protocol.js";
import { keepRecent, recentOf } from "./recent.js";
import { enter } from "./sign_in.js";

export class Composer {
  #connections;
  #calls;
  #targets;
  #tokens; // whether the server asks for them
  #target;
  #view;
  #mistake = null; // the deliberate mistake that is shown unchanged
  #followed = ""; // whose identity and which question the form shows

  constructor({ connections, calls, protocol }) {
    this.#connections = connections;
    this.#calls = calls;
    this.#targets = protocol.targets;
    this.#tokens = protocol.tokens;
    this.#view = new ComposerView(this.#targets, {
      choose: (id) => this.choose(id),
      fill: (choice) => this.#fill(choice),
      edited: () => this.#setMistake(null),
      send: () => this.send(),
      copyJavaScript: () => this.#copy(eventAsJavaScript, callAsJavaScript),
      copyCurl: () => this.#copy(eventAsCurl, callAsCurl),
    });
    this.choose(this.#targets[0].id);
    inEveryLanguage(() => {
      this.#view.redraw(this.#target, recentOf(this.#target));
      this.#view.showExpected(this.#mistake?.answer ?? null);
      this.#showSender();
    });
    connections.addEventListener("change", () => this.#follow());
  }

  /** Shows a target, filled with what the acting connection would send. */
  choose(id) {
    this.#target = this.#targets.find((target) => target.id === id);
    this.#view.draw(this.#target, recentOf(this.#target));
    this.#fillOwn();
    this.#showSender();
  }

  /** Shows a target with a given payload, e.g. one that was sent before. */
  load(id, text, place = {}) {
    this.choose(id);
    this.#view.setPlace(place);
    this.#view.setText(text, false);
  }

  /** Shows the first deliberate mistake of a target. */
  loadMistake(id) {
    this.choose(id);
    this.#fill({ mistake: 0 });
  }

  /** Whether there is such a target: a link from elsewhere may name anything. */
  knows(id) {
    return this.#targets.some((target) => target.id === id);
  }

  async send() {
    const text = this.#text();
    if (text === null) return;
    this.#view.clearAnswer();
    keepRecent(this.#target, { text, place: this.#view.place() });
    this.#view.drawFill(this.#target, recentOf(this.#target));
    if (this.#target.kind === "call") {
      await this.#call(text);
    } else {
      await this.#emit(text);
    }
  }

  async #call(text) {
    const { method } = this.#target;
    try {
      const { status, text: answer } = await this.#calls.make(method, this.#path(), text);
      this.#view.showAnswer(String(status), answer);
    } catch (fault) {
      announce(say("callFailed", { reason: fault.message }), "bad");
    }
  }

  async #emit(text) {
    const connection = this.#connections.selected;
    const mistake = this.#mistake;
    try {
      await enter(this.#connections, connection);
    } catch (reason) {
      announce(reason.message, "bad");
      return;
    }
    const { name, payload } = await connection.emit(this.#target.id, text, this.#view.withAck());
    if (mistake && mistake === this.#mistake) this.#view.showVerdict(agrees(mistake.answer, name, payload));
    else this.#view.showAnswer(name, payload);
  }

  /** What is to be sent as JSON text, or null when it is none, which is then said. */
  #text() {
    try {
      return this.#view.text();
    } catch {
      announce(say("notJson"), "bad");
      return null;
    }
  }

  #path() {
    const place = this.#view.place();
    const path = this.#target.path.replace(/\{(\w+)\}/g, (_, name) => encodeURIComponent(place[name]));
    const query = this.#target.query.filter(({ name }) => place[name] !== "").map(({ name }) => [name, place[name]]);
    return query.length === 0 ? path : `${path}?${new URLSearchParams(query)}`;
  }

  #copy(eventAsCode, callAsCode) {
    const payload = this.#text();
    if (payload === null) return;
    const { kind, id, method } = this.#target;
    const { transport } = this.#connections.selected;
    copy(
      kind === "event"
        ? eventAsCode({ name: id, payload, transport, tokens: this.#tokens })
        : callAsCode({ method, path: this.#path(), payload, tokens: this.#tokens }),
    );
  }

  /** @param choice {own: true}, {example: true}, {mistake: index} or {recent: index} */
  #fill(choice) {
    this.#setMistake(null);
    if (choice.own) {
      this.#fillOwn();
    } else if (choice.example) {
      this.#view.setText(JSON.stringify(this.#target.example), false);
    } else if (choice.mistake !== undefined) {
      const mistake = this.#target.mistakes[choice.mistake];
      this.#view.setText(JSON.stringify(mistake.payload), true);
      this.#setMistake(mistake);
    } else {
      const { text, place } = recentOf(this.#target)[choice.recent];
      this.#view.setPlace(place);
      this.#view.setText(text, false);
    }
  }

  #fillOwn() {
    const { selected, question } = this.#connections;
    this.#setMistake(null);
    this.#view.setPlace(ownPlace(this.#target, selected, question));
    const payload = ownPayload(this.#target, selected, question);
    this.#view.setText(this.#target.fields.length === 0 ? "" : JSON.stringify(payload), false);
  }

  #setMistake(mistake) {
    this.#mistake = mistake;
    this.#view.showExpected(mistake?.answer ?? null);
  }

  /** Another connection acts, or another question is at hand: the form's identity follows, its text stays. */
  #follow() {
    const { selected, question } = this.#connections;
    const own = ownFields(selected, question);
    const now = JSON.stringify([selected.key, own]);
    if (now !== this.#followed) {
      this.#followed = now;
      this.#view.become(own);
      this.#view.setPlace(ownPlace(this.#target, selected, question));
    }
    this.#showSender();
  }

  #showSender() {
    this.#view.showSender(this.#target, this.#connections.selected);
  }
}

/** Whether an answer is the one that the protocol gives, whatever the order of its members. */
function agrees(expected, name, payload) {
  return name === expected.event && sorted(JSON.parse(payload || "null")) === sorted(expected.payload);
}

const sorted = (value) => JSON.stringify(Object.entries(value ?? {}).sort(([one], [other]) => (one < other ? -1 : 1)));
