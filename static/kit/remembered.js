// What the page remembers between visits, in the browser's local storage. Where that is closed, it just forgets.

const PREFIX = "careline.";

/**
 * @param {string} key
 * @param {any} fallback
 * @returns {any} the value that was remembered last
 */
export function recall(key, fallback) {
  try {
    const text = localStorage.getItem(PREFIX + key);
    return text === null ? fallback : JSON.parse(text);
  } catch {
    return fallback;
  }
}

/**
 * @param {string} key
 * @param {unknown} value
 */
export function remember(key, value) {
  try {
    localStorage.setItem(PREFIX + key, JSON.stringify(value));
  } catch {
    // Storage is full or closed: the page works on without it.
  }
}
