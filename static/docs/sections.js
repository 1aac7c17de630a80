// The sections of the protocol's page: `{id, title, node, entries: [{id, title}]}`, in the document's order.

import { LANGUAGES } from "../kit/as_code.js";
import { element } from "../kit/dom.js";
import { translated } from "../kit/language.js";
import { bullets, foldedCode, gotFields, json, rich, sentFields, table, tryLink } from "./parts.js";
import { word } from "./words.js";

/**
 * @import { Child } from "../kit/dom.js"
 * @import { Call, ClientEvent, Mistake, Protocol, SentField, ServerEvent, Translated } from "../kit/protocol.js"
 * @import { WordKey } from "./words.js"
 *
 * @typedef {{id: string, title: string, node: HTMLElement}} Part
 * @typedef {Part & {entries: Part[]}} Section a section of the document, with its events or calls
 */

/**
 * @param {string} kind
 * @param {string} name
 */
const idOf = (kind, name) => `${kind}-${name.replace(/[^\w.:-]+/g, "-")}`;
/** @param {Call} call */
const callName = ({ method, path }) => `${method} ${path}`;
/** @param {string} text */
const heading = (text) => element("h4", {}, text);
/** @param {string} text */
const mark = (text) => element("code", {}, text);

/**
 * Every section but the list of all events, which the outline is.
 * @param {Protocol} protocol
 * @returns {Section[]}
 */
export function sections(protocol) {
  const numbers = Object.keys(protocol.sections).filter((name) => /^[\d.]+$/.test(name) && name !== "5");
  const order = (/** @type {string} */ one, /** @type {string} */ other) =>
    one.localeCompare(other, "en", { numeric: true });
  return numbers.sort(order).map((number) => section(protocol, number));
}

/**
 * @param {Protocol} protocol
 * @param {string} number
 * @returns {Section}
 */
function section(protocol, number) {
  const { title, notes } = protocol.sections[number];
  const events = protocol.events.filter((event) => event.section === number);
  const id = idOf("section", number);
  const calls = number === "7" ? protocol.calls : [];
  const entries = [
    ...events.map((event) => ({ id: idOf("event", event.name), title: event.name, node: eventPart(protocol, event) })),
    ...calls.map((call) => ({ id: idOf("call", callName(call)), title: callName(call), node: callPart(call) })),
  ];
  const name = `${number} ${translated(title)}`;
  const nodes = entries.map((entry) => entry.node);
  const more = MORE[number]?.(protocol) ?? [];
  const rules = element("h3", { id: idOf("rules", number) }, word("rules"));
  const node = element(
    "section",
    { id, "aria-labelledby": `${id}-title`, class: number.includes(".") ? "within" : null },
    element("h2", { id: `${id}-title` }, name),
    // The rules of an event come after it, those of all calls before them.
    ...(events.length === 0 ? [bullets(notes), ...more, ...nodes] : [...nodes, rules, bullets(notes), ...more]),
  );
  return { id, title: name, node, entries };
}

/**
 * What a section has beside its rules, its events and its calls.
 * @type {Record<string, (protocol: Protocol) => HTMLElement[]>}
 */
