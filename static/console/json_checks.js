// What a payload breaks of the protocol's rules, each with its place in the text.

import { readJson, JsonFault } from "../kit/json_reader.js";
import { say, translated } from "../kit/language.js";

/**
 * @import { JsonNode } from "../kit/json_reader.js"
 * @import { Accepted, SentField } from "../kit/protocol.js"
 *
 * Something wrong from `start` up to `end`; the server takes what is only `doubtful`.
 * @typedef {{start: number, end: number, text: string, doubtful: boolean}} Problem
 */

/**
 * All that is wrong with a payload, in the order of the text; an empty text is an event without an argument.
 * @param {string} text
 * @param {SentField[]} fields
 * @returns {Problem[]}
 */
export function problemsOf(text, fields) {
  if (text.trim() === "") return [];
  /** @type {Problem[]} */
  const found = [];
  try {
    checkObject(readJson(text), fields, "", found);
  } catch (fault) {
    if (!(fault instanceof JsonFault)) throw fault;
    const end = fault.at + Math.max(1, /^[^\s"[\]{}:,]*/.exec(text.slice(fault.at))?.[0].length ?? 0);
    return [{ start: fault.at, end, text: say("notJson"), doubtful: false }];
  }
  return found.sort((one, other) => one.start - other.start);
}

/**
 * @param {JsonNode} node
 * @param {SentField[]} fields
 * @param {string} path the object's own name, and a full stop
 * @param {Problem[]} found
 */
function checkObject(node, fields, path, found) {
  const report = (/** @type {{start: number, end: number}} */ place, /** @type {string} */ text, doubtful = false) =>
    found.push({ start: place.start, end: place.end, text, doubtful });
  if (node.kind !== "object") {
    report(node, say("jsonNoObject"));
    return;
  }
  const seen = new Set();
  for (const member of node.members) {
    const field = fields.find(({ name }) => name === member.name);
    if (field === undefined) report(member, say("jsonUnknown", { name: path + member.name }), true);
    if (seen.has(member.name)) report(member, say("jsonTwice", { name: path + member.name }), true);
    seen.add(member.name);
  }
  for (const field of fields) {
    const member = node.members.findLast(({ name }) => name === field.name);
    const rule = { name: path + field.name, rule: translated(field.rule) };
    if (member === undefined) {
      // Marked at the bracket, for it is nowhere.
      if (field.required) report({ start: node.start, end: node.start + 1 }, say("jsonMissing", rule));
      continue;
    }
    const { value } = member;
    if (value.text === "null" && value.kind === "word" && !field.required) continue;
    if (!field.accepts.some((schema) => fits(value, schema))) report(value, say("jsonRule", rule));
    else if (field.items && value.kind === "object") checkObject(value, field.items, `${path}${field.name}.`, found);
    else if (field.items) {
      for (const [index, item] of value.items.entries()) {
        checkObject(item, field.items, `${path}${field.name}[${index}].`, found);
      }
    }
  }
}

/**
 * Whether a value is as a schema asks for.
 * @param {JsonNode} value
 * @param {Accepted} schema
 * @returns {boolean}
 */
function fits(value, schema) {
  const { kind, text, items } = value;
  if (schema.enum) return schema.enum.some((one) => kind === typeof one && String(one) === text);
  switch (schema.type) {
    case "integer":
      return kind === "number" && /^-?\d+$/.test(text) && within(BigInt(text), schema, BigInt);
    case "number":
      return kind === "number" && within(Number(text), schema, Number);
    case "boolean":
      return kind === "word" && text !== "null";
    case "string":
      return (
        kind === "string" && longEnough([...text].length, schema.minLength, schema.maxLength) && matches(text, schema)
      );
    case "array":
      return (
        kind === "array" && longEnough(items.length, schema.minItems, schema.maxItems) && allFit(items, schema.items)
      );
    default:
      return kind === schema.type;
  }
}

/**
 * @template {bigint | number} Quantity
 * @param {Quantity} value
 * @param {Accepted} schema
 * @param {(bound: string | number) => Quantity} read
 */
function within(value, { minimum, maximum }, read) {
  return (minimum === undefined || value >= read(minimum)) && (maximum === undefined || value <= read(maximum));
}

/**
 * @param {number} length
 * @param {number} [least]
 * @param {number} [most]
 */
const longEnough = (length, least = 0, most = Infinity) => length >= least && length <= most;

/**
 * @param {string} text
 * @param {Accepted} schema
 */
const matches = (text, { pattern }) => pattern === undefined || new RegExp(pattern, "su").test(text);

/**
 * Whether all items fit; those that are objects are looked into by their own fields.
 * @param {JsonNode[]} items
 * @param {Accepted} [schema]
 */
const allFit = (items, schema) =>
  schema === undefined || schema.type === "object" || items.every((item) => fits(item, schema));
