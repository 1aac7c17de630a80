// The way of one message: when it was sent and acknowledged, and when each of the page's connections got to know of it.

import { element, foreign } from "../kit/dom.js";
import { members } from "../kit/json_text.js";
import { say } from "../kit/language.js";
import { shortMs } from "./log_view.js";

/**
 * @import { TextKey } from "../kit/language.js"
 * @import { Entry } from "./log.js"
 *
 * @typedef {{key: TextKey, entry: Entry}} Step
 */

const REPLY = "CONSULTATION_REPLY"; // the biz_type of notifications of messages
const TELLS = ["new_message", "notification:new", "question:read", "read_question:ack"];

/**
 * The steps of the message that a line of the log is about, in the order of their time; none for any other line.
 * @param {Entry} chosen
 * @param {Entry[]} entries
 * @returns {Step[]}
 */
export function timelineOf(chosen, entries) {
  const sent = sentBy(chosen, entries);
  const told = sent ? entries.filter((entry) => entry.answers === sent.number) : [chosen];
  const stored = told.map(messageIn).find((one) => one !== null);
  if (!sent && !stored) return [];
  const steps = sent ? [{ key: keyOf(sent, "timeline_sent"), entry: sent }] : [];
  if (sent) steps.push(...told.map((entry) => ({ key: answerKey(entry), entry })));
  if (stored) steps.push(...firsts(entries.flatMap((entry) => stepsOf(entry, stored, sent))));
  return steps.sort((one, other) => one.entry.tick - other.entry.tick);
}

/**
 * Of each connection the first of a kind: later ones are about later messages.
 * @param {Step[]} steps
 */
function firsts(steps) {
  const seen = new Set();
  return steps.filter(({ key, entry }) => {
    const kind = `${key} ${entry.connection?.key}`;
    return !seen.has(kind) && seen.add(kind);
  });
}

/**
 * What is to be read from the list: each step with the milliseconds since the first, and a bar as long as they are.
 * @param {Step[]} steps
 */
export function timelineList(steps) {
  const [first] = steps;
  const after = (/** @type {Step} */ { entry }) => entry.tick - first.entry.tick;
  const whole = Math.max(after(steps[steps.length - 1]), 0.001);
  const line = (/** @type {Step} */ step) => {
    const bar = element("span", { class: "timeline-bar", "aria-hidden": "true" });
    bar.style.setProperty("--part", `${(after(step) / whole) * 100}%`);
    const who = step.entry.connection?.name ?? "HTTP";
    return element(
      "li",
      { "data-step": step.key.replace("timeline_", ""), "data-colour": step.entry.connection?.colour ?? "none" },
      element("span", { class: "timeline-what" }, say(step.key), " ", foreign(who, "timeline-who")),
      element("span", { class: "timeline-ms" }, say("timelineAfter", { ms: shortMs(after(step)) })),
      bar,
    );
  };
  return element("ol", { class: "timeline" }, ...steps.map(line));
}

/**
 * The milliseconds from the first step to the last that delivers the message.
 * @param {Step[]} steps
 */
export function deliveredIn(steps) {
  const last = steps.findLast(({ key }) => key === "timeline_delivered" || key === "timeline_notified");
  return last === undefined ? null : shortMs(last.entry.tick - steps[0].entry.tick);
}

/**
 * The entry that sent the message which an entry is about.
 * @param {Entry} chosen
 * @param {Entry[]} entries
 */
function sentBy(chosen, entries) {
  if (isSending(chosen)) return chosen;
  const asked = entries.find((entry) => entry.number === chosen.answers);
  if (asked !== undefined && isSending(asked)) return asked;
  const stored = chosen.name === "new_message" ? messageIn(chosen) : null;
  if (stored === null) return undefined;
  const answer = entries.find(
    (entry) => entry.answers !== undefined && isAnswer(entry) && messageIn(entry)?.id === stored.id,
  );
  const sent = answer && entries.find((entry) => entry.number === answer.answers);
  return sent && isSending(sent) ? sent : undefined;
}

/** @param {Entry} entry */
const isSending = ({ about, direction }) =>
  direction === "out" &&
  about !== undefined &&
  (("event" in about && about.event === "send_message") ||
    ("method" in about && about.method === "POST" && /^\/api\/questions\/\d+\/messages$/.test(about.path)));

/** @param {Entry} entry */
const isAnswer = ({ name }) =>
  name.startsWith("send_message") || /^201 POST \/api\/questions\/\d+\/messages$/.test(name);

/**
 * The ids in a stored message, as an acknowledgement, a response or new_message has it.
 * @param {Entry} entry
 */
function messageIn({ text }) {
  if (!text.startsWith("{")) return null;
  const payload = members(text);
  const message = payload.has("data") ? members(payload.get("data") ?? "") : payload;
  const [id, question] = [message.get("id"), message.get("question_id")];
  return id === undefined || question === undefined ? null : { id, question };
}

/**
 * @param {Entry} entry
 * @param {TextKey} key
 */
const keyOf = ({ kind }, key) => (kind === "http" ? "timeline_called" : key);

/**
 * @param {Entry} answer
 * @returns {TextKey}
 */
function answerKey(answer) {
  if (answer.failed) return "timeline_refused";
  if (answer.kind === "http") return "timeline_answered";
  return answer.raw.startsWith("43") ? "timeline_calledBack" : "timeline_acknowledged";
}

/**
 * What an entry tells of the message: nothing, or one step.
 * @param {Entry} entry
 * @param {{id: string, question: string}} message
 * @param {Entry | undefined} sent
 * @returns {Step[]}
 */
function stepsOf(entry, { id, question }, sent) {
  if (entry.direction !== "in" || !TELLS.includes(entry.name) || !entry.text.startsWith("{")) return [];
  const payload = members(entry.text);
  if (entry.name === "new_message") {
    return payload.get("id") === id ? [{ key: "timeline_delivered", entry }] : [];
  }
  if (entry.name === "notification:new") {
    const isOfIt = sent !== undefined && entry.tick >= sent.tick && payload.get("biz_id") === question;
    return isOfIt && payload.get("biz_type") === REPLY ? [{ key: "timeline_notified", entry }] : [];
  }
  const isRead = payload.get("question_id") === question && BigInt(payload.get("up_to_id") ?? 0) >= BigInt(id);
  return isRead ? [{ key: "timeline_read", entry }] : [];
}
