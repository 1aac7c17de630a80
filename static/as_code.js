// What the page does, as code to take along.

import { pretty } from "./json_text.js";

const shellQuoted = (text) => `'${text.replaceAll("'", "'\\''")}'`;

const TRANSPORTS = { websocket: '["websocket"]', polling: '["polling"]', upgrade: '["polling", "websocket"]' };

/** For the official client: connect, send, print what comes back. */
export function eventAsJavaScript({ name, payload, transport, origin }) {
  const argument = payload === "" ? "" : `, ${pretty(payload).replaceAll("\n", "\n  ")}`;
  return `import { io } from "socket.io-client";

const socket = io(${JSON.stringify(origin)}, { transports: ${TRANSPORTS[transport]} });

socket.onAny((event, payload) => console.log(event, payload));
socket.on("connect", () => {
  socket.emit(${JSON.stringify(name)}${argument});
});
`;
}

/** Over long-polling, a request a step: open, connect, read its answer, send, read what comes back. */
export function eventAsCurl({ name, payload, origin }) {
  const url = `${origin}/socket.io/?EIO=4&transport=polling`;
  const packet = `42[${JSON.stringify(name)}${payload === "" ? "" : "," + payload}]`;
  return `url=${shellQuoted(url)}
sid=$(curl -s "$url" | sed 's/.*"sid":"\\([^"]*\\)".*/\\1/')
curl -s "$url&sid=$sid" -H 'Content-Type: text/plain' --data-raw '40'; echo
curl -s "$url&sid=$sid"; echo
curl -s "$url&sid=$sid" -H 'Content-Type: text/plain;charset=UTF-8' --data-raw ${shellQuoted(packet)}; echo
curl -s "$url&sid=$sid" | tr '\\036' '\\n'; echo
`;
}

export function callAsJavaScript({ method, path, payload, origin }) {
  const options = [`method: ${JSON.stringify(method)}`];
  if (payload !== "") {
    options.push(`headers: { "content-type": "application/json" }`);
    options.push(`body: JSON.stringify(${pretty(payload).replaceAll("\n", "\n  ")})`);
  }
  return `const response = await fetch(${JSON.stringify(origin + path)}, {
  ${options.join(",\n  ")},
});
console.log(response.status, await response.json());
`;
}

export function callAsCurl({ method, path, payload, origin }) {
  const parts = [`curl -s -X ${method} ${shellQuoted(origin + path)}`];
  if (payload !== "") parts.push(`-H 'Content-Type: application/json'`, `--data-raw ${shellQuoted(payload)}`);
  return parts.join(" \\\n  ") + "\n";
}
