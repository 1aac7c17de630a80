// When reminders have to ring, worked out without Careline: by a look at the clock on the wall in every minute.

const MINUTE = 60_000;
const DAY = 24 * 60; // minutes

const formats = new Map();

/** What the clocks of the zone show at a moment, as `YYYY-MM-DD HH:MM:SS`. */
export function onWall(moment, zone) {
  if (!formats.has(zone)) {
    formats.set(zone, new Intl.DateTimeFormat("sv-SE", { timeZone: zone, dateStyle: "short", timeStyle: "medium" }));
  }
  return formats.get(zone).format(moment);
}

/** The minutes on a wall, counted as if it had no time zone. */
export const wallMinute = (text) => Date.parse(`${text.replace(" ", "T")}Z`) / MINUTE;

/** The first moment at which the zone's clocks show that. */
export function momentOf(text, zone) {
  let moment = wallMinute(text) * MINUTE - DAY * MINUTE;
  while (onWall(moment, zone) < text) moment += MINUTE;
  return moment;
}

/**
 * Calls `seen(wall, moment)` for each minute that the zone's clocks come to between two moments. The clocks are read
 * once a minute: those that they skip come all at once, and those that they show a second time do not come again.
 */
export function watchWall(from, to, zone, seen) {
  let last = wallMinute(onWall(from - MINUTE, zone));
  for (let moment = from; moment < to; moment += MINUTE) {
    const now = wallMinute(onWall(moment, zone));
    for (; last < now; last++) seen(last + 1, moment);
  }
}

/** Minutes of the day, such as 480 for 08:00. */
export const timeOfDay = (wall) => wall % DAY;
/** Days since 1970. */
export const dayOf = (wall) => Math.floor(wall / DAY);
/** 0 is Sunday. */
export const weekday = (wall) => (dayOf(wall) + 4) % 7;
