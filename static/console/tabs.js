// The tabs of the workspace. On a narrow page the log is one of them; on a wide one it stands beside.

import { byId } from "../kit/dom.js";

const PHONE = matchMedia("(width <= 760px)"); // the page scrolls as a whole

export class Tabs {
  /** @type {Map<string, () => void>} */
  #listeners = new Map();
  #tabs = /** @type {HTMLElement[]} */ ([...byId("tabs").querySelectorAll("[role=tab]")]);

  constructor() {
    for (const tab of this.#tabs) {
      tab.addEventListener("click", () => {
        this.open(nameOf(tab));
        if (PHONE.matches) byId("tabs").scrollIntoView(); // what it opens lies below it
      });
    }
    byId("tabs").addEventListener("keydown", (event) => this.#move(event));
    this.open("send");
  }

  get current() {
    return document.body.dataset.view;
  }

  /**
   * Calls `listener` each time the tab of that name is opened.
   * @param {string} name
   * @param {() => void} listener
   */
  whenOpened(name, listener) {
    this.#listeners.set(name, listener);
  }

  /** @param {string} name */
  open(name) {
    document.body.dataset.view = name;
    for (const tab of this.#tabs) {
      const chosen = nameOf(tab) === name;
      tab.setAttribute("aria-selected", String(chosen));
      tab.tabIndex = chosen ? 0 : -1;
      if (nameOf(tab) !== "log") byId(`panel-${nameOf(tab)}`).hidden = !chosen;
    }
    this.#listeners.get(name)?.();
  }

  /** @param {KeyboardEvent} event */
  #move(event) {
    const shown = this.#tabs.filter((tab) => tab.offsetParent !== null);
    const current = shown.findIndex((tab) => tab === document.activeElement);
    /** @type {Record<string, number>} */
    const places = { ArrowRight: current + 1, ArrowLeft: current - 1, Home: 0, End: -1 };
    if (!(event.key in places)) return;
    const next = shown.at(places[event.key] % shown.length) ?? shown[0];
    this.open(nameOf(next));
    next.focus();
    event.preventDefault();
  }
}

/** @param {HTMLElement} tab */
const nameOf = (tab) => tab.id.replace("tab-", "");
