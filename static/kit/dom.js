// Building the page's elements. Text is always a text node: nothing that a server or a user wrote is ever markup.

export const byId = (id) => document.getElementById(id);

/**
 * An element with attributes, listeners (`onclick: …`) and children; a child that is a string is text, null is left out.
 * true sets an empty attribute, false and null leave it out.
 */
export function element(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (name === "value") node.value = value;
    else if (value === true) node.setAttribute(name, "");
    else if (value !== false && value !== null && value !== undefined) node.setAttribute(name, value);
  }
  node.append(...children.filter((child) => child !== null && child !== undefined));
  return node;
}

/** A drawing from static/icons.svg, hidden from screen readers. */
export function icon(name) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  const use = document.createElementNS("http://www.w3.org/2000/svg", "use");
  use.setAttribute("href", `static/icons.svg#${name}`);
  svg.append(use);
  return svg;
}

/** Text that others wrote: kept apart, so that right-to-left marks in it can't turn what stands around it. */
export function foreign(text, className = "") {
  return element("bdi", { class: className || null }, String(text ?? ""));
}

/** A button with text, an icon (`drawing`), or both; `label` says more than the text, or all where there is none. */
export function button(text, onclick, { kind = "", drawing = "", label = null, ...attributes } = {}) {
  const content = [drawing ? icon(drawing) : null, text ? element("span", {}, text) : null];
  const name = text ? null : label; // a button with words is called by them
  return element(
    "button",
    { type: "button", class: `button ${kind}`.trim(), "aria-label": name, title: label, onclick, ...attributes },
    ...content,
  );
}

/** Words on a status: "OPEN", "UNREAD". */
export function chip(text, kind = "") {
  return element("span", { class: `chip ${kind}`.trim() }, text);
}

/**
 * Replaces what `container` holds; the focus stays on the control with the same data-focus, so that working with the
 * keyboard survives a redraw. While something in it is being pressed the redraw waits, or the click would be lost.
 */
export function redraw(container, ...children) {
  if (container.contains(pressed)) {
    postponed.set(container, children);
    return;
  }
  const active = document.activeElement;
  const focus = container.contains(active) ? active.dataset.focus : undefined;
  container.replaceChildren(...children.filter((child) => child !== null && child !== undefined));
  if (focus !== undefined) {
    container.querySelector(`[data-focus="${CSS.escape(focus)}"]`)?.focus({ preventScroll: true });
  }
}

let pressed = null; // the element under a pressed pointer
const postponed = new Map(); // container -> children of its last redraw since then

function released() {
  pressed = null;
  for (const [container, children] of postponed) redraw(container, ...children);
  postponed.clear();
}

addEventListener("pointerdown", (event) => (pressed = event.target), true);
for (const end of ["pointerup", "pointercancel"]) {
  addEventListener(end, () => setTimeout(released), true); // the click comes right after, and before this
}

/** Calls `draw` once before the next frame, however often it was asked for. */
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