const MORE = {
  3: ({ codes, texts }) => [
    element("h3", {}, word("codes")),
    table(
      [word("code"), "HTTP", word("meaning")],
      codes.map(({ code, status, about }) => [mark(code), String(status), rich(translated(about))]),
    ),
    element("h3", {}, word("fixedTexts")),
    table(
      [word("text"), word("code"), word("when")],
      texts.filter((text) => text.on_socket).map(({ text, code, about }) => fixedText(text, code, about)),
    ),
  ],
  6: (protocol) => [
    table(
      [word("whoGetsIt"), "`is_visible_to_patient: true`", "`false`"],
      protocol.audience.map((one) => [
        rich(translated(one.who)),
        word(one.all ? "yes" : "no"),
        word(one.staff_only ? "yes" : "no"),
      ]),
    ),
    ...part(protocol, "6.retention"),
  ],
  7: (protocol) => [
    ...part(protocol, "7.idempotency"),
    ...part(protocol, "7.paging"),
    ...part(protocol, "7.faults"),
    faultTable(protocol),
    element("h3", {}, word("otherPages")),
    table(
      [word("address"), word("meaning")],
      protocol.pages.map(({ method, path, about }) => [
        // One with a part in braces is a page of each user's own.
        path.includes("{") ? mark(`${method} ${path}`) : element("a", { href: path }, mark(`${method} ${path}`)),
        rich(translated(about)),
      ]),
    ),
  ],
  9: (protocol) => [
    ...part(protocol, "9.broken"),
    element("h3", {}, word("limits")),
    table(
      [word("what"), word("most"), word("beyond")],
      protocol.bounds.map(({ about, most, beyond }) => [about, most, beyond].map((text) => rich(translated(text)))),
    ),
  ],
  10: (protocol) => [...part(protocol, "10.rights"), rights(protocol)],
};

/**
 * Who may do what.
 * @param {Protocol} protocol
 */
function rights({ rights: rows }) {
  const roles = Object.keys(rows[0].may);
  const titles = roles.map((role) => (role === "NOBODY" ? word("noToken") : `\`${role}\``));
  return table(
    [word("what"), ...titles],
    rows.map(({ name, may }) => [mark(name), ...roles.map((role) => translated(may[role]))]),
  );
}

/**
 * @param {Protocol} protocol
 * @param {string} name
 */
function part({ sections: all }, name) {
  return [element("h3", {}, translated(all[name].title)), bullets(all[name].notes)];
}

/**
 * @param {string} text
 * @param {string} code
 * @param {Translated} about
 */
const fixedText = (text, code, about) => [
  element("code", { lang: "zh-CN" }, text),
  mark(code),
  rich(translated(about)),
];

/**
 * Every fault over HTTP; the first row of a status can be linked to.
 * @param {Protocol} protocol
 */
function faultTable({ texts }) {
  const told = texts
    .filter((text) => text.status !== null)
    .sort((one, other) => Number(one.status) - Number(other.status));
  return table(
    ["HTTP", word("text"), word("code"), word("when")],
    told.map(({ status, text, code, about }) => [String(status), ...fixedText(text, code, about)]),
    told.map(({ status }, row) => (told[row - 1]?.status === status ? null : `fault-${status}`)),
  );
}

/**
 * An event's or a call's frame: name, direction, what it is for.
 * @param {string} id
 * @param {string} name
 * @param {string | null} chip
 * @param {string} about
 * @param {Child} tried
 * @param {...Child} parts
 */
function frame(id, name, chip, about, tried, ...parts) {
  return element(
    "article",
    { id, class: "entry", "aria-labelledby": `${id}-title` },
    element(
      "div",
      { class: "entry-head" },
      element("h3", { id: `${id}-title` }, mark(name)),
      chip ? element("span", { class: "chip" }, chip) : null,
      tried,
    ),
    element("p", {}, ...rich(about)),
    ...parts,
  );
}

/**
 * What is said on the left, and the examples beside it.
 * @param {Child[]} told
 * @param {Child[]} shown
 */
const beside = (told, shown) =>
  element("div", { class: "beside" }, element("div", {}, ...told), element("div", {}, ...shown));

/** @param {string} name */
const eventLink = (name) => element("a", { href: `#${idOf("event", name)}` }, mark(name));

/**
 * @param {Protocol} protocol
 * @param {ClientEvent | ServerEvent} event
 */
