// The way to a first message: connect, open a question, join it, send. Each step is one click.

import { button } from "../kit/controls.js";
import { byId, element, icon, oncePerFrame, redraw } from "../kit/dom.js";
import { inEveryLanguage, say } from "../kit/language.js";
import { recall, remember } from "../kit/remembered.js";

/**
 * @import { TextKey } from "../kit/language.js"
 * @import { Connection } from "./connection.js"
 * @import { ConsoleParts } from "./main.js"
 * @typedef {{done: boolean, text: TextKey, run: () => unknown}} Step
 */

/** @param {ConsoleParts} parts */
export function guide({ connections, questions, composer, actions, tabs, attempt }) {
  const section = byId("guide");
  const showAgain = byId("guide-show");
  let hidden = recall("guideHidden", false);
  let sent = false;

  /** @returns {Step[]} */
  const steps = () => {
    const { selected, question } = connections;
    const connected = selected.state === "connected";
    const joined = question !== null && selected.joined.has(question);
    return [
      { done: connected, text: "step1", run: () => actions.connect() },
      { done: question !== null, text: "step2", run: () => open() },
      { done: joined, text: "step3", run: () => question !== null && actions.join(question) },
      { done: sent, text: "step4", run: () => send() },
    ];
  };
  const open = async () => {
    const elder = connections.list.find((one) => one.userType === "ELDER") ?? connections.selected;
    await questions.open(say("questionDefault"), elder.userId);
    tabs.open("questions");
  };
  const send = () => {
    tabs.open("send");
    composer.chooseOwn("send_message");
    return composer.send();
  };
  const hide = (/** @type {boolean} */ value) => {
    hidden = value;
    remember("guideHidden", value);
    draw();
    /** @type {HTMLElement | null} */
    const reached = value ? showAgain : section.querySelector("button:enabled");
    reached?.focus();
  };

  const draw = () => {
    section.hidden = hidden;
    showAgain.hidden = !hidden;
    if (hidden) return;
    const close = button("", () => hide(true), {
      kind: "quiet square small",
      drawing: "close",
      label: say("guideHide"),
      "data-focus": "hide",
    });
    const all = steps();
    const current = all.findIndex((step) => !step.done);
    if (current < 0) {
      redraw(section, element("p", { class: "guide-done" }, icon("check"), say("guideDone")), ...next(), close);
    } else {
      redraw(
        section,
        element("ol", { class: "steps" }, ...all.map((step, index) => stepItem(step, index, current))),
        close,
      );
    }
  };
  const stepItem = (/** @type {Step} */ step, /** @type {number} */ index, /** @type {number} */ current) => {
    const state = step.done ? "done" : index === current ? "current" : "later";
    const mark = step.done ? icon("check") : String(index + 1);
    return element(
      "li",
      { class: "step", "data-state": state, "aria-current": index === current ? "step" : null },
      element(
        "button",
        {
          type: "button",
          class: "step-button",
          disabled: index !== current,
          onclick: () => attempt(step.run()),
          "data-focus": "step",
        },
        element("span", { class: "step-mark" }, mark),
        element("span", {}, say(step.text)),
      ),
    );
  };
  const next = () => {
    const others = connections.list.filter((one) => one !== connections.selected);
    const other = others.find((one) => one.userType === "STAFF") ?? others[0];
    return [
      other
        ? button(say("guideAnswer", { name: other.name }), () => attempt(answerAs(other)), {
            kind: "small",
            drawing: "send",
            "data-focus": "answer",
          })
        : null,
      button(say("guideRemind"), () => attempt(remind()), { kind: "small", drawing: "bell", "data-focus": "remind" }),
      button(say("guideMistake"), () => mistake(), { kind: "small", "data-focus": "mistake" }),
    ];
  };
  const answerAs = async (/** @type {Connection} */ connection) => {
    const { question } = connections;
    connections.select(connection);
    if (question !== null && !connection.joined.has(question)) await actions.join(question);
    await send();
  };
  const remind = async () => {
    await actions.remindSoon();
    tabs.open("inbox");
  };
  const mistake = () => {
    tabs.open("send");
    composer.loadMistake("join_question");
  };

  connections.whenArrived(({ name, payload }) => {
    if (name === "send_message:ack" && payload.success && !sent) {
      sent = true;
      drawSoon();
    }
  });
  const drawSoon = oncePerFrame(draw);
  connections.addEventListener("change", drawSoon);
  showAgain.addEventListener("click", () => hide(false));
  inEveryLanguage(draw);
}
