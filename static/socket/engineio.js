// Engine.IO protocol 4 over websocket, long-polling, or long-polling that upgrades to websocket.
// Every packet is handed to onpacket exactly as it is on the wire.

import { at } from "../kit/address.js";

const SEPARATOR = "\x1e"; // between the packets of one polling body
const PROBE = "probe";

/**
 * @typedef {"websocket" | "polling"} Carrier
 * @typedef {"in" | "out"} Direction
 * @typedef {{sid: string, pingInterval: number, pingTimeout: number, maxPayload: number, upgrades: string[]}} Handshake
 *
 * Why a connection ended: this page or the server ended it, its carrier broke, no heartbeat came, it was dropped as a
 * lost network would, or a packet could not be read.
 * @typedef {"client" | "server" | "transport" | "heartbeat" | "dropped" | "protocol"} Reason
 */

export class Engine {
  /** @type {(direction: Direction, raw: string, transport: Carrier) => void} */
  onpacket = () => {};
  /** @type {(handshake: Handshake) => void} */
  onopen = () => {};
  /** @type {(text: string) => void} */
  onmessage = () => {};
  onupgrade = () => {};
  /** @type {(reason: Reason) => void} */
  onclose = () => {};

  /** @type {Carrier} */
  #transport; // the one that carries messages now
  #upgrades;
  #sid = "";
  /** @type {WebSocket | null} */
  #socket = null;
  /** @type {string[]} */
  #waiting = []; // packets that no transport has taken yet
  #polling = false;
  #posting = false;
  #probed = false; // the websocket answered; the connection is about to move to it
  #polls = new AbortController();
  #heartbeat = 0;
  #heartbeatTime = 45_000;
  #maxPayload = 1_000_000;
  #closed = false;

