"""How many notifications a user has not read: exact after whatever happened, and at the same cost however many."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from store import answers, notifications, schema, snoozes
from store.notifications import NewNotification
from store.occurrences import Due
from tests.store.samples import NOW, asked, to_snooze

USERS: Final = (1, 2, 3)
COUNT: Final = "SELECT count(*) FROM user_notification WHERE user_id = ? AND status = 'UNREAD'"
STEPS: Final = st.lists(
    st.tuples(
        st.sampled_from(["notify", "read", "confirm", "snooze", "dispatch", "delete", "roll back", "count"]),
        st.integers(0, 20),
    ),
    max_size=40,
)


def connected(path: Path) -> sqlite3.Connection:
    path.unlink(missing_ok=True)
    path.touch()
    schema.migrate(path)
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute(
        "INSERT INTO reminder_task (id, user_id, biz_type, biz_id, channel, title, remind_at, status, created_at)"
        " VALUES (1, 1, 'A', 1, 'IN_APP', 'x', 1, 'DISPATCHED', 1)"
    )
    return connection


@pytest.fixture
def connection(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    with closing(connected(tmp_path / "counts.db")) as connection:
        yield connection


def new(user_id: int, occurrence_at: int) -> NewNotification:
    return NewNotification(user_id, "A", 1, "x", None, NOW, 1, occurrence_at)


def take(connection: sqlite3.Connection, step: str, number: int, at: int) -> None:
    match step:
        case "notify":
            notifications.notify(connection, [new(user_id, at * 10 + user_id) for user_id in USERS])
        case "read":
            answers.read(connection, asked(number))
        case "confirm":
            answers.confirm(connection, asked(number))
        case "snooze":
            answers.snooze(connection, to_snooze(number, NOW + at + 1))
        case "dispatch":
            snoozes.dispatch_due(connection, Due(NOW + at + 1, 10))
        case "delete":
            connection.execute("DELETE FROM user_notification WHERE id = ? AND snoozed_until IS NULL", (number,))
        case "roll back":
            connection.execute("SAVEPOINT step")
            take(connection, "notify", number, at)
            answers.read(connection, asked(number))
            connection.execute("ROLLBACK TO step")
            connection.execute("RELEASE step")
        case "count":
            notifications.count_unread(connection, USERS[number % 3])


@given(steps=STEPS)
@settings(max_examples=60, deadline=None)
def test_the_count_is_exact(tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[str, int]]) -> None:
    path = tmp_path_factory.getbasetemp() / "exact.db"
    with closing(connected(path)) as connection:
        for at, (step, number) in enumerate([*steps, ("count", 0)]):
            connection.execute("BEGIN IMMEDIATE")
            try:
                take(connection, step, number, at)
                connection.execute("COMMIT")
            except sqlite3.IntegrityError:  # what has come again cannot be deleted before it
                connection.execute("ROLLBACK")
            for user_id in USERS:
                counted = connection.execute(COUNT, (user_id,)).fetchone()[0]
                assert notifications.count_unread(connection, user_id) == counted


def steps_of_answer(connection: sqlite3.Connection, notification_id: int) -> int:
    """Count the steps of SQLite's machine in which a notification is read and what is left is counted."""
    steps = 0

    def step() -> None:
        nonlocal steps
        steps += 1

    connection.set_progress_handler(step, 1)
    answers.read(connection, asked(notification_id))
    connection.set_progress_handler(None, 1)
    return steps


def test_an_answer_costs_the_same_however_many_are_unread(connection: sqlite3.Connection) -> None:
    notifications.notify(connection, [new(1, number) for number in range(10)])
    answers.read(connection, asked(1))
    few = steps_of_answer(connection, 2)
    notifications.notify(connection, [new(1, number) for number in range(10, 5000)])
    assert steps_of_answer(connection, 3) <= few * 1.1
    assert notifications.count_unread(connection, 1) == 4997
