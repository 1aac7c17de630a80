// The consultation questions: opened, listed, joined, closed; and the way to their history.

import { button, chip, field, refreshButton, segmented } from "../kit/controls.js";
import { byId, element, foreign, icon, oncePerFrame, redraw } from "../kit/dom.js";
import { idOf } from "../kit/exact.js";
import { inEveryLanguage, say, sayIfKnown } from "../kit/language.js";
import { History } from "./history.js";

/**
 * @import { Actions } from "./actions.js"
 * @import { Connections } from "./connections.js"
 * @import { ConsoleParts } from "./main.js"
 * @import { Participant, Question, Questions } from "./questions.js"
 * @typedef {ConsoleParts["attempt"]} Attempt
 */

/** @param {ConsoleParts} parts */
export function questionsPanel({ connections, calls, questions, actions, tabs, attempt }) {
  const panel = byId("panel-questions");
  const listing = element("div", { class: "stack" });
  const opening = element("form", { class: "opening" });
  const history = new History({ connections, calls, attempt, close: (id) => showList(id) });

  let search = "";
  const searching = element("input", {
    type: "search",
    name: "question-search",
    autocomplete: "off",
    "data-focus": "search",
  });
  searching.addEventListener("input", () => {
    search = searching.value.trim().toLowerCase();
    draw();
  });
  const matches = (/** @type {Question} */ { id, title, elder_id: elder }) =>
    [id, elder, title.toLowerCase()].some((one) => String(one).includes(search));

  const draw = () => {
    const { items, more, reading } = questions;
    const rows = items.filter(matches).map((question) => row(question));
    searching.placeholder = say("searchQuestions");
    searching.setAttribute("aria-label", say("searchQuestions"));
    redraw(
      listing,
      element(
        "div",
        { class: "panel-head" },
        statusFilter(questions, attempt),
        mineFilter(questions, attempt),
        refreshButton(() => attempt(questions.read()), reading.isBusy),
      ),
      items.length > 1 || search !== "" ? searching : null,
      reading.failure(() => attempt(questions.read())),
      rows.length > 0 ? element("ul", { class: "items" }, ...rows) : null,
      items.length === 0 ? reading.emptiness(() => element("p", { class: "empty" }, say("noQuestions"))) : null,
      items.length > 0 && rows.length === 0 ? element("p", { class: "empty" }, say("noneFound")) : null,
      more ? button(say("more"), () => attempt(questions.read(true)), { kind: "wide", "data-focus": "more" }) : null,
    );
  };
  const row = (/** @type {Question} */ question) => {
    const { id, title, status } = question;
    const joined = connections.selected.joined.has(id);
    const about = `#${id} ${title}`;
    const focus = (/** @type {string} */ what) => ({ "data-focus": `${what}-${id}`, kind: "small", about });
    const other = status === "OPEN" ? "CLOSED" : "OPEN";
    return element(
      "li",
      { class: "item", "data-id": id, "data-current": connections.question === id },
      element(
        "div",
        { class: "item-head" },
        element("span", { class: "item-number" }, `#${id}`),
        foreign(title, "item-title"),
        chip(sayIfKnown(`status_${status}`, status), status === "OPEN" ? "good" : ""),
        question.unread ? chip(say("unreadCount", { count: question.unread }), "accent") : null,
        question.waiting_since ? chip(say("waitingSince", { at: question.waiting_since }), "warn") : null,
      ),
      element("p", { class: "hint" }, say("elderLine", { id: question.elder_id, at: question.created_at })),
      ...(questions.seen.get(id) ?? []).map((one) => element("p", { class: "hint seen" }, seenBy(one, question))),
      element(
        "div",
        { class: "item-foot" },
        joined
          ? button(say("leave"), () => attempt(actions.leave(id)), focus("join"))
          : button(say("join"), () => attempt(actions.join(id)), { ...focus("join"), kind: "small primary" }),
        button(say("history"), () => showHistory(question), { ...focus("history"), drawing: "ticket" }),
        question.unread && question.latest_message_id
          ? button(
              say("markRead"),
              () => attempt(actions.readQuestion(id, question.latest_message_id ?? 0)),
              focus("read"),
            )
          : null,
        button(say("seenBy"), () => attempt(questions.readSeen(id)), focus("seen")),
        element("span", { class: "grow" }),
        button(
          say(status === "OPEN" ? "closeQuestion" : "reopenQuestion"),
          () => attempt(questions.setStatus(id, other)),
          {
            ...focus("status"),
            kind: "small quiet",
          },
        ),
      ),
    );
  };
  const showHistory = (/** @type {Question} */ question) => {
    connections.setQuestion(question.id);
    panel.replaceChildren(history.node);
    history.open(question);
  };
  const showList = (/** @type {number} */ id) => {
    panel.replaceChildren(opening, listing);
    const from = listing.querySelector(`[data-focus="history-${id}"]`) ?? listing.querySelector("button");
    if (from instanceof HTMLElement) from.focus();
    attempt(questions.read());
  };

  inEveryLanguage(() => {
    drawOpening(opening, connections, actions, attempt);
    draw();
  });
  panel.replaceChildren(opening, listing);
  const drawSoon = oncePerFrame(draw);
  connections.addEventListener("change", drawSoon);
  questions.addEventListener("change", drawSoon);
  tabs.whenOpened("questions", () => attempt(questions.read()));
  let reader = connections.selected.token;
  connections.addEventListener("change", () => {
    const { token, isStranger } = connections.selected;
    if (token === reader) return;
    reader = token;
    questions.forget();
    history.forget();
    panel.replaceChildren(opening, listing);
    if (tabs.current === "questions" && !isStranger) attempt(questions.read());
  });
}

