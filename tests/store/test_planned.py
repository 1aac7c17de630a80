"""What an occurrence is known by, and how files that know it by its moment come to that."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

import pytest

from store import schema
from store.carry_over import carry_over
from store.clock import in_milliseconds
from store.planned import known_by, planned_moment, planned_on, wall_of
from tests.store.file import rows
from tests.store.leave_schema import FOLDER, load
from tests.store.samples import NOW

SHANGHAI: Final = ZoneInfo("Asia/Shanghai")
BERLIN: Final = ZoneInfo("Europe/Berlin")
WALL: Final = "2030-01-01T08:00:00"
DAILY: Final = ("FREQ=DAILY", "Asia/Shanghai")


@pytest.mark.parametrize(
    ("known", "moment", "wall"),
    [
        (planned_on(WALL, None), datetime(2030, 1, 1, 8, tzinfo=BERLIN), WALL),
        (planned_on(WALL, "Asia/Shanghai"), datetime(2030, 1, 1, 8, tzinfo=SHANGHAI), WALL),
        (str(NOW), datetime(2025, 1, 1, 10, tzinfo=SHANGHAI), None),
        ("2025-03-30T02:30:00", datetime(2025, 3, 30, 3, tzinfo=BERLIN), "2025-03-30T02:30:00"),
    ],
)
def test_its_moment_follows_from_it(known: str, moment: datetime, wall: str | None) -> None:
    assert planned_moment(known, BERLIN) == in_milliseconds(moment)
    assert wall_of(known) == wall


@pytest.mark.parametrize(
    ("task", "at", "known"),
    [
        ((*DAILY, 1, None, 0), NOW, "2025-01-01T10:00:00[Asia/Shanghai]"),
        ((*DAILY, 0, None, 0), NOW, "2025-01-01T10:00:00"),
        ((*DAILY, None, None, 0), NOW, "2025-01-01T10:00:00"),
        ((None, None, 0, WALL, NOW), NOW, WALL),
        ((None, None, 0, WALL, NOW), NOW + 1, str(NOW + 1)),
        ((None, "Asia/Shanghai", 1, None, NOW), NOW, str(NOW)),
        (("FREQ=DAILY", "Nowhere/City", 1, None, 0), NOW, str(NOW)),
        (("FREQ=DAILY", None, 1, None, 0), NOW, str(NOW)),
        ((*DAILY, 1, None, 0), 2**63 - 1, str(2**63 - 1)),
        # 02:30 for the second time in that night.
        (("FREQ=DAILY", "Europe/Berlin", 1, None, 0), 1_761_442_200_000, "1761442200000"),
    ],
)
def test_what_an_older_careline_has_kept(task: tuple[Any, ...], at: int, known: str) -> None:
    assert known_by(at, *task) == known


def with_occurrences(path: Path) -> Path:
    """A file of before, in which a task that repeats has rung twice and one that comes once has rung."""
    load(path, FOLDER / "0011_one_state_of_an_occurrence.sql")
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute(
            """INSERT INTO reminder_task (id, user_id, biz_type, biz_id, channel, title, remind_at, status, created_at,
                rrule, timezone, zone_given, next_at) VALUES (50, 1, 'A', 1, 'IN_APP', 'x', ?, 'PENDING', 0,
                'FREQ=DAILY', 'Asia/Shanghai', 1, ?)""",
            (NOW, NOW + 2 * 86_400_000),
        )
        for number in range(2):
            at = NOW + number * 86_400_000
            connection.execute(
                """INSERT INTO user_notification (id, user_id, biz_type, biz_id, title, status, created_at, task_id,
                    occurrence_at) VALUES (?, 1, 'A', 1, 'x', 'UNREAD', ?, 50, ?)""",
                (500 + number, at, at),
            )
            connection.execute("INSERT INTO occurrence VALUES (50, ?, ?, 'WRITTEN', ?)", (at, at, 500 + number))
    return path


ALL: Final = "SELECT task_id, planned_on, planned_at, outcome, notification_id FROM occurrence"
TOLD: Final = "SELECT id, occurrence_on FROM user_notification ORDER BY id"


def test_a_file_of_before_is_brought_to_it(tmp_path: Path) -> None:
    path = with_occurrences(tmp_path / "a.db")
    before = rows(path, "SELECT task_id, planned_at, outcome, notification_id FROM occurrence")
    schema.migrate(path)
    found = rows(path, ALL)
    assert sorted((task_id, *rest) for task_id, _, *rest in found) == sorted(before)
    assert [known for task_id, known, *_ in found if task_id == 50] == [
        *("2025-01-01T10:00:00[Asia/Shanghai]", "2025-01-02T10:00:00[Asia/Shanghai]"),
    ]
    told = dict(rows(path, TOLD))
    assert all(told[notification_id] == known for _, known, _, _, notification_id in found if notification_id)


@pytest.mark.parametrize("is_older", ["neither", "replaced", "restored"])
def test_a_restore_takes_over_what_has_rung_from_an_older_file(tmp_path: Path, is_older: str) -> None:
    replaced, restored = (with_occurrences(tmp_path / name) for name in ("replaced.db", "restored.db"))
    with closing(sqlite3.connect(restored, isolation_level=None)) as connection:
        connection.execute("DELETE FROM occurrence WHERE task_id = 50")
        connection.execute("DELETE FROM user_notification WHERE task_id = 50")
    for path, name in ((replaced, "replaced"), (restored, "restored")):
        if is_older != name:
            schema.migrate(path)
    assert carry_over(replaced, restored).occurrences == 2
    for path in (replaced, restored):
        schema.migrate(path)
    assert rows(restored, ALL) == rows(replaced, ALL)
    assert rows(restored, TOLD) == rows(replaced, TOLD)
