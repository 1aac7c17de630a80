// What the page does, as code to take along. Where the server asks for a token it is the environment's TOKEN.

import { at, base } from "./address.js";
import { elements, members, pretty, rewritten } from "./json_text.js";

/**
 * @typedef {"websocket" | "polling" | "upgrade"} Transport how a connection begins; upgrade: polling, then websocket
 *
 * An event as it is sent; `payload` is JSON text, "" for none.
 * @typedef {{name: string, payload: string, transport: Transport, tokens?: boolean}} SentEvent
 *
 * An HTTP call as it is made; `payload` is JSON text, "" for none.
 * @typedef {{method: string, path: string, payload: string, tokens?: boolean}} MadeCall
 *
 * A language, and what it makes of an event and of a call.
 * @typedef {object} Language
 * @property {string} id
 * @property {string} short on a button
 * @property {string} name
 * @property {(event: SentEvent) => string} event
 * @property {(call: MadeCall) => string} call
 */

/** @type {Language[]} */
export const LANGUAGES = [
  { id: "js", short: "JS", name: "JavaScript", event: eventAsJavaScript, call: callAsJavaScript },
  { id: "ts", short: "TS", name: "TypeScript", event: eventAsTypeScript, call: callAsTypeScript },
  { id: "python", short: "Py", name: "Python", event: eventAsPython, call: callAsPython },
  { id: "curl", short: "curl", name: "curl", event: eventAsCurl, call: callAsCurl },
];

/** @param {string} text */
const shellQuoted = (text) => `'${text.replaceAll("'", "'\\''")}'`;

/** @type {Record<Transport, string>} */
const TRANSPORTS = { websocket: '["websocket"]', polling: '["polling"]', upgrade: '["polling", "websocket"]' };

// Behind a proxy that serves Careline under a path: a client takes one in the address for a namespace.
const socketPath = () => (base.pathname === "/" ? "" : at("/socket.io/").pathname);

/**
 * A payload on several lines within code that stands two, or four, spaces in.
 * @param {string} text
 * @param {string} spaces
 */
const indented = (text, spaces = "  ") => pretty(text).replaceAll("\n", `\n${spaces}`);

/**
 * For the official client: connect, send, print what comes back.
 * @param {SentEvent} event
 * @param {string} type of the socket, "" for none
 */
function socketScript({ name, payload, transport, tokens }, type = "") {
  const auth = tokens ? ", auth: { token: process.env.TOKEN }" : "";
  const path = socketPath() && `, path: ${JSON.stringify(socketPath())}`;
  const argument = payload === "" ? "" : `, ${indented(payload)}`;
  const url = JSON.stringify(base.origin);
  return `const socket${type} = io(${url}, { transports: ${TRANSPORTS[transport]}${path}${auth} });

socket.onAny((event, payload) => console.log(event, payload));
socket.on("connect", () => {
  socket.emit(${JSON.stringify(name)}${argument});
});
`;
}

/** @param {SentEvent} event */
function eventAsJavaScript(event) {
  return `import { io } from "socket.io-client";\n\n${socketScript(event)}`;
}

// What `careline protocol` prints is docs/careline.d.ts.
const TYPES_FROM = `"./careline"; // careline protocol --format typescript > careline.d.ts`;

/** @param {SentEvent} event */
function eventAsTypeScript(event) {
  return `import { io, type Socket } from "socket.io-client";
import type { ClientToServerEvents, ServerToClientEvents } from ${TYPES_FROM}

${socketScript(event, ": Socket<ServerToClientEvents, ClientToServerEvents>")}`;
}

/**
 * For python-socketio: connect, send, print what comes back.
 * @param {SentEvent} event
 */
function eventAsPython({ name, payload, transport, tokens }) {
  const path = socketPath() && `, socketio_path=${JSON.stringify(socketPath())}`;
  const auth = tokens ? `, auth={"token": os.environ["TOKEN"]}` : "";
  const argument = payload === "" ? "" : `, ${pythonValue(payload)}`;
  const url = JSON.stringify(base.origin);
  return `${tokens ? "import os\n\n" : ""}import socketio  # pip install "python-socketio[client]"

client = socketio.Client()


@client.on("*")
def received(event, payload=None):
    print(event, payload, flush=True)


client.connect(${url}, transports=${TRANSPORTS[transport]}${path}${auth})
client.emit(${JSON.stringify(name)}${argument})
client.wait()
`;
}

// The HTTP call that does what an event does, its path filled in from the payload's members.
/** @type {Record<string, string>} */
const TWINS = {
  send_message: "/api/questions/{question_id}/messages",
  "notification:read": "/api/notifications/{id}/read",
  "notification:confirm": "/api/notifications/{id}/confirm",
  "notification:snooze": "/api/notifications/{id}/snooze",
};

/**
 * The HTTP call that does the same as an event, or null where there is none or the payload does not say on what.
 * @param {SentEvent} event
 * @returns {MadeCall | null}
 */
function twinOf({ name, payload, tokens }) {
  const twin = TWINS[name];
  if (twin === undefined || !payload.startsWith("{")) return null;
  const sent = members(payload);
  const [, place] = /** @type {RegExpExecArray} */ (/\{(\w+)\}/.exec(twin));
  const id = sent.get(place) ?? "";
  if (!/^[1-9]\d*$/.test(id)) return null;
  const body = elements(payload).filter((member) => !member.startsWith(`"${place}":`));
  return { method: "POST", path: twin.replace(`{${place}}`, id), payload: `{${body.join(",")}}`, tokens };
}

