// Which id of a recorded log is which id now. All ids are the digits of their text: 64-bit ones stay what they are.

import { elements, members } from "../kit/json_text.js";

/** @typedef {"question" | "message" | "notification" | "reminder"} Noun */

// What a member's id is of; `id` and the cursors are of the payload's own noun.
/** @type {Record<string, Noun>} */
const NOUNS = { question_id: "question", up_to_id: "message", task_id: "reminder", notification_id: "notification" };
const OWN = ["id", "after_id", "before_id"];
const LEARNT = ["id", "question_id", "task_id", "notification_id"]; // the others may be of anything seen
const NOT_COMPARED = [...OWN, ...Object.keys(NOUNS), "biz_id", "latest_message_id"];
const TIME = /^"\d{4}-\d\d-\d\d[ T]/;
const ID = /^[1-9]\d*$/;

/** @type {Record<string, Noun>} */
const OF_EVENT = {
  join_question: "message", // its after_id
  bind_user: "notification",
  send_message: "message",
  new_message: "message",
  "question:updated": "question",
};

/**
 * Of what `id` and `after_id` are in an event's payload, and in its answer's.
 * @param {string} name
 * @returns {Noun | null}
 */
export const nounOfEvent = (name) => OF_EVENT[name] ?? (name.startsWith("notification:") ? "notification" : null);

/**
 * Of what `id` is in a call's body and answer, and what its cursors are of.
 * @param {string} path
 * @returns {Noun | null}
 */
export function nounOfPath(path) {
  const [, first, , then = ""] = /^\/api\/(\w+)(\/\d+)?(?:\/([\w-]+))?/.exec(path) ?? [];
  if (then === "history" || then === "participants" || then === "day") return null;
  if (then === "messages") return "message";
  if (first === "notifications" || then === "notifications") return "notification";
  if (first === "questions") return "question";
  return first === "reminders" ? "reminder" : null;
}

export class ReplayIds {
  /** @type {Map<string, string>} */
  #now = new Map(); // "question 7" as recorded -> "2"
  /** @type {Map<string, {recorded: string[], arrived: string[]}>} */
  #pushes = new Map(); // payloads that look the same but for their ids and times, in order
  /** @type {Set<string>} */
  #awaited = new Set(); // what the log was given by a push that has not come again yet

  /**
   * Both are answers to the same thing: learns which id is which.
   * @param {Noun | null} noun
   * @param {string} recorded
   * @param {string} now
   */
  learn(noun, recorded, now) {
    if (!recorded.startsWith("{") || !now.startsWith("{")) return;
    const fresh = members(now);
    for (const [name, value] of members(recorded)) {
      const other = fresh.get(name);
      if (other === undefined) continue;
      if (name === "data") this.learn(noun, value, other);
      else if (name === "items") this.#learnList(noun, value, other);
      else if (LEARNT.includes(name)) this.#take(nounOf(name, noun), value, other);
    }
  }

  /**
   * A push of the log; its ids are known once it has come again.
   * @param {string} to which connection, and the event's name
   * @param {Noun | null} noun
   * @param {string} text
   */
  recorded(to, noun, text) {
    const own = members(text).get("id");
    if (noun !== null && own !== undefined && !this.#now.has(`${noun} ${own}`)) this.#awaited.add(`${noun} ${own}`);
    this.#push(to, noun, text, "recorded");
  }

  /**
   * A push that came now.
   * @param {string} to
   * @param {Noun | null} noun
   * @param {string} text
   */
  arrived(to, noun, text) {
    this.#push(to, noun, text, "arrived");
  }

  /**
   * Whether every id in a payload or path is known that is going to be.
   * @param {Noun | null} noun
   * @param {string} path
   * @param {string} text
   */
  isReady(noun, path, text) {
    let ready = true;
    this.#map(noun, path, text, (key, id) => {
      if (this.#awaited.has(key)) ready = false;
      return id;
    });
    return ready;
  }

  /**
   * A path and a payload with the ids of now; an id that the log was not given stays.
   * @param {Noun | null} noun
   * @param {string} path "" for none
   * @param {string} text
   */
  mapped(noun, path, text) {
    return this.#map(noun, path, text, (key, id) => this.#now.get(key) ?? id);
  }

  /**
   * @param {Noun | null} noun
   * @param {string} path
   * @param {string} text
   * @param {(key: string, id: string) => string} by
   */
  #map(noun, path, text, by) {
    const [place, query] = path.split("?");
    const placed = place.replace(/^\/api\/(question|reminder|notification)s\/(\d+)/, (_, of, id) => {
      return `/api/${of}s/${by(`${of} ${id}`, id)}`;
    });
    const asked = query?.replace(
      /\b(after_id|before_id)=(\d+)/g,
      (_, name, id) => `${name}=${by(`${noun} ${id}`, id)}`,
    );
    const mapped = (/** @type {string} */ member) => {
      const [, before, name, id] = /^("(\w+)":)([1-9]\d*)$/.exec(member) ?? [];
      const of = name && nounOf(name, noun);
      return of ? before + by(`${of} ${id}`, id) : member;
    };
    const body = text.startsWith("{") ? `{${elements(text).map(mapped).join(",")}}` : text;
    return { path: asked === undefined ? placed : `${placed}?${asked}`, text: body };
  }

  /**
   * @param {string} to
   * @param {Noun | null} noun
   * @param {string} text
   * @param {"recorded" | "arrived"} which
   */
  #push(to, noun, text, which) {
    const look = `${to} ${lookOf(text)}`;
    const queue = this.#pushes.get(look) ?? { recorded: [], arrived: [] };
    this.#pushes.set(look, queue);
    queue[which].push(text);
    while (queue.recorded.length > 0 && queue.arrived.length > 0) {
      this.learn(noun, queue.recorded.shift() ?? "", queue.arrived.shift() ?? "");
    }
  }

  /**
   * Items that look the same but for ids and times are the same, in their order.
   * @param {Noun | null} noun
   * @param {string} recorded
   * @param {string} now
   */
  #learnList(noun, recorded, now) {
    const fresh = elements(now).map((text) => ({ text, look: lookOf(text) }));
    for (const item of elements(recorded)) {
      const look = lookOf(item);
      const place = fresh.findIndex((one) => one.look === look);
      if (place >= 0) this.learn(noun, item, fresh.splice(place, 1)[0].text);
    }
  }

  /**
   * @param {Noun | null} noun
   * @param {string} recorded
   * @param {string} now
   */
  #take(noun, recorded, now) {
    const key = `${noun} ${recorded}`;
    if (noun === null || this.#now.has(key) || !ID.test(recorded) || !ID.test(now)) return;
    this.#now.set(key, now);
    this.#awaited.delete(key);
  }
}

/**
 * @param {string} name
 * @param {Noun | null} noun of the payload
 */
const nounOf = (name, noun) => (OWN.includes(name) ? noun : (NOUNS[name] ?? null));

/** @param {string} text a payload without what differs from one time to the next */
function lookOf(text) {
  if (!text.startsWith("{")) return text;
  const kept = [...members(text)].filter(([name, value]) => !NOT_COMPARED.includes(name) && !TIME.test(value));
  return JSON.stringify(kept.sort(([one], [other]) => (one < other ? -1 : 1)));
}