  /** @param {"websocket"|"polling"|"upgrade"} transport */
  constructor(transport) {
    this.#upgrades = transport === "upgrade";
    this.#transport = transport === "websocket" ? "websocket" : "polling";
    if (this.#transport === "websocket") this.#openWebsocket();
    else this.#poll();
  }

  get transport() {
    return this.#transport;
  }

  /**
   * Sends a message packet (Engine.IO type 4).
   * @param {string} text
   */
  send(text) {
    this.#write("4" + text);
  }

  /**
   * Says goodbye and ends the connection.
   * @param {string[]} farewell message texts to send first
   */
  close(farewell = []) {
    if (this.#closed) return;
    const packets = [...this.#waiting.splice(0), ...farewell.map((text) => "4" + text), "1"];
    const open = this.#sid !== "";
    if (open && this.#transport === "websocket" && this.#socket?.readyState === WebSocket.OPEN) {
      packets.pop(); // closing the websocket says the same
      for (const packet of packets) this.#frame(packet);
    } else if (open && this.#transport === "polling") {
      for (const packet of packets) this.onpacket("out", packet, "polling");
      // keepalive lets it leave while the page itself is being left
      fetch(this.#address("polling"), { method: "POST", body: packets.join(SEPARATOR), keepalive: true }).catch(
        () => {},
      );
    }
    this.#end("client");
  }

  /**
   * Ends the connection without a word, as a lost network does.
   * @param {Reason} reason
   */
  drop(reason = "dropped") {
    this.#end(reason);
  }

  /** @param {Carrier} transport */
  #address(transport) {
    const url = at("/socket.io/");
    if (transport === "websocket") url.protocol = url.protocol.replace("http", "ws");
    url.searchParams.set("EIO", "4");
    url.searchParams.set("transport", transport);
    if (this.#sid) url.searchParams.set("sid", this.#sid);
    return url;
  }

  /** @param {Reason} reason */
  #end(reason) {
    if (this.#closed) return;
    this.#closed = true;
    clearTimeout(this.#heartbeat);
    this.#polls.abort();
    this.#socket?.close();
    this.onclose(reason);
  }

  /** @param {string} packet */
  #write(packet) {
    if (this.#closed) return;
    this.#waiting.push(packet);
    this.#flush();
  }

  #flush() {
    if (this.#closed || this.#probed || this.#waiting.length === 0) return;
    if (this.#transport === "polling") {
      this.#post();
      return;
    }
    if (this.#socket?.readyState !== WebSocket.OPEN) return;
    for (const packet of this.#waiting.splice(0)) this.#frame(packet);
  }

  /** @param {string} packet */
  #frame(packet) {
    this.onpacket("out", packet, "websocket");
    this.#socket?.send(packet);
  }

  /**
   * @param {string} packet
   * @param {Carrier} transport
   */
  #receive(packet, transport) {
    if (this.#closed) return;
    this.onpacket("in", packet, transport);
    const rest = packet.slice(1);
    switch (packet[0]) {
      case "0":
        this.#open(rest);
        break;
      case "1":
        this.#end("transport"); // Engine.IO's goodbye is for this transport; Socket.IO's own ends the connection
        break;
      case "2":
        this.#expectHeartbeat();
        this.#write("3" + rest);
        break;
      case "4":
        this.onmessage(rest);
        break;
      default: // 6 is a noop; anything else is shown in the log and ignored
        break;
    }
  }

  /** @param {string} text */
  #open(text) {
    /** @type {Handshake} */
    let handshake;
    try {
      handshake = JSON.parse(text);
    } catch {
      this.#end("protocol");
      return;
    }
    this.#sid = handshake.sid;
    this.#heartbeatTime = handshake.pingInterval + handshake.pingTimeout;
    this.#maxPayload = handshake.maxPayload || this.#maxPayload;
    this.#expectHeartbeat();
    this.onopen(handshake);
    if (this.#upgrades && handshake.upgrades.includes("websocket")) this.#upgrade();
  }

  #expectHeartbeat() {
    clearTimeout(this.#heartbeat);
    this.#heartbeat = setTimeout(() => this.#end("heartbeat"), this.#heartbeatTime);
  }

  #openWebsocket() {
    this.#socket = new WebSocket(this.#address("websocket"));
    this.#socket.onopen = () => this.#flush();
    this.#socket.onmessage = (event) => this.#receive(String(event.data), "websocket");
    this.#socket.onclose = () => this.#end("transport");
  }

  async #poll() {
    this.#polling = true;
    const signal = this.#polls.signal;
    try {
      while (!this.#closed && !this.#probed) {
        const response = await fetch(this.#address("polling"), { signal, cache: "no-store" });
        const body = await response.text();
        if (!response.ok) throw new Error(body);
        for (const packet of body.split(SEPARATOR)) this.#receive(packet, "polling");
      }
    } catch {
      this.#end("transport");
    }
    this.#polling = false;
    this.#switch();
  }

  async #post() {
    if (this.#posting || this.#sid === "") return;
    this.#posting = true;
    try {
      while (this.#waiting.length > 0 && !this.#probed && !this.#closed) {
        const body = this.#takeBody();
        const response = await fetch(this.#address("polling"), { method: "POST", body });
        if (!response.ok) throw new Error(await response.text());
        await response.text();
      }
    } catch {
      this.#end("transport");
    }
    this.#posting = false;
    this.#switch();
    this.#flush();
  }

  /** As many waiting packets as fit into one body; the server says how large that is. */
  #takeBody() {
    let size = 0;
    let count = 0;
    for (const packet of this.#waiting) {
      size += new TextEncoder().encode(packet).length + 1;
      if (count > 0 && size > this.#maxPayload) break;
      count += 1;
    }
    const packets = this.#waiting.splice(0, count);
    for (const packet of packets) this.onpacket("out", packet, "polling");
    return packets.join(SEPARATOR);
  }

  // The upgrade: probe over the new websocket, let the poll and the post that are under way come to an end,
  // then "5" moves the connection across. Packets written meanwhile wait.
  #upgrade() {
    const socket = new WebSocket(this.#address("websocket"));
    this.#socket = socket;
    socket.onopen = () => this.#frame("2" + PROBE);
    socket.onclose = () => {
      if (this.#transport === "websocket") this.#end("transport");
      else this.#stay();
    };
    socket.onmessage = (event) => {
      const packet = String(event.data);
      if (this.#transport === "websocket") {
        this.#receive(packet, "websocket");
      } else if (packet === "3" + PROBE) {
        this.onpacket("in", packet, "websocket");
        this.#probed = true; // the server now ends the poll with a noop
      } else {
        socket.close();
      }
    };
  }

  #switch() {
    if (!this.#probed || this.#polling || this.#posting || this.#closed) return;
    this.#probed = false;
    this.#transport = "websocket";
    this.#frame("5");
    this.onupgrade();
    this.#flush();
  }

  /** The upgrade failed: long-polling goes on. */
  #stay() {
    this.#probed = false;
    if (this.#closed) return;
    if (!this.#polling) this.#poll();
    this.#flush();
  }
}