/**
 * The HTTP call that does the same, where there is one; else over long-polling, a request a step: open, connect, read
 * its answer, send, read what comes back.
 * @param {SentEvent} event
 */
function eventAsCurl(event) {
  const { name, payload, tokens } = event;
  const twin = twinOf(event);
  if (twin !== null) return `# ${name}, by the HTTP call that does the same.\n${callAsCurl(twin)}`;
  const connect = tokens ? `'40{"token":"'"$TOKEN"'"}'` : "'40'";
  const url = at("/socket.io/?EIO=4&transport=polling").href;
  const packet = `42[${JSON.stringify(name)}${payload === "" ? "" : "," + payload}]`;
  return `# ${name} over long-polling: ${name in TWINS ? "as it stands no HTTP call takes it" : "no HTTP call does the same"}.
url=${shellQuoted(url)}
sid=$(curl -s "$url" | sed 's/.*"sid":"\\([^"]*\\)".*/\\1/')
curl -s "$url&sid=$sid" -H 'Content-Type: text/plain' --data-raw ${connect}; echo
curl -s "$url&sid=$sid"; echo
curl -s "$url&sid=$sid" -H 'Content-Type: text/plain;charset=UTF-8' --data-raw ${shellQuoted(packet)}; echo
curl -s "$url&sid=$sid" | tr '\\036' '\\n'; echo
`;
}

/**
 * What a script passes to fetch(), but for the body.
 * @param {MadeCall} call
 */
function fetchOptions({ method, payload, tokens }) {
  const headers = [];
  if (tokens) headers.push("authorization: `Bearer ${process.env.TOKEN}`");
  if (payload !== "") headers.push(`"content-type": "application/json"`);
  const options = [`method: ${JSON.stringify(method)}`];
  if (headers.length > 0) options.push(`headers: { ${headers.join(", ")} }`);
  return options;
}

/** @param {MadeCall} call */
function callAsJavaScript(call) {
  const options = fetchOptions(call);
  if (call.payload !== "") options.push(`body: JSON.stringify(${indented(call.payload)})`);
  return `const response = await fetch(${JSON.stringify(at(call.path).href)}, {
  ${options.join(",\n  ")},
});
console.log(response.status, await response.json());
`;
}

/** @param {MadeCall} call */
function callAsTypeScript(call) {
  const { method, path, payload } = call;
  const types = path.startsWith("/sandbox/") ? "SandboxCalls" : "Calls";
  const place = path.replace(/\?.*/, "").replace(/^(\/api\/(\w+)\/)\d+/, (_, before, noun) => before + inPath(noun));
  const type = `${types}[${JSON.stringify(`${method} ${place}`)}]`;
  const options = fetchOptions(call);
  if (payload !== "") options.push("body: JSON.stringify(body)");
  const body = payload === "" ? "" : `const body: ${type}["body"] = ${pretty(payload)};\n`;
  return `import type { ${types} } from ${TYPES_FROM}

${body}const response = await fetch(${JSON.stringify(at(path).href)}, {
  ${options.join(",\n  ")},
});
const answer: ${type}["answer"] = await response.json();
console.log(response.status, answer);
`;
}

/**
 * The name that the types give to the id in a path.
 * @param {string} noun
 */
const inPath = (noun) => ({ questions: "{question_id}", users: "{user_id}" })[noun] ?? "{id}";

/** @param {MadeCall} call */
function callAsPython({ method, path, payload, tokens }) {
  const headers = [];
  if (tokens) headers.push(`"Authorization": "Bearer " + os.environ["TOKEN"]`);
  if (payload !== "") headers.push(`"Content-Type": "application/json"`);
  const given = [JSON.stringify(at(path).href), `method=${JSON.stringify(method)}`];
  if (headers.length > 0) given.push(`headers={${headers.join(", ")}}`);
  if (payload !== "") given.push(`data=json.dumps(${pythonValue(payload, "    ")}).encode()`);
  return `import json
${tokens ? "import os\n" : ""}from urllib.error import HTTPError
from urllib.request import Request, urlopen

request = Request(
    ${given.join(",\n    ")},
)
try:
    response = urlopen(request)
except HTTPError as refusal:
    response = refusal
print(response.status, json.load(response))
`;
}

/**
 * JSON as Python writes it, within code that stands some spaces in.
 * @param {string} text
 * @param {string} spaces
 */
function pythonValue(text, spaces = "") {
  /** @type {Record<string, string>} */
  const words = { true: "True", false: "False", null: "None" };
  // JSON writes a character beyond the first 65,536 as two when it escapes it; in Python these stay two.
  return rewritten(text, ({ kind, text: word }) =>
    kind === "string" ? JSON.stringify(JSON.parse(word)) : (words[word] ?? word),
  ).replaceAll("\n", `\n${spaces}`);
}

/** @param {MadeCall} call */
function callAsCurl({ method, path, payload, tokens }) {
  const parts = [`curl -s -X ${method} ${shellQuoted(at(path).href)}`];
  if (tokens) parts.push(`-H "Authorization: Bearer $TOKEN"`);
  if (payload !== "") parts.push(`-H 'Content-Type: application/json'`, `--data-raw ${shellQuoted(payload)}`);
  return parts.join(" \\\n  ") + "\n";
}
