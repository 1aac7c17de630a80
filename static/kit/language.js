// The language of the page: chosen from the browser's at first, then remembered.

import { recall, remember } from "./remembered.js";
import { texts } from "./texts.js";

const listeners = [];
let language = recall("language", navigator.language.startsWith("zh") ? "zh" : "en");

/** The text of that key, with {name} replaced from `values`. */
export function say(key, values = {}) {
  const text = texts[key][language === "zh" ? 0 : 1];
  return text.replace(/\{(\w+)\}/g, (_, name) => String(values[name]));
}

/** The text of that key, or `fallback` for a key made of data that the page doesn't know. */
export function sayIfKnown(key, fallback) {
  return key in texts ? say(key) : fallback;
}

/** A `{zh, en}` text of the protocol. */
export function translated(text) {
  return text?.[language] ?? "";
}

/** Calls `listener` now and whenever the language changes. */
export function inEveryLanguage(listener) {
  listeners.push(listener);
  listener();
}

export function switchLanguage() {
  language = language === "zh" ? "en" : "zh";
  remember("language", language);
  for (const listener of listeners) listener();
}

/** Fills what index.html marks with data-say, data-say-label and data-say-placeholder. */
export function sayStaticTexts() {
  document.documentElement.lang = language === "zh" ? "zh-CN" : "en";
  document.title = say("title");
  for (const node of document.querySelectorAll("[data-say]")) node.textContent = say(node.dataset.say);
  for (const node of document.querySelectorAll("[data-say-label]")) {
    node.setAttribute("aria-label", say(node.dataset.sayLabel));
    node.title = say(node.dataset.sayLabel);
  }
  for (const node of document.querySelectorAll("[data-say-placeholder]")) {
    node.placeholder = say(node.dataset.sayPlaceholder);
  }
}
