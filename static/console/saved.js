// Events saved under a name, each in a collection or in none. Each is remembered under a key of its own, so that tabs do
// not overwrite each other's.

import { forget, recall, remember, rememberedUnder, whenRememberedElsewhere } from "../kit/remembered.js";

/** @import { Named } from "./prepared.js" */

const ALONE = "saved."; // and the name of an event in no collection
const COLLECTED = "saved-in."; // and [collection, name] as JSON: whatever the two are, no other two give the same

/**
 * The key it is remembered under.
 * @param {Pick<Named, "collection" | "name">} event
 */
export const keyOf = ({ collection, name }) =>
  collection === "" ? ALONE + name : COLLECTED + JSON.stringify([collection, name]);

/** @returns {Named[]} by collection, those in none first, and by name */
export function savedEvents() {
  const alone = rememberedUnder(ALONE).map((name) => ["", name]);
  const collected = rememberedUnder(COLLECTED).map((end) => JSON.parse(end));
  return [...alone, ...collected]
    .map(([collection, name]) => ({ collection, name, ...recall(keyOf({ collection, name }), null) }))
    .filter(({ id }) => typeof id === "string")
    .sort((one, other) => one.collection.localeCompare(other.collection) || one.name.localeCompare(other.name));
}

/** @param {Omit<Named, "collection" | "name">} event */
const contentOf = ({ id, text, place }) => ({ id, text, place });

/**
 * Whether two events are the same, whatever they are called.
 * @param {Omit<Named, "collection" | "name">} one
 * @param {Omit<Named, "collection" | "name">} other
 */
export const isSame = (one, other) => JSON.stringify(contentOf(one)) === JSON.stringify(contentOf(other));

/**
 * Saves an event, in place of another of that name in its collection.
 * @param {Named} event
 * @returns {boolean} whether it could be saved
 */
export const save = (event) => remember(keyOf(event), contentOf(event));

/** @param {Named} event */
export const drop = (event) => forget(keyOf(event));

/**
 * Saves events of a file; one whose name another in its collection has gets a number.
 * @param {Named[]} events
 * @returns {boolean} whether all could be saved
 */
export function saveAll(events) {
  return events.every((event) => {
    let { name } = event;
    for (let number = 2; ; number += 1) {
      const there = recall(keyOf({ ...event, name }), null);
      if (there === null || isSame(there, event)) break;
      name = `${event.name} (${number})`;
    }
    return save({ ...event, name });
  });
}

/**
 * Calls `listener` when another tab has saved or deleted something.
 * @param {() => void} listener
 */
export function whenSavedElsewhere(listener) {
  whenRememberedElsewhere(ALONE, listener);
  whenRememberedElsewhere(COLLECTED, listener);
}
