// The editor of a payload as JSON: completes fields and values from the protocol, and marks what breaks its rules.
//
// It is a text area over a layer with the same text, which carries the marks and is hidden from screen readers. HTML gives
// a text area no role but that of a text box: it has the rest of the combobox pattern, and a status tells of suggestions.

import { element } from "../kit/dom.js";
import { lineAndColumn } from "../kit/json_reader.js";
import { say, translated } from "../kit/language.js";
import { problemsOf } from "./json_checks.js";
import { suggestionsAt } from "./json_suggestions.js";

/**
 * @import { SentField } from "../kit/protocol.js"
 * @import { Problem } from "./json_checks.js"
 * @import { Suggestion, Suggestions } from "./json_suggestions.js"
 */

const MOST_SHOWN = 6; // problems

export class JsonEditor {
  node;
  problems = element("ul", { class: "problems", id: "json-problems" }); // placed where it is always in view
  #fields;
  #area;
  #layer = element("div", { class: "json-layer code", "aria-hidden": "true" });
  #options;
  #status = element("p", { class: "unseen", role: "status" });
  /** @type {Suggestions | null} */
  #open = null;
  #active = 0;

  /**
   * @param {SentField[]} fields
   * @param {() => void} edited
   */
  constructor(fields, edited) {
    this.#fields = fields;
    // What scrolls must be open to the keyboard, though Tab takes the chosen option and the focus stays in the text.
    this.#options = element("ul", { class: "options", id: "json-options", role: "listbox", tabindex: 0, hidden: true });
    this.#options.setAttribute("aria-label", say("suggestions"));
    this.#area = element("textarea", {
      class: "code json-editor",
      id: "json-editor",
      rows: 12,
      spellcheck: "false",
      autocapitalize: "off",
      autocomplete: "off",
      "aria-label": say("payloadJson"),
      "aria-describedby": "json-hint json-problems",
      "aria-autocomplete": "list",
      "aria-haspopup": "listbox",
      "aria-controls": "json-options",
      oninput: () => {
        edited();
        this.#check();
        this.#suggest(false);
      },
      onkeydown: (/** @type {KeyboardEvent} */ event) => this.#press(event),
      onblur: () => this.#close(),
      onclick: () => this.#close(),
    });
    this.node = element(
      "div",
      { class: "json" },
      element("div", { class: "json-text" }, this.#layer, this.#area, this.#options),
      element("p", { class: "hint", id: "json-hint" }, say("jsonHint")),
      this.#status,
    );
  }

  get value() {
    return this.#area.value;
  }

  set value(text) {
    this.#area.value = text;
    this.#close();
    this.#check();
  }

  /**
   * Takes the focus to a place in the text, which is selected.
   * @param {number} start
   * @param {number} end
   */
  focusAt(start, end = start) {
    this.#area.focus();
    this.#area.setSelectionRange(start, end);
    this.#close();
  }

  #check() {
    const text = this.value;
    const problems = problemsOf(text, this.#fields);
    this.#layer.replaceChildren(...marked(text, problems), "\u200b"); // a last line that is empty has its height, too
    this.#area.setAttribute("aria-invalid", String(problems.some(({ doubtful }) => !doubtful)));
    const shown = problems.slice(0, MOST_SHOWN).map((problem) => this.#drawProblem(problem));
    const more = problems.length - shown.length;
    this.problems.replaceChildren(...shown, ...(more > 0 ? [element("li", {}, say("moreProblems", { more }))] : []));
    if (this.#open === null) this.#tell(problems.length === 0 ? "" : say("problemCount", { count: problems.length }));
  }

  /** @param {Problem} problem */
  #drawProblem({ start, end, text, doubtful }) {
    const place = lineAndColumn(this.value, start);
    const go = () => this.focusAt(start, end);
    return element(
      "li",
      { class: doubtful ? "doubtful" : null },
      element("button", { type: "button", onclick: go }, say("atPlace", { ...place, text })),
    );
  }

  /** @param {string} text what a screen reader is told, once */
  #tell(text) {
    if (this.#status.textContent !== text) this.#status.textContent = text;
  }

  /**
   * Shows what may be written at the caret, where part of it is typed or it is asked for.
   * @param {boolean} asked
   */
  #suggest(asked) {
    const { selectionStart, selectionEnd } = this.#area;
    const found = suggestionsAt(this.value, selectionStart, this.#fields);
    if (selectionStart !== selectionEnd || found.list.length === 0 || !(asked || found.begun)) {
      this.#close();
      return;
    }
    this.#open = found;
    this.#active = 0;
    this.#draw();
    this.#tell(say("suggestionCount", { count: found.list.length }));
  }

  #close() {
    this.#open = null;
    this.#draw();
  }

  #draw() {
    const options = this.#options;
    options.hidden = this.#open === null;
    if (this.#open === null) {
      this.#area.removeAttribute("aria-activedescendant");
      options.replaceChildren();
      return;
    }
    options.replaceChildren(...this.#open.list.map((one, index) => this.#option(one, index)));
    this.#area.setAttribute("aria-activedescendant", `json-option-${this.#active}`);
    const { left, bottom } = this.#pointOf(this.#open.from);
    options.style.top = `${bottom}px`;
    options.style.left = `${Math.max(0, Math.min(left, this.#layer.offsetWidth - options.offsetWidth))}px`;
    options.children[this.#active].scrollIntoView({ block: "nearest" });
  }

  /**
   * @param {Suggestion} suggestion
   * @param {number} index
   */
  #option({ label, field }, index) {
    return element(
      "li",
      {
        role: "option",
        id: `json-option-${index}`,
        class: "option",
        "aria-selected": String(index === this.#active),
        onpointerdown: (/** @type {Event} */ event) => event.preventDefault(), // the focus stays in the text
        onclick: () => this.#accept(index),
      },
      element("code", {}, label),
      field?.required ? element("span", { class: "chip warn" }, say("required")) : null,
      field ? element("span", { class: "option-about" }, translated(field.about), " · ", translated(field.rule)) : null,
    );
  }

  /**
   * Where a place in the text is shown.
   * @param {number} place
   */
  #pointOf(place) {
    const walker = document.createTreeWalker(this.#layer, NodeFilter.SHOW_TEXT);
    let rest = place;
    while (walker.nextNode()) {
      const node = /** @type {Text} */ (walker.currentNode);
      if (rest > node.length) {
        rest -= node.length;
        continue;
      }
      const point = element("span", {}, "\u200b");
      const range = document.createRange();
      range.setStart(node, rest);
      range.insertNode(point);
      const { offsetLeft: left, offsetTop: top, offsetHeight: height } = point;
      point.remove();
      this.#layer.normalize();
      return { left, bottom: top + height };
    }
    return { left: 0, bottom: 0 };
  }

  /** @param {KeyboardEvent} event */
  #press(event) {
    if ((event.key === " " && event.ctrlKey) || (event.key === "ArrowDown" && event.altKey)) {
      event.preventDefault();
      this.#suggest(true);
      return;
    }
    if (this.#open === null || event.isComposing || event.ctrlKey || event.metaKey) return;
    const count = this.#open.list.length;
    if (event.key === "ArrowDown") this.#active = (this.#active + 1) % count;
    else if (event.key === "ArrowUp") this.#active = (this.#active + count - 1) % count;
    else if (event.key === "Enter" || event.key === "Tab") this.#accept(this.#active);
    else if (event.key === "Escape") this.#close();
    else {
      if (/^(Arrow|Home|End|Page)/.test(event.key)) this.#close();
      return;
    }
    event.preventDefault();
    this.#draw();
  }

  /** @param {number} index */
  #accept(index) {
    if (this.#open === null) return;
    const { from, to, list } = this.#open;
    const { insert, back, field } = list[index];
    this.focusAt(from, to);
    // Unlike a change of its value, this can be undone with Ctrl+Z; it dispatches "input".
    document.execCommand("insertText", false, insert);
    const caret = from + insert.length - back;
    this.#area.setSelectionRange(caret, caret);
    if (field !== null) this.#suggest(true);
    else this.#close();
  }
}

/**
 * A text with its problems marked.
 * @param {string} text
 * @param {Problem[]} problems
 */
function marked(text, problems) {
  const parts = [];
  let done = 0;
  for (const { start, end, doubtful } of problems) {
    if (start < done) continue;
    // Behind the end of the text there is nothing to mark: what is missing there is marked at its last character.
    const from = Math.max(done, Math.min(start, text.trimEnd().length - 1));
    parts.push(text.slice(done, from), element("mark", { class: doubtful ? "doubtful" : null }, text.slice(from, end)));
    done = end;
  }
  return [...parts, text.slice(done)];
}
