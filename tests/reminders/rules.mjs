// Recurrence rules expanded by rrule and ical.js. A line on standard input is a list of [rule, start, first, how many], the
// start and the first occurrence in seconds since 1970; a line on standard output is, for each, what the two give by their names: lists of such
// seconds, or the word for why there is none.
import { createInterface } from "node:readline";
import vm from "node:vm";
import ICAL from "ical.js";
import rrule from "rrule";

const PATIENCE = 5; // milliseconds; a rule that seldom comes keeps either of them busy for hours

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
  "ical.js"(text, start, first, most) {
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
  for (let limit = PATIENCE; ; limit *= 2) {
    const before = process.cpuUsage();
    try {
      script.runInThisContext({ timeout: limit });
      return found;
    } catch (fault) {
      if (fault.code !== "ERR_SCRIPT_EXECUTION_TIMEOUT") return `refused: ${fault.message}`;
      const { user, system } = process.cpuUsage(before);
      // On a busy machine the time may pass before anything was worked out.
      if (user + system > PATIENCE * 800) return "too long";
    }
  }
}

for await (const line of createInterface({ input: process.stdin })) {
  const answers = JSON.parse(line).map((asked) =>
    Object.fromEntries(Object.keys(libraries).map((name) => [name, expanded(name, asked)])),
  );
  process.stdout.write(JSON.stringify(answers) + "\n");
}
