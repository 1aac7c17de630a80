"""A ladder rings until somebody answers: each rung once for its user, whatever the clocks do, through any stop."""

from __future__ import annotations

from typing import Any, Final

import orjson
import pytest

from reminders.clock_watch import SECOND_LOOK
from reminders.loop import ReminderLoop
from store import answers, reminders, withdrawal
from store.answers import Answered, AskedToConfirm, HasOtherOutcome, IsConfirmed
from store.database import Database
from store.history import API
from store.transaction import each
from store.withdrawal import Withdrawing
from tests.reminders.conftest import Handed
from tests.reminders.living import DAY, HOUR, SECOND, Machine, live, running, tick
from tests.store.file import rows
from tests.store.samples import NOW, asked, new_task, to_snooze

MINUTE: Final = 60 * SECOND
ELDER, DAUGHTER, NURSE = 1001, 2002, 3003
# Him again after ten minutes, then his daughter, then both and the nurse; an hour later it is missed.
LADDER: Final = [(10, ELDER), (20, DAUGHTER), (30, ELDER), (30, DAUGHTER), (40, NURSE), (100, None)]


async def climbing(database: Database, at: int = NOW + MINUTE, **changes: Any) -> int:
    follow_up = orjson.dumps([[minutes * MINUTE, user_id] for minutes, user_id in LADDER]).decode()
    new = new_task(ELDER, at, follow_up=follow_up, **changes)
    return (await database.written(each(reminders.add), new)).id


def rang(database: Database) -> list[tuple[int, int, int]]:
    """Each notification's user, minutes after the planned time, and rung."""
    query = f"SELECT user_id, (created_at - {NOW + MINUTE}) / 60000, rung FROM user_notification ORDER BY id"
    return rows(database.path, query)


def outcome(database: Database) -> Any:
    settled = "coalesce(settled, '-') || ' ' || coalesce(settled_by, '-')"
    (found,) = rows(database.path, f"SELECT {settled} FROM occurrence WHERE outcome = 'WRITTEN'")
    return found


TOMORROW: Final = {
    "remind_at": NOW + DAY, "next_on": "2025-01-02T10:00:00", "starts_on": "2025-01-02T10:00:00",
    "rrule": "FREQ=DAILY;COUNT=1", "ends_on": "2025-01-02T10:00:00", "timezone": "Asia/Shanghai", "missed": "latest",
    "exdates": "[]",
}  # fmt: skip
ALL: Final = [
    (ELDER, 0, 0), (ELDER, 10, 1), (DAUGHTER, 20, 2), (ELDER, 30, 3), (DAUGHTER, 30, 4), (NURSE, 40, 5),
]  # fmt: skip


async def test_each_rung_rings_at_its_time_and_then_it_is_missed(
    database: Database, machine: Machine, handed: Handed
) -> None:
    await climbing(database)
    loop = await running(database, machine.watch(), handed)
    await live(loop, machine, NOW + 99 * MINUTE, MINUTE)
    assert rang(database) == ALL
    assert outcome(database) == "- -"
    await live(loop, machine, NOW + 3 * HOUR, MINUTE)
    assert rang(database) == ALL
    assert outcome(database) == "MISSED SYSTEM"
    # A ring stands for the earlier ones of its user.
    assert rows(database.path, "SELECT count(*) FROM user_notification WHERE status = 'UNREAD'") == [3]