/**
 * @param {HTMLFormElement} form
 * @param {Connections} connections
 * @param {Actions} actions
 * @param {Attempt} attempt
 */
function drawOpening(form, connections, actions, attempt) {
  const elder = connections.list.find((one) => one.userType === "ELDER") ?? connections.selected;
  const title = element("input", {
    name: "title",
    value: say("questionDefault"),
    required: true,
    maxlength: 200,
    dir: "auto",
  });
  const elderId = element("input", {
    name: "elder_id",
    value: elder.userId,
    required: true,
    inputmode: "numeric",
    pattern: "[1-9][0-9]*",
  });
  form.replaceChildren(
    field(say("questionTitle"), title, { kind: "grow" }),
    field(say("elderId"), elderId, { kind: "narrow" }),
    element(
      "button",
      { class: "button primary", id: "open-question" },
      icon("plus"),
      element("span", {}, say("openQuestion")),
    ),
  );
  form.onsubmit = (event) => {
    event.preventDefault();
    attempt(actions.openQuestion(title.value, idOf(elderId.value)));
  };
}

/**
 * @param {Participant} participant
 * @param {Question} question
 */
function seenBy({ user_id: id, user_type: type, up_to_id: upTo }, question) {
  const role = sayIfKnown(`role_${type}`, type);
  if (upTo === 0) return say("seenNothing", { role, id });
  return upTo >= (question.latest_message_id ?? 0) ? say("seenAll", { role, id }) : say("seenUpTo", { role, id, upTo });
}

/**
 * @param {Questions} questions
 * @param {Attempt} attempt
 */
function mineFilter(questions, attempt) {
  const choices = [
    { value: "everyone", text: say("everyone") },
    { value: "mine", text: say("mine") },
  ];
  return segmented(choices, questions.mine ? "mine" : "everyone", (chosen) =>
    attempt(questions.showMine(chosen === "mine")),
  );
}

/**
 * @param {Questions} questions
 * @param {Attempt} attempt
 */
function statusFilter(questions, attempt) {
  const choices = [
    { value: "", text: say("all") },
    { value: "OPEN", text: say("status_OPEN") },
    { value: "CLOSED", text: say("status_CLOSED") },
  ];
  return segmented(choices, questions.status, (status) => attempt(questions.show(status)));
}
