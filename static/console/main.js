// The console: reads the protocol, builds the parts and joins them.

import { announce } from "../kit/copy.js";
import { byId, element } from "../kit/dom.js";
import { inEveryLanguage, say, sayStaticTexts, switchLanguage } from "../kit/language.js";
import { readProtocol } from "../kit/protocol.js";
import { theme } from "../kit/theme.js";
import { Actions } from "./actions.js";
import { Calls, reasonOf } from "./calls.js";
import { Composer } from "./composer.js";
import { connectionCards } from "./connection_cards.js";
import { Connections } from "./connections.js";
import { guide } from "./guide.js";
import { heard } from "./heard.js";
import { inboxPanel } from "./inbox_panel.js";
import { Inboxes } from "./inboxes.js";
import { Log } from "./log.js";
import { logBar } from "./log_bar.js";
import { logDetail } from "./log_detail.js";
import { logImport } from "./log_import.js";
import { LogView } from "./log_view.js";
import { readLink } from "./prepared.js";
import { Questions } from "./questions.js";
import { questionsPanel } from "./questions_panel.js";
import { remindersPanel } from "./reminders_panel.js";
import { sandbox } from "./sandbox.js";
import { Tabs } from "./tabs.js";

/** @import { Protocol } from "../kit/protocol.js" */

// By this name the documents, in a tab of their own, come back to this one and leave its connections alone.
window.name ||= "careline-console";
inEveryLanguage(sayStaticTexts);
theme();
byId("language").addEventListener("click", switchLanguage);
inEveryLanguage(() => {
  byId("language").setAttribute("aria-label", say("switchLanguage"));
});

/**
 * The parts of the console, as each is given them.
 * @typedef {object} ConsoleParts
 * @property {Log} log
 * @property {LogView} logView
 * @property {Calls} calls
 * @property {Connections} connections
 * @property {Inboxes} inboxes
 * @property {Questions} questions
 * @property {Tabs} tabs
 * @property {Composer} composer
 * @property {Actions} actions
 * @property {typeof attempt} attempt
 */

/**
 * Waits for something that may fail, and shows it where it does.
 * @param {unknown} work
 */
const attempt = (work) =>
  Promise.resolve(work).catch((fault) => announce(say("callFailed", { reason: reasonOf(fault) }), "bad"));

export const log = new Log();

/** @param {Protocol} protocol */
function build(protocol) {
  const calls = new Calls(log);
  const connections = new Connections({ log, calls, protocol });
  const inboxes = new Inboxes({ connections, calls });
  const questions = new Questions({ connections, calls });
  const tabs = new Tabs();
  const composer = new Composer({ connections, calls, protocol });
  const actions = new Actions({ connections, calls, composer, questions, inboxes });
  const logView = new LogView(log);
  const parts = { log, logView, calls, connections, inboxes, questions, tabs, composer, actions, attempt };
  connectionCards(parts);
  connections.whenRefused(({ name, refusal }) => announce(`${name}: ${refusal}`, "bad"));
  guide(parts);
  heard(parts);
  questionsPanel(parts);
  remindersPanel(parts);
  inboxPanel(parts);
  const readClock = sandbox(parts, protocol);
  logBar(parts, logImport(parts, protocol, readClock));
  logDetail(parts);
  tryFromAddress(parts);
  addEventListener("hashchange", () => tryFromAddress(parts));
  inEveryLanguage(() => {
    const zone = say("clinicZone", { zone: protocol.timezone });
    byId("facts").textContent = [location.host, protocol.version, zone].filter(Boolean).join(" · ");
  });
}

/**
 * A link such as /#try=send_message&payload={…} opens the console filled in, and sends nothing.
 * @param {ConsoleParts} parts
 */
function tryFromAddress({ composer, tabs }) {
  const wanted = readLink(location.hash);
  if (wanted === null) {
    if (location.hash.includes("=")) announce(say("badLinkKind"), "bad");
    return;
  }
  const { id, text, place } = wanted;
  if (!composer.knows(id)) {
    announce(say("badLink", { target: id }), "bad");
    return;
  }
  if (place === null) {
    announce(say("badLinkPlace"), "bad");
    return;
  }
  tabs.open("send");
  if (text !== null) composer.load(id, text, place);
  else composer.choose(id);
}

try {
  build(await readProtocol());
} catch (fault) {
  byId("panel-send").replaceChildren(element("p", { class: "empty" }, say("noProtocol", { reason: reasonOf(fault) })));
  throw fault;
}
