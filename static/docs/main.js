// The protocol to read: everything on this page is made from /protocol.json.

import { byId, element } from "../kit/dom.js";
import { inEveryLanguage, marked, say, sayStaticTexts, switchLanguage } from "../kit/language.js";
import { readProtocol } from "../kit/protocol.js";
import { theme } from "../kit/theme.js";
import { sections } from "./sections.js";
import { word } from "./words.js";

/**
 * @import { Protocol } from "../kit/protocol.js"
 * @import { Section } from "./sections.js"
 * @import { WordKey } from "./words.js"
 */

const DESK = matchMedia("(min-width: 900px)");
// A tab that was the console before, and is so named, is not any more: links open the console beside it.
if (window.name === "careline-console") window.name = "careline-docs";

function sayFixedWords() {
  sayStaticTexts();
  document.title = word("title");
  for (const [node, key] of marked("word")) node.textContent = word(/** @type {WordKey} */ (key));
  byId("language").setAttribute("aria-label", say("switchLanguage"));
  byId("outline-links").setAttribute("aria-label", word("contents"));
}

/**
 * One entry of the outline for each section, and within it for each event or call.
 * @param {Section[]} all
 */
function outline(all) {
  const link = (/** @type {{id: string, title: string}} */ { id, title }, /** @type {boolean} */ asCode) =>
    element("a", { href: `#${id}` }, asCode ? element("code", {}, title) : element("span", {}, title));
  return element(
    "ul",
    {},
    ...all.map((section) =>
      element(
        "li",
        {},
        link(section, false),
        section.entries.length === 0
          ? null
          : element("ul", {}, ...section.entries.map((entry) => element("li", {}, link(entry, true)))),
      ),
    ),
  );
}

const UNDER_HEADER = 100; // px: what begins above this, and last, is what is being read

/**
 * Draws everything in the present language; what is being read stays where it is.
 * @param {Protocol} protocol
 */
function draw(protocol) {
  const topOf = (/** @type {Element} */ one) => one.getBoundingClientRect().top;
  const read = [...document.querySelectorAll("#content [id]")].findLast((one) => topOf(one) < UNDER_HEADER);
  const before = read === undefined ? 0 : topOf(read);
  const all = sections(protocol);
  byId("outline-links").replaceChildren(outline(all));
  byId("content").replaceChildren(...all.map((section) => section.node));
  const zone = say("clinicZone", { zone: protocol.timezone });
  byId("facts").textContent = [location.host, protocol.version, zone].filter(Boolean).join(" · ");
  if (read) scrollBy({ top: topOf(byId(read.id)) - before, behavior: "instant" });
  followReading();
}

/** @type {IntersectionObserver | null} */
let following = null;

/** Marks in the outline what is being read. */
function followReading() {
  following?.disconnect();
  const links = new Map([...byId("outline-links").querySelectorAll("a")].map((a) => [a.hash.slice(1), a]));
  /** @type {Set<string>} */
  const seen = new Set();
  following = new IntersectionObserver(
    (changes) => {
      for (const { target, isIntersecting } of changes) {
        if (isIntersecting) seen.add(target.id);
        else seen.delete(target.id);
      }
      // The innermost comes last.
      const [, current] = [...links].findLast(([id]) => seen.has(id)) ?? [];
      for (const a of links.values()) a.ariaCurrent = a === current ? "location" : null;
      if (current) keepInView(current);
    },
    { rootMargin: "-15% 0px -80% 0px" },
  );
  for (const id of links.keys()) following.observe(byId(id));
}

/**
 * Scrolls the outline, and the outline alone, to one of its links.
 * @param {HTMLElement} link
 */
function keepInView(link) {
  const scroll = byId("outline");
  const below = link.offsetTop - scroll.scrollTop;
  if (below < 0 || below > scroll.clientHeight - 60) scroll.scrollTop = link.offsetTop - scroll.clientHeight / 2;
}

function fitOutline() {
  /** @type {HTMLDetailsElement} */ (byId("outline")).open = DESK.matches;
}

function goToAddress() {
  document.getElementById(decodeURIComponent(location.hash.slice(1)))?.scrollIntoView();
}

inEveryLanguage(sayFixedWords);
theme();
byId("language").addEventListener("click", switchLanguage);
fitOutline();
DESK.addEventListener("change", fitOutline);
byId("outline-links").addEventListener("click", (event) => {
  if (/** @type {Element} */ (event.target).closest("a")) fitOutline();
});

try {
  const protocol = await readProtocol();
  inEveryLanguage(() => draw(protocol));
  goToAddress();
} catch (fault) {
  const reason = fault instanceof Error ? fault.message : String(fault);
  byId("content").replaceChildren(element("p", { class: "empty" }, say("noProtocol", { reason })));
  throw fault;
}
