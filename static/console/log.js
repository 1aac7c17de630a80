// Everything sent and received, and which of it is shown.

const LIMIT = 50_000; // entries kept; beyond it the oldest tenth goes

/**
 * An entry: `{number, at, connection, kind, direction, name, text, raw, latency, about}`.
 * kind is "event", "http", "wire" or "note"; direction "out", "in" or ""; `connection` may be null;
 * `text` is the payload and `raw` the packet, both as on the wire; `latency` is in ms, from send to answer.
 */
export class Log extends EventTarget {
  entries = [];
  shown = [];
  paused = false;
  /** Entries added since the pause. */
  held = 0;
  filter = { sent: true, received: true, http: true, wire: false, connection: null, search: "" };
  #number = 0;

  add(entry) {
    entry.number = this.#number++;
    entry.at = Date.now();
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

  /** The answer to `entry` came: its latency is known now. */
  answered(entry, latency) {
    entry.latency = latency;
    this.#changed();
  }

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

const two = (number) => String(number).padStart(2, "0");

/** The browser's time of day, to the millisecond. */
export function clock(at) {
  const time = new Date(at);
  const milliseconds = String(time.getMilliseconds()).padStart(3, "0");
  return `${two(time.getHours())}:${two(time.getMinutes())}:${two(time.getSeconds())}.${milliseconds}`;
}
