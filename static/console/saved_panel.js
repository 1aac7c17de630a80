// Saved events on the page: kept under a name, in collections, shared as a link, exported as a file and imported from one.

import { button, field } from "../kit/controls.js";
import { announce, copy } from "../kit/copy.js";
import { element, foreign, redraw } from "../kit/dom.js";
import { say } from "../kit/language.js";
import { download } from "../kit/text_file.js";
import { asFile, FileFault, isCollection, isName, LARGEST_FILE, linkTo, readFile } from "./prepared.js";
import { drop, isSame, keyOf, save, saveAll, savedEvents, whenSavedElsewhere } from "./saved.js";
import { holdsToken } from "./tokens.js";

/**
 * @import { Named, Prepared } from "./prepared.js"
 *
 * @typedef {object} Does
 * @property {() => Prepared | null} prepared what the composer shows, null where that is no JSON, which it says itself
 * @property {(event: Prepared) => void} load
 * @property {(id: string) => boolean} knows
 *
 * @typedef {object} Lost events that are not saved any more, and can be again
 * @property {Named[]} events
 * @property {"event" | "collection" | "replaced"} as one that was deleted, or with its collection, or was saved over
 */

/**
 * What an event is called where its collection is not in sight.
 * @param {Named} event
 */
const fullName = ({ collection, name }) => (collection === "" ? name : `${collection} / ${name}`);

/** @param {string} name */
const fileName = (name) => `${name.replace(/[^\p{L}\p{N}]+/gu, "-")}.json`;

/** @param {Named} event */
const focusOf = (event) => `saved-fill-${keyOf(event)}`;

export class SavedPanel {
  node = element("details", { class: "saved", id: "saved" });
  #does;
  #name = ""; // as it is typed
  #collection = ""; // so is this
  /** @type {Lost | null} */
  #lost = null;

  /** @param {Does} does */
  constructor(does) {
    this.#does = does;
    whenSavedElsewhere(() => this.draw());
  }

