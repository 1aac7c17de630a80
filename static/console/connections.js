// The connections side by side, which of them acts, and the question that they are about.

import { say } from "../kit/language.js";
import { recall, recallHere, remember, rememberHere } from "../kit/remembered.js";
import { Connection } from "./connection.js";
import { KeptConnections } from "./kept_connections.js";
import { forgetRecent } from "./recent.js";

export const COLOURS = /** @type {const} */ (["blue", "amber", "violet", "green", "rose", "slate"]);
/** @type {Transport[]} */
export const TRANSPORTS = ["websocket", "upgrade", "polling"];

const SAVE_DELAY = 300; // ms; cursors move with every message

/**
 * @import { Transport } from "../kit/as_code.js"
 * @import { Identity, Kept, Parts } from "./connection.js"
 */

/**
 * Dispatches "change" for what is shown of the connections, "arrived" for every event received, "refused" when the
 * server turns a connection away, and "forget" after a sign-out, which drops what was typed.
 */
export class Connections extends EventTarget {
  list;
  selected;
  /**
   * The id of the question that forms are filled with, or null.
   * @type {number | null}
   */
  question = recallHere("question", recall("question", null));
  /**
   * What remove() took away last, until it comes back or another goes.
   * @type {Kept | null}
   */
  removed = null;
  #kept = new KeptConnections();
  #parts;
  #saving = 0;

  /** @param {Parts} parts */
  constructor(parts) {
    super();
    this.#parts = parts;
    /** @type {Kept[]} */
    const kept = this.#kept.read() ?? newcomers();
    this.list = kept.map((one) => this.#made(one));
    this.#kept.begin(this.list.map((one) => one.kept()));
    const selected = recallHere("selected", recall("selected", null));
    this.selected = this.list.find((one) => one.key === selected) ?? this.list[0];
    parts.calls.by = () => this.selected;
    addEventListener("pagehide", () => {
      this.#save();
      for (const connection of this.list) connection.disconnect();
    });
  }

  /** @param {Connection} connection */
  select(connection) {
    this.selected = connection;
    this.#changed();
  }

  /** @param {number | null} id */
  setQuestion(id) {
    this.question = id;
    this.#changed();
  }

  /**
   * Adds a connection, which acts from now on.
   * @param {Identity} identity
   */
  add(identity) {
    const key = this.#kept.newKey(this.list);
    return this.#join(this.#made({ ...identity, key }));
  }

  /** Brings back the connection that was removed last. */
  restore() {
    const kept = this.removed;
    this.removed = null;
    return kept && this.#join(this.#made(kept));
  }

  /** @param {Connection} connection */
  #join(connection) {
    this.list.push(connection);
    this.select(connection);
    this.#save(); // at once: another tab must not give its key away
    return connection;
  }

  /**
   * @param {Connection} connection
   * @param {Identity} identity
   */
  change(connection, identity) {
    connection.become(identity);
    this.#changed();
  }

  /**
   * @param {Connection} connection
   * @param {string} token
   */
  signIn(connection, token) {
    connection.signIn(token);
    this.#changed();
  }

  /**
   * Ends a connection and drops what the page keeps of words that came and went, for the next person at this screen.
   * @param {Connection} connection
   */
  signOut(connection) {
    const hadToken = connection.token !== "";
    connection.signOut();
    if (hadToken) {
      forgetRecent();
      this.dispatchEvent(new Event("forget"));
      this.#parts.log.clear();
    }
    this.#changed();
  }

  /**
   * The connection that acts for a user: the one at hand where it does, or another.
   * @param {number} userId
   */
  of(userId) {
    const acts = (/** @type {Connection} */ one) => one.bound === userId || one.userId === userId;
    return [this.selected, ...this.list].find(acts) ?? this.selected;
  }

  /** @param {Connection} connection */
  remove(connection) {
    this.removed = connection.kept();
    this.signOut(connection);
    this.list = this.list.filter((one) => one !== connection);
    if (this.selected === connection) this.selected = this.list[0];
    this.#kept.drop(connection.key);
    this.#changed();
  }

  /**
   * What a new connection starts as.
   * @returns {Identity}
   */
  proposal() {
    /** @type {string[]} */
    const used = this.list.map((one) => one.colour);
    const colour = COLOURS.find((one) => !used.includes(one)) ?? COLOURS[0];
    return { name: say("newName"), userType: "ELDER", userId: 2000 + this.list.length, transport: "websocket", colour };
  }

  /** @param {(arrived: {connection: Connection, name: string, payload: any}) => void} listener */
  whenArrived(listener) {
    this.addEventListener("arrived", (event) => listener(/** @type {CustomEvent} */ (event).detail));
  }

  /** @param {(connection: Connection) => void} listener */
  whenRefused(listener) {
    this.addEventListener("refused", (event) => listener(/** @type {CustomEvent} */ (event).detail));
  }

  /** @param {Kept} kept */
  #made(kept) {
    const connection = new Connection(kept, this.#parts);
    connection.onchange = () => this.#changed();
    connection.ongone = (id) => {
      if (this.question === id) this.setQuestion(null);
    };
    connection.onrefused = () => {
      this.#changed();
      this.dispatchEvent(new CustomEvent("refused", { detail: connection }));
    };
    connection.onevent = (name, payload) => {
      this.#saveSoon();
      this.dispatchEvent(new CustomEvent("arrived", { detail: { connection, name, payload } }));
    };
    return connection;
  }

  #changed() {
    this.#saveSoon();
    this.dispatchEvent(new Event("change"));
  }

  #saveSoon() {
    this.#saving ||= setTimeout(() => this.#save(), SAVE_DELAY);
  }

  #save() {
    clearTimeout(this.#saving);
    this.#saving = 0;
    this.#kept.keep(this.list.map((one) => one.kept()));
    for (const keep of [remember, rememberHere]) {
      keep("selected", this.selected.key);
      keep("question", this.question);
    }
  }
}

/**
 * An elder as in the protocol's examples, a nurse and a family member; each shows another transport.
 * @returns {Kept[]}
 */
function newcomers() {
  return [
    { key: 1, name: say("elderName"), userType: "ELDER", userId: 456, transport: "websocket", colour: "blue" },
    { key: 2, name: say("nurseName"), userType: "STAFF", userId: 1001, transport: "upgrade", colour: "violet" },
    { key: 3, name: say("familyName"), userType: "FAMILY", userId: 789, transport: "polling", colour: "amber" },
  ];
}
