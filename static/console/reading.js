// What a view reads from the server: whether it is under way, has failed, or is there. Only the newest reading counts: an
// answer that comes late, to an older question, is dropped.

import { button } from "../kit/controls.js";
import { element } from "../kit/dom.js";
import { say } from "../kit/language.js";
import { reasonOf } from "./calls.js";

export class Reading {
  /** "none" before the first one; "read" once the newest was answered. */
  /** @type {"none" | "busy" | "failed" | "read"} */
  state = "none";
  #reason = "";
  #turn = 0;
  #changed;

  /** @param {() => void} changed is called when the state has changed */
  constructor(changed) {
    this.#changed = changed;
  }

  /**
   * Asks, and hands the answer to `take` unless another reading has begun meanwhile.
   * @template Answer
   * @param {() => Promise<Answer>} ask
   * @param {(answer: Answer) => void} take
   * @throws {Error} where the newest reading fails
   */
  async run(ask, take) {
    const turn = this.#begin("busy");
    let answer;
    try {
      answer = await ask();
    } catch (fault) {
      if (turn !== this.#turn) return;
      this.#reason = reasonOf(fault);
      this.#become("failed");
      throw fault;
    }
    if (turn !== this.#turn) return;
    take(answer);
    this.#become("read");
  }

  get isBusy() {
    return this.state === "busy";
  }

  /** Forgets what is under way, and what was read. */
  forget() {
    this.#begin("none");
  }

  /**
   * What stands for an empty list: that it is under way, or empty.
   * @param {() => HTMLElement} nothing
   */
  emptiness(nothing) {
    if (this.state === "read") return nothing();
    return this.isBusy ? element("p", { class: "empty" }, say("reading")) : null;
  }

  /**
   * Where it has failed, what happened and a way to try again.
   * @param {() => unknown} again
   */
  failure(again) {
    if (this.state !== "failed") return null;
    return element(
      "p",
      { class: "callout bad" },
      element("span", {}, say("notRead", { reason: this.#reason })),
      button(say("again"), again, { kind: "small", "data-focus": "again" }),
    );
  }

  /** @param {"none" | "busy"} state */
  #begin(state) {
    this.#turn += 1;
    this.#become(state);
    return this.#turn;
  }

  /** @param {Reading["state"]} state */
  #become(state) {
    this.state = state;
    this.#changed();
  }
}
