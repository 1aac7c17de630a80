// What is sent, to take along as code: a button for each language.

import { LANGUAGES } from "../kit/as_code.js";
import { button } from "../kit/controls.js";
import { element, icon } from "../kit/dom.js";
import { say } from "../kit/language.js";

/** @import { Language } from "../kit/as_code.js" */

/**
 * @param {(language: Language) => void} copyAs
 * @param {string} [prefix] of the buttons' ids; without one they have none
 */
export function codeButtons(copyAs, prefix) {
  return element(
    "div",
    { class: "code-buttons", role: "group", "aria-label": say("copyCode") },
    icon("copy"),
    ...LANGUAGES.map((language) =>
      button(language.short, () => copyAs(language), {
        kind: "quiet small",
        label: say("copyAs", { language: language.name }),
        id: prefix === undefined ? null : prefix + language.id,
      }),
    ),
  );
}
