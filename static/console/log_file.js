// A log as a file: exported whole without what lets others in, and read again by a page that trusts nothing in it.

import { at } from "../kit/address.js";
import { idOf } from "../kit/exact.js";
import { say } from "../kit/language.js";
import { COLOURS, TRANSPORTS } from "./connections.js";

/**
 * @import { Json } from "../kit/protocol.js"
 * @import { About, Entry, ImportedLog, Log, Party } from "./log.js"
 */

const FORMAT = "careline-log";
const VERSION = 1;
const MOST_BYTES = 200_000_000;
const MOST_ENTRIES = 60_000;
const TAKEN_OUT = "…";
const ID = /^\d{1,19}$/; // as text: a JSON number would lose digits in other programs

const TOKENS = /\beyJ[\w-]*\.[\w-]+\.[\w-]*/g; // JSON Web Tokens, wherever they stand
const SECRET_MEMBERS =
  /(\\?"(?:token|auth|authorization|password|secret|pid|sid)\\?"\s*:\s*)(\\?")(?:[^"\\]|\\[^"])*\\?"/gi;
const SECRET_HEADERS = /^((?:authorization|cookie|set-cookie): ).*$/gim;
const SIGNATURES = /(\/files\/[0-9a-f]{64})\?[^"\s]*/g; // signed addresses of files show them to anyone

/**
 * A text without tokens, sessions and signatures in it.
 * @param {string} text
 */
export function withoutSecrets(text) {
  return text
    .replace(TOKENS, TAKEN_OUT)
    .replace(SECRET_MEMBERS, `$1$2${TAKEN_OUT}$2`)
    .replace(SECRET_HEADERS, `$1${TAKEN_OUT}`)
    .replace(SIGNATURES, "$1");
}

/**
 * Whether nothing was taken out of a text.
 * @param {string} text
 */
export const isComplete = (text) => ![...text.matchAll(SECRET_MEMBERS)].some(([member]) => member.includes(TAKEN_OUT));

/**
 * A packet below the events without the handshake's auth, whatever is in it.
 * @param {Entry} entry
 * @param {string} text
 */
function safe({ kind, direction }, text) {
  if (kind === "wire" && direction === "out" && text.startsWith("40")) {
    return text.replace(/\{[^]*\}$/, `{"${TAKEN_OUT}"}`);
  }
  return withoutSecrets(text);
}

/**
 * The log that is shown, filtered or not, as the text of a file.
 * @param {Log} log
 * @param {string} version of the server
 */
export function exported(log, version) {
  /** @type {Map<Party, number>} */
  const keys = new Map();
  for (const { connection } of log.all) {
    if (connection !== null && !keys.has(connection)) keys.set(connection, keys.size + 1);
  }
  const connections = [...keys].map(([{ name, colour, userType, userId, transport }, key]) => {
    return { key, name, colour, userType, userId: String(userId), transport };
  });
  const places = new Map(log.all.map(({ number }, place) => [number, place]));
  const entries = log.all.map((entry) => {
    const { kind, direction, name, at: time, tick, ahead, latency, failed, about } = entry;
    const key = entry.connection && keys.get(entry.connection);
    const [text, raw] = [safe(entry, entry.text), safe(entry, entry.raw)];
    const answers = places.get(entry.answers ?? -1);
    const more = { latency, failed: failed || undefined, ahead, about, answers };
    return { at: time, tick, connection: key, kind, direction, name: withoutSecrets(name), text, raw, ...more };
  });
  // An entry a line: for reading, and for other programs.
  const head = JSON.stringify({
    format: FORMAT,
    version: VERSION,
    careline: version,
    exported_at: new Date(),
    connections,
  });
  return `${head.slice(0, -1)},"entries":[\n${entries.map((entry) => JSON.stringify(entry)).join(",\n")}\n]}\n`;
}

/** What does not hold of a file; a sentence for the page is made of it. */
class NotALog extends Error {}

/**
 * Reads an exported log. Each value is checked and taken over by itself: nothing else in the file is kept.
 * @param {Blob & {name: string}} file
 * @returns {Promise<ImportedLog>}
 * @throws {Error} with a sentence to show, when it is not one
 */
export async function imported(file) {
  try {
    if (file.size > MOST_BYTES) throw new NotALog("size");
    return logIn(JSON.parse(await file.text()), file.name);
  } catch (fault) {
    const where = fault instanceof NotALog ? fault.message : "JSON";
    throw new Error(say("notALog", { file: file.name, where }), { cause: fault });
  }
}

/**
 * @param {Json} told
 * @param {string} name
 * @returns {ImportedLog}
 */
function logIn(told, name) {
  hold(told?.format === FORMAT, "format");
  hold(told.version === VERSION, "version");
  hold(Array.isArray(told.connections) && told.connections.length <= MOST_ENTRIES, "connections");
  hold(Array.isArray(told.entries) && told.entries.length <= MOST_ENTRIES, "entries");
  const connections = told.connections.map(partyIn);
  const parties = new Map(connections.map((/** @type {Party} */ one) => [one.key, one]));
  hold(parties.size === connections.length, "connections");
  const entries = told.entries.map((/** @type {Json} */ one, /** @type {number} */ place) =>
    entryIn(one, place, parties),
  );
  const on = isTime(Date.parse(told.exported_at)) ? new Date(told.exported_at).toLocaleString() : "";
  return { from: [name, on].filter(Boolean).join(" · "), connections, entries };
}

/**
 * @param {unknown} holds
 * @param {string} where
 */
function hold(holds, where) {
  if (!holds) throw new NotALog(where);
}

/** @param {unknown} value */
const isText = (value) => typeof value === "string";
/** @param {unknown} value */
const isCount = (value) => Number.isSafeInteger(value) && Number(value) >= 0;
/** @param {unknown} value */
const isNumber = (value) => typeof value === "number" && Number.isFinite(value);
/** @param {unknown} value */
const isTime = (value) => isNumber(value) && Math.abs(Number(value)) < 8.64e15; // what a Date can be

/** @param {string} text */
function isJson(text) {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/**
 * @param {Json} told
 * @param {number} place
 * @returns {Party}
 */
function partyIn(told, place) {
  const where = `connections[${place}]`;
  const { key, name, colour, userType, userId, transport } = told ?? {};
  hold(isCount(key) && isText(name) && isText(userType) && isText(userId) && ID.test(userId), where);
  hold(COLOURS.includes(colour) && TRANSPORTS.includes(transport), where);
  return { key, name, colour, userType, userId: idOf(userId), transport };
}

/**
 * @param {Json} told
 * @param {number} place
 * @param {Map<number, Party>} parties
 * @returns {Entry}
 */
function entryIn(told, place, parties) {
  const where = `entries[${place}]`;
  const {
    at: time,
    tick,
    connection = null,
    kind,
    direction,
    name,
    text,
    raw,
    latency,
    failed,
    ahead,
    about,
    answers,
  } = told ?? {};
  hold(isTime(time) && isNumber(tick) && isText(name) && isText(text) && isText(raw), where);
  hold(["event", "http", "wire", "note"].includes(kind) && ["out", "in", ""].includes(direction), where);
  // What is sent again, or compared with what comes then, is taken apart as JSON.
  const isPayload = kind === "event" || (kind === "http" && (direction === "out" || /^[{[]/.test(text)));
  hold(!isPayload || text === "" || isJson(text), `${where}.text`);
  hold(connection === null || parties.has(connection), `${where}.connection`);
  hold(failed === undefined || failed === true, `${where}.failed`);
  hold(
    [latency, ahead].every((one) => one === undefined || isNumber(one)),
    where,
  );
  hold(answers === undefined || (isCount(answers) && answers < place), `${where}.answers`);
  const party = parties.get(connection) ?? null;
  const entry = { number: place, at: time, tick, connection: party, kind, direction, name, text, raw, latency, failed };
  return Object.assign(entry, { ahead, answers, about: about === undefined ? undefined : aboutIn(about, where) });
}

/**
 * @param {Json} about
 * @param {string} where
 * @returns {About}
 */
function aboutIn(about, where) {
  const { event, transport, method, path, became } = about ?? {};
  if (isText(event) && TRANSPORTS.includes(transport)) return { event, transport };
  if (became === "connected" || became === "idle") return { became };
  hold(["GET", "POST", "PUT", "PATCH", "DELETE"].includes(method), `${where}.about`);
  // A path could lead to another server: only Careline's own are taken.
  hold(isText(path) && /^\/(?:api\/|sandbox\/|health$|metrics$)/.test(path), `${where}.about`);
  hold(at(path).origin === location.origin, `${where}.about`);
  return { method, path };
}
