// JSON as it is typed: read with the place of everything in it, so that an error has a line and a column, and numbers
// keep every digit.

/**
 * A value in a JSON text, from `start` up to `end`; a number or a word has its spelling in `text`, a string what it says.
 * @typedef {object} JsonNode
 * @property {"object" | "array" | "string" | "number" | "word"} kind
 * @property {number} start
 * @property {number} end
 * @property {string} text
 * @property {JsonMember[]} members of an object
 * @property {JsonNode[]} items of an array
 *
 * @typedef {{name: string, start: number, end: number, value: JsonNode}} JsonMember with the place of its name
 *
 * Where a caret stands in a JSON text, however unfinished that is.
 * @typedef {object} JsonPlace
 * @property {"name" | "value" | ""} wants what may be written there, "" for neither
 * @property {(string | null)[]} path the names on the way to the object or array, null for one of a list
 * @property {string} name of the member whose value is wanted
 * @property {string[]} names that the object has elsewhere
 * @property {number} from where the word begins that is being typed
 * @property {number} to where it ends
 * @property {string} typed the word up to the caret, without its quotation mark
 */

const TOKEN = /"(?:[^"\\\n]|\\.)*"?|[[\]{}:,]|[^ \t\r\n"[\]{}:,]+|[ \t\r\n]+/g;
const NUMBER = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/;
const WORDS = ["true", "false", "null"];
const DEEPEST = 1000; // arrays and objects within each other

/** JSON that can't be read; `at` is the place in the text. */
export class JsonFault extends Error {
  /** @param {number} at */
  constructor(at) {
    super("no JSON");
    this.at = at;
  }
}

/**
 * Reads a JSON text.
 * @param {string} text
 * @returns {JsonNode}
 * @throws {JsonFault}
 */
export function readJson(text) {
  const tokens = tokensOf(text);
  let next = 0;

  const token = () => tokens[next] ?? { text: "", start: text.trimEnd().length };
  const take = (/** @type {string} */ mark) => {
    if (token().text !== mark) throw new JsonFault(token().start);
    next += 1;
  };
  const node = (/** @type {JsonNode["kind"]} */ kind, /** @type {number} */ start, said = "") => ({
    kind,
    start,
    end: start,
    text: said,
    members: /** @type {JsonMember[]} */ ([]),
    items: /** @type {JsonNode[]} */ ([]),
  });
  /** Reads what stands between two brackets, commas between them. */
  const list = (/** @type {JsonNode} */ made, /** @type {string} */ end, /** @type {() => void} */ one) => {
    next += 1;
    if (token().text !== end) one();
    while (token().text !== end) {
      take(",");
      one();
    }
    made.end = token().start + 1;
    next += 1;
    return made;
  };
  const value = (/** @type {number} */ depth) => {
    const { text: word, start } = token();
    if (depth > DEEPEST) throw new JsonFault(start);
    if (word === "{") {
      const made = node("object", start);
      return list(made, "}", () => made.members.push(member(depth)));
    }
    if (word === "[") {
      const made = node("array", start);
      return list(made, "]", () => made.items.push(value(depth + 1)));
    }
    const kind = kindOf(word, start);
    next += 1;
    return { ...node(kind, start, kind === "string" ? JSON.parse(word) : word), end: start + word.length };
  };
  /** @returns {JsonMember} */
  const member = (/** @type {number} */ depth) => {
    const { text: word, start } = token();
    if (!word.startsWith('"')) throw new JsonFault(start);
    kindOf(word, start);
    next += 1;
    take(":");
    return { name: JSON.parse(word), start, end: start + word.length, value: value(depth + 1) };
  };

  const root = value(0);
  if (next < tokens.length) throw new JsonFault(token().start);
  return root;
}

/**
 * @param {string} word
 * @param {number} start
 * @returns {"string" | "number" | "word"}
 */
function kindOf(word, start) {
  if (isString(word)) return "string";
  if (NUMBER.test(word)) return "number";
  if (WORDS.includes(word)) return "word";
  throw new JsonFault(start);
}

/** @param {string} word */
function isString(word) {
  try {
    return word.startsWith('"') && typeof JSON.parse(word) === "string";
  } catch {
    return false;
  }
}

/**
 * The line and the column of a place in a text, both from 1.
 * @param {string} text
 * @param {number} at
 */
export function lineAndColumn(text, at) {
  const before = text.slice(0, at).split("\n");
  return { line: before.length, column: [...(before.at(-1) ?? "")].length + 1 };
}

/**
 * What a caret could be followed by.
 * @param {string} text
 * @param {number} caret
 * @returns {JsonPlace}
 */
export function placeAt(text, caret) {
  /** @type {{isObject: boolean, names: string[], name: string, wants: JsonPlace["wants"]}[]} */
  const levels = [];
  const outside = { isObject: false, names: [], name: "", wants: /** @type {JsonPlace["wants"]} */ ("value") };
  const inner = () => levels.at(-1) ?? outside;
  let word = "";
  for (const token of tokensOf(text)) {
    if (token.start >= caret) break;
    const level = inner();
    if (/^[^[\]{}:,]/.test(token.text) && token.start + token.text.length >= caret) {
      word = token.text.slice(0, caret - token.start);
      break;
    }
    if (token.text === "{" || token.text === "[") {
      level.wants = "";
      const isObject = token.text === "{";
      levels.push({ isObject, names: [], name: "", wants: isObject ? "name" : "value" });
    } else if (token.text === "}" || token.text === "]") levels.pop();
    else if (token.text === ",") level.wants = level.isObject ? "name" : "value";
    else if (token.text === ":") level.wants = "value";
    else {
      if (level.wants === "name") level.names.push((level.name = unquoted(token.text)));
      level.wants = "";
    }
  }
  const { wants, name, names } = inner();
  const rest = /^[\w:.+-]*"?/.exec(text.slice(caret)) ?? [""];
  const to = caret + rest[0].length;
  return {
    wants,
    path: levels.slice(0, -1).map((one) => (one.isObject ? one.name : null)),
    name,
    names: [...names, ...namesAfter(text, to)],
    from: caret - word.length,
    to: word.startsWith('"') || !rest[0].startsWith('"') ? to : caret,
    typed: word.replace(/^"/, ""),
  };
}

/**
 * The names that the object around a place has after it.
 * @param {string} text
 * @param {number} place
 */
function namesAfter(text, place) {
  const names = [];
  const tokens = tokensOf(text.slice(place));
  let depth = 0;
  for (const [index, token] of tokens.entries()) {
    if ("{[".includes(token.text)) depth += 1;
    if ("}]".includes(token.text)) depth -= 1;
    if (depth < 0) break;
    if (depth === 0 && token.text.startsWith('"') && tokens[index + 1]?.text === ":") names.push(unquoted(token.text));
  }
  return names;
}

/** @param {string} word */
const unquoted = (word) => word.replace(/^"|"$/g, "");

/** @param {string} text */
function tokensOf(text) {
  const all = [...text.matchAll(TOKEN)].map(({ 0: token, index }) => ({ text: token, start: index }));
  return all.filter((token) => !/^[ \t\r\n]/.test(token.text));
}
