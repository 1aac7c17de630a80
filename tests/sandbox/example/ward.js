// The people of a ward and their reminders, each with its rule for Careline and, beside it, when it rings in plain words.

import { dayOf, momentOf, onWall, timeOfDay, wallMinute, watchWall, weekday } from "./wall_clock.js";

export const BERLIN = "Europe/Berlin";
const AGAIN = 15 * 60; // seconds after the planned time: it rings again
const DAUGHTER = 30 * 60; // and then for the daughter
const MISSED = 90 * 60;

const clock = (minutes) => `${Math.floor(minutes / 60)}:${minutes % 60}`;
const at = (minutes) => `BYHOUR=${Math.floor(minutes / 60)};BYMINUTE=${minutes % 60}`;
const everyDay = () => true;

/** The kinds of rules. `time` is a minute of the day; `isOn(wall, begin)` tells whether it rings on that day. */
const KINDS = [
  (time) => ({ rrule: `FREQ=DAILY;${at(time)}`, times: [time], isOn: everyDay }),
  (time) => ({ rrule: "FREQ=DAILY;BYHOUR=8,20;BYMINUTE=0", times: [8 * 60, 20 * 60], isOn: everyDay }),
  (time) => ({
    rrule: `FREQ=WEEKLY;BYDAY=MO,WE,SU;${at(time)}`,
    times: [time],
    isOn: (wall) => [0, 1, 3].includes(weekday(wall)),
  }),
  (time) => ({
    rrule: `FREQ=DAILY;INTERVAL=2;${at(time)}`,
    times: [time],
    isOn: (wall, begin) => (dayOf(wall) - dayOf(begin)) % 2 === 0,
  }),
  // In the night of the change there is no 02:30.
  () => ({ rrule: "FREQ=DAILY;BYHOUR=2;BYMINUTE=30", times: [2 * 60 + 30], isOn: everyDay }),
  (time) => ({ rrule: `FREQ=DAILY;${at(time)}`, times: [time], isOn: everyDay, timezone: "America/New_York" }),
];

/** Reminders that repeat from `begin` on, two for each person. */
export function repeating(count, begin) {
  return Array.from({ length: count }, (_, number) => {
    const time = 6 * 60 + ((number * 37) % (15 * 60));
    const kind = KINDS[number % KINDS.length](time);
    return { userId: 5001 + Math.floor(number / 2), title: `${number + 1}: ${clock(time)}`, remind_at: begin, ...kind };
  });
}

/** Ladders, one on each of the given times. Every third is answered by the elder, every third by the daughter. */
export function ladders(times) {
  return times.map((remindAt, number) => ({
    userId: 5001 + number,
    daughterId: 6001 + number,
    title: `ladder ${number + 1}`,
    remind_at: remindAt,
    follow_up: [{ after: AGAIN }, { after: DAUGHTER, user_id: 6001 + number }],
    missed_after: MISSED,
    answeredBy: ["elder", "daughter", null][number % 3],
  }));
}

/** What each person has to see between two times, as `{userId: ["2027-03-01 08:00:00 title", …]}`, sorted. */
export function expected(reminders, ward, begin, end) {
  const seen = {};
  const see = (userId, moment, title) => (seen[userId] ??= []).push(`${onWall(moment, BERLIN)} ${title}`);
  const [from, to] = [momentOf(begin, BERLIN), momentOf(end, BERLIN)];
  for (const zone of new Set(reminders.map((one) => one.timezone ?? BERLIN))) {
    const its = reminders.filter((one) => (one.timezone ?? BERLIN) === zone);
    watchWall(from, to, zone, (wall, moment) => {
      for (const { userId, title, times, isOn } of its) {
        if (times.includes(timeOfDay(wall)) && isOn(wall, wallMinute(begin))) see(userId, moment, title);
      }
    });
  }
  for (const { userId, daughterId, title, remind_at: planned, answeredBy } of ward) {
    const moment = momentOf(planned, BERLIN);
    see(userId, moment, title);
    if (answeredBy === "elder") continue;
    see(userId, moment + AGAIN * 1000, title);
    see(daughterId, moment + DAUGHTER * 1000, title);
  }
  Object.values(seen).forEach((one) => one.sort());
  return seen;
}

/** When a ladder is answered, and with what outcome it ends. */
export function ending({ remind_at: planned, answeredBy }) {
  const after = { elder: 0, daughter: DAUGHTER }[answeredBy];
  return {
    answeredAt: after === undefined ? null : onWall(momentOf(planned, BERLIN) + after * 1000, BERLIN),
    outcome: answeredBy === null ? "MISSED" : "DONE",
  };
}