function eventPart(protocol, event) {
  const id = idOf("event", event.name);
  const rules = element(
    "p",
    { class: "aside" },
    word("seeRules"),
    element("a", { href: `#${idOf("rules", event.section)}` }, translated(protocol.sections[event.section].title)),
  );
  const parts = event.from === "client" ? clientEvent(event) : serverEvent(protocol, event);
  const tried = event.from === "client" ? tryLink(event.name) : null;
  return frame(id, event.name, translated(event.direction), translated(event.about), tried, ...parts, rules);
}

/** @param {ClientEvent} event */
function clientEvent(event) {
  const { name, fields, example, others, answers, failure, mistakes } = event;
  const faultBy = answers.includes(failure) ? [] : [word("onFault"), eventLink(failure)];
  const as = { name, payload: JSON.stringify(example), transport: /** @type {const} */ ("websocket") };
  return [
    beside(
      [
        heading(word("fields")),
        sentFields(fields),
        element("p", { class: "answered" }, word("answeredBy"), ...answers.map(eventLink), ...faultBy),
      ],
      [
        json(word("example"), example),
        ...others.map((other) => json(word("or"), other, tryLink(name, other))),
        ...LANGUAGES.map((language) => foldedCode(word("asCode", { language: language.name }), language.event(as))),
      ],
    ),
    heading(word("mistakes")),
    element("div", { class: "mistakes" }, ...mistakes.map((mistake) => mistakePart(name, mistake))),
  ];
}

/**
 * @param {string} name
 * @param {Mistake} mistake
 */
function mistakePart(name, { about, payload, answer }) {
  return element(
    "details",
    { class: "mistake" },
    element("summary", {}, translated(about), " → ", element("code", { lang: "zh-CN" }, answer.payload.message)),
    beside([json(name, payload, tryLink(name, payload))], [json(answer.event, answer.payload)]),
  );
}

/**
 * @param {Protocol} protocol
 * @param {ServerEvent} event
 */
function serverEvent({ events }, { name, forms }) {
  const clients = events.filter((event) => event.from === "client");
  const asked = clients.filter((event) => event.answers.includes(name) || event.failure === name);
  const links = asked.flatMap((event, place) => (place === 0 ? [eventLink(event.name)] : [" ", eventLink(event.name)]));
  return [
    asked.length === 0 ? null : element("p", { class: "answered" }, word("answers"), ...links),
    ...forms.map(({ fields, examples }, place) =>
      beside(
        [heading(place === 0 ? word("fields") : word("or")), gotFields(fields)],
        examples.map((example, nth) => json(word(nth === 0 ? "example" : "or"), example)),
      ),
    ),
  ];
}

/** @param {Call} call */
function callPart(call) {
  const name = callName(call);
  const payload = call.example === null ? "" : JSON.stringify(call.example);
  const as = { method: call.method, path: call.path.replace(/\{\w+\}/g, "1"), payload };
  const fieldsOf = (/** @type {WordKey} */ title, /** @type {SentField[]} */ fields) =>
    fields.length === 0 ? [] : [heading(word(title)), sentFields(fields)];
  const faults = call.faults.flatMap((status) => [element("a", { href: `#fault-${status}` }, String(status)), " "]);
  return frame(
    idOf("call", name),
    name,
    null,
    translated(call.about),
    call.takes_file ? null : tryLink(name),
    call.notes.length === 0 ? null : bullets(call.notes),
    beside(
      [
        ...fieldsOf("path", call.place),
        ...fieldsOf("query", call.query),
        ...fieldsOf("body", call.fields),
        heading(`${word("answer")} ${call.status}`),
        gotFields(call.answer_fields),
        element("p", { class: "answered" }, word("faults"), ...faults),
      ],
      [
        ...(call.example === null ? [] : [json(word("body"), call.example)]),
        json(`${word("answer")} ${call.status}`, call.answer),
        ...Object.entries(call.others).map(([status, answer]) => json(status, answer)),
        ...(call.takes_file
          ? []
          : LANGUAGES.map((language) => foldedCode(word("asCode", { language: language.name }), language.call(as)))),
      ],
    ),
  );
}
