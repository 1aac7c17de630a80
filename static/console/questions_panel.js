// The consultation questions: opened, listed, joined, closed; and the way to their history.

import { button, byId, chip, element, foreign, icon, oncePerFrame, redraw } from "../kit/dom.js";
import { History } from "./history.js";
import { inEveryLanguage, say, sayIfKnown } from "../kit/language.js";

export function questionsPanel({ connections, calls, questions, actions, tabs, attempt }) {
  const panel = byId("panel-questions");
  const listing = element("div", { class: "stack" });
  const opening = element("form", { class: "opening" });
  const history = new History({ connections, calls, attempt, close: () => showList() });

  const draw = () => {
    const rows = questions.items.map((question) => row(question));
    redraw(
      listing,
      element("div", { class: "panel-head" }, statusFilter(questions, attempt), refresh()),
      rows.length === 0
        ? element("p", { class: "empty" }, say("noQuestions"))
        : element("ul", { class: "items" }, ...rows),
      questions.more
        ? button(say("more"), () => attempt(questions.read(true)), { kind: "wide", "data-focus": "more" })
        : null,
    );
  };
  const refresh = () =>
    button("", () => attempt(questions.read()), {
      kind: "quiet square small",
      drawing: "refresh",
      label: say("refresh"),
      "data-focus": "refresh",
    });
  const row = (question) => {
    const { id, title, status } = question;
    const joined = connections.selected.joined.has(id);
    const focus = (what) => ({ "data-focus": `${what}-${id}`, kind: "small" });
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
      ),
      element("p", { class: "hint" }, say("elderLine", { id: question.elder_id, at: question.created_at })),
      element(
        "div",
        { class: "item-foot" },
        joined
          ? button(say("leave"), () => attempt(actions.leave(id)), focus("join"))
          : button(say("join"), () => attempt(actions.join(id)), { ...focus("join"), kind: "small primary" }),
        button(say("history"), () => showHistory(question), { ...focus("history"), drawing: "ticket" }),
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
  const showHistory = (question) => {
    connections.setQuestion(question.id);
    panel.replaceChildren(history.node);
    history.open(question);
  };
  const showList = () => {
    panel.replaceChildren(opening, listing);
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
    if (tabs.current === "questions" && !isStranger) attempt(questions.read());
  });
}

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
    element("label", { class: "field grow" }, element("span", { class: "field-name" }, say("questionTitle")), title),
    element("label", { class: "field narrow" }, element("span", { class: "field-name" }, say("elderId")), elderId),
    element(
      "button",
      { class: "button primary", id: "open-question" },
      icon("plus"),
      element("span", {}, say("openQuestion")),
    ),
  );
  form.onsubmit = (event) => {
    event.preventDefault();
    attempt(actions.openQuestion(title.value, Number(elderId.value)));
  };
}

function statusFilter(questions, attempt) {
  const choice = (status, text) =>
    element(
      "button",
      {
        type: "button",
        "aria-pressed": String(questions.status === status),
        "data-focus": `filter-${status}`,
        onclick: () => attempt(questions.show(status)),
      },
      text,
    );
  return element(
    "div",
    { class: "segmented", role: "group" },
    choice("", say("all")),
    choice("OPEN", say("status_OPEN")),
    choice("CLOSED", say("status_CLOSED")),
  );
}