@pytest.mark.parametrize("whose", [0, 1, 2])
async def test_the_first_answer_settles_it(database: Database, machine: Machine, handed: Handed, whose: int) -> None:
    await climbing(database)
    loop = await running(database, machine.watch(), handed)
    await live(loop, machine, NOW + 25 * MINUTE, MINUTE)
    one = handed.notifications[whose]
    answer = AskedToConfirm(one.id, one.user_id, "USER:7", machine.wall, "SKIPPED", "not hungry", NOW)
    done = await database.written(each(answers.confirm), answer)
    assert isinstance(done, Answered)
    told = {each_one.id: each_one for part in (done, *done.others) for each_one in part.changed}
    assert {each_one.user_id for each_one in told.values()} == {ELDER, DAUGHTER}
    assert {each_one.status for each_one in told.values()} == {"READ"}
    assert {each_one.settled and each_one.settled.outcome for each_one in told.values()} == {"SKIPPED"}
    assert (done.unread, [part.unread for part in done.others]) == (0, [0])
    await live(loop, machine, NOW + 3 * HOUR, MINUTE)
    assert rang(database) == ALL[:3]
    assert outcome(database) == "SKIPPED USER:7"
    # The same again changes nothing, by any of its notifications; another outcome is refused, and so is a snooze.
    for each_one in handed.notifications:
        again = AskedToConfirm(each_one.id, None, API, machine.wall, "SKIPPED")
        unchanged = await database.written(each(answers.confirm), again)
        assert isinstance(unchanged, Answered)
        assert unchanged.changed == ()
        assert isinstance(await database.written(each(answers.confirm), asked(each_one.id)), HasOtherOutcome)
        snooze = to_snooze(each_one.id, machine.wall + HOUR, machine.wall)
        assert isinstance(await database.written(each(answers.snooze), snooze), IsConfirmed)
    assert outcome(database) == "SKIPPED USER:7"


async def test_what_was_missed_can_be_answered_late(database: Database, machine: Machine, handed: Handed) -> None:
    await climbing(database)
    loop = await running(database, machine.watch(), handed)
    await live(loop, machine, NOW + 3 * HOUR, MINUTE)
    assert isinstance(await database.written(each(answers.confirm), asked(handed.notifications[2].id)), Answered)
    assert outcome(database) == "DONE API"
    assert rows(database.path, "SELECT count(*) FROM user_notification WHERE status = 'UNREAD'") == [0]


async def test_reading_and_snoozing_is_one_s_own(database: Database, machine: Machine, handed: Handed) -> None:
    """The elder's snooze silences neither his ladder nor his daughter; it goes over to his next ring."""
    await climbing(database)
    loop = await running(database, machine.watch(), handed)
    await live(loop, machine, NOW + 22 * MINUTE, MINUTE)
    his, hers = handed.notifications[1], handed.notifications[2]
    await database.written(each(answers.read), asked(hers.id, machine.wall))
    await database.written(each(answers.snooze), to_snooze(his.id, NOW + 36 * MINUTE, machine.wall))
    unread = "SELECT user_id FROM user_notification WHERE status = 'UNREAD'"
    assert rows(database.path, unread) == [ELDER]
    await live(loop, machine, NOW + 38 * MINUTE, MINUTE)
    assert rang(database) == [*ALL[:5], (ELDER, 35, 0)]
    assert sorted(rows(database.path, unread)) == [ELDER, DAUGHTER]


@pytest.mark.parametrize("stopped_until", [12, 40])
async def test_a_rung_and_a_snooze_that_are_due_at_once_ring_once(
    database: Database, machine: Machine, handed: Handed, stopped_until: int
) -> None:
    """Both are due in the same minute, or came due during a stop."""
    await climbing(database)
    loop = await running(database, machine.watch(), handed)
    await live(loop, machine, NOW + 12 * MINUTE, MINUTE)
    snooze = to_snooze(handed.notifications[1].id, NOW + 31 * MINUTE, machine.wall)
    await database.written(each(answers.snooze), snooze)
    machine.pass_by(NOW + stopped_until * MINUTE - machine.wall)
    await tick(loop)
    await live(loop, machine, NOW + 60 * MINUTE, MINUTE)
    assert [one for one in rang(database)[2:] if one[0] == ELDER] == [(ELDER, max(30, stopped_until - 1), 3)]


