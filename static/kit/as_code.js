// What the page does, as code to take along. Where the server asks for a token it is the environment's TOKEN.

import { at, base } from "./address.js";
import { pretty } from "./json_text.js";

/**
 * @typedef {"websocket" | "polling" | "upgrade"} Transport how a connection begins; upgrade: polling, then websocket
 *
 * An event as it is sent; `payload` is JSON text, "" for none.
 * @typedef {{name: string, payload: string, transport: Transport, tokens?: boolean}} SentEvent
 *
 * An HTTP call as it is made; `payload` is JSON text, "" for none.
 * @typedef {{method: string, path: string, payload: string, tokens?: boolean}} MadeCall
 */

/** @param {string} text */
const shellQuoted = (text) => `'${text.replaceAll("'", "'\\''")}'`;

/** @type {Record<Transport, string>} */
const TRANSPORTS = { websocket: '["websocket"]', polling: '["polling"]', upgrade: '["polling", "websocket"]' };

/**
 * For the official client: connect, send, print what comes back.
 * @param {SentEvent} event
 */
export function eventAsJavaScript({ name, payload, transport, tokens }) {
  const auth = tokens ? ", auth: { token: process.env.TOKEN }" : "";
  // Behind a proxy that serves Careline under a path: io() would take one in the address for a namespace.
  const path = base.pathname === "/" ? "" : `, path: ${JSON.stringify(at("/socket.io/").pathname)}`;
  const argument = payload === "" ? "" : `, ${pretty(payload).replaceAll("\n", "\n  ")}`;
  return `import { io } from "socket.io-client";

const socket = io(${JSON.stringify(base.origin)}, { transports: ${TRANSPORTS[transport]}${path}${auth} });

socket.onAny((event, payload) => console.log(event, payload));
socket.on("connect", () => {
  socket.emit(${JSON.stringify(name)}${argument});
});
`;
}

/**
 * Over long-polling, a request a step: open, connect, read its answer, send, read what comes back.
 * @param {SentEvent} event
 */
export function eventAsCurl({ name, payload, tokens }) {
  const connect = tokens ? `'40{"token":"'"$TOKEN"'"}'` : "'40'";
  const url = at("/socket.io/?EIO=4&transport=polling").href;
  const packet = `42[${JSON.stringify(name)}${payload === "" ? "" : "," + payload}]`;
  return `url=${shellQuoted(url)}
sid=$(curl -s "$url" | sed 's/.*"sid":"\\([^"]*\\)".*/\\1/')
curl -s "$url&sid=$sid" -H 'Content-Type: text/plain' --data-raw ${connect}; echo
curl -s "$url&sid=$sid"; echo
curl -s "$url&sid=$sid" -H 'Content-Type: text/plain;charset=UTF-8' --data-raw ${shellQuoted(packet)}; echo
curl -s "$url&sid=$sid" | tr '\\036' '\\n'; echo
`;
}

/** @param {MadeCall} call */
export function callAsJavaScript({ method, path, payload, tokens }) {
  const options = [`method: ${JSON.stringify(method)}`];
  const headers = [];
  if (tokens) headers.push("authorization: `Bearer ${process.env.TOKEN}`");
  if (payload !== "") headers.push(`"content-type": "application/json"`);
  if (headers.length > 0) options.push(`headers: { ${headers.join(", ")} }`);
  if (payload !== "") options.push(`body: JSON.stringify(${pretty(payload).replaceAll("\n", "\n  ")})`);
  return `const response = await fetch(${JSON.stringify(at(path).href)}, {
  ${options.join(",\n  ")},
});
console.log(response.status, await response.json());
`;
}

/** @param {MadeCall} call */
export function callAsCurl({ method, path, payload, tokens }) {
  const parts = [`curl -s -X ${method} ${shellQuoted(at(path).href)}`];
  if (tokens) parts.push(`-H "Authorization: Bearer $TOKEN"`);
  if (payload !== "") parts.push(`-H 'Content-Type: application/json'`, `--data-raw ${shellQuoted(payload)}`);
  return parts.join(" \\\n  ") + "\n";
}
