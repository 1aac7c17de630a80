// An event or a call that is prepared: as a link, and as a file. Payloads stay text, in which ids keep every digit.

import { base } from "../kit/address.js";
import { elements, members, pretty } from "../kit/json_text.js";
import { JsonFault, lineAndColumn, readJson } from "../kit/json_reader.js";
import { say } from "../kit/language.js";

/**
 * @typedef {object} Prepared
 * @property {string} id of its target: an event's name, or "METHOD /path"
 * @property {string} text the payload as JSON, "" for none
 * @property {Record<string, string>} place the names in a call's path, and its query
 *
 * @typedef {Prepared & {name: string, collection: string}} Named `collection` is "" for none
 */

const KIND = "careline_events"; // the member of a file that says what it is; its value is the format's version
const FORMAT = "1";
const MOST_EVENTS = 500;
const LONGEST_NAME = 80; // characters
export const LARGEST_FILE = 2_000_000; // bytes

/** A file that can't be imported; `message` says why. */
export class FileFault extends Error {}

/**
 * The address that opens the console with it filled in. All of it is behind the #, which browsers send to no server.
 * @param {Prepared} prepared
 */
export function linkTo({ id, text, place }) {
  const given = Object.entries(place).filter(([, value]) => value !== "");
  const wanted = new URLSearchParams({ try: id, payload: text });
  if (given.length > 0) wanted.set("place", JSON.stringify(Object.fromEntries(given)));
  return `${base.href}#${wanted}`;
}

/**
 * What such an address asks for, or null; `text` is null where it says nothing of a payload, `place` where it can't be read.
 * @param {string} fragment
 * @returns {{id: string, text: string | null, place: Record<string, string> | null} | null}
 */
export function readLink(fragment) {
  const wanted = new URLSearchParams(fragment.slice(1));
  const id = wanted.get("try");
  return id === null ? null : { id, text: wanted.get("payload"), place: textsOf(wanted.get("place") ?? "{}") };
}

/**
 * @param {Named[]} events
 * @returns {string}
 */
export function asFile(events) {
  const written = events.map(({ name, collection, id, text, place }) => {
    const parts = [`"name":${JSON.stringify(name)}`];
    if (collection !== "") parts.push(`"collection":${JSON.stringify(collection)}`);
    parts.push(`"send":${JSON.stringify(id)}`);
    if (Object.keys(place).length > 0) parts.push(`"path":${JSON.stringify(place)}`);
    if (text !== "") parts.push(`"payload":${text}`);
    return `{${parts.join(",")}}`;
  });
  return pretty(`{"${KIND}":${FORMAT},"events":[${written.join(",")}]}`) + "\n";
}

/**
 * The events in a file. All of it is checked before any of it is used.
 * @param {string} text
 * @param {(id: string) => boolean} knows whether this server has such an event or call
 * @returns {Named[]}
 * @throws {FileFault}
 */
export function readFile(text, knows) {
  const clean = text.replace(/^\ufeff/, "");
  try {
    readJson(clean);
  } catch (fault) {
    if (!(fault instanceof JsonFault)) throw fault;
    throw new FileFault(say("atPlace", { ...lineAndColumn(clean, fault.at), text: say("notJson") }));
  }
  const file = membersOf(clean);
  const events = file?.get("events") ?? "";
  if (file?.get(KIND) !== FORMAT || !events.startsWith("[")) throw new FileFault(say("badFileKind"));
  const all = elements(events);
  if (all.length > MOST_EVENTS) throw new FileFault(say("badFileMany", { most: MOST_EVENTS }));
  return all.map((event, index) => {
    try {
      return readEvent(event, knows);
    } catch (fault) {
      if (!(fault instanceof FileFault)) throw fault;
      throw new FileFault(say("badFileEvent", { number: index + 1, reason: fault.message }));
    }
  });
}

/**
 * @param {string} text
 * @param {(id: string) => boolean} knows
 * @returns {Named}
 */
function readEvent(text, knows) {
  const event = membersOf(text);
  const [name, id] = ["name", "send"].map((key) => textOf(event?.get(key)));
  const collection = textOf(event?.get("collection") ?? '""');
  if (name === null || !isName(name)) throw new FileFault(say("badFileName"));
  if (collection === null || !isCollection(collection)) throw new FileFault(say("badFileCollection"));
  if (id === null || !knows(id)) throw new FileFault(say("badFileTarget", { target: id ?? "…" }));
  const place = textsOf(event?.get("path") ?? "{}");
  if (place === null) throw new FileFault(say("badFilePlace"));
  return { name, collection, id, text: event?.get("payload") ?? "", place };
}

/** @param {string} name */
export const isName = (name) => name.trim() !== "" && [...name].length <= LONGEST_NAME;

/** @param {string} collection */
export const isCollection = (collection) => collection === "" || isName(collection);

/**
 * The members of a JSON text, or null where it is no object.
 * @param {string} text
 */
const membersOf = (text) => (text.trim().startsWith("{") ? members(text) : null);

/**
 * @param {string} [json]
 * @returns {string | null} null where it is no text
 */
const textOf = (json) => (json?.startsWith('"') ? JSON.parse(json) : null);

/**
 * A JSON object of texts, or null where it is none.
 * @param {string} json
 * @returns {Record<string, string> | null}
 */
function textsOf(json) {
  try {
    const value = JSON.parse(json);
    const isOne = typeof value === "object" && value !== null && !Array.isArray(value);
    return isOne && Object.values(value).every((one) => typeof one === "string") ? value : null;
  } catch {
    return null;
  }
}
