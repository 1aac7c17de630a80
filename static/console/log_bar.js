// What is shown of the log, and what can be done with it.

import { button } from "../kit/controls.js";
import { copy } from "../kit/copy.js";
import { byId, element, oncePerFrame, redraw } from "../kit/dom.js";
import { inEveryLanguage, say } from "../kit/language.js";

/**
 * @import { Entry } from "./log.js"
 * @import { ConsoleParts } from "./main.js"
 */

const SHOWN = /** @type {const} */ (["sent", "received", "http", "wire"]);

/**
 * @param {ConsoleParts} parts
 * @param {{save: () => void, open: () => void}} file
 */
export function logBar({ log, connections, logView }, file) {
  const search = element("input", { type: "search", id: "log-search", autocomplete: "off", spellcheck: "false" });
  search.addEventListener("input", () => log.setFilter({ search: search.value }));
  const who = element("select", { id: "log-who" });
  who.addEventListener("change", () => log.setFilter({ connection: who.value === "" ? null : Number(who.value) }));
  const kinds = element("div", { class: "toggles", role: "group" });
  byId("log-filters").append(search, who, kinds);

  const drawKinds = () => {
    const toggle = (/** @type {(typeof SHOWN)[number]} */ kind) =>
      element(
        "button",
        {
          type: "button",
          class: "toggle",
          "aria-pressed": String(log.filter[kind]),
          "data-focus": kind,
          title: kind === "wire" ? say("wireHint") : null,
          onclick: () => {
            log.setFilter({ [kind]: !log.filter[kind] });
            drawKinds();
          },
        },
        say(`show_${kind}`),
      );
    redraw(kinds, ...SHOWN.map(toggle));
  };
  const drawWho = () => {
    const chosen = who.value;
    const option = (/** @type {string} */ value, /** @type {string} */ text) => element("option", { value }, text);
    who.replaceChildren(
      option("", say("everyConnection")),
      ...(log.imported?.connections ?? connections.list).map((one) => option(String(one.key), one.name)),
    );
    who.value = log.filter.connection === null ? "" : chosen;
    if (who.value !== chosen) {
      who.value = ""; // that connection was removed
      log.setFilter({ connection: null });
    }
  };
  let drawn = "";
  /** @type {Entry[]} */
  let cleared = []; // by the button, until it is pressed again
  const drawActions = () => {
    const now = `${log.paused} ${log.held} ${cleared.length} ${document.documentElement.lang}`;
    if (now === drawn) return;
    drawn = now;
    redraw(
      byId("log-actions"),
      log.paused
        ? button(say("resume", { count: log.held }), () => log.resume(), {
            kind: "small accent",
            drawing: "play",
            "data-focus": "pause",
          })
        : button(say("pause"), () => log.pause(), { kind: "small quiet", drawing: "pause", "data-focus": "pause" }),
      button("", () => copy(log.asText()), {
        kind: "small quiet square",
        drawing: "copy",
        label: say("copyLog"),
        "data-focus": "copy",
      }),
      button("", () => file.save(), {
        kind: "small quiet square",
        drawing: "save",
        label: say("exportLog"),
        "data-focus": "export",
      }),
      button("", () => file.open(), {
        kind: "small quiet square",
        drawing: "open",
        label: say("importLog"),
        "data-focus": "import",
      }),
      cleared.length === 0 ? null : button(say("undoClear"), () => undo(), { kind: "small", "data-focus": "undo" }),
      button("", () => clear(), {
        kind: "small quiet square",
        drawing: "trash",
        label: say("clear"),
        "data-focus": "clear",
      }),
    );
  };
  const clear = () => {
    cleared = log.clear();
    logView.choose(null);
    drawActions();
  };
  const undo = () => {
    const entries = cleared;
    cleared = [];
    log.restore(entries);
  };
  // What a sign-out clears does not come back.
  connections.addEventListener("forget", () => (cleared = []));

  log.addEventListener("change", oncePerFrame(drawActions));
  /** @type {unknown} */
  let shown = null;
  log.addEventListener("change", () => {
    if (log.imported !== shown) drawWho();
    shown = log.imported;
  });
  let names = "";
  connections.addEventListener("change", () => {
    const now = connections.list.map((one) => `${one.key} ${one.name}`).join("\n");
    if (now !== names) drawWho();
    names = now;
  });
  inEveryLanguage(() => {
    search.placeholder = say("search");
    search.setAttribute("aria-label", say("search"));
    who.setAttribute("aria-label", say("ofConnection"));
    drawKinds();
    drawWho();
    drawActions();
  });
}
