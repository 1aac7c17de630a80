// The controls of the composer that say nothing of their own: what there is to choose from.

import { element } from "../kit/dom.js";
import { say, translated } from "../kit/language.js";

const option = (value, text) => element("option", { value }, text.slice(0, 90));
const group = (label, options) => (options.length === 0 ? null : element("optgroup", { label }, ...options));

/** Everything that can be sent, the events before the calls. */
export function targetChoices(targets, chosen) {
  const of = (kind) => {
    const some = targets.filter((one) => one.kind === kind);
    return some.map((one) => element("option", { value: one.id, selected: one === chosen }, one.id));
  };
  return [group(say("events"), of("event")), group(say("calls"), of("call"))].filter((one) => one !== null);
}

/** What a payload can be filled in from; the values are "own", "example", "mistake 0", "recent 0". */
export function fillChoices(target, recent) {
  const mistakes = target.mistakes.map((mistake, index) => option(`mistake ${index}`, translated(mistake.about)));
  const sent = recent.map(({ text, place }, index) => option(`recent ${index}`, text || JSON.stringify(place)));
  const choices = [
    option("", say("fillChoose")),
    option("own", say("fillOwn")),
    target.example ? option("example", say("fillExample")) : null,
    group(say("fillMistakes"), mistakes),
    group(say("fillRecent"), sent),
  ];
  return choices.filter((one) => one !== null);
}

/** Form or JSON; `choose` is told whether it is JSON. */
export function modeButtons(choose) {
  const mode = (name, text, asJson) =>
    element("button", { type: "button", "data-mode": name, onclick: () => choose(asJson) }, text);
  return element(
    "div",
    { class: "segmented", role: "group" },
    mode("form", say("asForm"), false),
    mode("json", say("asJson"), true),
  );
}

/** The names in a call's path, and its query. */
export function placeFields(target) {
  const field = (name, hint) =>
    element(
      "label",
      { class: "field" },
      element("span", { class: "field-name" }, element("code", {}, name)),
      element("input", { name, autocomplete: "off", spellcheck: "false" }),
      hint ? element("span", { class: "hint" }, hint) : null,
    );
  return [
    ...target.pathNames.map((name) => field(name, "")),
    ...target.query.map(({ name, rule }) => field(name, translated(rule))),
  ];
}
