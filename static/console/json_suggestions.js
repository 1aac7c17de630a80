// What may be written at a place in a payload: names of fields, and values that the protocol knows.

import { placeAt } from "../kit/json_reader.js";

/**
 * @import { SentField } from "../kit/protocol.js"
 *
 * @typedef {object} Suggestion
 * @property {string} label
 * @property {string} insert
 * @property {number} back how far before its end the caret is then
 * @property {SentField | null} field of a name
 *
 * @typedef {{from: number, to: number, begun: boolean, list: Suggestion[]}} Suggestions in place of the text from, to;
 *   `begun`: part of it is typed
 */

/**
 * @param {string} text
 * @param {number} caret
 * @param {SentField[]} fields
 * @returns {Suggestions}
 */
export function suggestionsAt(text, caret, fields) {
  const { wants, path, name, names, from, to, typed } = placeAt(text, caret);
  const here = fieldsAt(path, fields);
  const named = /^\s*:/.test(text.slice(to));
  const list =
    wants === "name"
      ? here.filter((field) => !names.includes(field.name)).map((field) => ofName(field, named))
      : wants === "value"
        ? ofValue(name, here)
        : [];
  return { from, to, begun: from < caret, list: matching(list, typed, text.slice(from, to)) };
}

/**
 * The fields of an object or of a list's objects.
 * @param {(string | null)[]} path
 * @param {SentField[]} fields
 */
function fieldsAt(path, fields) {
  let here = fields;
  for (const name of path) {
    if (name !== null) here = here.find((field) => field.name === name)?.items ?? [];
  }
  return here;
}

/**
 * @param {SentField} field
 * @param {boolean} named whether a colon stands there already
 * @returns {Suggestion}
 */
function ofName(field, named) {
  const quoted = JSON.stringify(field.name);
  return { label: field.name, insert: named ? quoted : `${quoted}: `, back: 0, field };
}

/**
 * @param {string} name of the value's member, "" for a value that is no member's
 * @param {SentField[]} fields
 * @returns {Suggestion[]}
 */
function ofValue(name, fields) {
  const plain = (/** @type {string} */ insert, back = 0) => ({ label: insert, insert, back, field: null });
  if (name === "") return fields.length === 0 ? [] : [plain("{}", 1)];
  const field = fields.find((one) => one.name === name);
  if (field === undefined) return [];
  if (field.choices) return field.choices.map((choice) => plain(JSON.stringify(choice)));
  if (field.kind === "boolean") return [plain("true"), plain("false")];
  if (field.kind === "list") return [field.items ? plain("[{}]", 2) : plain("[]", 1)];
  return field.items ? [plain("{}", 1)] : [];
}

/**
 * Those that what is typed is part of, the ones that begin with it first; none where the only one stands there whole.
 * @param {Suggestion[]} list
 * @param {string} typed
 * @param {string} written
 */
function matching(list, typed, written) {
  const wanted = typed.toLowerCase();
  const at = ({ label } = { label: "" }) => label.replace(/^"/, "").toLowerCase().indexOf(wanted);
  const found = list.filter((one) => at(one) >= 0).sort((one, other) => Math.sign(at(one)) - Math.sign(at(other)));
  return found.length === 1 && found[0].insert.trim() === written ? [] : found;
}
