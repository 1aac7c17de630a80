// Ids of up to 19 digits, which the protocol has and a JavaScript number does not hold: such a one is a bigint. Where the
// page's types say that an id is a number, it may be one of these.

import { readJson } from "./json_reader.js";

/** @import { JsonNode } from "./json_reader.js" */

const LONG = /\d{16}/; // only such a run of digits can be too long
const MARK = "\u0000"; // no text of the protocol has it

/**
 * A JSON text as data, whose integers keep every digit.
 * @param {string} text
 * @returns {any}
 */
export function readExact(text) {
  return LONG.test(text) ? dataOf(readJson(text)) : JSON.parse(text);
}

/**
 * Data as a JSON text, whose integers keep every digit.
 * @param {unknown} value
 */
export function writeExact(value) {
  const text = JSON.stringify(value, (_, one) => (typeof one === "bigint" ? MARK + one : one));
  return text.replace(/"\\u0000(-?\d+)"/g, "$1");
}

/**
 * An id as it is typed.
 * @param {string} digits
 */
export const idOf = (digits) => exact(digits.trim());

/**
 * @param {string} digits
 * @returns {number}
 */
function exact(digits) {
  const number = Number(digits);
  const long = !Number.isSafeInteger(number) && /^-?\d+$/.test(digits);
  return long ? /** @type {number} */ (/** @type {unknown} */ (BigInt(digits))) : number;
}

/**
 * @param {JsonNode} node
 * @returns {unknown}
 */
function dataOf({ kind, text, members, items }) {
  switch (kind) {
    case "object":
      return Object.fromEntries(members.map(({ name, value }) => [name, dataOf(value)]));
    case "array":
      return items.map(dataOf);
    case "number":
      return exact(text);
    case "string":
      return text;
    default:
      return JSON.parse(text);
  }
}
