"""Quiet hours hold what is not critical until they end: then it rings once, whatever happened meanwhile."""

from __future__ import annotations

import random
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

import orjson
import pytest

from reminders.clock_watch import SECOND_LOOK
from store import answers, outcomes, quiet_hours, reminders, withdrawal
from store.answers import Answered, AskedToConfirm
from store.database import Database
from store.history import API, of_task
from store.quiet_hours import Change, QuietHours
from store.reminders import Cancelling
from store.transaction import each
from store.withdrawal import Withdrawing
from tests.reminders.conftest import Handed
from tests.reminders.living import DAY, HOUR, SECOND, Machine, live, running, tick
from tests.store.file import opened, rows
from tests.store.samples import NOW, new_task, to_snooze

MINUTE: Final = 60 * SECOND
ELDER, DAUGHTER = 1001, 2002
# NOW is 10:00 in the clinic. It is quiet from 11:00 to 13:30, and a reminder is planned for 11:10.
QUIET: Final = ("11:00", "13:30")
PLANNED: Final = NOW + 70 * MINUTE
END: Final = NOW + 210 * MINUTE


async def put(database: Database, user_id: int, *hours: str, now: int = NOW, zone: str = "Asia/Shanghai") -> None:
    quiet = QuietHours(user_id, hours[0], hours[1], zone, zone_given=True) if hours else None
    await database.written(each(quiet_hours.change), Change(user_id, quiet, now))


async def make(database: Database, at: int = PLANNED, *ladder: tuple[int, int | None], **changes: Any) -> int:
    """A reminder of the elder, with a ladder by minutes."""
    follow_up = orjson.dumps([[minutes * MINUTE, user_id] for minutes, user_id in ladder]).decode()
    given = {"follow_up": follow_up, **changes} if ladder else changes
    return (await database.written(each(reminders.add), new_task(ELDER, at, **given))).id


def rang(database: Database) -> list[tuple[int, int]]:
    """Each notification's user, and the minutes from NOW on."""
    return rows(database.path, f"SELECT user_id, (created_at - {NOW}) / 60000 FROM user_notification ORDER BY id")


def settled(database: Database) -> list[Any]:
    return rows(database.path, "SELECT coalesce(settled, '-') FROM occurrence ORDER BY planned_at")


