// The banner of a sandbox: its clock, which moves at the press of a button, and the faults that can be switched on.

import { at as addressOf } from "../kit/address.js";
import { button } from "../kit/controls.js";
import { announce } from "../kit/copy.js";
import { byId, element, redraw } from "../kit/dom.js";
import { inEveryLanguage, say } from "../kit/language.js";
import { serverTime } from "./server_time.js";

/**
 * @import { Protocol } from "../kit/protocol.js"
 * @import { ConsoleParts } from "./main.js"
 * @typedef {{lose_acks: number, delay_ms: number, refuse_writes_seconds: number}} Faults as the server tells them
 */

const HOUR = 3600; // seconds
const DAY = 86_400;
const MORNING = 8 * HOUR;
const DELAY = 1500; // ms
const REFUSAL = 10; // seconds
const LOOK_EVERY = 2000; // ms
/** @type {Faults} */
const NONE = { lose_acks: 0, delay_ms: 0, refuse_writes_seconds: 0 };

/**
 * Shows the banner where the server is a sandbox; returns what reads its clock anew, or null.
 * @param {ConsoleParts} parts
 * @param {Protocol} protocol
 */
export function sandbox({ calls, attempt }, protocol) {
  if (!protocol.sandbox) return null;
  const section = byId("sandbox");
  section.hidden = false;
  const clock = element("time", { id: "sandbox-now" });
  const goal = element("input", { type: "datetime-local", step: "1", id: "sandbox-to", "data-focus": "goal" });
  let state = element("span", { id: "sandbox-state" });
  const title = element("p", { class: "sandbox-title" });
  // Each row is redrawn by itself: on a phone it stays pushed to where it is.
  const clockRow = element("div", { class: "sandbox-row", role: "group" });
  const faultsRow = element("div", { class: "sandbox-row", role: "group" });
  section.append(title, clockRow, faultsRow);
  let faults = NONE;
  let connections = 0;
  let busy = false;
  /** What the clinic's clocks showed, as ms since 1970 of a zone without offset, and when that was. */
  let [shown, at] = [NaN, 0];
  let refusedUntil = 0; // by performance.now()

  const wall = (/** @type {string} */ told) => Date.parse(`${told.replace(" ", "T")}Z`);
  const onWall = new Intl.DateTimeFormat("sv-SE", {
    timeZone: protocol.timezone,
    dateStyle: "short",
    timeStyle: "medium",
  });
  const now = () => shown + performance.now() - at;
  const text = (/** @type {number} */ moment) => new Date(moment).toISOString().slice(0, 19).replace("T", " ");
  const tick = () => {
    clock.textContent = Number.isNaN(shown) ? "…" : text(now());
    if (faults.refuse_writes_seconds > 0 && performance.now() >= refusedUntil) {
      take({ ...faults, refuse_writes_seconds: 0 });
    }
    const names = /** @type {(keyof Faults)[]} */ (Object.keys(faults));
    const on = names.filter((name) => faults[name] > 0);
    state.textContent = [
      say("sandboxConnections", { count: connections }),
      ...on.map((name) => say(`sandboxOn_${name}`, { value: faults[name] })),
    ].join(" · ");
  };
  const take = (/** @type {Faults} */ told) => {
    const isOn = (/** @type {Faults} */ these) => Object.values(these).map((value) => value > 0);
    const isOther = String(isOn(told)) !== String(isOn(faults));
    faults = told;
    refusedUntil = performance.now() + told.refuse_writes_seconds * 1000;
    tick();
    if (isOther) drawFaults();
  };
  const set = (/** @type {string} */ told) => {
    [shown, at] = [wall(told), performance.now()];
    serverTime.ahead = Math.round((shown - wall(onWall.format())) / 1000) * 1000;
    tick();
  };

  /**
   * Shows the sandbox's state, which a test or another window may have changed. It repeats every two seconds and is not
   * logged.
   */
  const look = async () => {
    if (document.hidden || busy) return;
    const response = await fetch(addressOf("/sandbox")).catch(() => null); // null while it is away
    if (!response?.ok) return;
    const told = await response.json();
    connections = told.connections;
    if (!busy) set(told.now);
    take(told.faults);
  };

  const setBusy = (/** @type {boolean} */ isMoving) => {
    busy = isMoving;
    clockRow.setAttribute("aria-busy", String(busy));
  };

  /** Moves the clock; a long way takes several calls. */
  const move = async (/** @type {{advance?: number, to?: string}} */ body) => {
    setBusy(true);
    try {
      let [reached, count] = [false, 0];
      for (let asked = body; !reached;) {
        const told = await calls.ask("POST", "/sandbox/clock", asked);
        set(told.now);
        count += told.notifications;
        reached = told.reached;
        asked = { to: told.to };
      }
      announce(say("sandboxMoved", { now: text(now()), count }));
    } finally {
      setBusy(false);
    }
  };
  const advance = (/** @type {number} */ seconds) => move({ advance: seconds });
  const toMorning = () => {
    const passed = Math.floor(now() / 1000) % DAY;
    return move({ to: text(now() + (((MORNING - passed + DAY - 1) % DAY) + 1) * 1000) });
  };
  const toGoal = async () => {
    if (goal.value) return move({ to: goal.value });
    goal.focus();
    announce(say("sandboxNoGoal"), "bad");
  };
  const ask = async (/** @type {string} */ fault, /** @type {object} */ body) => {
    take(await calls.ask("POST", `/sandbox/${fault}`, body));
  };
  const cut = async () => {
    const { cut: count } = await calls.ask("POST", "/sandbox/cut", {});
    announce(say("sandboxCutDone", { count }));
  };

  const press = (
    /** @type {string} */ words,
    /** @type {string} */ name,
    /** @type {() => unknown} */ work,
    /** @type {object} */ more = {},
  ) => button(words, () => attempt(work()), { kind: "small", "data-focus": name, ...more });
  const moves = (/** @type {string} */ words, /** @type {string} */ name, /** @type {() => unknown} */ work) =>
    press(words, name, () => (busy ? null : work())); // a disabled button would lose the focus
  const toggle = (
    /** @type {string} */ words,
    /** @type {string} */ fault,
    /** @type {boolean} */ on,
    /** @type {(on: boolean) => object} */ body,
  ) =>
    press(words, fault, () => ask(fault, body(!on)), {
      kind: on ? "small danger pressed" : "small",
      "aria-pressed": String(on),
    });
  const drawFaults = () => {
    state = element("span", { id: "sandbox-state" }); // the one shown keeps the row's width until it is redrawn
    tick();
    redraw(
      faultsRow,
      element("span", { class: "sandbox-name" }, say("sandboxFaults")),
      press(say("sandboxCut"), "cut", cut),
      toggle(say("sandboxLoseAck"), "lose-acks", faults.lose_acks > 0, (on) => ({ count: on ? 1 : 0 })),
      toggle(say("sandboxDelay"), "delay", faults.delay_ms > 0, (on) => ({ ms: on ? DELAY : 0 })),
      toggle(say("sandboxRefuse"), "refuse-writes", faults.refuse_writes_seconds > 0, (on) => ({
        seconds: on ? REFUSAL : 0,
      })),
      press(say("sandboxRestart"), "restart", () => ask("restart", {})),
      state,
    );
  };
  const draw = () => {
    section.setAttribute("aria-label", say("sandbox"));
    clockRow.setAttribute("aria-label", say("sandboxClock"));
    faultsRow.setAttribute("aria-label", say("sandboxFaults"));
    goal.setAttribute("aria-label", say("sandboxTo"));
    title.replaceChildren(element("strong", {}, say("sandbox")), element("span", {}, say("sandboxAbout")));
    redraw(
      clockRow,
      element("span", { class: "sandbox-name" }, say("sandboxClock"), " ", clock),
      moves(say("sandboxHour"), "hour", () => advance(HOUR)),
      moves(say("sandboxDay"), "day", () => advance(DAY)),
      moves(say("sandboxMorning"), "morning", toMorning),
      goal,
      moves(say("sandboxGo"), "go", toGoal),
    );
    drawFaults();
  };

  goal.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && !busy) attempt(toGoal());
  });
  inEveryLanguage(draw);
  setInterval(tick, 500);
  setInterval(look, LOOK_EVERY);
  look();
  return look;
}
