// Recurrence rules expanded by rrule and ical.js. A line on standard input is a list of [rule, start, first, how many], the
// start and the first occurrence in seconds since 1970; a line on standard output is, for each, what the two give: lists of such seconds, or the
// word for why there is none.
import { createInterface } from "node:readline";
import vm from "node:vm";
import ICAL from "ical.js";
import rrule from "rrule";

const PATIENCE = 15; // milliseconds; a rule that seldom comes keeps either of them busy for hours

const libraries = {
  rrule(text, start, first, most) {
    const options = rrule.RRule.parseString(text);
    const found = [];
    const rule = new rrule.RRule({ ...options, dtstart: new Date(start * 1000) }, true);
    rule.all((date) => {
      found.push(date.getTime() / 1000);
      return found.length < most;
    });
    return found;
  },

  // It takes any start for an occurrence, so it is given one that is.
  ical(text, start, first, most) {
    const from = ICAL.Time.fromJSDate(new Date(first * 1000), true);
    const iterator = ICAL.Recur.fromString(text).iterator(from);
    const found = [];
    for (let next = iterator.next(); next && found.length < most; next = iterator.next()) {
      found.push(next.toUnixTime());
      if (found.length === most) break;
    }
    return found;
  },
};

// Only code in a script can be given a time limit.
const script = new vm.Script("globalThis.work()");

function expanded(name, asked) {
  let found = "nothing";
  globalThis.work = () => {
    found = libraries[name](...asked);
  };
  try {
    script.runInThisContext({ timeout: PATIENCE });
  } catch (fault) {
    return fault.code === "ERR_SCRIPT_EXECUTION_TIMEOUT" ? "too long" : `refused: ${fault.message}`;
  }
  return found;
}

for await (const line of createInterface({ input: process.stdin })) {
  const answers = JSON.parse(line).map((one) => Object.keys(libraries).map((name) => expanded(name, one)));
  process.stdout.write(JSON.stringify(answers) + "\n");
}
