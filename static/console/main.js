// The console: reads the protocol, builds the parts and joins them.

import { Actions } from "./actions.js";
import { Calls } from "./calls.js";
import { Composer } from "./composer.js";
import { connectionCards } from "./connection_cards.js";
import { Connections } from "./connections.js";
import { announce } from "../kit/copy.js";
import { byId, element } from "../kit/dom.js";
import { guide } from "./guide.js";
import { inboxPanel } from "./inbox_panel.js";
import { Inboxes } from "./inboxes.js";
import { inEveryLanguage, say, sayStaticTexts, switchLanguage } from "../kit/language.js";
import { Log } from "./log.js";
import { logBar } from "./log_bar.js";
import { logDetail } from "./log_detail.js";
import { LogView } from "./log_view.js";
import { readProtocol } from "./protocol.js";
import { Questions } from "./questions.js";
import { questionsPanel } from "./questions_panel.js";
import { remindersPanel } from "./reminders_panel.js";
import { Tabs } from "./tabs.js";
import { theme } from "../kit/theme.js";

inEveryLanguage(sayStaticTexts);
theme();
byId("language").addEventListener("click", switchLanguage);
inEveryLanguage(() => {
  byId("language").setAttribute("aria-label", say("switchLanguage"));
});

/** Waits for something that may fail, and says so where it does. */
const attempt = (work) =>
  Promise.resolve(work).catch((fault) => announce(say("callFailed", { reason: fault.message }), "bad"));

export const log = new Log();

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
  connections.addEventListener("refused", ({ detail: { name, refusal } }) => announce(`${name}: ${refusal}`, "bad"));
  guide(parts);
  questionsPanel(parts);
  remindersPanel(parts);
  inboxPanel(parts);
  logBar(parts);
  logDetail(parts);
  tryFromAddress(parts);
  addEventListener("hashchange", () => tryFromAddress(parts));
  inEveryLanguage(() => {
    const zone = say("clinicZone", { zone: protocol.timezone });
    byId("facts").textContent = [location.host, protocol.version, zone].filter(Boolean).join(" · ");
  });
}

/** A link such as /#try=send_message&payload={…} opens the console filled in. */
function tryFromAddress({ composer, tabs }) {
  const wanted = new URLSearchParams(location.hash.slice(1));
  const id = wanted.get("try");
  if (!composer.knows(id)) return;
  tabs.open("send");
  if (wanted.has("payload")) composer.load(id, wanted.get("payload"));
  else composer.choose(id);
}

try {
  build(await readProtocol());
} catch (fault) {
  byId("panel-send").replaceChildren(element("p", { class: "empty" }, say("noProtocol", { reason: fault.message })));
  throw fault;
}
