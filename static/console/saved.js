// Events saved under a name. Each is remembered under a key of its own, so that tabs do not overwrite each other's.

import { forget, recall, remember, rememberedUnder } from "../kit/remembered.js";

/** @import { Named } from "./prepared.js" */

export const SAVED = "saved.";

/** @returns {Named[]} by name */
export function savedEvents() {
  const names = rememberedUnder(SAVED).sort((one, other) => one.localeCompare(other));
  return names.map((name) => ({ name, ...recall(SAVED + name, null) })).filter(({ id }) => typeof id === "string");
}

/**
 * Saves an event, in place of another of that name.
 * @param {Named} event
 * @returns {boolean} whether it could be saved
 */
export const save = ({ name, id, text, place }) => remember(SAVED + name, { id, text, place });

/** @param {string} name */
export const drop = (name) => forget(SAVED + name);

/**
 * Saves events of a file; one whose name another has gets a number.
 * @param {Named[]} events
 * @returns {boolean} whether all could be saved
 */
export function saveAll(events) {
  return events.every((event) => {
    const content = JSON.stringify({ id: event.id, text: event.text, place: event.place });
    let { name } = event;
    for (let number = 2; ; number += 1) {
      const there = recall(SAVED + name, null);
      if (there === null || JSON.stringify(there) === content) break;
      name = `${event.name} (${number})`;
    }
    return save({ ...event, name });
  });
}
