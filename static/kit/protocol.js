// The protocol as the server describes it in protocol.json.

/**
 * @typedef {{zh: string, en: string}} Translated
 * @typedef {Record<string, any>} Json an object whose members the page does not know beforehand
 *
 * What a value may be, as a JSON Schema with a few of its words; a bound that no number holds is text.
 * @typedef {object} Accepted
 * @property {"integer" | "number" | "boolean" | "string" | "array" | "object"} type
 * @property {unknown[]} [enum]
 * @property {number | string} [minimum]
 * @property {number | string} [maximum]
 * @property {number} [minLength] in characters
 * @property {number} [maxLength]
 * @property {string} [pattern]
 * @property {number} [minItems]
 * @property {number} [maxItems]
 * @property {Accepted} [items]
 *
 * A field of what clients send, with the error for a value that breaks its rule.
 * @typedef {object} SentField
 * @property {string} name
 * @property {string} kind "id", "number", "boolean", "text", "time", "list", "object" and others
 * @property {Translated} rule
 * @property {Translated} [about]
 * @property {string} fault
 * @property {Accepted[]} accepts what it may be: one of these, or null where it is not required
 * @property {boolean} [required]
 * @property {unknown} [default]
 * @property {string[]} [choices]
 * @property {{text: string, about: Translated}[]} [checks]
 * @property {SentField[]} [items]
 *
 * A field of what the server sends.
 * @typedef {object} GotField
 * @property {string} name
 * @property {string} type
 * @property {Translated} about
 * @property {GotField[]} [items]
 *
 * A payload that the server refuses, and its answer.
 * @typedef {{about: Translated, payload: unknown, answer: {event: string, payload: Json}}} Mistake
 *
 * @typedef {object} ClientEvent
 * @property {"client"} from
 * @property {string} name
 * @property {string} section
 * @property {Translated} about
 * @property {Translated} direction
 * @property {SentField[]} fields
 * @property {Json} example
 * @property {Json[]} others
 * @property {Mistake[]} mistakes
 * @property {string[]} answers
 * @property {string} failure
 *
 * @typedef {object} ServerEvent
 * @property {"server"} from
 * @property {string} name
 * @property {string} section
 * @property {Translated} about
 * @property {Translated} direction
 * @property {{fields: GotField[], examples: Json[]}[]} forms
 *
 * @typedef {object} Call
 * @property {string} method
 * @property {string} path
 * @property {Translated} about
 * @property {Translated[]} notes
 * @property {SentField[]} place
 * @property {SentField[]} query
 * @property {SentField[]} fields
 * @property {boolean} takes_file its body is a file
 * @property {Json | null} example
 * @property {Json} answer
 * @property {GotField[]} answer_fields
 * @property {number} status
 * @property {Record<string, Json>} others
 * @property {number[]} faults
 *
 * @typedef {object} Protocol
 * @property {string} version
 * @property {string} timezone
 * @property {boolean} tokens whether the server asks for them
 * @property {boolean} sandbox whether its clock can be moved, and its data is gone at the end
 * @property {(ClientEvent | ServerEvent)[]} events
 * @property {Call[]} calls
 * @property {{method: string, path: string, type: string, about: Translated}[]} pages
 * @property {{code: string, status: number, about: Translated}[]} codes
 * @property {{text: string, code: string, status: number | null, on_socket: boolean, about: Translated}[]} texts
 * @property {Record<string, {title: Translated, notes: Translated[]}>} sections
 * @property {{who: Translated, all: boolean, staff_only: boolean}[]} audience
 * @property {{name: string, may: Record<string, Translated>}[]} rights
 * @property {{about: Translated, most: Translated, beyond: Translated}[]} bounds
 */

/** @returns {Promise<Protocol>} */
export async function readProtocol() {
  const response = await fetch("protocol.json");
  if (!response.ok) throw new Error(`${response.status} ${response.statusText}`);
  return response.json();
}
