"""What users answer: each again changes nothing, and nobody answers for another."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from store import answers, notifications
from store.answers import Answered, AskedToConfirm, IsConfirmed, NoNotification, NotAhead, Outcome
from store.database import Database
from store.history import API, user
from store.notifications import Notification
from store.transaction import Statement, each
from tests.store.file import opened, rows
from tests.store.samples import NOW, asked, history_of, notified, to_snooze

READ: Statement[AskedToConfirm, Outcome] = each(answers.read)
CONFIRM, SNOOZE = each(answers.confirm), each(answers.snooze)
LATER: Final = NOW + 60_000


def state(outcome: Outcome) -> tuple[Any, ...]:
    """Status, read_at, confirmed_at and snoozed_until, with what is unread from now on."""
    assert isinstance(outcome, Answered)
    one = outcome.notification
    return one.status, one.read_at, one.confirmed_at, one.snoozed_until, outcome.unread


async def stored(database: Database, user_id: int = 1001) -> list[Notification]:
    page, _, _ = await notifications.page(database, user_id, status=None, after_id=0, before_id=None, limit=200)
    return page


async def told(database: Database, notification_id: int) -> list[tuple[int, str, str]]:
    entries = await history_of(database, notification_id)
    return [(one.at, one.what, one.by) for one in entries if one.what not in ("created", "due", "written", "pushed")]


async def test_reading_is_remembered_from_the_first_time(database: Database) -> None:
    first, second = await notified(database, 2)
    assert state(await database.written(READ, asked(first.id, NOW + 1, 1001))) == ("READ", NOW + 1, None, None, 1)
    assert state(await database.written(READ, asked(first.id, NOW + 2))) == ("READ", NOW + 1, None, None, None)
    assert state(await database.written(READ, asked(second.id, NOW + 3))) == ("READ", NOW + 3, None, None, 0)
    assert await told(database, first.id) == [(NOW + 1, "read", user(1001))]
    assert await told(database, second.id) == [(NOW + 3, "read", API)]


async def test_confirming_also_reads(database: Database) -> None:
    unread, read = await notified(database, 2)
    await database.written(READ, asked(read.id, NOW + 1))
    confirmed = await database.written(CONFIRM, asked(unread.id, NOW + 2, 1001))
    assert state(confirmed) == ("READ", NOW + 2, NOW + 2, None, 0)
    confirmed = await database.written(CONFIRM, asked(read.id, NOW + 3))
    assert state(confirmed) == ("READ", NOW + 1, NOW + 3, None, 0)
    for again in (CONFIRM, READ):
        assert state(await database.written(again, asked(read.id, NOW + 9))) == ("READ", NOW + 1, NOW + 3, None, None)
    assert await told(database, unread.id) == [(NOW + 2, "read", user(1001)), (NOW + 2, "confirmed", user(1001))]
    assert await told(database, read.id) == [(NOW + 1, "read", API), (NOW + 3, "confirmed", API)]


async def test_a_snooze_can_be_moved_and_leaves_open_what_is_read(database: Database) -> None:
    (one,) = await notified(database, 1)
    assert state(await database.written(SNOOZE, to_snooze(one.id, LATER))) == ("UNREAD", None, None, LATER, 1)
    assert state(await database.written(SNOOZE, to_snooze(one.id, LATER, NOW + 1)))[-2:] == (LATER, None)
    assert state(await database.written(SNOOZE, to_snooze(one.id, LATER - 1, NOW + 2)))[-2:] == (LATER - 1, 1)
    assert state(await database.written(READ, asked(one.id, NOW + 3))) == ("READ", NOW + 3, None, LATER - 1, 0)
    assert await told(database, one.id) == [(NOW, "snoozed", API), (NOW + 2, "snoozed", API), (NOW + 3, "read", API)]
    entries = await history_of(database, one.id)
    assert [entry.detail for entry in entries if entry.what == "snoozed"] == [{"until": LATER}, {"until": LATER - 1}]


async def test_what_is_confirmed_is_snoozed_no_more(database: Database) -> None:
    (one,) = await notified(database, 1)
    await database.written(SNOOZE, to_snooze(one.id, LATER))
    assert state(await database.written(CONFIRM, asked(one.id))) == ("READ", NOW, NOW, None, 0)
    for until in (LATER, LATER + 1):
        assert type(await database.written(SNOOZE, to_snooze(one.id, until))) is IsConfirmed


@pytest.mark.parametrize("until", [0, NOW - 1, NOW, NOW + answers.LONGEST_SNOOZE + 1, 253_000_000_000_000])
async def test_it_lies_ahead_and_within_a_year(database: Database, until: int) -> None:
    (one,) = await notified(database, 1)
    for number in (one.id, 99):
        assert type(await database.written(SNOOZE, to_snooze(number, until))) is NotAhead
    assert (await stored(database))[0].snoozed_until is None
    furthest = await database.written(SNOOZE, to_snooze(one.id, NOW + answers.LONGEST_SNOOZE))
    assert isinstance(furthest, Answered)


async def test_nobody_answers_for_another(database: Database) -> None:
    (one,) = await notified(database, 1)
    for number, user_id in ((one.id, 1002), (one.id, 0), (99, 1001), (99, None)):
        for statement in (READ, CONFIRM):
            assert type(await database.written(statement, asked(number, NOW, user_id))) is NoNotification
        assert type(await database.written(SNOOZE, to_snooze(number, LATER, NOW, user_id))) is NoNotification
    assert await stored(database) == [one]
    assert await told(database, one.id) == []


STEPS = st.lists(st.tuples(st.sampled_from("rcs"), st.integers(1, 3), st.integers(1, 4), st.booleans()), max_size=20)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(STEPS)
async def test_whatever_is_answered_in_whatever_order(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[str, int, int, bool]]
) -> None:
    """Asked again nothing changes, what is told is what is stored, and what is unread is counted right."""
    path: Path = tmp_path_factory.mktemp("answers") / "careline.db"
    async with opened(path) as database:
        await notified(database, 3)
        for number, (what, notification_id, after, twice) in enumerate(steps):
            for at in (NOW + number, NOW + number + 1000)[: 1 + twice]:
                if what == "s":
                    outcome = await database.written(SNOOZE, to_snooze(notification_id, LATER + after, at, 1001))
                else:
                    statement = READ if what == "r" else CONFIRM
                    outcome = await database.written(statement, asked(notification_id, at, 1001))
                now = await stored(database)
                if isinstance(outcome, Answered):
                    assert outcome.notification == now[notification_id - 1]
                    assert at == NOW + number or outcome.unread is None
                    assert outcome.unread in (None, sum(one.status == "UNREAD" for one in now))
                else:
                    assert now[notification_id - 1].confirmed_at is not None
        for one in await stored(database):
            assert (one.status == "READ") is (one.read_at is not None)
            assert one.confirmed_at is None or one.snoozed_until is None
    answered = rows(path, "SELECT COUNT(*) FROM history WHERE what = 'confirmed' GROUP BY notification_id")
    assert set(answered) <= {1}
