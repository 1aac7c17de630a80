// Everything sent and received, and which of it is shown.

const LIMIT = 50_000; // entries kept; beyond it the oldest tenth goes

/**
 * @import { Transport } from "../kit/as_code.js"
 *
 * @typedef {object} NewEntry
 * @property {{key: number, name: string, colour: string} | null} connection
 * @property {"event" | "http" | "wire" | "note"} kind
 * @property {"out" | "in" | ""} direction
 * @property {string} name
 * @property {string} text the payload as on the wire
 * @property {string} raw the packet as on the wire
 * @property {number} [latency] in ms, from send to answer
 * @property {boolean} [failed]
 * @property {{event: string, transport: Transport} | {method: string, path: string}} [about] what was sent
 *
 * @typedef {NewEntry & {number: number, at: number}} Entry
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
  paused = false;
  /** Entries added since the pause. */
  held = 0;
  /** @type {Filter} */
  filter = { sent: true, received: true, http: true, wire: false, connection: null, search: "" };
  #number = 0;

  /** @param {NewEntry} added */
  add(added) {
    const entry = Object.assign(added, { number: this.#number++, at: Date.now() });
    this.entries.push(entry);
    if (this.entries.length > LIMIT) {
      this.entries.splice(0, LIMIT / 10);
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

  clear() {
    this.entries = [];
    this.held = 0;
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
    this.shown = this.entries.filter((entry) => this.#passes(entry));
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
