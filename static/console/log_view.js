// The log on the page: only the lines in view exist, so that tens of thousands cost nothing.

import { byId, element, foreign, icon, oncePerFrame } from "../kit/dom.js";
import { inEveryLanguage, say } from "../kit/language.js";
import { clock } from "./log.js";

const BEYOND = 6; // lines kept above and below the view
const AT_END = 8; // px from the bottom that still count as being there
const AFTER_CHOSEN = 2; // lines that stay in view below the chosen one
const SUMMARY = 240; // characters of a payload that a line can show at most

/**
 * @import { Entry, Log } from "./log.js"
 * @typedef {ReturnType<typeof newRow>} Row
 */

export class LogView {
  /**
   * Called with the entry that is chosen, or null.
   * @type {(entry: Entry | null) => void}
   */
  onchoose = () => {};
  #log;
  #scroll = byId("log-scroll");
  #lines = byId("log-lines");
  /** @type {number | null} */
  #chosen = null; // the number of the chosen entry
  #follows = true;
  #reveals = false; // the chosen entry has to be brought into view
  #height = 30;
  /** @type {Row[]} */
  #rows = [];
  #draw;

  /** @param {Log} log */
  constructor(log) {
    this.#log = log;
    this.#draw = oncePerFrame(() => this.#drawNow());
    log.addEventListener("change", this.#draw);
    this.#scroll.addEventListener("scroll", () => this.#scrolled());
    this.#scroll.addEventListener("keydown", (event) => this.#key(event));
    this.#lines.addEventListener("click", (event) => this.#clicked(event));
    byId("log-newest").addEventListener("click", () => this.toNewest());
    new ResizeObserver(this.#draw).observe(this.#scroll);
    inEveryLanguage(this.#draw);
  }

  toNewest() {
    this.#follows = true;
    if (document.activeElement === byId("log-newest")) this.#scroll.focus(); // the button goes
    this.#draw();
  }

  /** @param {Entry | null} entry */
  choose(entry) {
    this.#chosen = entry?.number ?? null;
    if (entry === null) this.#follows ||= this.#atEnd();
    else {
      this.#follows = false; // it stays in view while others arrive
      this.#reveals = true;
    }
    this.#draw();
    this.onchoose(entry);
  }

  /** @param {MouseEvent} event */
  #clicked(event) {
    const line = /** @type {Element} */ (event.target).closest("[data-number]");
    const number = Number(line?.getAttribute("data-number") ?? "none");
    const entry = this.#log.shown.find((one) => one.number === number);
    if (entry !== undefined) this.choose(entry);
  }

  #scrolled() {
    this.#follows = this.#atEnd();
    this.#draw();
  }

  #atEnd() {
    const { scrollTop, scrollHeight, clientHeight } = this.#scroll;
    return scrollTop + clientHeight >= scrollHeight - AT_END;
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    const { shown } = this.#log;
    const page = Math.max(1, Math.floor(this.#scroll.clientHeight / this.#height) - 1);
    const current = shown.findIndex((entry) => entry.number === this.#chosen);
    const from = current < 0 ? shown.length : current;
    /** @type {Record<string, number>} */
    const places = {
      ArrowDown: from + 1,
      ArrowUp: from - 1,
      PageDown: from + page,
      PageUp: from - page,
      Home: 0,
      End: shown.length - 1,
    };
    const next = places[event.key];
    if (event.key === "Escape") this.choose(null);
    if (next === undefined || shown.length === 0) return;
    event.preventDefault();
    const index = Math.min(Math.max(next, 0), shown.length - 1);
    this.choose(shown[index]);
  }

  /** @param {number} index */
  #bringIntoView(index) {
    if (index < 0) return;
    const top = index * this.#height;
    const { scrollTop, clientHeight } = this.#scroll;
    const others = Math.floor(clientHeight / this.#height) - 1;
    const below = top + (1 + Math.max(0, Math.min(AFTER_CHOSEN, others))) * this.#height;
    if (top < scrollTop) this.#scroll.scrollTop = top;
    else if (below > scrollTop + clientHeight) this.#scroll.scrollTop = below - clientHeight;
  }

  #drawNow() {
    const { shown } = this.#log;
    this.#height = parseInt(getComputedStyle(this.#scroll).getPropertyValue("--line-height"), 10);
    this.#lines.style.height = `${shown.length * this.#height}px`;
    if (this.#follows) this.#scroll.scrollTop = this.#scroll.scrollHeight;
    if (this.#reveals) this.#bringIntoView(shown.findIndex((entry) => entry.number === this.#chosen));
    this.#reveals = false;
    const first = Math.max(0, Math.floor(this.#scroll.scrollTop / this.#height) - BEYOND);
    const last = Math.min(
      shown.length,
      Math.ceil((this.#scroll.scrollTop + this.#scroll.clientHeight) / this.#height) + BEYOND,
    );
    this.#takeRows(shown.slice(first, last));
    this.#rows.forEach((row, position) => this.#fill(row, shown[first + position], first + position, shown.length));
    this.#describe();
  }

  /**
   * One row for each entry, in order. An entry that was in view keeps its row: nothing changes under a pointer.
   * @param {Entry[]} entries
   */
  #takeRows(entries) {
    const wanted = new Set(entries.map((entry) => entry.number));
    const kept = new Map(this.#rows.map((row) => [row.number, row]));
    const free = this.#rows.filter((row) => row.number === null || !wanted.has(row.number));
    this.#rows = entries.map((entry) => kept.get(entry.number) ?? free.pop() ?? newRow());
    for (const row of free) row.node.remove();
    let next = this.#lines.firstChild;
    for (const row of this.#rows) {
      if (row.node === next) next = next.nextSibling;
      else this.#lines.insertBefore(row.node, next);
    }
  }

  /**
   * @param {Row} row
   * @param {Entry} entry
   * @param {number} index
   * @param {number} total
   */
  #fill(row, entry, index, total) {
    const { node } = row;
    const chosen = entry.number === this.#chosen;
    node.style.transform = `translateY(${index * this.#height}px)`;
    node.id = `log-line-${index}`;
    node.setAttribute("aria-selected", String(chosen));
    node.setAttribute("aria-posinset", String(index + 1));
    node.setAttribute("aria-setsize", String(total));
    if (chosen) this.#scroll.setAttribute("aria-activedescendant", node.id);
    const drawn = `${entry.number} ${entry.latency} ${document.documentElement.lang} ${entry.connection?.name} ${entry.connection?.colour}`;
    if (row.drawn === drawn) return;
    row.drawn = drawn;
    row.number = entry.number;
    node.dataset.number = String(entry.number);
    node.dataset.kind = entry.kind;
    node.dataset.direction = entry.direction;
    node.toggleAttribute("data-failed", entry.failed === true);
    node.dataset.colour = entry.connection?.colour ?? "none";
    row.time.textContent = clock(entry.at);
    row.who.textContent = entry.connection?.name ?? (entry.kind === "http" ? "HTTP" : "");
    row.direction.replaceChildren(
      icon(entry.direction || "note"),
      element("span", { class: "unseen" }, entry.direction ? say(entry.direction) : ""),
    );
    row.name.textContent = entry.name;
    row.summary.textContent = entry.text.slice(0, SUMMARY);
    row.latency.textContent = entry.latency === undefined ? "" : say("milliseconds", { ms: shortMs(entry.latency) });
  }

  #describe() {
    const { shown, all } = this.#log;
    byId("log-count").textContent = all.length === 0 ? "" : say("logCount", { shown: shown.length, total: all.length });
    const empty = byId("log-empty");
    empty.hidden = shown.length > 0;
    this.#scroll.hidden = shown.length === 0;
    empty.textContent = say(all.length === 0 ? "logEmpty" : "logNoMatch");
    byId("log-newest").hidden = this.#atEnd() || shown.length === 0;
    // A chosen line that is not drawn has no element that could be named.
    const isDrawn = this.#rows.some((row) => row.number === this.#chosen);
    if (!isDrawn) this.#scroll.removeAttribute("aria-activedescendant");
  }
}

function newRow() {
  const time = element("span", { class: "log-time" });
  const who = foreign("", "log-who");
  const direction = element("span", { class: "log-direction" });
  const name = foreign("", "log-name");
  const summary = foreign("", "log-summary");
  const latency = element("span", { class: "log-latency" });
  const node = element("div", { class: "log-line", role: "option" }, time, who, direction, name, summary, latency);
  return { node, time, who, direction, name, summary, latency, number: /** @type {number | null} */ (null), drawn: "" };
}

/**
 * Milliseconds with as many digits as say something.
 * @param {number} milliseconds
 */
export function shortMs(milliseconds) {
  return milliseconds < 10 ? milliseconds.toFixed(1) : String(Math.round(milliseconds));
}
