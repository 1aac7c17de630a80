// What the page remembers between visits, in the browser's local storage. Where that is closed, it just forgets.

import { readExact, writeExact } from "./exact.js";

const PREFIX = "careline.";

/**
 * @param {string} key
 * @param {any} fallback
 * @returns {any} the value that was remembered last
 */
export const recall = (key, fallback) => read(() => localStorage, key, fallback);

/**
 * @param {string} key
 * @param {unknown} value
 * @returns {boolean} false where storage is full or closed: the page works on without it
 */
export const remember = (key, value) => write(() => localStorage, key, value);

/**
 * Like recall, of what this tab alone remembers until it is closed.
 * @param {string} key
 * @param {any} fallback
 * @returns {any}
 */
export const recallHere = (key, fallback) => read(() => sessionStorage, key, fallback);

/**
 * Like remember, for this tab alone: without it the next visit starts as another tab would.
 * @param {string} key
 * @param {unknown} value
 */
export const rememberHere = (key, value) => write(() => sessionStorage, key, value);

/**
 * @param {() => Storage} storage which a browser may refuse to name
 * @param {string} key
 * @param {any} fallback
 * @returns {any}
 */
function read(storage, key, fallback) {
  try {
    const text = storage().getItem(PREFIX + key);
    return text === null ? fallback : readExact(text);
  } catch {
    return fallback;
  }
}

/**
 * @param {() => Storage} storage
 * @param {string} key
 * @param {unknown} value
 */
function write(storage, key, value) {
  try {
    storage().setItem(PREFIX + key, writeExact(value));
    return true;
  } catch {
    return false;
  }
}

/** @param {string} key */
export function forget(key) {
  try {
    localStorage.removeItem(PREFIX + key);
  } catch {
    // It was never remembered.
  }
}

/**
 * The ends of all remembered keys that begin so.
 * @param {string} start
 */
export function rememberedUnder(start) {
  try {
    const keys = Object.keys(localStorage).filter((key) => key.startsWith(PREFIX + start));
    return keys.map((key) => key.slice(PREFIX.length + start.length));
  } catch {
    return [];
  }
}

/**
 * Calls `listener` when another tab has remembered or forgotten something under keys that begin so.
 * @param {string} start
 * @param {() => void} listener
 */
export function whenRememberedElsewhere(start, listener) {
  addEventListener("storage", ({ key }) => {
    if (key === null || key.startsWith(PREFIX + start)) listener();
  });
}
