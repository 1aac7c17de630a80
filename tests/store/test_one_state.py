"""One occurrence has one state, whichever of its notifications is answered: three devices with old screens, held
against a model of their own."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from store import answers, notifications, schema, snoozes
from store.answers import Answered, AskedToConfirm, IsConfirmed, NotAhead, Outcome, TooManySnoozes
from store.database import Database
from store.next_due import next_due
from store.notifications import Notification
from store.occurrences import Due
from store.transaction import Statement, each
from tests.store.file import opened, rows
from tests.store.leave_schema import FOLDER, load
from tests.store.samples import NOW, asked, history_of, notified, to_snooze

READ: Statement[AskedToConfirm, Outcome] = each(answers.read)
CONFIRM, SNOOZE = each(answers.confirm), each(answers.snooze)
MINUTE: Final = 60_000
LATER: Final = NOW + MINUTE


async def stored(database: Database) -> list[Notification]:
    page, _, _ = await notifications.page(database, 1001, status=None, after_id=0, before_id=None, limit=200)
    return page


async def come_again(database: Database, now: int) -> list[Notification]:
    """Have what is due come again and give the new notifications."""
    came = await database.written(each(snoozes.dispatch_due), Due(now, 500))
    return [one.notification for one in came if one.notification is not None]


async def rung_twice(database: Database) -> tuple[Notification, Notification]:
    """A notification, and the one that it has come again as."""
    (first,) = await notified(database, 1)
    await database.written(SNOOZE, to_snooze(first.id, NOW + MINUTE))
    (second,) = await come_again(database, NOW + MINUTE)
    return first, second


def changed(outcome: Outcome) -> list[int]:
    """The ids of what the answer has changed."""
    assert isinstance(outcome, Answered)
    return [one.id for one in outcome.changed]


@pytest.mark.parametrize("number", [0, 1])
async def test_a_confirmation_of_any_holds_for_all(database: Database, number: int) -> None:
    both = await rung_twice(database)
    at = NOW + 2 * MINUTE
    confirmed = await database.written(CONFIRM, asked(both[number].id, at))
    assert isinstance(confirmed, Answered)
    assert confirmed.notification.id == both[number].id
    assert (changed(confirmed), confirmed.unread) == ([both[0].id, both[1].id], 0)
    assert [(one.status, one.confirmed_at, one.snoozed_until) for one in await stored(database)] == [
        ("READ", at, None)
    ] * 2
    for other in both:
        assert changed(await database.written(CONFIRM, asked(other.id, at + 1))) == []
        assert type(await database.written(SNOOZE, to_snooze(other.id, at + MINUTE, at + 1))) is IsConfirmed
    for one, what in zip(both, (["confirmed"], ["read", "confirmed"]), strict=True):
        entries = await history_of(database, one.id)
        assert [entry.what for entry in entries if entry.at == at] == what


async def test_a_confirmed_one_does_not_ring_from_an_old_screen(database: Database) -> None:
    """As it was reported: snooze the first, it comes again, snooze the first again, confirm the second."""
    first, second = await rung_twice(database)
    until = NOW + 3 * MINUTE
    snoozed = await database.written(SNOOZE, to_snooze(first.id, until, NOW + 2 * MINUTE))
    assert isinstance(snoozed, Answered)
    assert (snoozed.notification.id, changed(snoozed)) == (first.id, [second.id]), "the newest comes again"
    assert [one.snoozed_until for one in await stored(database)] == [None, until]
    await database.written(CONFIRM, asked(second.id, NOW + 2 * MINUTE))
    assert await come_again(database, until) == []
    assert (await next_due(database)).snooze is None


async def test_reading_an_old_one_reads_the_newest(database: Database) -> None:
    first, second = await rung_twice(database)
    until = NOW + 3 * MINUTE
    await database.written(SNOOZE, to_snooze(second.id, until, NOW + MINUTE))
    read = await database.written(READ, asked(first.id, NOW + 2 * MINUTE))
    assert isinstance(read, Answered)
    assert (changed(read), read.unread) == ([second.id], 0)
    (third,) = await come_again(database, until)
    assert third.status == "UNREAD", "the snooze stands"


async def test_asked_again_for_a_time_at_which_it_came_it_stays_as_it_is(database: Database) -> None:
    first, second = await rung_twice(database)
    again = to_snooze(first.id, NOW + MINUTE, NOW + 2 * MINUTE)
    assert changed(await database.written(SNOOZE, again)) == []
    until = NOW + 3 * MINUTE
    await database.written(SNOOZE, to_snooze(first.id, until, NOW + 2 * MINUTE))
    (third,) = await come_again(database, until)
    for one in (first, second):
        assert changed(await database.written(SNOOZE, to_snooze(one.id, until, until))) == []
    assert type(await database.written(SNOOZE, to_snooze(third.id, until, until))) is NotAhead


async def test_it_comes_again_so_often_and_no_more(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(answers, "MOST_SNOOZES", 3)
    (one,) = await notified(database, 1)
    for number in range(1, 4):
        await database.written(SNOOZE, to_snooze(one.id, NOW + number * MINUTE, NOW + (number - 1) * MINUTE))
        assert len(await come_again(database, NOW + number * MINUTE)) == 1
    outcome = await database.written(SNOOZE, to_snooze(one.id, NOW + 9 * MINUTE, NOW + 4 * MINUTE))
    assert type(outcome) is TooManySnoozes
    assert changed(await database.written(CONFIRM, asked(one.id, NOW + 5 * MINUTE))) == [1, 2, 3, 4]


# Of one occurrence each, as a version without a common state could leave them: status, confirmed_at, snoozed_until and
# which of them was snoozed; and what becomes of them.
LEFT: Final = [
    (
        [("READ", None, LATER, None), ("READ", NOW, None, 0)],
        [("READ", NOW, None), ("READ", NOW, None)],
    ),
    (
        [("READ", NOW, None, None), ("UNREAD", None, None, 0)],
        [("READ", NOW, None), ("READ", NOW, None)],
    ),
    (
        [("UNREAD", None, LATER, None), ("READ", None, None, 0), ("UNREAD", None, None, 0)],
        [("READ", None, None), ("READ", None, None), ("UNREAD", None, LATER)],
    ),
    ([("UNREAD", None, LATER, None)], [("UNREAD", None, LATER)]),
    ([("READ", NOW, None, None)], [("READ", NOW, None)]),
]


@pytest.mark.parametrize(("left", "becomes"), LEFT)
def test_a_file_of_before_gets_one_state(path: Path, left: list[tuple[Any, ...]], becomes: list[Any]) -> None:
    load(path, FOLDER / "0007_notifications_of_task.sql")
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        for number, (status, confirmed_at, snoozed_until, snooze_of) in enumerate(left):
            connection.execute(
                """INSERT INTO user_notification (id, user_id, biz_type, biz_id, title, status, created_at, read_at,
                    task_id, occurrence_at, confirmed_at, snoozed_until, snooze_of)
                VALUES (?, 1001, 'X', 1, 'X', ?, ?, ?, 1, ?, ?, ?, ?)""",
                (
                    *(9001 + number, status, NOW + number, NOW if status == "READ" else None, NOW + number),
                    *(confirmed_at, snoozed_until, None if snooze_of is None else 9001 + snooze_of),
                ),
            )
    schema.migrate(path)
    assert rows(path, "SELECT status, confirmed_at, snoozed_until FROM user_notification WHERE id > 9000") == becomes
    assert rows(path, "SELECT count(*) FROM user_notification WHERE (status = 'READ') <> (read_at NOTNULL)") == [0]


@dataclass
class Model:
    """An occurrence as its user thinks of it: one thing that rings, is read, is put off and is over."""

    rings: list[int] = field(default_factory=lambda: [1])  # the ids of its notifications
    unread: bool = True
    over: bool = False
    until: int | None = None
    rang_at: dict[int, int] = field(default_factory=dict)  # the id of what rang last at that time

    def answer(self, what: str, shown: int, now: int, until: int) -> bool | type[Any]:
        """Take an answer; say whether it changed anything, or why it is refused."""
        before = (self.unread, self.over, self.until)
        if what == "s":
            if until == self.until or self.rang_at.get(until, 0) > shown:
                return False
            if until <= now:
                return NotAhead
            if self.over:
                return IsConfirmed
            self.until = until
        else:
            self.unread = False
        if what == "c":
            self.over, self.until = True, None
        return (self.unread, self.over, self.until) != before

    def ring(self, now: int) -> list[int]:
        """Ring again where it is time; give the id of what rings."""
        if self.until is None or self.until > now:
            return []
        new_id = len(self.rings) + 1
        self.rang_at[self.until] = new_id
        self.rings.append(new_id)
        self.unread, self.until = True, None
        return [new_id]


# What is done, by which of the notifications so far, how many minutes pass before, until how many minutes from the
# start a snooze is to last, and whether the answer is sent twice.
STEPS: Final = st.lists(
    st.tuples(st.sampled_from("rrcssss"), st.integers(0, 9), st.integers(0, 2), st.integers(1, 25), st.booleans()),
    max_size=30,
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(STEPS)
async def test_old_screens_answer_in_any_order(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[str, int, int, int, bool]]
) -> None:
    model, now = Model(), NOW
    async with opened(tmp_path_factory.mktemp("one") / "careline.db") as database:
        await notified(database, 1)
        for what, shown, minutes, until_minute, twice in steps:
            now += minutes * MINUTE
            rang = await come_again(database, now)
            assert [one.id for one in rang] == model.ring(now)
            old = model.rings[shown % len(model.rings)]
            until = NOW + until_minute * MINUTE
            for _ in range(1 + twice):
                before = await stored(database)
                expected = model.answer(what, old, now, until)
                outcome = await answer(database, what, old, until, now)
                hold_to(model, before, await stored(database), outcome, expected)
        assert len(await come_again(database, now + 30 * MINUTE)) == (model.until is not None)


async def answer(database: Database, what: str, shown: int, until: int, now: int) -> Outcome:
    """Answer as a device that shows this one."""
    if what == "s":
        return await database.written(SNOOZE, to_snooze(shown, until, now, 1001))
    return await database.written({"r": READ, "c": CONFIRM}[what], asked(shown, now, 1001))


def hold_to(
    model: Model, before: list[Notification], after: list[Notification], outcome: Outcome, expected: bool | type[Any]
) -> None:
    """Hold what is stored, and what the answer tells, to the model."""
    assert [one.id for one in after] == model.rings
    assert [one.status for one in after] == ["READ"] * (len(after) - 1) + ["UNREAD" if model.unread else "READ"]
    assert [one.snoozed_until for one in after] == [None] * (len(after) - 1) + [model.until]
    assert all((one.confirmed_at is not None) is model.over for one in after)
    assert all((one.status == "READ") is (one.read_at is not None) for one in after)
    if isinstance(expected, bool):
        assert isinstance(outcome, Answered)
        assert (outcome.unread is not None) is expected
        assert outcome.unread in (None, int(model.unread))
        assert outcome.notification in after
        assert list(outcome.changed) == [one for one in after if one not in before]
    else:
        assert type(outcome) is expected
        assert after == before