async def test_after_a_stop_each_user_has_one_ring(database: Database, machine: Machine, handed: Handed) -> None:
    await climbing(database)
    machine.pass_by(36 * MINUTE)
    loop = await running(database, machine.watch(machine.wall), handed)
    for _ in range(2):
        await tick(loop)
    assert sorted(rang(database)) == [(ELDER, 35, 0), (DAUGHTER, 35, 4)]
    await live(loop, machine, NOW + 3 * HOUR, MINUTE)
    assert sorted(rang(database)) == [(ELDER, 35, 0), (DAUGHTER, 35, 4), (NURSE, 40, 5)]
    assert outcome(database) == "MISSED SYSTEM"


async def test_after_a_long_stop_it_rings_once_and_is_missed(
    database: Database, machine: Machine, handed: Handed
) -> None:
    await climbing(database)
    machine.pass_by(5 * HOUR)
    loop = await running(database, machine.watch(machine.wall), handed)
    for _ in range(2):
        await tick(loop)
    assert sorted(user for user, _, _ in rang(database)) == [ELDER, DAUGHTER, NURSE]
    assert outcome(database) == "MISSED SYSTEM"


@pytest.mark.parametrize("ahead", [50 * MINUTE, 26 * HOUR])
@pytest.mark.parametrize("minutes", [-5, 25])
async def test_a_clock_that_is_ahead_costs_no_ring_and_no_chance_to_answer(
    database: Database, machine: Machine, handed: Handed, ahead: int, minutes: int
) -> None:
    """Whether it is ahead before the reminder is due or half-way up its ladder."""
    machine.pass_by(minutes * MINUTE) if minutes < 0 else None
    await climbing(database)
    loop = await running(database, machine.watch(NOW - 10 * MINUTE), handed)
    await live(loop, machine, NOW + MINUTE + minutes * MINUTE, MINUTE)
    machine.wall += ahead
    for _ in range(3):
        await tick(loop)
        machine.pass_by(SECOND_LOOK)
    await tick(loop)
    machine.wall -= ahead
    await tick(loop)
    assert outcome_or_none(database) in (None, "- -")
    await live(loop, machine, NOW + 99 * MINUTE, MINUTE)
    query = f"SELECT user_id, (created_at - {NOW + MINUTE}) / 60000 FROM user_notification WHERE early = 0"
    at_their_times = set(rows(database.path, query))
    assert {(user_id, at) for user_id, at, _ in ALL if at > max(minutes + 2, 0)} <= at_their_times
    assert outcome(database) == "- -"
    await live(loop, machine, NOW + 3 * HOUR, MINUTE)
    assert outcome(database) == "MISSED SYSTEM"


async def too_early(database: Database, machine: Machine, handed: Handed, **changes: Any) -> ReminderLoop:
    """A reminder for tomorrow that has rung today, while the clock was two days ahead; the clock is right by now."""
    await climbing(database, NOW + DAY, **changes)
    loop = await running(database, machine.watch(NOW - 10 * MINUTE), handed)
    await tick(loop)
    machine.wall += 2 * DAY
    for _ in range(3):
        await tick(loop)
        machine.pass_by(SECOND_LOOK)
    machine.wall -= 2 * DAY
    for _ in range(3):
        machine.pass_by(SECOND_LOOK)
        await tick(loop)
    assert rows(database.path, "SELECT min(early) > 0, count(*) FROM user_notification") == [(1, 3)]
    assert rows(database.path, "SELECT count(*) FROM occurrence") == [0]
    return loop


