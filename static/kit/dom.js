// Building the page's elements. Text is always a text node: nothing that a server or a user wrote is ever markup.

/** @typedef {Node | string | null | undefined} Child */

/**
 * The element of index.html or docs.html with that id.
 * @param {string} id
 * @returns {HTMLElement}
 */
export const byId = (id) => /** @type {HTMLElement} */ (document.getElementById(id));

/**
 * An element with attributes, listeners (`onclick: …`) and children; a string is text, null is left out.
 * true sets an empty attribute, false and null leave it out.
 * @template {keyof HTMLElementTagNameMap} Tag
 * @param {Tag} tag
 * @param {Record<string, any>} attributes
 * @param {...Child} children
 * @returns {HTMLElementTagNameMap[Tag]}
 */
export function element(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (name === "value") /** @type {HTMLInputElement} */ (/** @type {unknown} */ (node)).value = value;
    else if (value === true) node.setAttribute(name, "");
    else if (value !== false && value !== null && value !== undefined) node.setAttribute(name, value);
  }
  node.append(...present(children));
  return node;
}

/**
 * @param {Child[]} children
 * @returns {(Node | string)[]} those that are not left out
 */
export function present(children) {
  return children.filter((child) => child !== null && child !== undefined);
}

/**
 * A drawing from static/icons.svg, hidden from screen readers.
 * @param {string} name
 */
export function icon(name) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  const use = document.createElementNS("http://www.w3.org/2000/svg", "use");
  use.setAttribute("href", `static/icons.svg#${name}`);
  svg.append(use);
  return svg;
}

/**
 * Text that others wrote: kept apart, so that right-to-left marks in it can't turn what stands around it.
 * @param {unknown} text
 * @param {string} className
 */
export function foreign(text, className = "") {
  return element("bdi", { class: className || null, lang: languageOf(text) }, String(text ?? ""));
}

/**
 * The language by which a screen reader should read a text that others wrote: Chinese where it has Chinese characters;
 * null for the page's own.
 * @param {unknown} text
 */
export const languageOf = (text) => (/\p{Script=Han}/u.test(String(text ?? "")) ? "zh-CN" : null);

/**
 * Replaces what `container` holds. The focus stays on the control with the same data-focus, or goes to the one that took
 * its place, so that working with the keyboard survives a redraw; what was scrolled stays so, and so does what has the
 * same data-scroll in it. While something in it is being pressed the redraw waits, or the click would be lost.
 * @param {HTMLElement} container
 * @param {...Child} children
 */
export function redraw(container, ...children) {
  if (container.contains(pressed)) {
    postponed.set(container, children);
    return;
  }
  const focused = document.activeElement;
  const active = focused instanceof HTMLElement && container.contains(focused) ? focused : null;
  const focus = active?.dataset.focus;
  const item = active === null ? null : itemOf(active);
  const place = controlsIn(container).findIndex((one) => one === active);
  const { scrollLeft, scrollTop } = container;
  const places = new Map(scrollableIn(container).map((one) => [one.dataset.scroll, [one.scrollLeft, one.scrollTop]]));
  container.replaceChildren(...present(children));
  container.scrollTo({ left: scrollLeft, top: scrollTop, behavior: "instant" });
  for (const one of scrollableIn(container)) {
    const [left = 0, top = 0] = places.get(one.dataset.scroll) ?? [];
    one.scrollTo({ left, top, behavior: "instant" });
  }
  if (focus !== undefined || active?.dataset.id !== undefined) {
    const controls = controlsIn(container);
    const same = focus === undefined ? undefined : controls.find((one) => one.dataset.focus === focus);
    // Not on the next item's button: who presses twice would answer two.
    (same ?? focusable(item, container) ?? controls[place] ?? controls.at(-1))?.focus({ preventScroll: true });
  }
}

/**
 * The item of a list that a control is in, by the list's items and its place among them.
 * @param {HTMLElement} control
 * @returns {{id: string, place: number} | null}
 */
function itemOf(control) {
  /** @type {HTMLElement | null} */
  const item = control.closest("[data-id]");
  if (item?.dataset.id === undefined || item.parentElement === null) return null;
  return { id: item.dataset.id, place: [...item.parentElement.children].indexOf(item) };
}

/**
 * That item where it is still there, else the one in its place, able to have the focus.
 * @param {{id: string, place: number} | null} item
 * @param {HTMLElement} container
 */
function focusable(item, container) {
  if (item === null) return undefined;
  /** @type {NodeListOf<HTMLElement>} */
  const items = container.querySelectorAll("[data-id]");
  const found = [...items].find((one) => one.dataset.id === item.id) ?? items[item.place] ?? [...items].at(-1);
  if (found !== undefined) found.tabIndex = -1;
  return found;
}

/**
 * What can have the focus in it, in order.
 * @param {HTMLElement} container
 */
function controlsIn(container) {
  /** @type {NodeListOf<HTMLElement>} */
  const controls = container.querySelectorAll("[data-focus]:not(:disabled)");
  return [...controls];
}

/**
 * What is scrolled by itself in it.
 * @param {HTMLElement} container
 */
function scrollableIn(container) {
  /** @type {NodeListOf<HTMLElement>} */
  const scrollable = container.querySelectorAll("[data-scroll]");
  return [...scrollable];
}

/** @type {Node | null} */
let pressed = null; // the element under a pressed pointer
/** @type {Map<HTMLElement, Child[]>} */
const postponed = new Map(); // the children of each container's last redraw since then

function released() {
  pressed = null;
  for (const [container, children] of postponed) redraw(container, ...children);
  postponed.clear();
}

addEventListener("pointerdown", (event) => (pressed = /** @type {Node} */ (event.target)), true);
for (const end of ["pointerup", "pointercancel"]) {
  addEventListener(end, () => setTimeout(released), true); // the click comes right after, and before this
}

/**
 * Calls `draw` once before the next frame, however often it was asked for.
 * @param {() => void} draw
 */
export function oncePerFrame(draw) {
  let asked = false;
  return () => {
    if (asked) return;
    asked = true;
    requestAnimationFrame(() => {
      asked = false;
      draw();
    });
  };
}