  draw() {
    const events = savedEvents();
    const collections = [...new Set(events.map(({ collection }) => collection))];
    redraw(
      this.node,
      element("summary", { "data-focus": "saved" }, say("saved"), ` (${events.length})`),
      events.length === 0 ? element("p", { class: "hint" }, say("savedNone")) : null,
      element(
        "div",
        { class: "saved-list", "data-scroll": "saved" },
        ...collections.flatMap((name) => {
          const within = events.filter(({ collection }) => collection === name);
          return [
            name === "" ? null : this.#heading(name, within),
            element("ul", {}, ...within.map((event) => this.#row(event))),
          ];
        }),
      ),
      this.#lostRow(),
      this.#nameRow(collections.filter((name) => name !== "")),
      element("div", { class: "row" }, ...this.#buttons(events)),
      element("p", { class: "hint" }, say("shareLinkHint")),
    );
  }

  /**
   * @param {string} name of a collection
   * @param {Named[]} events in it
   */
  #heading(name, events) {
    return element(
      "div",
      { class: "saved-collection" },
      element("h3", { class: "grow" }, foreign(name)),
      button(say("exportThis"), () => download(fileName(name), asFile(events)), {
        kind: "quiet small",
        about: name,
        "data-focus": `saved-collection-export-${name}`,
      }),
      button("", () => this.#drop({ events, as: "collection" }), {
        kind: "quiet square small",
        drawing: "trash",
        label: say("collectionDelete", { name }),
        "data-focus": `saved-collection-delete-${name}`,
      }),
    );
  }

  /** @param {Named} event */
  #row(event) {
    const { name, id } = event;
    const fill = button("", () => this.#fill(event), {
      kind: "quiet small saved-name",
      "data-focus": focusOf(event),
    });
    fill.append(foreign(name), element("code", {}, id));
    return element(
      "li",
      { class: "saved-row" },
      fill,
      button("", () => this.#drop({ events: [event], as: "event" }), {
        kind: "quiet square small",
        drawing: "trash",
        label: say("savedDelete", { name: fullName(event) }),
        "data-focus": `saved-delete-${keyOf(event)}`,
      }),
    );
  }

  #lostRow() {
    const lost = this.#lost;
    if (lost === null) return null;
    const { events, as } = lost;
    const [first] = events;
    const undo = () => {
      this.#lost = null;
      events.forEach(save);
      this.#drawAt(focusOf(first));
    };
    const text =
      as === "collection"
        ? say("collectionDeleted", { name: first.collection, count: events.length })
        : say(as === "event" ? "savedDeleted" : "savedReplaced", { name: fullName(first) });
    return element(
      "p",
      { class: "row", role: "status" },
      element("span", { class: "hint" }, text),
      button(say("savedUndo"), undo, { kind: "small", "data-focus": "saved-undo" }),
    );
  }

  /** @param {string[]} collections */
  #nameRow(collections) {
    const typed = {
      autocomplete: "off",
      dir: "auto",
      onkeydown: (/** @type {KeyboardEvent} */ event) => {
        if (event.key !== "Enter" || event.ctrlKey || event.metaKey || event.isComposing) return;
        event.preventDefault(); // it would send the composer's form
        this.#save();
      },
    };
    const name = element("input", {
      ...typed,
      name: "saved-name",
      value: this.#name,
      "data-focus": "saved-name",
      oninput: () => (this.#name = name.value),
    });
    const collection = element("input", {
      ...typed,
      name: "saved-collection",
      value: this.#collection,
      placeholder: say("savedOptional"),
      list: "saved-collections",
      "data-focus": "saved-collection",
      oninput: () => (this.#collection = collection.value),
    });
    return element(
      "div",
      { class: "opening" },
      field(say("savedName"), name, { kind: "grow" }),
      field(say("savedCollection"), collection, { kind: "grow" }),
      element("datalist", { id: "saved-collections" }, ...collections.map((value) => element("option", { value }))),
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
    const event = this.#named();
    if (event !== null) download(fileName(event.name), asFile([event]));
  }

  /**
   * What the composer shows, with the name and the collection that are typed.
   * @returns {Named | null} null where that can't be, which is said
   */
  #named() {
    const collection = this.#collection.trim();
    if (!isCollection(collection)) {
      announce(say("savedBadCollection"), "bad");
      return null;
    }
    const prepared = this.#prepared();
    return prepared === null ? null : { ...prepared, name: this.#name.trim() || prepared.id, collection };
  }

  #save() {
    if (!isName(this.#name.trim())) {
      announce(say("savedNoName"), "bad");
      return;
    }
    const event = this.#named();
    if (event === null) return;
    const before = savedEvents().find((one) => keyOf(one) === keyOf(event));
    if (!save(event)) {
      announce(say("savedFull"), "bad");
      return;
    }
    this.#name = "";
    this.#lost = before === undefined || isSame(before, event) ? null : { events: [before], as: "replaced" };
    this.draw();
    announce(say("savedDone", { name: fullName(event) }));
  }

  /** @param {Named} event */
  #fill(event) {
    this.#does.load(event);
    this.#drawAt(focusOf(event));
  }

  /** @param {Lost} lost */
  #drop(lost) {
    lost.events.forEach(drop);
    this.#lost = lost;
    this.#drawAt("saved-undo");
  }

  /** @param {File} file */
  async #import(file) {
    try {
      if (file.size > LARGEST_FILE) throw new FileFault(say("badFileLarge", { most: LARGEST_FILE }));
      const events = readFile(await file.text(), this.#does.knows);
      if (holdsToken(JSON.stringify(events))) throw new FileFault(say("hasToken"));
      if (!saveAll(events)) throw new FileFault(say("savedFull"));
      this.#lost = null; // to undo that could overwrite what came in
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
