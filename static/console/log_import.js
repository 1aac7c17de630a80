// The log as a file: exported, imported and shown in place of the page's own, and replayed where the server is a sandbox.

import { button } from "../kit/controls.js";
import { announce } from "../kit/copy.js";
import { byId, element, foreign, redraw } from "../kit/dom.js";
import { inEveryLanguage, say } from "../kit/language.js";
import { reasonOf } from "./calls.js";
import { clock } from "./log.js";
import { exported, imported } from "./log_file.js";
import { cutsAll, Replay } from "./replay.js";

const MOST_LISTED = 20; // steps that went otherwise; the others are counted alone
const MOST_TOLD = 200; // characters of an answer

/**
 * @import { Protocol } from "../kit/protocol.js"
 * @import { ConsoleParts } from "./main.js"
 * @import { Difference } from "./replay.js"
 */

/**
 * @param {ConsoleParts} parts
 * @param {Protocol} protocol
 * @param {(() => unknown) | null} readClock shows a sandbox's clock as it is; null where the server is none
 */
export function logImport(parts, protocol, readClock) {
  const { log, logView, attempt } = parts;
  const bar = byId("log-imported");
  /** @type {Replay | null} */
  let replay = null;
  let isRunning = false;

  const file = element("input", { type: "file", id: "log-file", accept: ".json,application/json", hidden: true });
  file.addEventListener("change", async () => {
    const [chosen] = file.files ?? [];
    file.value = ""; // the same file can be chosen again
    if (!chosen) return;
    try {
      show(await imported(chosen));
    } catch (fault) {
      announce(reasonOf(fault), "bad");
    }
  });
  bar.after(file);

  const show = (/** @type {Awaited<ReturnType<typeof imported>> | null} */ shown) => {
    replay?.stop();
    replay = null;
    logView.choose(null);
    log.show(shown);
    draw();
    if (shown !== null) bar.querySelector("button")?.focus();
    else byId("log-scroll").focus();
  };
  const run = async () => {
    if (log.imported === null) return;
    const running = new Replay(parts, log.imported);
    replay = running;
    isRunning = true;
    draw();
    try {
      await running.run(draw);
      const { total, done, differ, left } = running.progress;
      announce(say("replayed", { done, total, differ: differ.length, left: left.length }));
    } finally {
      isRunning = false;
      draw();
    }
    await readClock?.();
  };
  const stop = () => replay?.stop();

  const draw = () => {
    bar.hidden = log.imported === null;
    if (log.imported === null) {
      redraw(bar);
      return;
    }
    const warns = readClock !== null && !isRunning && cutsAll(log.imported);
    const act = isRunning
      ? button(say("replayStop"), stop, { kind: "small", drawing: "pause", "data-focus": "replay" })
      : button(say("replay"), () => attempt(run()), {
          kind: "small accent",
          drawing: "play",
          "data-focus": "replay",
          "aria-describedby": warns ? "replay-cuts" : null,
        });
    redraw(
      bar,
      element("p", { class: "grow" }, element("strong", {}, say("importedLog")), " ", foreign(log.imported.from)),
      readClock === null ? null : act,
      button(say("ownLog"), () => show(null), { kind: "small", drawing: "back", "data-focus": "own" }),
      readClock === null ? element("p", { class: "hint" }, say("replayWhere")) : null,
      readClock === null || isRunning ? null : element("p", { class: "hint" }, say("replayMoves")),
      warns ? element("p", { class: "hint", id: "replay-cuts" }, say("replayCuts")) : null,
      replay === null ? null : progressOf(replay, isRunning),
    );
  };

  log.addEventListener("change", () => {
    if (log.imported !== null || bar.hidden) return;
    replay?.stop(); // the log was cleared
    draw();
  });
  inEveryLanguage(draw);
  return {
    /** Saves the log that is shown as a file. */
    save() {
      const blob = new Blob([exported(log, protocol.version)], { type: "application/json" });
      const link = element("a", { href: URL.createObjectURL(blob), download: `careline-log-${stamp()}.json` });
      link.click();
      setTimeout(() => URL.revokeObjectURL(link.href), 60_000); // the browser may ask where to save it
    },
    /** Lets the user choose a file. */
    open: () => file.click(),
  };
}

/**
 * @param {Replay} replay
 * @param {boolean} isRunning
 */
function progressOf({ progress }, isRunning) {
  const { total, done, differ, left } = progress;
  const counts = { done, total, differ: differ.length, left: left.length };
  /** @param {string} title @param {HTMLElement[]} items */
  const list = (title, items) =>
    items.length === 0 ? null : element("details", {}, element("summary", {}, title), element("ul", {}, ...items));
  return element(
    "div",
    { class: "replayed", role: "status" },
    element("progress", { max: String(total), value: String(done), "aria-label": say("replay") }),
    element("p", { id: "replay-counts" }, say(isRunning ? "replaying" : "replayed", counts)),
    isRunning ? null : list(say("replayDiffer"), differ.slice(0, MOST_LISTED).map(differenceItem)),
    isRunning
      ? null
      : list(
          say("replayLeft"),
          left.slice(0, MOST_LISTED).map((name) => element("li", {}, foreign(name))),
        ),
  );
}

/** @param {Difference} difference */
function differenceItem({ name, at, inLog, now }) {
  const told = (/** @type {string} */ text) => foreign(text.slice(0, MOST_TOLD));
  return element(
    "li",
    {},
    element("time", {}, clock(at)),
    " ",
    foreign(name),
    element("p", {}, say("replayInLog"), " ", told(inLog)),
    element("p", {}, say("replayNow"), " ", now === null ? say("replayNothing") : told(now)),
  );
}

/** The time now, for a file's name. */
const stamp = () => new Date().toISOString().slice(0, 19).replaceAll(":", "-");
