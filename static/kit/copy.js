// To the clipboard, also where the browser has none for a page (plain http from another machine).

import { byId } from "./dom.js";
import { say } from "./language.js";

/** @param {string} text */
export async function copy(text) {
  if (navigator.clipboard) await navigator.clipboard.writeText(text);
  else copyBySelection(text);
  announce(say("copied"));
}

/** @param {string} text */
function copyBySelection(text) {
  const area = document.createElement("textarea");
  area.value = text;
  document.body.append(area);
  area.select();
  document.execCommand("copy");
  area.remove();
}

let hiding = 0;

/**
 * A short word at the edge of the page, read out by screen readers.
 * @param {string} text
 * @param {string} kind
 */
export function announce(text, kind = "") {
  const toast = byId("toast");
  toast.textContent = text;
  toast.className = `toast shown ${kind}`.trim();
  clearTimeout(hiding);
  hiding = setTimeout(() => toast.classList.remove("shown"), 3000);
}
