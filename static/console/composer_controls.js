// The controls of the composer that say nothing of their own: what there is to choose from.

import { field, fieldName } from "../kit/controls.js";
import { element } from "../kit/dom.js";
import { say, translated } from "../kit/language.js";
import { chooser } from "./payload_form.js";

/**
 * @import { Sent } from "./recent.js"
 * @import { Target } from "./targets.js"
 */

/**
 * @param {string} value
 * @param {string} text
 */
const option = (value, text) => element("option", { value }, text.slice(0, 90));
/**
 * @param {string} label
 * @param {HTMLOptionElement[]} options
 */
const group = (label, options) => (options.length === 0 ? null : element("optgroup", { label }, ...options));

/**
 * Everything that can be sent, the events before the calls.
 * @param {Target[]} targets
 * @param {Target} chosen
 */
export function targetChoices(targets, chosen) {
  const of = (/** @type {"event" | "call"} */ kind) => {
    const some = targets.filter((one) => one.kind === kind);
    return some.map((one) => element("option", { value: one.id, selected: one === chosen }, one.id));
  };
  return [group(say("events"), of("event")), group(say("calls"), of("call"))].filter((one) => one !== null);
}

/**
 * What a payload can be filled in from; the values are "own", "example", "mistake 0", "recent 0".
 * @param {Target} target
 * @param {Sent[]} recent
 */
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

/**
 * Two buttons, for the form and for JSON.
 * @param {(asJson: boolean) => void} choose
 */
export function modeButtons(choose) {
  const mode = (/** @type {string} */ name, /** @type {string} */ text, /** @type {boolean} */ asJson) =>
    element("button", { type: "button", "data-mode": name, onclick: () => choose(asJson) }, text);
  return element(
    "div",
    { class: "segmented", role: "group" },
    mode("form", say("asForm"), false),
    mode("json", say("asJson"), true),
  );
}

/**
 * The names in a call's path, and its query.
 * @param {Target} target
 */
export function placeFields(target) {
  const typed = (/** @type {string} */ name) => element("input", { name, autocomplete: "off", spellcheck: "false" });
  const mark = () => element("span", { class: "required", title: say("required") }, "*");
  return [
    ...target.pathNames.map((name) => field(fieldName(name), typed(name), { mark: mark() })),
    ...target.query.map(({ name, rule, choices }) =>
      field(fieldName(name), choices ? chooser({ name }, choices, false) : typed(name), { hint: translated(rule) }),
    ),
  ];
}
