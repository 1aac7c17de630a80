// A ward's reminders over the night in which summer time begins: with TEST_MONTH=1 all of March, 62 reminders that repeat,
// 10 ladders and 5 restarts, otherwise four days with a few of each. BACK_END is the address of a new sandbox.

import assert from "node:assert/strict";
import { test } from "node:test";

import { Inbox } from "./inbox.js";
import { Sandbox, until } from "./sandbox.js";
import { ending, expected, ladders, repeating } from "./ward.js";

const WHOLE = process.env.TEST_MONTH === "1";
const sandbox = new Sandbox(process.env.BACK_END);

/** The last Sunday of the coming March, and a day of that month as it is written. */
const now = await sandbox.now();
const year = Number(now.slice(0, 4)) + (now.slice(5) >= "03-01" ? 1 : 0);
const change = 31 - new Date(Date.UTC(year, 2, 31)).getUTCDay();
const march = (day, time) => `${new Date(Date.UTC(year, 2, day)).toISOString().slice(0, 10)} ${time}`;

const first = WHOLE ? 1 : change - 2;
const days = WHOLE ? 31 : 4;
const [begin, end] = [march(first, "00:00:00"), march(first + days, "00:00:00")];
const reminders = repeating(WHOLE ? 62 : 12, begin);
// The first ladder begins before the change, and ends after it.
const ward = ladders([
  march(change, "01:50:00"),
  ...Array.from({ length: WHOLE ? 9 : 2 }, (_, number) => march(first + (WHOLE ? 3 * number : number), "13:20:00")),
]);
// The server restarts just as something has rung: what was on its way has to be seen nevertheless.
const restarts = WHOLE ? [3, 9, 15, change, 30].map((day) => march(day, "08:00:00")) : [march(change, "08:00:00")];

test(`${days} days, ${reminders.length} reminders, ${ward.length} ladders, ${restarts.length} restarts`, async (context) => {
  const started = performance.now();
  await sandbox.cancelSamples();
  await sandbox.moveTo(begin);

  const people = [...new Set([...reminders, ...ward].map((one) => one.userId)), ...ward.map((one) => one.daughterId)];
  const inboxes = new Map(
    people.map((id, number) => [id, new Inbox(sandbox.url, id, number % 4 ? "websocket" : "polling")]),
  );
  context.after(() => inboxes.forEach((inbox) => inbox.close()));
  for (const { userId, title, remind_at, rrule, timezone, follow_up, missed_after } of [...reminders, ...ward]) {
    const about = { biz_type: "WARD", biz_id: 1, title, content: "…", remind_at };
    await sandbox.ask("POST", "/api/reminders", {
      user_id: userId,
      ...about,
      ...{ rrule, timezone, follow_up, missed_after },
    });
  }

  const answer = async (userId, title) => {
    const inbox = inboxes.get(userId);
    const ring = () => inbox.shown.find((one) => one.title === title);
    await until(ring, title);
    assert.equal((await inbox.confirm(ring())).success, true);
  };
  const steps = restarts.map((time) => ({ time, run: () => sandbox.restart() }));
  for (const ladder of ward) {
    const { answeredAt: time } = ending(ladder);
    const userId = ladder.answeredBy === "elder" ? ladder.userId : ladder.daughterId;
    if (time !== null) steps.push({ time, run: () => answer(userId, ladder.title) });
  }
  for (const { time, run } of steps.sort((one, other) => (one.time < other.time ? -1 : 1))) {
    await sandbox.moveTo(time);
    await run();
  }
  await sandbox.moveTo(end);

  const wanted = expected(reminders, ward, begin, end);
  let rings = 0;
  for (const [userId, inbox] of inboxes) {
    const stored = await sandbox.all(`/api/users/${userId}/notifications`);
    await until(() => inbox.shown.length >= stored.length, `all that user ${userId} has to see`);
    const seen = inbox.shown.map((one) => `${one.created_at} ${one.title}`).sort();
    assert.deepEqual(seen, wanted[userId] ?? [], `user ${userId}`);
    assert.deepEqual(
      inbox.shown.map((one) => one.id),
      stored.map((one) => one.id),
    );
    assert.deepEqual(inbox.faults, []);
    rings += seen.length;
  }
  for (const ladder of ward) {
    const day = ladder.remind_at.slice(0, 10);
    const { items } = await sandbox.ask("GET", `/api/users/${ladder.userId}/day?date=${day}`);
    assert.equal(items.find((one) => one.title === ladder.title).outcome, ending(ladder).outcome, ladder.title);
  }
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  console.log(`${days} days, ${inboxes.size} front ends, ${rings} rings in ${seconds} s`);
});
