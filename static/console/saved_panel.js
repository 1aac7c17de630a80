// Saved events on the page: kept under a name, shared as a link, exported as a file and imported from one.

import { button, field } from "../kit/controls.js";
import { announce, copy } from "../kit/copy.js";
import { element, foreign, redraw } from "../kit/dom.js";
import { say } from "../kit/language.js";
import { whenRememberedElsewhere } from "../kit/remembered.js";
import { download } from "../kit/text_file.js";
import { asFile, FileFault, isName, LARGEST_FILE, linkTo, readFile } from "./prepared.js";
import { drop, save, saveAll, SAVED, savedEvents } from "./saved.js";
import { holdsToken } from "./tokens.js";

/**
 * @import { Named, Prepared } from "./prepared.js"
 *
 * @typedef {object} Does
 * @property {() => Prepared | null} prepared what the composer shows, null where that is no JSON, which it says itself
 * @property {(event: Prepared) => void} load
 * @property {(id: string) => boolean} knows
 */

export class SavedPanel {
  node = element("details", { class: "saved", id: "saved" });
  #does;
  #name = ""; // as it is typed
  /** @type {Named | null} */
  #deleted = null;

  /** @param {Does} does */
  constructor(does) {
    this.#does = does;
    whenRememberedElsewhere(SAVED, () => this.draw());
  }

  draw() {
    const events = savedEvents();
    redraw(
      this.node,
      element("summary", { "data-focus": "saved" }, say("saved"), ` (${events.length})`),
      events.length === 0 ? element("p", { class: "hint" }, say("savedNone")) : null,
      element("ul", { class: "saved-list", "data-scroll": "saved" }, ...events.map((event) => this.#row(event))),
      this.#deletedRow(),
      this.#nameRow(),
      element("div", { class: "row" }, ...this.#buttons(events)),
      element("p", { class: "hint" }, say("shareLinkHint")),
    );
  }

  /** @param {Named} event */
  #row(event) {
    const { name, id } = event;
    const focus = `saved-${name}`;
    const fill = button("", () => this.#fill(event, focus), {
      kind: "quiet small saved-name",
      "data-focus": focus,
    });
    fill.append(foreign(name), element("code", {}, id));
    return element(
      "li",
      { class: "saved-row" },
      fill,
      button("", () => this.#drop(event), {
        kind: "quiet square small",
        drawing: "trash",
        label: say("savedDelete", { name }),
        "data-focus": `saved-delete-${name}`,
      }),
    );
  }

  #deletedRow() {
    const deleted = this.#deleted;
    if (deleted === null) return null;
    const undo = () => {
      this.#deleted = null;
      save(deleted);
      this.#drawAt(`saved-${deleted.name}`);
    };
    return element(
      "p",
      { class: "row", role: "status" },
      element("span", { class: "hint" }, say("savedDeleted", { name: deleted.name })),
      button(say("savedUndo"), undo, { kind: "small", "data-focus": "saved-undo" }),
    );
  }

  #nameRow() {
    const input = element("input", {
      name: "saved-name",
      value: this.#name,
      autocomplete: "off",
      dir: "auto",
      "data-focus": "saved-name",
      oninput: () => (this.#name = input.value),
      onkeydown: (/** @type {KeyboardEvent} */ event) => {
        if (event.key !== "Enter" || event.ctrlKey || event.metaKey || event.isComposing) return;
        event.preventDefault(); // it would send the composer's form
        this.#save();
      },
    });
    return element(
      "div",
      { class: "opening" },
      field(say("savedName"), input, { kind: "grow" }),
      button(say("save"), () => this.#save(), { "data-focus": "saved-save" }),
    );
  }

  /** @param {Named[]} events */
  #buttons(events) {
    const input = element("input", {
      type: "file",
      hidden: true,
      accept: ".json,application/json",
      "aria-label": say("importFile"),
      "data-focus": "saved-file",
      onchange: async () => {
        const [file] = input.files ?? [];
        if (file) await this.#import(file);
        input.value = "";
      },
    });
    const small = { kind: "small" };
    return [
      button(say("shareLink"), () => this.#share(), { ...small, id: "share-link", "data-focus": "saved-link" }),
      button(say("exportThis"), () => this.#export(), { ...small, id: "export-event", "data-focus": "saved-export" }),
      events.length === 0
        ? null
        : button(say("exportAll"), () => download("careline-events.json", asFile(events)), {
            ...small,
            id: "export-events",
            "data-focus": "saved-export-all",
          }),
      input,
      button(say("importFile"), () => input.click(), { ...small, id: "import-events", "data-focus": "saved-import" }),
    ];
  }

  /** What the composer shows, unless it holds a token: that stays in this tab. */
  #prepared() {
    const prepared = this.#does.prepared();
    if (prepared === null || !holdsToken(JSON.stringify(prepared))) return prepared;
    announce(say("hasToken"), "bad");
    return null;
  }

  #share() {
    const prepared = this.#prepared();
    if (prepared !== null) copy(linkTo(prepared));
  }

  #export() {
    const prepared = this.#prepared();
    if (prepared === null) return;
    const name = this.#name.trim() || prepared.id;
    download(`${name.replace(/[^\p{L}\p{N}]+/gu, "-")}.json`, asFile([{ ...prepared, name }]));
  }

  #save() {
    const name = this.#name.trim();
    if (!isName(name)) {
      announce(say("savedNoName"), "bad");
      return;
    }
    const prepared = this.#prepared();
    if (prepared === null) return;
    if (!save({ ...prepared, name })) {
      announce(say("savedFull"), "bad");
      return;
    }
    this.#name = "";
    this.#deleted = null;
    this.draw();
    announce(say("savedDone", { name }));
  }

  /**
   * @param {Named} event
   * @param {string} focus
   */
  #fill(event, focus) {
    this.#does.load(event);
    this.#drawAt(focus);
  }

  /** @param {Named} event */
  #drop(event) {
    drop(event.name);
    this.#deleted = event;
    this.#drawAt("saved-undo");
  }

  /** @param {File} file */
  async #import(file) {
    try {
      if (file.size > LARGEST_FILE) throw new FileFault(say("badFileLarge", { most: LARGEST_FILE }));
      const events = readFile(await file.text(), this.#does.knows);
      if (holdsToken(JSON.stringify(events))) throw new FileFault(say("hasToken"));
      if (!saveAll(events)) throw new FileFault(say("savedFull"));
      if (events.length === 1) this.#does.load(events[0]);
      announce(say("imported", { count: events.length }));
    } catch (fault) {
      if (!(fault instanceof FileFault)) throw fault;
      announce(say("badFile", { file: file.name, reason: fault.message }), "bad");
    }
    this.#drawAt("saved-import");
  }

  /**
   * Draws it with the focus on a control of it.
   * @param {string} focus
   */
  #drawAt(focus) {
    this.draw();
    // Under a pressed pointer the drawing waits until the click is over.
    setTimeout(() => {
      const control = this.node.querySelector(`[data-focus="${CSS.escape(focus)}"]`);
      if (!(control instanceof HTMLElement)) return;
      control.focus({ preventScroll: true });
      control.scrollIntoView({ block: "nearest" }); // also where it had the focus already
    });
  }
}
