// One log entry whole: its payload laid out, its packet as it was on the wire, and ways to take it along.

import { button } from "../kit/controls.js";
import { copy } from "../kit/copy.js";
import { byId, element, foreign, oncePerFrame } from "../kit/dom.js";
import { coloured, pretty } from "../kit/json_text.js";
import { inEveryLanguage, say } from "../kit/language.js";
import { codeButtons } from "./code_buttons.js";
import { clock } from "./log.js";
import { shortMs } from "./log_view.js";
import { deliveredIn, timelineList, timelineOf } from "./timeline.js";

/**
 * @import { Language } from "../kit/as_code.js"
 * @import { About, Entry } from "./log.js"
 * @import { ConsoleParts } from "./main.js"
 */

/** @param {ConsoleParts} parts */
export function logDetail({ log, logView, composer, tabs }) {
  const panel = byId("log-detail");
  /** @type {Entry | null} */
  let entry = null;
  /** @type {number | undefined} */
  let drawnLatency;
  const timeline = element("details", { id: "timeline" });
  let drawnSteps = 0;

  const drawTimeline = () => {
    const steps = entry === null ? [] : timelineOf(entry, log.all);
    drawnSteps = steps.length;
    timeline.hidden = steps.length < 2;
    if (timeline.hidden) return;
    const ms = deliveredIn(steps);
    const title = ms === null ? say("timeline") : say("timelineDelivered", { ms });
    timeline.replaceChildren(element("summary", {}, title), timelineList(steps));
  };
  const draw = () => {
    panel.hidden = entry === null;
    if (entry === null) return;
    drawnLatency = entry.latency;
    drawTimeline();
    panel.replaceChildren(
      element(
        "div",
        { class: "panel-head" },
        element("h3", { class: "grow" }, foreign(entry.name)),
        button("", () => close(), {
          kind: "quiet square small",
          drawing: "close",
          label: say("close"),
          id: "log-detail-close",
        }),
      ),
      element("p", { class: "hint" }, foreign(factsOf(entry))),
      element("div", { class: "row" }, ...copies(entry), again(entry)),
      element(
        "div",
        { class: "log-detail-scroll", tabindex: "0", role: "group", "aria-label": say("payload") },
        timeline,
        element("pre", { class: "code", id: "log-payload" }, ...payloadOf(entry)),
        entry.raw === ""
          ? null
          : element(
              "details",
              {},
              element("summary", {}, say("rawPacket")),
              element("pre", { class: "code raw", id: "log-raw" }, entry.raw),
            ),
      ),
    );
  };
  const close = () => {
    logView.choose(null);
    byId("log-scroll").focus();
  };
  const again = (/** @type {Entry} */ { about, text }) => {
    if (about === undefined || !("event" in about) || !composer.knows(about.event)) return null;
    const load = () => {
      composer.load(about.event, text);
      tabs.open("send");
      byId("target").focus();
    };
    return button(say("editAgain"), load, { kind: "small quiet", drawing: "edit" });
  };

  logView.onchoose = (chosen) => {
    entry = chosen;
    draw();
  };
  log.addEventListener("change", () => {
    if (entry !== null && entry.latency !== drawnLatency) draw();
  });
  // What comes later adds its steps; a busy log is looked through once a frame, while a message is shown.
  const follow = oncePerFrame(() => {
    if (entry !== null && timelineOf(entry, log.all).length !== drawnSteps) drawTimeline();
  });
  log.addEventListener("change", () => {
    if (entry !== null && drawnSteps > 0) follow();
  });
  panel.addEventListener("keydown", (event) => {
    if (event.key === "Escape") close();
  });
  inEveryLanguage(draw);
}

/** @param {Entry} entry */
function factsOf(entry) {
  const facts = [clock(entry.at)];
  if (entry.connection !== null) facts.push(entry.connection.name);
  if (entry.direction) facts.push(say(entry.direction));
  if (entry.latency !== undefined) facts.push(say("took", { ms: shortMs(entry.latency) }));
  return facts.join(" · ");
}

/** @param {Entry} entry */
function payloadOf({ text }) {
  if (text === "") return [say("noPayload")];
  return /^[[{"]/.test(text) ? coloured(text) : [text];
}

/** @param {Entry} entry */
function copies({ text, raw, about }) {
  const small = { kind: "small quiet", drawing: "copy" };
  const buttons = [];
  if (text !== "") {
    buttons.push(button(say("payload"), () => copy(pretty(text)), { ...small, label: say("copyPayload") }));
  }
  if (raw !== "") buttons.push(button(say("rawPacket"), () => copy(raw), { ...small, label: say("copyRaw") }));
  if (about === undefined || "became" in about) return buttons;
  return [...buttons, codeButtons((language) => copy(asCode(language, about, text)))];
}

/**
 * What was sent, in a programming language.
 * @param {Language} language
 * @param {Exclude<About, {became: string}>} about
 * @param {string} payload
 */
function asCode(language, about, payload) {
  if ("event" in about) return language.event({ name: about.event, transport: about.transport, payload });
  return language.call({ ...about, payload });
}
