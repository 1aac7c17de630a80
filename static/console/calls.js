// HTTP calls to the server that the page came from, each written to the log.

import { at } from "../kit/address.js";
import { readExact, writeExact } from "../kit/exact.js";
import { say } from "../kit/language.js";
import { refusalText } from "./tokens.js";

const PATIENCE = 20_000; // ms, for a call that only reads

/** @import { Log } from "./log.js" */
/** @typedef {{token: string}} Caller whose token a call shows */

/** A call that was not answered with 2xx; `message` is the server's own text. */
class CallFailed extends Error {}

export class Calls {
  /**
   * The connection whose token a call shows unless another is named; connections.js sets it.
   * @type {() => Caller | null}
   */
  by = () => null;
  #log;

  /** @param {Log} log */
  constructor(log) {
    this.#log = log;
  }

  /**
   * Uploads a file and returns what it is stored as.
   * @param {Blob} file
   * @param {Caller | null} by
   * @returns {Promise<any>}
   * @throws {CallFailed}
   */
  async upload(file, by = this.by()) {
    const path = "/api/files";
    /** @type {Record<string, string>} */
    const headers = by?.token ? { authorization: `Bearer ${by.token}` } : {};
    const name = `POST ${path}`;
    const sent = this.#log.add({
      connection: null,
      kind: "http",
      direction: "out",
      name,
      text: "",
      raw: `${name}\n\n${file.size} B`,
    });
    const response = await fetch(at(path), { method: "POST", headers, body: file });
    const text = await response.text();
    const status = `${response.status} ${name}`;
    this.#log.add({
      connection: null,
      kind: "http",
      direction: "in",
      name: status,
      text,
      raw: text,
      failed: !response.ok,
      answers: sent.number,
    });
    if (response.ok) return JSON.parse(text);
    throw new CallFailed(refusalText(messageOf(text) ?? String(response.status)));
  }

  /**
   * Makes a call.
   * @param {string} method
   * @param {string} path
   * @param {string} body as JSON text, "" for none
   * @param {Caller | null} by the connection that it is made for
   * @returns {Promise<{ok: boolean, status: number, text: string}>}
   */
  async make(method, path, body = "", by = this.by()) {
    /** @type {Record<string, string>} */
    const headers = body === "" ? {} : { "content-type": "application/json" };
    const shown = { ...headers };
    if (by?.token) {
      headers.authorization = `Bearer ${by.token}`;
      shown.authorization = "Bearer …";
    }
    const started = performance.now();
    const sent = this.#log.add({
      connection: null,
      kind: "http",
      direction: "out",
      name: `${method} ${path}`,
      text: body,
      raw: rawMessage(`${method} ${path}`, Object.entries(shown), body),
      about: { method, path },
    });
    let response;
    let text;
    try {
      const signal = method === "GET" ? AbortSignal.timeout(PATIENCE) : null;
      response = await fetch(at(path), { method, headers, body: body === "" ? undefined : body, signal });
      text = await response.text();
    } catch (fault) {
      const isLate = fault instanceof DOMException && fault.name === "TimeoutError";
      const reason = isLate ? say("noAnswer", { seconds: PATIENCE / 1000 }) : say("unreachable");
      this.#log.add({ connection: null, kind: "note", direction: "", name: reason, text: "", raw: "" });
      throw new CallFailed(reason);
    }
    const latency = performance.now() - started;
    this.#log.answered(sent, latency);
    this.#log.add({
      connection: null,
      kind: "http",
      direction: "in",
      name: `${response.status} ${method} ${path}`,
      text,
      raw: rawMessage(`${response.status} ${response.statusText}`, [...response.headers], text),
      latency,
      failed: !response.ok,
      answers: sent.number,
    });
    return { ok: response.ok, status: response.status, text };
  }

  /**
   * Makes a call and returns the answer as data.
   * @param {string} method
   * @param {string} path
   * @param {unknown} [payload]
   * @param {Caller} [by]
   * @returns {Promise<any>}
   * @throws {CallFailed}
   */
  async ask(method, path, payload, by) {
    const body = payload === undefined ? "" : writeExact(payload);
    const { ok, status, text } = await this.make(method, path, body, by);
    if (ok) return readExact(text);
    throw new CallFailed(refusalText(messageOf(text) ?? String(status)));
  }
}

/**
 * What an error says, of which JavaScript only knows that it was thrown.
 * @param {unknown} error
 */
export const reasonOf = (error) => (error instanceof Error ? error.message : String(error));

/**
 * @param {string} text
 * @returns {string | null}
 */
function messageOf(text) {
  try {
    return JSON.parse(text).message;
  } catch {
    return text || null;
  }
}

/**
 * @param {string} firstLine
 * @param {string[][]} headers
 * @param {string} body
 */
function rawMessage(firstLine, headers, body) {
  const lines = [firstLine, ...headers.map(([name, value]) => `${name}: ${value}`)];
  return body === "" ? lines.join("\n") : [...lines, "", body].join("\n");
}
