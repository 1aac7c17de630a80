// One log entry whole: its payload laid out, its packet as it was on the wire, and ways to take it along.

import { callAsCurl, callAsJavaScript, eventAsCurl, eventAsJavaScript } from "../kit/as_code.js";
import { button } from "../kit/controls.js";
import { copy } from "../kit/copy.js";
import { byId, element, foreign } from "../kit/dom.js";
import { coloured, pretty } from "../kit/json_text.js";
import { inEveryLanguage, say } from "../kit/language.js";
import { clock } from "./log.js";
import { shortMs } from "./log_view.js";

/**
 * @import { Entry } from "./log.js"
 * @import { ConsoleParts } from "./main.js"
 */

/** @param {ConsoleParts} parts */
export function logDetail({ log, logView, composer, tabs }) {
  const panel = byId("log-detail");
  /** @type {Entry | null} */
  let entry = null;
  /** @type {number | undefined} */
  let drawnLatency;

  const draw = () => {
    panel.hidden = entry === null;
    if (entry === null) return;
    drawnLatency = entry.latency;
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
  if (about === undefined) return buttons;
  const [asJavaScript, asCurl] = codeOf(about, text);
  buttons.push(button("JS", () => copy(asJavaScript()), { ...small, label: say("copyJs") }));
  buttons.push(button("curl", () => copy(asCurl()), { ...small, label: say("copyCurl") }));
  return buttons;
}

/**
 * What was sent, as JavaScript and as curl.
 * @param {NonNullable<Entry["about"]>} about
 * @param {string} payload
 */
function codeOf(about, payload) {
  if ("event" in about) {
    const sent = { name: about.event, transport: about.transport, payload };
    return [() => eventAsJavaScript(sent), () => eventAsCurl(sent)];
  }
  const made = { ...about, payload };
  return [() => callAsJavaScript(made), () => callAsCurl(made)];
}
