// JSON as text: laid out and coloured without being parsed, so that 64-bit ids and the sender's spelling survive.

import { element } from "./dom.js";

const TOKEN = /("[^"\\]*(?:\\.[^"\\]*)*")|(-?\d[\d.eE+-]*)|(true|false|null)|([[\]{},:])|(\s+)|(.)/gsu;

/** @typedef {{kind: "string" | "number" | "word" | "mark" | "space" | "other", text: string}} Token */

/**
 * The tokens of a JSON text, spaces left out.
 * @param {string} source
 * @returns {Generator<Token>}
 */
function* tokens(source) {
  for (const [, string, number, word, mark, space, other] of source.matchAll(TOKEN)) {
    if (string !== undefined) yield { kind: "string", text: string };
    else if (number !== undefined) yield { kind: "number", text: number };
    else if (word !== undefined) yield { kind: "word", text: word };
    else if (mark !== undefined) yield { kind: "mark", text: mark };
    else if (space === undefined) yield { kind: "other", text: other };
  }
}

/**
 * The text without spaces between its tokens.
 * @param {string} text
 */
export function compact(text) {
  return [...tokens(text)].map((token) => token.text).join("");
}

/**
 * The texts of the elements of a JSON array, or of the `key: value` members of an object.
 * @param {string} text
 */
export function elements(text) {
  /** @type {string[]} */
  const found = [];
  let depth = 0;
  let current = "";
  for (const token of tokens(text)) {
    const opens = token.kind === "mark" && "[{".includes(token.text);
    const closes = token.kind === "mark" && "]}".includes(token.text);
    if (closes) depth -= 1;
    if (depth === 1 && token.text === "," && token.kind === "mark") {
      found.push(current);
      current = "";
    } else if (depth > 0) {
      current += token.text;
    }
    if (opens) depth += 1;
  }
  if (current !== "") found.push(current);
  return found;
}

/**
 * The members of a JSON object as a map of name to the value's text.
 * @param {string} text
 */
export function members(text) {
  /** @type {Map<string, string>} */
  const found = new Map();
  for (const member of elements(text)) {
    const [name] = /** @type {RegExpExecArray} */ (/^"(?:[^"\\]|\\.)*"/.exec(member));
    found.set(JSON.parse(name), member.slice(name.length + 1));
  }
  return found;
}

/**
 * @param {string} source
 * @returns {Generator<Token>}
 */
function* layout(source) {
  let depth = 0;
  let previous = "";
  const line = () => "\n" + "  ".repeat(depth);
  for (const token of tokens(source)) {
    const mark = token.kind === "mark" ? token.text : "";
    if (mark === "]" || mark === "}") {
      depth -= 1;
      if (previous !== "[" && previous !== "{") yield { kind: "space", text: line() };
    } else if (previous !== "" && "[{,".includes(previous)) {
      yield { kind: "space", text: line() };
    }
    yield token;
    if (mark === ":") yield { kind: "space", text: " " };
    if (mark === "[" || mark === "{") depth += 1;
    previous = mark;
  }
}

/**
 * The text on several lines, two spaces a level.
 * @param {string} text
 */
export function pretty(text) {
  let result = "";
  for (const token of layout(text)) result += token.text;
  return result;
}

/**
 * The text on several lines, each word of it as `write` gives it.
 * @param {string} text
 * @param {(token: Token) => string} write
 */
export function rewritten(text, write) {
  return [...layout(text)].map(write).join("");
}

/**
 * The text on several lines, as coloured nodes; a name differs from a text by what follows it.
 * @param {string} text
 */
export function coloured(text) {
  const parts = [...layout(text)];
  return parts.map((token, index) => {
    if (token.kind === "space" || token.kind === "mark") return token.text;
    const name = token.kind === "string" && parts[index + 1]?.text === ":";
    return element("span", { class: `json-${name ? "name" : token.kind}` }, token.text);
  });
}
