// Socket.IO protocol 5, namespace "/", over engineio.js: connect, events, acknowledgements, reconnection.
// Payloads stay text: what is sent is what was typed, and what arrived is shown as it came, 64-bit ids included.

import { elements } from "../kit/json_text.js";
import { Engine } from "./engineio.js";

/**
 * @import { Transport } from "../kit/as_code.js"
 * @import { Carrier, Direction, Reason } from "./engineio.js"
 */
/** @typedef {"idle" | "connecting" | "connected" | "waiting"} State waiting: for the next try */

const FIRST_DELAY = 1000; // ms until the first try to reconnect; doubled up to LONGEST_DELAY
const LONGEST_DELAY = 5000;

// The packets below the events, as the log names them.
/** @type {Record<string, string>} */
const PACKETS = {
  0: "open",
  1: "close",
  2: "ping",
  3: "pong",
  5: "upgrade",
  6: "noop",
  40: "connect",
  41: "disconnect",
  44: "refused",
};

/**
 * What a packet below the events is called; "?" where it has no name.
 * @param {string} raw
 */
export const packetName = (raw) => PACKETS[raw.slice(0, 2)] ?? PACKETS[raw[0]] ?? "?";

export class Socket {
  /** @type {State} */
  state = "idle";
  sid = "";

  onstate = () => {};
  /** @type {(direction: Direction, raw: string, transport: Carrier) => void} */
  onpacket = () => {};
  /** @type {(again: boolean) => void} */
  onconnect = () => {};
  /** @type {(name: string, payload: string, raw: string) => void} */
  onevent = () => {};
  /** @type {(id: number, payload: string, raw: string) => void} */
  onack = () => {};
  /** @type {(message: string) => void} */
  onrefused = () => {};
  /** @type {(reason: Reason, nextTry: number) => void} in ms; 0 for none */
  ondisconnect = () => {};

  #transport;
  #auth;
  /** @type {Engine | null} */
  #engine = null;
  #tries = 0;
  #retry = 0;
  #nextAck = 0;
  #wasConnected = false;

  /**
   * @param {Transport} transport
   * @param {() => object | undefined} auth what is shown at each connect
   */
  constructor(transport, auth) {
    this.#transport = transport;
    this.#auth = auth;
  }

  /** The transport in use, or "" while there is none. */
  get transport() {
    return this.#engine?.transport ?? "";
  }

  connect() {
    if (this.#engine) return;
    clearTimeout(this.#retry);
    this.#setState("connecting");
    const engine = new Engine(this.#transport);
    this.#engine = engine;
    engine.onpacket = (direction, raw, transport) => this.onpacket(direction, raw, transport);
    engine.onopen = () => engine.send(`0${JSON.stringify(this.#auth()) ?? ""}`);
    engine.onmessage = (text) => this.#receive(text);
    engine.onupgrade = () => this.onstate();
    engine.onclose = (reason) => this.#closed(reason);
  }

  disconnect() {
    clearTimeout(this.#retry);
    if (this.#engine) {
      this.#engine.close(this.state === "connected" ? ["1"] : []);
    } else {
      this.#wasConnected = false;
      this.#setState("idle");
    }
  }

  /** Loses the connection as a broken network would; the reconnection follows by itself. */
  drop() {
    this.#engine?.drop();
  }

  /**
   * Sends an event.
   * @param {string} name
   * @param {string} payload as JSON text, "" for none
   * @param {boolean} withAck
   * @returns {{raw: string, ackId: number | null}} the packet as it is on the wire
   */
  emit(name, payload, withAck) {
    const ackId = withAck ? this.#nextAck++ : null;
    const text = `2${ackId ?? ""}[${JSON.stringify(name)}${payload === "" ? "" : "," + payload}]`;
    this.#engine?.send(text);
    return { raw: "4" + text, ackId };
  }

  /** @param {State} state */
  #setState(state) {
    this.state = state;
    this.onstate();
  }

  /** @param {string} text */
  #receive(text) {
    const [, type = "", id = "", body = ""] = /^(\d)(?:\/[^,]*,)?(\d*)([^]*)$/.exec(text) ?? [];
    const raw = "4" + text;
    switch (type) {
      case "0":
        this.#accepted(body);
        break;
      case "1":
        this.#engine?.drop("server");
        break;
      case "2": {
        const [name, payload = ""] = elements(body);
        this.onevent(JSON.parse(name), payload, raw);
        break;
      }
      case "3":
        this.onack(Number(id), elements(body)[0] ?? "", raw);
        break;
      case "4":
        this.onrefused(JSON.parse(body).message);
        this.disconnect();
        break;
      default: // binary packets are not part of the protocol; the log shows them
        break;
    }
  }

  /** @param {string} body */
  #accepted(body) {
    this.sid = JSON.parse(body).sid;
    this.#tries = 0;
    const again = this.#wasConnected;
    this.#wasConnected = true;
    this.#setState("connected");
    this.onconnect(again);
  }

  /** @param {Reason} reason */
  #closed(reason) {
    this.#engine = null;
    this.sid = "";
    const wanted = reason !== "client" && reason !== "server";
    let nextTry = 0;
    if (wanted) {
      // Half of each delay is left to chance, so that many clients don't come back in the same moment.
      nextTry = Math.min(LONGEST_DELAY, FIRST_DELAY * 2 ** this.#tries) * (0.5 + Math.random());
      this.#tries += 1;
      this.#retry = setTimeout(() => this.connect(), nextTry);
    } else {
      this.#wasConnected = false;
    }
    this.#setState(wanted ? "waiting" : "idle");
    this.ondisconnect(reason, nextTry);
  }
}
