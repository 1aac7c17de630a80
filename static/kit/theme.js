// Light, dark, or as the system has it; remembered.

import { byId, icon } from "./dom.js";
import { inEveryLanguage, say } from "./language.js";
import { recall, remember } from "./remembered.js";

/** @typedef {"auto" | "light" | "dark"} Theme */

/** @type {Theme[]} */
const THEMES = ["auto", "light", "dark"];

export function theme() {
  const button = byId("theme");
  /** @type {Theme} */
  let chosen = recall("theme", "auto");
  const show = () => {
    document.documentElement.dataset.theme = chosen;
    button.replaceChildren(icon(chosen));
    button.title = say(`theme_${chosen}`);
    button.setAttribute("aria-label", button.title);
  };
  button.addEventListener("click", () => {
    chosen = THEMES[(THEMES.indexOf(chosen) + 1) % THEMES.length];
    remember("theme", chosen);
    show();
  });
  inEveryLanguage(show);
}
