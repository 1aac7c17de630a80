// The connections that the page remembers, which all of its tabs share: each tab writes what it has changed, and leaves
// the rest as another tab wrote it.

import { writeExact } from "../kit/exact.js";
import { recall, remember } from "../kit/remembered.js";

/** @import { Kept } from "./connection.js" */

export class KeptConnections {
  /** @type {Map<number, string>} */
  #known = new Map(); // by key, as this tab read or wrote it last

  /** @returns {Kept[] | null} null where none is remembered */
  read() {
    const stored = storedNow();
    return stored.length === 0 ? null : stored;
  }

  /**
   * Says what this tab begins with, which is no change of its own.
   * @param {Kept[]} list
   */
  begin(list) {
    for (const one of list) this.#known.set(one.key, writeExact(one));
  }

  /**
   * A key that no tab has.
   * @param {{key: number}[]} list
   */
  newKey(list) {
    return Math.max(0, ...[...list, ...storedNow()].map((one) => one.key)) + 1;
  }

  /**
   * Writes those that this tab has changed or added.
   * @param {Kept[]} list
   */
  keep(list) {
    const stored = new Map(storedNow().map((one) => [one.key, one]));
    const isNew = stored.size === 0;
    for (const one of list) {
      const text = writeExact(one);
      if (this.#known.get(one.key) === text && !isNew) continue;
      stored.set(one.key, one);
      this.#known.set(one.key, text);
    }
    remember("connections", [...stored.values()]);
  }

  /** @param {number} key */
  drop(key) {
    this.#known.delete(key);
    remember(
      "connections",
      storedNow().filter((one) => one.key !== key),
    );
  }
}

/** @returns {Kept[]} */
const storedNow = () => recall("connections", null) ?? [];
