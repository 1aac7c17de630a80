// The language of the page: chosen from the browser's at first, then remembered.

import { recall, remember } from "./remembered.js";
import { texts } from "./texts.js";

/**
 * @import { Translated } from "./protocol.js"
 * @typedef {keyof typeof texts} TextKey
 * @typedef {Record<string, unknown>} Values
 */

/** @type {(() => void)[]} */
const listeners = [];
/** @type {"zh" | "en"} */
let language = recall("language", navigator.language.startsWith("zh") ? "zh" : "en");

/**
 * The text of that key, with {name} replaced from `values`.
 * @param {TextKey} key
 * @param {Values} values
 */
export function say(key, values = {}) {
  return filled(texts[key], values);
}

/**
 * A `[Chinese, English]` text in the language of the page, with {name} replaced from `values`.
 * @param {string[]} text
 * @param {Values} values
 */
export function filled([zh, en], values = {}) {
  return (language === "zh" ? zh : en).replace(/\{(\w+)\}/g, (_, name) => String(values[name]));
}

/**
 * The text of that key, or `fallback` for a key made of data that the page doesn't know.
 * @param {string} key
 * @param {string} fallback
 */
export function sayIfKnown(key, fallback) {
  return key in texts ? say(/** @type {TextKey} */ (key)) : fallback;
}

/**
 * A `{zh, en}` text of the protocol.
 * @param {Translated | undefined} text
 */
export function translated(text) {
  return text?.[language] ?? "";
}

/**
 * Calls `listener` now and whenever the language changes.
 * @param {() => void} listener
 */
export function inEveryLanguage(listener) {
  listeners.push(listener);
  listener();
}

export function switchLanguage() {
  language = language === "zh" ? "en" : "zh";
  remember("language", language);
  for (const listener of listeners) listener();
}

/** Fills what the page's HTML marks with data-say and data-say-label. */
export function sayStaticTexts() {
  document.documentElement.lang = language === "zh" ? "zh-CN" : "en";
  document.title = say("title");
  for (const [node, key] of marked("say")) {
    node.textContent = say(/** @type {TextKey} */ (key));
    if (key === "otherLanguage") node.lang = language === "zh" ? "en" : "zh-CN";
  }
  for (const [node, key] of marked("say-label")) {
    node.title = say(/** @type {TextKey} */ (key));
    node.setAttribute("aria-label", node.title);
  }
}

/**
 * The elements with that data attribute, each with its value.
 * @param {string} name
 * @returns {[HTMLElement, string][]}
 */
export function marked(name) {
  const nodes = /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll(`[data-${name}]`));
  return [...nodes].map((node) => [node, node.getAttribute(`data-${name}`) ?? ""]);
}