@pytest.mark.parametrize("changes", [{}, {"timing": TOMORROW}])
async def test_an_answer_to_what_rang_too_early_is_its_outcome(
    database: Database, machine: Machine, handed: Handed, changes: dict[str, Any]
) -> None:
    loop = await too_early(database, machine, handed, **changes)
    first = handed.notifications[0]
    answer = AskedToConfirm(first.id, first.user_id, "USER:7", machine.wall, "SKIPPED", "not hungry")
    assert isinstance(await database.written(each(answers.confirm), answer), Answered)
    assert isinstance(await database.written(each(answers.confirm), asked(first.id)), HasOtherOutcome)
    again = await database.written(each(answers.confirm), answer)
    assert isinstance(again, Answered)
    assert again.changed == ()
    await live(loop, machine, NOW + DAY + 5 * HOUR, HOUR)
    assert len(rang(database)) == 3
    told = rows(database.path, "SELECT settled, settled_by, note, planned_at, notification_id FROM occurrence")
    assert told == [("SKIPPED", "USER:7", "not hungry", NOW + DAY, first.id)]


async def test_what_rang_too_early_and_is_withdrawn_cannot_be_confirmed(
    database: Database, machine: Machine, handed: Handed
) -> None:
    loop = await too_early(database, machine, handed)
    first = handed.notifications[0]
    assert first.task_id is not None
    await database.written(each(answers.read), asked(first.id))
    await database.written(each(withdrawal.withdraw), Withdrawing(first.task_id, machine.wall, API, None))
    assert isinstance(await database.written(each(answers.confirm), asked(first.id)), HasOtherOutcome)
    await live(loop, machine, NOW + DAY + 5 * HOUR, HOUR)
    assert len(rang(database)) == 3
    assert outcome(database) == "WITHDRAWN API"


def outcome_or_none(database: Database) -> Any:
    return outcome(database) if rows(database.path, "SELECT 1 FROM occurrence") else None


async def test_withdrawn_it_rings_no_more(database: Database, machine: Machine, handed: Handed) -> None:
    task_id = await climbing(database)
    loop = await running(database, machine.watch(), handed)
    await live(loop, machine, NOW + 22 * MINUTE, MINUTE)
    asked_for = Withdrawing(task_id, machine.wall, API, "stopped by the doctor")
    done = await database.written(each(withdrawal.withdraw), asked_for)
    assert done is not None
    assert done.task.status == "CANCELLED"
    assert [(part.notification.user_id, part.unread) for part in done.changed] == [(ELDER, 0), (DAUGHTER, 0)]
    assert {one.withdrawn_at for part in done.changed for one in part.changed} == {machine.wall}
    await live(loop, machine, NOW + DAY, HOUR)
    assert rang(database) == ALL[:3]
    assert outcome(database) == "WITHDRAWN API"
    again = await database.written(each(withdrawal.withdraw), asked_for)
    assert again is not None
    assert again.changed == ()
    refused = await database.written(each(answers.confirm), asked(handed.notifications[0].id))
    assert isinstance(refused, HasOtherOutcome)


@pytest.mark.parametrize("answered", [True, False])
async def test_cancelled_meanwhile_it_rings_no_more_and_has_its_outcome(
    database: Database, machine: Machine, handed: Handed, answered: bool
) -> None:
    start = NOW + MINUTE
    daily = {"rrule": "FREQ=DAILY", "timezone": "Asia/Shanghai", "missed": "latest", "starts_on": "2025-01-01T10:01:00"}
    timing = {"remind_at": start, "next_on": "2025-01-01T10:01:00", "exdates": "[]", **daily}
    task_id = await climbing(database, timing=timing)
    loop = await running(database, machine.watch(), handed)
    await live(loop, machine, NOW + 12 * MINUTE, MINUTE)
    await database.written(each(reminders.cancel), reminders.Cancelling(task_id, machine.wall, API))
    await live(loop, machine, NOW + 99 * MINUTE, MINUTE)
    assert outcome(database) == "- -"
    if answered:
        await database.written(each(answers.confirm), asked(handed.notifications[1].id))
    await live(loop, machine, NOW + 2 * DAY, HOUR)
    assert rang(database) == ALL[:2]
    assert outcome(database) == ("DONE API" if answered else "MISSED SYSTEM")