async def told(database: Database, task_id: int) -> list[tuple[str, int, Any]]:
    """The history of what was held and has rung: when, in minutes from NOW on, and why."""
    page = await of_task(database, task_id, before_id=None, limit=200)
    assert page is not None
    return [
        (entry.what, (entry.at - NOW) // MINUTE, entry.detail.get("reason") or entry.detail.get("until"))
        for entry in page[0]
        if entry.what in ("held", "written", "came_again")
    ]


DAILY: Final = {"rrule": "FREQ=DAILY", "timezone": "Asia/Shanghai", "starts_on": "2025-01-01T11:10:00", "exdates": "[]"}
REPEATING: Final = {"timing": {"remind_at": PLANNED, "next_on": "2025-01-01T11:10:00", "missed": "latest", **DAILY}}


@pytest.mark.parametrize("changes", [{}, REPEATING])
async def test_it_rings_once_when_they_end(
    database: Database, machine: Machine, handed: Handed, changes: dict[str, Any]
) -> None:
    await put(database, ELDER, *QUIET)
    task_id = await make(database, **changes)
    loop = await running(database, machine.watch(), handed)
    await live(loop, machine, END - MINUTE, MINUTE)
    assert rang(database) == []
    shown = await outcomes.of_day(database, ELDER, datetime(2025, 1, 1, tzinfo=UTC).date(), NOW, END, 9)
    assert [(one.outcome, one.notification_id) for one in shown] == [("PENDING", None)]
    assert await outcomes.unanswered(database, 0, 9) == ([], False)
    await live(loop, machine, END + 5 * HOUR, MINUTE)
    assert rang(database) == [(ELDER, 210)]
    assert await told(database, task_id) == [("held", 70, END), ("written", 210, "quiet hours over")]
    assert [one.notification_id for one in (await outcomes.unanswered(database, 0, 9))[0]] == [
        handed.notifications[0].id
    ]
    await live(loop, machine, END + 2 * DAY, 5 * MINUTE)
    assert len(rang(database)) == (3 if changes else 1)


async def test_the_loop_wakes_when_they_end(database: Database, machine: Machine, handed: Handed) -> None:
    await put(database, ELDER, *QUIET)
    await make(database)
    loop = await running(database, machine.watch(), handed)
    await live(loop, machine, END - 400, HOUR)
    assert 0 < await loop._tick() <= 0.4


@pytest.mark.parametrize("changes", [{"critical": True}, {"critical": False}, {}])
async def test_what_is_critical_rings_at_its_time(
    database: Database, machine: Machine, handed: Handed, changes: dict[str, Any]
) -> None:
    await put(database, ELDER, *QUIET)
    await make(database, PLANNED, (10, ELDER), (20, None), **changes)
    loop = await running(database, machine.watch(), handed)
    await live(loop, machine, END + HOUR, MINUTE)
    assert rang(database) == ([(ELDER, 70), (ELDER, 80)] if changes.get("critical") else [(ELDER, 210)])


async def test_the_others_of_a_ladder_are_not_delayed(database: Database, machine: Machine, handed: Handed) -> None:
    await put(database, ELDER, *QUIET)
    task_id = await make(database, PLANNED, (10, ELDER), (20, DAUGHTER), (30, ELDER), (200, ELDER), (300, None))
    loop = await running(database, machine.watch(), handed)
    await live(loop, machine, PLANNED + 25 * MINUTE, MINUTE)
    assert rang(database) == [(DAUGHTER, 90)]
    (waiting,), _ = await outcomes.unanswered(database, 0, 9)
    assert (waiting.notification_id, waiting.user_id) == (handed.notifications[0].id, ELDER)
    await live(loop, machine, PLANNED + DAY, MINUTE)
    assert rang(database) == [(DAUGHTER, 90), (ELDER, 210), (ELDER, 270)]
    assert settled(database) == ["MISSED"]
    written = [one for one in await told(database, task_id) if one[0] == "written"]
    assert written == [("written", 90, None), ("written", 210, "quiet hours over"), ("written", 270, None)]


async def test_the_daughter_s_quiet_hours_hold_hers_alone(database: Database, machine: Machine, handed: Handed) -> None:
    await put(database, DAUGHTER, *QUIET)
    await make(database, PLANNED, (10, ELDER), (20, DAUGHTER), (30, DAUGHTER), (600, None))
    loop = await running(database, machine.watch(), handed)
    await live(loop, machine, END + HOUR, MINUTE)
    assert rang(database) == [(ELDER, 70), (ELDER, 80), (DAUGHTER, 210)]


@pytest.mark.parametrize("ladder", [[(60, None)], [(10, ELDER), (20, ELDER), (60, None)]])
async def test_a_whole_ladder_in_quiet_hours_is_missed_and_rings_all_the_same(
    database: Database, machine: Machine, handed: Handed, ladder: list[tuple[int, int | None]]
) -> None:
    await put(database, ELDER, *QUIET)
    task_id = await make(database, PLANNED, *ladder)
    loop = await running(database, machine.watch(), handed)
    await live(loop, machine, END - MINUTE, MINUTE)
    assert (rang(database), settled(database)) == ([], ["MISSED"])
    await live(loop, machine, END + HOUR, MINUTE)
    assert (rang(database), settled(database)) == ([(ELDER, 210)], ["MISSED"])
    late = AskedToConfirm(handed.notifications[0].id, ELDER, API, machine.wall, "DONE")
    assert isinstance(await database.written(each(answers.confirm), late), Answered)
    assert settled(database) == ["DONE"]
    assert ("held", 70, END) in await told(database, task_id)
    await live(loop, machine, END + DAY, HOUR)
    assert rang(database) == [(ELDER, 210)]


async def test_an_answer_ends_the_wait(database: Database, machine: Machine, handed: Handed) -> None:
    await put(database, ELDER, *QUIET)
    await make(database, PLANNED, (10, DAUGHTER), (300, None))
    loop = await running(database, machine.watch(), handed)
    await live(loop, machine, PLANNED + 15 * MINUTE, MINUTE)
    (hers,) = handed.notifications
    answer = AskedToConfirm(hers.id, DAUGHTER, API, machine.wall, "SKIPPED")
    assert isinstance(await database.written(each(answers.confirm), answer), Answered)
    await live(loop, machine, END + DAY, HOUR)
    assert (rang(database), settled(database)) == ([(DAUGHTER, 80)], ["SKIPPED"])


@pytest.mark.parametrize("changes", [{}, REPEATING])
@pytest.mark.parametrize("by", ["withdraw", "cancel"])
async def test_withdrawn_or_cancelled_it_does_not_ring(
    database: Database, machine: Machine, handed: Handed, by: str, changes: dict[str, Any]
) -> None:
    await put(database, ELDER, *QUIET)
    task_id = await make(database, **changes)
    loop = await running(database, machine.watch(), handed)
    await live(loop, machine, PLANNED + 15 * MINUTE, MINUTE)
    if by == "withdraw":
        asked = Withdrawing(task_id, machine.wall, API, "stopped by the doctor")
        assert await database.written(each(withdrawal.withdraw), asked) is not None
        notes = rows(database.path, "SELECT note FROM occurrence WHERE outcome = 'WRITTEN'")
        assert notes == ["stopped by the doctor"]
    else:
        task = await database.written(each(reminders.cancel), Cancelling(task_id, machine.wall, API))
        assert task is not None
        assert task.status == "CANCELLED"
    await live(loop, machine, END + 2 * DAY, HOUR)
    assert (rang(database), settled(database)[0]) == ([], "WITHDRAWN")


async def test_what_has_rung_is_not_cancelled(database: Database, machine: Machine, handed: Handed) -> None:
    await put(database, ELDER, *QUIET)
    task_id = await make(database)
    loop = await running(database, machine.watch(), handed)
    await live(loop, machine, END, MINUTE)
    task = await database.written(each(reminders.cancel), Cancelling(task_id, machine.wall, API))
    assert task is not None
    assert task.status == "DISPATCHED"


@pytest.mark.parametrize(
    ("hours", "rings_at"),
    [
        ([], 90),
        (["11:00", "11:40"], 100),
        (["11:00", "15:00"], 300),
        (["11:45", "15:00"], 90),
        (["11:00", "11:20"], 90),
    ],
)
async def test_a_change_counts_for_what_waits(
    database: Database, machine: Machine, handed: Handed, hours: list[str], rings_at: int
) -> None:
    """The change comes at 11:30."""
    await put(database, ELDER, *QUIET)
    await make(database)
    early = await make(database, NOW, title="snoozed")
    loop = await running(database, machine.watch(), handed)
    await tick(loop)
    await database.written(each(answers.snooze), to_snooze(handed.notifications[0].id, PLANNED, NOW + 1))
    await live(loop, machine, NOW + 90 * MINUTE, MINUTE)
    assert rang(database) == [(ELDER, 0)]
    await put(database, ELDER, *hours, now=machine.wall)
    await tick(loop)
    await tick(loop)
    await live(loop, machine, NOW + DAY, MINUTE)
    assert rang(database) == [(ELDER, 0), (ELDER, rings_at), (ELDER, rings_at)]
    assert ("came_again", rings_at, "quiet hours over") in await told(database, early)


async def test_what_was_snoozed_waits_too(database: Database, machine: Machine, handed: Handed) -> None:
    await put(database, ELDER, *QUIET)
    task_id = await make(database, NOW)
    loop = await running(database, machine.watch(), handed)
    await tick(loop)
    (one,) = handed.notifications
    wanted = to_snooze(one.id, PLANNED, NOW + MINUTE)
    await database.written(each(answers.snooze), wanted)
    await live(loop, machine, END - MINUTE, MINUTE)
    assert rang(database) == [(ELDER, 0)]
    # The device is told, and the same answer again changes nothing.
    (moved,) = [one.snoozed for chunk in handed.chunks for one in chunk if not hasattr(one, "id")]
    assert [each_one.snoozed_until for each_one in moved.changed] == [END]
    again = await database.written(each(answers.snooze), to_snooze(one.id, PLANNED, machine.wall))
    assert isinstance(again, Answered)
    assert again.changed == ()
    await live(loop, machine, END, MINUTE)
    await live(loop, machine, END + 2 * DAY, 10 * MINUTE)
    assert rang(database) == [(ELDER, 0), (ELDER, 210)]
    assert ("held", 70, END) in await told(database, task_id)
    assert ("came_again", 210, "quiet hours over") in await told(database, task_id)
    assert rows(database.path, "SELECT count(*) FROM held_snooze") == [0]


@pytest.mark.parametrize("rung_at", [65, 75, 90])
async def test_a_snooze_and_a_rung_that_wait_ring_once(
    database: Database, machine: Machine, handed: Handed, rung_at: int
) -> None:
    """Whichever was due first."""
    await put(database, ELDER, *QUIET)
    await make(database, NOW, (rung_at, ELDER), (1000, None))
    loop = await running(database, machine.watch(), handed)
    await tick(loop)
    await database.written(each(answers.snooze), to_snooze(handed.notifications[0].id, NOW + 75 * MINUTE, NOW + MINUTE))
    await live(loop, machine, END + 3 * HOUR, MINUTE)
    assert rang(database) == [(ELDER, 0), (ELDER, 210)]
    assert rows(database.path, "SELECT count(*) FROM user_notification WHERE status = 'UNREAD'") == [1]


async def test_over_midnight_and_a_stop_it_rings_once(machine: Machine, handed: Handed, path: Path) -> None:
    """The server is down when they end, and the file is opened anew."""
    at = NOW + 13 * HOUR  # 23:00
    async with opened(path) as database:
        await put(database, ELDER, "22:00", "07:00")
        await make(database, at, (60, ELDER), (70, DAUGHTER), (90, ELDER), (30 * 60, None))
        loop = await running(database, machine.watch(), handed)
        await live(loop, machine, at + 2 * HOUR, MINUTE)
        assert rang(database) == [(DAUGHTER, 850)]
    machine.pass_by(10 * HOUR)  # 11:00
    async with opened(path) as database:
        loop = await running(database, machine.watch(machine.wall), handed)
        for _ in range(3):
            await tick(loop)
        assert rang(database) == [(DAUGHTER, 850), (ELDER, 25 * 60)]
        await live(loop, machine, NOW + 2 * DAY, HOUR)
        assert len(rang(database)) == 2


async def test_a_start_in_the_next_night_waits_for_its_end(machine: Machine, handed: Handed, path: Path) -> None:
    async with opened(path) as database:
        await put(database, ELDER, "22:00", "07:00")
        await make(database, NOW + 13 * HOUR)
        loop = await running(database, machine.watch(), handed)
        await live(loop, machine, NOW + 14 * HOUR, MINUTE)
    machine.pass_by(24 * HOUR)  # midnight, a day later
    async with opened(path) as database:
        loop = await running(database, machine.watch(machine.wall), handed)
        await live(loop, machine, NOW + 3 * DAY, MINUTE)
        assert rang(database) == [(ELDER, 45 * 60)]


@pytest.mark.parametrize("ahead", [90 * MINUTE, 4 * HOUR])
@pytest.mark.parametrize("when", [60, 80, 200])
async def test_a_clock_that_is_ahead_costs_no_ring(
    database: Database, machine: Machine, handed: Handed, ahead: int, when: int
) -> None:
    """Whether it goes into the quiet hours by that, out of them, or beyond them."""
    await put(database, ELDER, *QUIET)
    await make(database)
    loop = await running(database, machine.watch(NOW - 10 * MINUTE), handed)
    await live(loop, machine, NOW + when * MINUTE, MINUTE)
    machine.wall += ahead
    for _ in range(3):
        await tick(loop)
        machine.pass_by(SECOND_LOOK)
    await tick(loop)
    machine.wall -= ahead
    await live(loop, machine, END + DAY, MINUTE)
    query = f"SELECT (created_at - {NOW}) / 60000 FROM user_notification WHERE early = 0"
    assert rows(database.path, query) == [210]


@pytest.mark.parametrize("is_snoozed", [False, True])
async def test_a_start_by_a_clock_that_is_ahead_costs_no_ring(
    database: Database, machine: Machine, handed: Handed, *, is_snoozed: bool
) -> None:
    """It waits, and the clock shows a time after the quiet hours at the start."""
    await put(database, ELDER, *QUIET)
    await make(database, NOW if is_snoozed else PLANNED)
    loop = await running(database, machine.watch(NOW - 10 * MINUTE), handed)
    await tick(loop)
    if is_snoozed:
        await database.written(each(answers.snooze), to_snooze(handed.notifications[0].id, PLANNED, NOW + 1))
    await live(loop, machine, NOW + 80 * MINUTE, MINUTE)
    machine.wall += 4 * HOUR
    loop = await running(database, machine.watch(NOW - 10 * MINUTE), handed)
    for _ in range(2):
        await tick(loop)
    first = [0] if is_snoozed else []
    at_start = [minutes for _, minutes in rang(database)]
    machine.wall -= 4 * HOUR
    await live(loop, machine, END + DAY, MINUTE)
    assert (at_start, [minutes for _, minutes in rang(database)]) == ([*first, 320], [*first, 320, 210])


async def test_what_a_clock_that_was_ahead_has_held_rings_at_once(
    database: Database, machine: Machine, handed: Handed
) -> None:
    """It was due before the quiet hours, by the time that it really is."""
    await put(database, ELDER, *QUIET)
    await make(database, NOW + 50 * MINUTE)
    loop = await running(database, machine.watch(NOW - 10 * MINUTE), handed)
    await live(loop, machine, NOW + 49 * MINUTE, MINUTE)
    machine.wall += 40 * MINUTE
    for _ in range(4):
        machine.pass_by(SECOND_LOOK)
        await tick(loop)
    assert rang(database) == []
    machine.wall -= 40 * MINUTE
    for _ in range(3):
        await tick(loop)
    assert rang(database) == [(ELDER, 51)]
    await live(loop, machine, END + DAY, MINUTE)
    assert len(rang(database)) == 1


async def test_without_a_zone_they_go_by_the_clinic_s(machine: Machine, handed: Handed, path: Path) -> None:
    """Whichever that is at a start."""
    async with opened(path) as database:
        quiet = QuietHours(ELDER, *QUIET, "Asia/Shanghai", zone_given=False)
        await database.written(each(quiet_hours.change), Change(ELDER, quiet, NOW))
        await make(database)
        loop = await running(database, machine.watch(), handed)
        await live(loop, machine, PLANNED, MINUTE)
        assert rang(database) == []
        # An hour ahead, in Tokyo, it is 12:20 by then: quiet for another hour and ten minutes.
        loop = await running(database, machine.watch(), handed, ZoneInfo("Asia/Tokyo"))
        await live(loop, machine, END + DAY, MINUTE)
        assert rang(database) == [(ELDER, 150)]


@pytest.mark.parametrize(
    ("zone", "hours", "now", "until"),
    [
        ("Europe/Berlin", ("22:00", "07:00"), "2025-03-29T23:00+01:00", "2025-03-30T07:00+02:00"),
        ("Europe/Berlin", ("22:00", "07:00"), "2025-10-26T02:30+01:00", "2025-10-26T07:00+01:00"),
        # A time that is skipped is the end of the gap, one that comes twice the first.
        ("Europe/Berlin", ("22:00", "02:30"), "2025-03-30T01:59+01:00", "2025-03-30T03:00+02:00"),
        ("Europe/Berlin", ("22:00", "02:30"), "2025-10-26T02:29+02:00", "2025-10-26T02:30+02:00"),
        ("Europe/Berlin", ("22:00", "02:30"), "2025-10-26T02:15+01:00", None),
        ("Europe/Berlin", ("02:30", "06:00"), "2025-03-30T03:00+02:00", "2025-03-30T06:00+02:00"),
        ("Europe/Berlin", ("02:10", "02:50"), "2025-03-30T03:00+02:00", None),
        ("Europe/Berlin", ("13:00", "15:00"), "2025-06-01T12:59:59+02:00", None),
        ("Europe/Berlin", ("13:00", "15:00"), "2025-06-01T13:00+02:00", "2025-06-01T15:00+02:00"),
        ("Europe/Berlin", ("13:00", "15:00"), "2025-06-01T15:00+02:00", None),
        ("Europe/Berlin", ("00:00", "23:59"), "2025-06-01T12:00+02:00", "2025-06-01T23:59+02:00"),
        ("Europe/Berlin", ("23:59", "23:58"), "2025-06-01T23:58:30+02:00", None),
        # Samoa skipped the 30th of December.
        ("Pacific/Apia", ("22:00", "07:00"), "2011-12-29T23:00-10:00", "2011-12-31T00:00+14:00"),
        ("Pacific/Apia", ("22:00", "07:00"), "2011-12-31T00:00+14:00", "2011-12-31T07:00+14:00"),
    ],
)
def test_when_they_end(zone: str, hours: tuple[str, str], now: str, until: str | None) -> None:
    found = QuietHours(ELDER, *hours, zone, zone_given=True).until(moment(now))
    assert found == (None if until is None else moment(until))


def moment(text: str) -> int:
    return int(datetime.fromisoformat(text).timestamp() * 1000)


# The model: each ring that is planned waits in a list, and is looked at by the clock on its user's wall at each tick.
PEOPLE: Final = {
    1: ("Europe/Berlin", "22:00", "07:00"),
    2: ("America/New_York", "21:30", "06:45"),
    3: ("Asia/Shanghai", "12:00", "14:00"),
    4: None,
}
SIMULATED: Final = 4 * DAY


class Model:
    """What is to ring, worked out without a look at the program."""

    def __init__(self) -> None:
        self.quiet: dict[int, tuple[str, str, str] | None] = dict(PEOPLE)
        self.waiting: list[tuple[int, int, int]] = []  # occurrence, user, due
        self.snoozed: dict[tuple[int, int], int] = {}  # the same, of what comes again
        self.critical: set[int] = set()
        self.over: set[int] = set()
        self.rang: list[tuple[int, int, int]] = []  # occurrence, user, when

    def is_quiet(self, user_id: int, now: int) -> bool:
        hours = self.quiet[user_id]
        if hours is None:
            return False
        zone, begins, ends = hours
        on_wall = datetime.fromtimestamp(now / 1000, ZoneInfo(zone)).strftime("%H:%M")
        return begins <= on_wall < ends if begins < ends else on_wall >= begins or on_wall < ends

    def tick(self, now: int) -> None:
        snoozed = [(*one, until) for one, until in self.snoozed.items()]
        ringing = set()
        for occurrence, user_id, due in [*self.waiting, *snoozed]:
            is_held = occurrence not in self.critical and self.is_quiet(user_id, now)
            if occurrence not in self.over and due <= now and not is_held:
                ringing.add((occurrence, user_id))
        self.waiting = [one for one in self.waiting if one[2] > now or one[:2] not in ringing]
        self.snoozed = {one: until for one, until in self.snoozed.items() if until > now or one not in ringing}
        self.rang += [(occurrence, user_id, now) for occurrence, user_id in ringing]


@pytest.mark.parametrize("seed", range(8))
async def test_as_a_model_has_it(machine: Machine, handed: Handed, path: Path, seed: int) -> None:
    """Over changes of daylight saving, with stops, changes of the quiet hours, answers, snoozes and withdrawals."""
    chance, model = random.Random(seed), Model()
    start = moment(("2025-03-08T06:00Z", "2025-03-29T00:00Z", "2025-10-25T05:00Z", "2025-11-01T05:00Z")[seed % 4])
    machine.wall = start
    number_of: dict[int, int] = {}
    async with opened(path) as database:
        for number in range(40):
            user_id, at = chance.randrange(1, 5), start + chance.randrange(SIMULATED - DAY) // MINUTE * MINUTE
            is_critical = chance.random() < 0.1
            after = sorted(chance.sample(range(1, 900), chance.randrange(5)))
            ladder = [(minutes, chance.randrange(1, 5)) for minutes in after]
            follow_up = orjson.dumps(
                [*([minutes * MINUTE, user] for minutes, user in ladder), [(after or [0])[-1] * MINUTE + HOUR, None]]
            ).decode()
            new = new_task(user_id, at, critical=is_critical, **({"follow_up": follow_up} if ladder else {}))
            number_of[(await database.written(each(reminders.add), new)).id] = number
            for minutes, rung_user in [(0, user_id), *ladder]:
                model.waiting.append((number, rung_user, at + minutes * MINUTE))
            model.critical |= {number} if is_critical else set()
        for user_id, hours in PEOPLE.items():
            if hours is not None:
                await put(database, user_id, hours[1], hours[2], now=start, zone=hours[0])
    while machine.wall < start + SIMULATED:
        async with opened(path) as database:
            loop = await running(database, machine.watch(machine.wall), handed)
            for _ in range(chance.randrange(30, 300)):
                await tick(loop)
                await tick(loop)
                model.tick(machine.wall)
                await act(database, model, chance, machine.wall, number_of)
                machine.pass_by(chance.choice((1, 5, 10, 30, 45)) * MINUTE)
        machine.pass_by(chance.choice((1, 60, 600, 1500)) * MINUTE)
    found = rows(path, "SELECT task_id, user_id, created_at FROM user_notification")
    assert sorted((number_of[task_id], user_id, at) for task_id, user_id, at in found) == sorted(model.rang)
    assert len(model.rang) > 30


async def act(database: Database, model: Model, chance: random.Random, now: int, number_of: dict[int, int]) -> None:
    """Now and then quiet hours change, an answer or a snooze comes, or a reminder is withdrawn."""
    dice = chance.random()
    if dice < 0.01:
        user_id = chance.randrange(1, 5)
        hours = chance.choice([None, ("Europe/Berlin", "20:00", "05:30"), ("Asia/Shanghai", "23:00", "06:15")])
        model.quiet[user_id] = hours
        await put(database, user_id, *(hours or ())[1:], now=now, zone=(hours or ("",))[0])
    elif dice < 0.03 and model.rang:
        found = rows(database.path, "SELECT id, task_id FROM user_notification")
        notification_id, task_id = chance.choice(found)
        done = await database.written(each(answers.confirm), AskedToConfirm(notification_id, None, API, now, "DONE"))
        if isinstance(done, Answered):
            model.over.add(number_of[task_id])
    elif dice < 0.1 and model.rang:
        found = rows(database.path, "SELECT max(id), task_id, user_id FROM user_notification GROUP BY task_id, user_id")
        notification_id, task_id, user_id = chance.choice(found)
        until = now + chance.randrange(1, 900) * MINUTE
        snooze = to_snooze(notification_id, until, now)
        if isinstance(await database.written(each(answers.snooze), snooze), Answered):
            model.snoozed[number_of[task_id], user_id] = until
    elif dice < 0.105:
        task_id = chance.choice(list(number_of))
        await database.written(each(withdrawal.withdraw), Withdrawing(task_id, now, API, None))
        model.over.add(number_of[task_id])
