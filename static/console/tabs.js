// The tabs of the workspace. On a narrow page the log is one of them; on a wide one it stands beside.

import { byId } from "../kit/dom.js";

export class Tabs {
  #listeners = new Map();
  #tabs = [...byId("tabs").querySelectorAll("[role=tab]")];

  constructor() {
    for (const tab of this.#tabs) tab.addEventListener("click", () => this.open(nameOf(tab)));
    byId("tabs").addEventListener("keydown", (event) => this.#move(event));
    this.open("send");
  }

  get current() {
    return document.body.dataset.view;
  }

  /** Calls `listener` each time the tab of that name is opened. */
  whenOpened(name, listener) {
    this.#listeners.set(name, listener);
  }

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

  #move(event) {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (step === undefined) return;
    const shown = this.#tabs.filter((tab) => tab.offsetParent !== null);
    const next = shown[(shown.indexOf(document.activeElement) + step + shown.length) % shown.length];
    this.open(nameOf(next));
    next.focus();
    event.preventDefault();
  }
}

const nameOf = (tab) => tab.id.replace("tab-", "");
