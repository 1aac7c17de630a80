// Everything sent and received, and which of it is shown.

import { serverTime } from "./server_time.js";

const LIMIT = 50_000; // entries kept; beyond it the oldest tenth goes

/**
 * @import { Transport } from "../kit/as_code.js"
 *
 * Who sent or received; a connection of the page, or one of an imported log.
 * @typedef {{key: number, name: string, colour: string, userType: string, userId: number, transport: Transport}} Party
 *
 * What a line is about: the event or call that was sent, or what became of the connection.
 * @typedef {{event: string, transport: Transport} | {method: string, path: string} | {became: "connected" | "idle"}} About
 *
 * @typedef {object} NewEntry
 * @property {Party | null} connection
 * @property {"event" | "http" | "wire" | "note"} kind
 * @property {"out" | "in" | ""} direction
 * @property {string} name
 * @property {string} text the payload as on the wire
 * @property {string} raw the packet as on the wire
 * @property {number} [latency] in ms, from send to answer
 * @property {boolean} [failed]
 * @property {number} [answers] the number of the entry that this one answers
 * @property {About} [about]
 *
 * `at` is the browser's time in ms since 1970; `tick` in ms, too, never goes back. `ahead` is by how many ms the server's
 * clock was ahead of the browser's, in a sandbox.
 * @typedef {NewEntry & {number: number, at: number, tick: number, ahead?: number}} Entry
 *
 * A log that was exported before; `from` tells which.
 * @typedef {{from: string, connections: Party[], entries: Entry[]}} ImportedLog
 *
 * @typedef {object} Filter
 * @property {boolean} sent
 * @property {boolean} received
 * @property {boolean} http
 * @property {boolean} wire
 * @property {number | null} connection
 * @property {string} search
 */

/** Dispatches "change" whenever the entries, or which of them are shown, change. */
export class Log extends EventTarget {
  /** @type {Entry[]} */
  entries = [];
  /** @type {Entry[]} */
  shown = [];
  /**
   * The log from a file that is shown in place of the page's own, which goes on meanwhile.
   * @type {ImportedLog | null}
   */
  imported = null;
  paused = false;
  /** Entries added since the pause. */
  held = 0;
  /** @type {Filter} */
  filter = { sent: true, received: true, http: true, wire: false, connection: null, search: "" };
  #number = 0;

  /** @param {NewEntry} added */
  add(added) {
    /** @type {Entry} */
    const entry = Object.assign(added, { number: this.#number++, at: Date.now(), tick: performance.now() });
    if (serverTime.ahead !== 0) entry.ahead = serverTime.ahead;
    this.entries.push(entry);
    const isFull = this.entries.length > LIMIT;
    if (isFull) this.entries.splice(0, LIMIT / 10);
    if (this.imported !== null) {
      // What is shown is another log.
    } else if (isFull) {
      if (!this.paused) this.#choose();
    } else if (this.paused) {
      this.held += 1;
    } else if (this.#passes(entry)) {
      this.shown.push(entry);
    }
    this.#changed();
    return entry;
  }

  /**
   * The answer to `entry` came: its latency is known now.
   * @param {Entry} entry
   * @param {number} latency
   */
  answered(entry, latency) {
    entry.latency = latency;
    this.#changed();
  }

  /** @param {Partial<Filter>} part */
  setFilter(part) {
    Object.assign(this.filter, part);
    this.#choose();
    this.#changed();
  }

  pause() {
    this.paused = true;
    this.held = 0;
    this.#changed();
  }

  resume() {
    this.paused = false;
    this.#choose();
    this.#changed();
  }

  /** Everything of the log that is shown, filtered or not. */
  get all() {
    return this.imported?.entries ?? this.entries;
  }

  /**
   * Shows an imported log in place of the page's own; null goes back to that.
   * @param {ImportedLog | null} imported
   */
  show(imported) {
    const first = this.#number;
    this.imported = imported;
    this.filter.connection = null;
    for (const entry of imported?.entries ?? []) {
      entry.number = this.#number++; // of its own: the lines on the page are known by it
      if (entry.answers !== undefined) entry.answers += first;
    }
    this.#choose();
    this.#changed();
  }

  /**
   * Forgets everything, also an imported log.
   * @returns {Entry[]} what it held, for restore()
   */
  clear() {
    const { entries } = this;
    this.imported = null;
    this.entries = [];
    this.held = 0;
    this.#choose();
    this.#changed();
    return entries;
  }

  /**
   * Puts back what clear() took away, before what came since.
   * @param {Entry[]} entries
   */
  restore(entries) {
    this.entries = [...entries, ...this.entries].slice(-LIMIT);
    this.#choose();
    this.#changed();
  }

  /** The shown entries as lines of text. */
  asText() {
    return this.shown
      .map((entry) =>
        [clock(entry.at), entry.connection?.name ?? "-", entry.direction || "-", entry.name, entry.text].join("\t"),
      )
      .join("\n");
  }

  #choose() {
    this.shown = this.all.filter((entry) => this.#passes(entry));
  }

  /** @param {Entry} entry */
  #passes(entry) {
    const { filter } = this;
    if (filter.connection !== null && entry.connection?.key !== filter.connection) return false;
    if (entry.kind === "event" && !(entry.direction === "out" ? filter.sent : filter.received)) return false;
    if (entry.kind === "http" && !filter.http) return false;
    if (entry.kind === "wire" && !filter.wire) return false;
    if (filter.search === "") return true;
    const wanted = filter.search.toLowerCase();
    return entry.name.toLowerCase().includes(wanted) || entry.text.toLowerCase().includes(wanted);
  }

  #changed() {
    this.dispatchEvent(new Event("change"));
  }
}

/** @param {number} number */
const two = (number) => String(number).padStart(2, "0");

/**
 * The browser's time of day, to the millisecond.
 * @param {number} at
 */
export function clock(at) {
  const time = new Date(at);
  const milliseconds = String(time.getMilliseconds()).padStart(3, "0");
  return `${two(time.getHours())}:${two(time.getMinutes())}:${two(time.getSeconds())}.${milliseconds}`;
}
