// Does again, against a sandbox, what a log shows: the sent events and HTTP calls in their order, each connection of the
// log by a fresh one with the same identity. The sandbox's clock passes the pauses in between.

import { elements, members } from "../kit/json_text.js";
import { isComplete } from "./log_file.js";
import { nounOfEvent, nounOfPath, ReplayIds } from "./replay_ids.js";
import { serverTime } from "./server_time.js";

/**
 * @import { Json } from "../kit/protocol.js"
 * @import { Connection } from "./connection.js"
 * @import { Entry, ImportedLog, Party } from "./log.js"
 * @import { ConsoleParts } from "./main.js"
 * @import { Noun } from "./replay_ids.js"
 *
 * What was answered otherwise than in the log, where it stood `at` that time; null for no answer.
 * @typedef {{name: string, at: number, inLog: string, now: string | null}} Difference
 *
 * How far it has come: of `total` steps `done`; what was answered otherwise, and what was left out.
 * @typedef {{total: number, done: number, differ: Difference[], left: string[]}} Progress
 */

const PATIENCE = 10_000; // ms for an answer that the log has
const IN_VAIN = 500; // ms for an answer that the log does not have
const RETRY = 100; // ms
const LEAVES = 700; // ms in which the server sees that a client who has left does not come back

const TIME = /^("?)(\d{4}-\d\d-\d\d)([ T])(\d\d:\d\d(?::\d\d)?)(\.\d+)?(Z|[+-]\d\d:?\d\d)?\1$/;
const TIMES = ["remind_at", "until", "at", "to", "exdates"]; // members that are one, or a list of them

/** @param {number} ms */
const passed = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

export class Replay {
  /** @type {Progress} */
  progress = { total: 0, done: 0, differ: [], left: [] };
  #log;
  #calls;
  #connections;
  #recorded;
  #ids = new ReplayIds();
  /** @type {Map<Party, Connection>} */
  #fresh = new Map();
  /** @type {Map<number, Entry>} */
  #answers = new Map(); // by the number of what they answer
  #seen; // number of the page's own last entry that was looked at
  #first = 0; // the log's first moment
  #started = 0;
  #moved = 0; // ms that the sandbox's clock was moved by for the pauses
  #shift = 0; // ms between a time in the log and the same now
  #hasLeft = false; // a connection, since the last pause
  #ends = false;

  /**
   * @param {Pick<ConsoleParts, "log" | "calls" | "connections">} parts
   * @param {ImportedLog} recorded
   */
  constructor({ log, calls, connections }, recorded) {
    this.#log = log;
    this.#calls = calls;
    this.#connections = connections;
    this.#recorded = recorded;
    this.#seen = log.entries.at(-1)?.number ?? -1;
    for (const entry of recorded.entries) {
      const { answers, kind, raw } = entry;
      if (answers !== undefined && (kind === "http" || raw.startsWith("42"))) this.#answers.set(answers, entry);
    }
    this.progress.total = recorded.entries.filter(isStep).length;
  }

  /** Ends it before its next step. */
  stop() {
    this.#ends = true;
  }

  /**
   * @param {() => void} onprogress
   * @returns {Promise<void>} when all is done, or it was stopped
   */
  async run(onprogress) {
    const [{ at = 0, ahead = 0 } = {}] = this.#recorded.entries;
    this.#first = at;
    this.#started = Date.now();
    this.#shift = serverTime.now() - at - ahead;
    for (const entry of this.#recorded.entries) {
      if (this.#ends) break;
      this.#look();
      if (isPush(entry)) this.#ids.recorded(streamOf(entry), nounOfEvent(entry.name), entry.text);
      if (!isStep(entry)) continue;
      await this.#pause(entry);
      await this.#step(entry);
      this.progress.done += 1;
      onprogress();
    }
    for (const connection of this.#fresh.values()) connection.resumes = true;
  }

  /** @param {Entry} entry */
  async #step(entry) {
    const { about, connection, name } = entry;
    if (about !== undefined && "became" in about) await this.#become(entry, about.became);
    else if (about === undefined || !isComplete(entry.text)) this.progress.left.push(name);
    else if ("event" in about && connection !== null) await this.#send(entry, connection);
    else if ("method" in about) await this.#call(entry, about.method, about.path);
  }

  /**
   * The page's connection that stands for one of the log.
   * @param {Party} party
   */
  #of(party) {
    const known = this.#fresh.get(party);
    if (known !== undefined) return known;
    const made = this.#connections.add(party);
    made.resumes = false; // what it did after a break is in the log
    this.#fresh.set(party, made);
    return made;
  }

  /**
   * @param {Entry} entry
   * @param {"connected" | "idle"} state
   */
  async #become({ connection }, state) {
    if (connection === null) return;
    if (state === "connected") {
      await this.#connect(this.#of(connection));
    } else {
      this.#hasLeft = true;
      this.#of(connection).disconnect();
    }
  }

  /** @param {Connection} connection */
  async #connect(connection) {
    const until = Date.now() + PATIENCE;
    while (!(await connection.connect()) && Date.now() < until) {
      connection.disconnect();
      await passed(RETRY);
    }
  }

  /**
   * @param {Entry} entry
   * @param {Party} party
   */
  async #send(entry, party) {
    const { name, raw } = entry;
    const connection = this.#of(party);
    if (connection.state !== "connected") await this.#connect(connection);
    const noun = nounOfEvent(name);
    const { text } = await this.#now(noun, "", entry.text);
    const recorded = this.#answers.get(entry.number);
    if (name === "leave_question") this.#hasLeft = true;
    const sent = connection.emit(name, text, /^42\d/.test(raw));
    const inTime = recorded === undefined ? Promise.race([sent, passed(IN_VAIN)]) : sent;
    const reply = await inTime.catch(() => undefined);
    if (!isReply(reply)) this.#differs(entry, null);
    else this.#compare(entry, noun, reply.name, reply.payload, isRefusal(reply.name, reply.payload));
  }

  /**
   * @param {Entry} entry
   * @param {string} method
   * @param {string} recordedPath
   */
  async #call(entry, method, recordedPath) {
    const noun = nounOfPath(recordedPath);
    const { path, text } = await this.#now(noun, recordedPath, entry.text);
    const until = Date.now() + (this.#answers.has(entry.number) ? PATIENCE : 0);
    let answer = await this.#made(method, path, text);
    while (answer === null && Date.now() < until) {
      await passed(RETRY); // the server restarts, because the log says so
      answer = await this.#made(method, path, text);
    }
    if (answer === null) this.#differs(entry, null);
    else this.#compare(entry, noun, `${answer.status} ${entry.name}`, answer.text, !answer.ok);
  }

  /**
   * @param {string} method
   * @param {string} path
   * @param {string} text
   */
  #made(method, path, text) {
    return this.#calls.make(method, path, text).catch(() => null);
  }

  /**
   * @param {Entry} entry
   * @param {Noun | null} noun
   * @param {string} name
   * @param {string} text
   * @param {boolean} isRefused
   */
  #compare(entry, noun, name, text, isRefused) {
    const recorded = this.#answers.get(entry.number);
    if (recorded === undefined) return;
    this.#ids.learn(noun, recorded.text, text);
    if (recorded.name !== name || (recorded.failed === true) !== isRefused) this.#differs(entry, `${name} ${text}`);
  }

  /**
   * Notes what came in place of the answer that the log has, if it has one.
   * @param {Entry} entry
   * @param {string | null} now
   */
  #differs({ number, name, at }, now) {
    const recorded = this.#answers.get(number);
    if (recorded === undefined) return;
    this.progress.differ.push({ name, at, inLog: `${recorded.name} ${recorded.text}`, now });
  }

  /**
   * What is sent now in place of what was sent then: with the ids of now, once they have come, and moved in time.
   * @param {Noun | null} noun
   * @param {string} path
   * @param {string} text
   */
  async #now(noun, path, text) {
    const until = Date.now() + PATIENCE;
    while (!this.#ids.isReady(noun, path, text) && Date.now() < until) {
      await new Promise((resolve) => {
        this.#log.addEventListener("change", resolve, { once: true });
        setTimeout(resolve, RETRY);
      });
      this.#look();
    }
    const mapped = this.#ids.mapped(noun, path, text);
    return { path: mapped.path, text: moved(mapped.text, this.#shift) };
  }

  /** Looks at what has arrived. */
  #look() {
    const { entries } = this.#log;
    const parties = new Map([...this.#fresh].map(([party, connection]) => [connection.key, party]));
    let from = entries.length;
    while (from > 0 && entries[from - 1].number > this.#seen) from -= 1;
    for (const entry of entries.slice(from)) {
      const party = entry.connection && parties.get(entry.connection.key);
      if (party && isPush(entry)) {
        this.#ids.arrived(streamOf({ ...entry, connection: party }), nounOfEvent(entry.name), entry.text);
      }
      this.#seen = entry.number;
    }
  }

  /**
   * Lets the sandbox's time pass that had passed in the log before an entry.
   * @param {Entry} entry
   */
  async #pause({ at }) {
    const behind = () => at - this.#first - (Date.now() - this.#started) - this.#moved;
    if (this.#hasLeft && behind() > 0) await passed(Math.min(behind(), LEAVES));
    this.#hasLeft = false;
    const seconds = Math.floor(behind() / 1000);
    if (seconds < 1) return;
    this.#moved += seconds * 1000;
    /** @type {Json} */
    let body = { advance: seconds };
    for (let isReached = false; !isReached;) {
      const answer = await this.#calls.ask("POST", "/sandbox/clock", body);
      isReached = answer.reached;
      body = { to: answer.to };
    }
  }
}

/** @param {Entry} entry */
function isStep({ about, direction, kind }) {
  if (about !== undefined && "became" in about) return true;
  return direction === "out" && (kind === "event" || kind === "http");
}

/**
 * Whether a replay cuts all connections, also those that are not its own.
 * @param {ImportedLog} recorded
 */
export const cutsAll = ({ entries }) =>
  entries.some(
    (entry) =>
      isStep(entry) &&
      isComplete(entry.text) &&
      entry.about !== undefined &&
      "path" in entry.about &&
      /^\/sandbox\/(?:cut|restart)$/.test(entry.about.path),
  );

/** @param {Entry} entry */
const isPush = ({ kind, direction, answers, raw, connection }) =>
  kind === "event" && direction === "in" && answers === undefined && raw.startsWith("42") && connection !== null;

/** @param {Entry} entry */
const streamOf = ({ connection, name }) => `${connection?.key} ${name}`;

/**
 * @param {unknown} reply
 * @returns {reply is {name: string, payload: string}}
 */
const isReply = (reply) => reply !== undefined;

/**
 * @param {string} name
 * @param {string} payload
 */
const isRefusal = (name, payload) =>
  name === "error" || (payload.startsWith("{") && members(payload).get("success") === "false");

/**
 * A payload whose times are as far from now as they were from then.
 * @param {string} text
 * @param {number} by in ms
 */
function moved(text, by) {
  if (!text.startsWith("{")) return text;
  const write = (/** @type {[string, string]} */ [name, value]) =>
    `${JSON.stringify(name)}:${TIMES.includes(name) ? movedTime(value, by) : value}`;
  return `{${[...members(text)].map(write).join(",")}}`;
}

/**
 * @param {string} value JSON text: a time, or a list of times
 * @param {number} by in ms
 * @returns {string}
 */
function movedTime(value, by) {
  if (value.startsWith("[")) {
    return `[${elements(value)
      .map((one) => movedTime(one, by))
      .join(",")}]`;
  }
  const [, , day, between, time, fraction, offset = ""] = TIME.exec(value) ?? [];
  if (day === undefined) return value;
  const then = Date.parse(`${day}T${time}${fraction ?? ""}Z`);
  const now = new Date(fraction ? then + by : Math.round((then + by) / 1000) * 1000).toISOString();
  return JSON.stringify(now.slice(0, 10) + between + now.slice(11, fraction ? 23 : 19) + offset);
}
