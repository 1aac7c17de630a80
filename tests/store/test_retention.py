"""What is kept long enough goes, chunk by chunk; what is not stays, and no id comes again."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from store import (
    answers,
    history,
    idempotency_keys,
    messages,
    notifications,
    occurrences,
    posting,
    questions,
    reminders,
    retention,
    schema,
    snoozes,
)
from store.clock import DAY
from store.database import Database
from store.file import PRAGMAS
from store.idempotency_keys import Keyed, once
from store.messages import Message, NoQuestion, Visibility
from store.notifications import Notification
from store.occurrences import Due
from store.posting import Outcome
from store.questions import Change, Lookup
from store.retention import CHUNK, Closed
from store.transaction import each
from tests.store.file import all_written, rows, within
from tests.store.samples import (
    NOW,
    add_task,
    asked,
    cancelling,
    draft,
    new_notification,
    new_question,
    open_question,
    to_snooze,
)

STAFF = Visibility(staff=True)


async def in_chunks(database: Database, one: Callable[..., Any], request: Any) -> list[Any]:
    """What each chunk gave, until there was nothing left; by then it was committed."""
    given: list[Any] = []
    while not given or given[-1]:
        given.append(await within(database.written(each(one), request)))
    return given


async def closed(database: Database, at: int, texts: int = 0) -> int:
    """A question that was closed at that time, with so many messages."""
    question_id = (await open_question(database)).id
    await all_written(database, posting.post, [draft(question_id) for _ in range(texts)])
    await database.written(each(questions.change), Change(question_id, {"status": "CLOSED"}, at))
    return question_id


async def end_questions(database: Database, before: int = NOW) -> list[int]:
    """Deletes the questions closed before that, and all of their rows; their ids."""
    chunks = await in_chunks(database, retention.delete_questions, Closed(before, NOW))
    await in_chunks(database, retention.clear_away, None)
    return [question_id for chunk in chunks for question_id in chunk]


class TestQuestions:
    async def test_those_closed_before_go_with_their_messages(self, database: Database, path: Path) -> None:
        open_id = (await open_question(database)).id
        old, new = await closed(database, NOW - 1, texts=3), await closed(database, NOW, texts=2)
        await all_written(database, posting.post, [draft(open_id)])
        assert await end_questions(database) == [old]
        assert rows(path, "SELECT id FROM question") == [open_id, new]
        assert rows(path, "SELECT question_id FROM message ORDER BY id") == [new, new, open_id]

    async def test_counted_from_the_last_closing(self, database: Database) -> None:
        """Closed once more it stays closed since the first time; reopened it is not closed at all."""
        again, reopened, late = [await closed(database, NOW - DAY) for _ in range(3)]
        set_status = each(questions.change)
        await database.written(set_status, Change(again, {"status": "CLOSED"}, NOW))
        for question_id in (reopened, late):
            await database.written(set_status, Change(question_id, {"status": "OPEN"}, NOW))
        await database.written(set_status, Change(late, {"status": "CLOSED"}, NOW))
        assert await end_questions(database) == [again]

    async def test_never_more_than_a_chunk_in_a_transaction(self, database: Database, path: Path) -> None:
        long = await closed(database, NOW - DAY, texts=2 * CHUNK + 1)
        short = [await closed(database, NOW - DAY + 1, texts=1) for _ in range(CHUNK + 1)]
        marked = await in_chunks(database, retention.delete_questions, Closed(NOW, NOW))
        assert marked == [[long, *short[: CHUNK - 1]], short[CHUNK - 1 :], []]
        cleared = await in_chunks(database, retention.clear_away, None)
        assert max(cleared) <= 2 * CHUNK, "messages, and the questions that are left without any"
        assert sum(cleared) == 3 * CHUNK + 2 + CHUNK + 2
        assert rows(path, "SELECT COUNT(*) FROM message") == rows(path, "SELECT COUNT(*) FROM question") == [0]

    async def test_it_vanishes_in_one_step(self, database: Database) -> None:
        """Before the first of its messages goes, and for everybody who asks."""
        question_id = await closed(database, NOW - 1)
        again = draft(question_id, client_msg_id="a")
        await database.written(each(questions.change), Change(question_id, {"status": "OPEN"}, NOW))
        (first,) = await all_written(database, posting.post, [again])
        assert isinstance(first, Message)
        await database.written(each(questions.change), Change(question_id, {"status": "CLOSED"}, NOW - 1))
        lookup = Lookup(database)
        assert await within(lookup.elder_of(question_id))
        assert await database.written(each(retention.delete_questions), Closed(NOW, NOW)) == [question_id]
        assert not await within(lookup.elder_of(question_id))
        assert await questions.get(database, question_id, STAFF) is None
        page, _ = await questions.page(database, STAFF, status=None, elder_id=None, before_id=None, limit=50)
        assert page == []
        assert await messages.page(database, question_id, STAFF, limit=50) is None
        assert await messages.backlog(database, question_id, STAFF, after_id=0, up_to=9, most=500) is None
        told: list[Outcome | BaseException] = await all_written(database, posting.post, [draft(question_id), again])
        assert [type(one) for one in told] == [NoQuestion, NoQuestion]
        changes = await database.written(each(questions.change), Change(question_id, {"status": "OPEN"}, NOW))
        assert not changes.seen

    async def test_a_look_up_under_way_does_not_find_it_any_more(self, database: Database) -> None:
        """Whoever is answered after it was deleted is told so, though the reading may have begun before."""
        for steps in range(12):
            question_id = await closed(database, NOW - 1)
            lookup, deleted = Lookup(database), asyncio.Event()
            found_late: list[bool] = []

            async def ask(question_id: int, lookup: Lookup, deleted: asyncio.Event, found_late: list[bool]) -> None:
                found = await lookup.elder_of(question_id)
                if deleted.is_set():
                    found_late.append(found is not None)

            def tell(ids: list[int], lookup: Lookup = lookup, deleted: asyncio.Event = deleted) -> None:
                lookup.forget(ids)
                deleted.set()

            deleting = asyncio.create_task(
                database.written(each(retention.delete_questions), Closed(NOW, NOW), publish=tell)
            )
            for _ in range(steps):
                await asyncio.sleep(0)
            asking = []
            while not deleted.is_set():
                asking.append(asyncio.create_task(ask(question_id, lookup, deleted, found_late)))
                await asyncio.sleep(0)
            await within(asyncio.gather(deleting, *asking))
            assert found_late or not asking, "one that began before"
            assert not any(found_late)

    async def test_ids_go_on(self, database: Database) -> None:
        last = await closed(database, NOW - 1, texts=5)
        await end_questions(database)
        assert await messages.latest_id(database) == 5
        question_id = (await open_question(database)).id
        assert question_id == last + 1
        (message,) = await all_written(database, posting.post, [draft(question_id)])
        assert isinstance(message, Message)
        assert message.id == 6


class TestNotifications:
    @staticmethod
    async def notified(database: Database, count: int, **task: Any) -> tuple[int, list[int]]:
        """A task that is still to come, and the ids of so many notifications of it."""
        made = await add_task(database, **{"remind_at": NOW + DAY, **task})
        told = await all_written(
            database, notifications.notify, [new_notification(made, NOW + number) for number in range(count)]
        )
        return made.id, [one.id for one in told if isinstance(one, Notification)]

    @staticmethod
    async def read(database: Database, ids: list[int], at: int) -> None:
        await all_written(database, each(answers.read), [asked(one, at) for one in ids])

    async def test_those_read_before_go(self, database: Database, path: Path) -> None:
        _, (old, new, unread) = await self.notified(database, 3)
        await self.read(database, [old], NOW - 1)
        await self.read(database, [new], NOW)
        assert await in_chunks(database, retention.delete_read_notifications, NOW) == [1, 0]
        assert rows(path, "SELECT id FROM user_notification") == [new, unread]

    async def test_never_more_than_a_chunk_in_a_transaction(self, database: Database, path: Path) -> None:
        _, ids = await self.notified(database, 2 * CHUNK + 1)
        await self.read(database, ids, NOW - 1)
        assert await in_chunks(database, retention.delete_read_notifications, NOW) == [CHUNK, CHUNK, 1, 0]
        assert rows(path, "SELECT COUNT(*) FROM user_notification") == [0]

    async def test_a_task_that_is_over_goes_with_its_last_one(self, database: Database, path: Path) -> None:
        """One that is still to come stays, and so does one whose notification nobody has read yet."""
        over, unread = [(await add_task(database)).id for _ in range(2)]
        fired, not_read = (await database.written(each(occurrences.dispatch_once), Due(NOW, 500))).written
        to_come, ids = await self.notified(database, 2)
        cancelled, more = await self.notified(database, 2)
        await database.written(each(reminders.cancel), cancelling(cancelled))
        await self.read(database, [fired.id, *ids, more[0]], NOW - 1)
        await in_chunks(database, retention.delete_read_notifications, NOW)
        assert over not in rows(path, "SELECT id FROM reminder_task")
        assert rows(path, "SELECT id FROM reminder_task ORDER BY id") == [unread, to_come, cancelled]
        assert rows(path, "SELECT task_id, outcome FROM occurrence") == [(unread, "WRITTEN"), (cancelled, "CANCELLED")]
        await self.read(database, [more[1]], NOW - 1)
        await in_chunks(database, retention.delete_read_notifications, NOW)
        assert rows(path, "SELECT id FROM reminder_task ORDER BY id") == [unread, to_come]
        assert rows(path, "SELECT id FROM user_notification") == [not_read.id]

    async def test_a_task_whose_ring_is_to_come_stays(self, database: Database, path: Path) -> None:
        """Quiet hours hold it, or it is a rung of its ladder."""
        task = await add_task(database)
        (fired,) = (await database.written(each(occurrences.dispatch_once), Due(NOW, 500))).written
        await self.read(database, [fired.id], NOW - 1)
        with closing(sqlite3.connect(path, isolation_level=None)) as connection:
            connection.execute("INSERT INTO rung VALUES (?, 'a', 0, 1001, ?, NULL, ?)", (task.id, NOW, NOW))
        await in_chunks(database, retention.delete_read_notifications, NOW)
        assert rows(path, "SELECT count(*) FROM user_notification") == [0]
        assert rows(path, "SELECT id FROM reminder_task") == [task.id]
        assert rows(path, "SELECT task_id FROM rung") == [task.id]

    async def test_with_their_history(self, database: Database, path: Path) -> None:
        _, (old, kept) = await self.notified(database, 2)
        for one in (old, kept):
            await database.written(each(answers.confirm), asked(one, NOW - 1 if one == old else NOW))
        await in_chunks(database, retention.delete_read_notifications, NOW)
        assert set(rows(path, "SELECT notification_id FROM history")) == {kept}
        assert await history.of_notification(database, old, before_id=None, limit=1) is None

    async def test_a_snoozed_one_stays_until_it_has_come_again(self, database: Database, path: Path) -> None:
        """And what has come again goes before what it stands for."""
        _, (first,) = await self.notified(database, 1)
        await database.written(each(answers.snooze), to_snooze(first, NOW + 5, NOW - 9))
        await self.read(database, [first], NOW - 8)
        assert await in_chunks(database, retention.delete_read_notifications, NOW) == [0]
        (came,) = await database.written(each(snoozes.dispatch_due), Due(NOW + 5, 500))
        assert came.notification is not None
        assert await in_chunks(database, retention.delete_read_notifications, NOW + 9) == [0]
        await self.read(database, [came.notification.id], NOW + 7)
        assert await in_chunks(database, retention.delete_read_notifications, NOW + 9) == [1, 1, 0]
        assert rows(path, "SELECT id FROM user_notification") == []
        assert rows(path, "SELECT id FROM history") == []

    async def test_ids_go_on_and_cursors_stay_right(self, database: Database) -> None:
        _, ids = await self.notified(database, 5)
        await self.read(database, [ids[0], ids[2], ids[4]], NOW - 1)
        await in_chunks(database, retention.delete_read_notifications, NOW)
        assert await notifications.latest_id(database) == ids[4]
        _, (later,) = await self.notified(database, 1)
        assert later == ids[4] + 1
        left = [ids[1], ids[3], later]
        for after_id in (0, *ids):
            found, _ = await notifications.between(database, 1001, after_id=after_id, up_to=later, limit=50)
            assert [one.id for one in found] == [one for one in left if one > after_id]


@pytest.mark.parametrize("rest", [0, 1])
async def test_old_idempotency_keys_go_in_chunks(database: Database, path: Path, rest: int) -> None:
    opened_once = each(once(questions.open_question, lambda question: str(question.id)))
    keyed = [Keyed(str(number), "", NOW - 1, new_question()) for number in range(CHUNK + rest)]
    await all_written(database, opened_once, [*keyed, Keyed("new", "", NOW, new_question())])
    assert await in_chunks(database, idempotency_keys.forget_older_than, NOW) == [CHUNK, *[1] * rest, 0]
    assert rows(path, "SELECT key FROM idempotency_key") == ["new"]


class TestCost:
    """A chunk costs what is in it, however much there is beside it: no table is read whole."""

    @staticmethod
    def filled(path: Path, count: int) -> sqlite3.Connection:
        """So many of everything, half of them old; each reminder with its notification, occurrence and history."""
        path.touch()
        schema.migrate(path)
        connection = sqlite3.connect(path, isolation_level=None)
        for name, value in {**PRAGMAS, "synchronous": "off"}.items():
            connection.execute(f"PRAGMA {name} = {value}")
        connection.execute("BEGIN")
        connection.execute("CREATE TEMP TABLE n (i INTEGER PRIMARY KEY)")
        connection.executemany("INSERT INTO n VALUES (?)", ((number,) for number in range(1, count + 1)))
        for statement in (
            "INSERT INTO question (id, title, elder_id, status, created_at, closed_at)"
            " SELECT i, '', 1, 'CLOSED', 0, iif(i % 2, 1, 9) FROM n",
            "INSERT INTO message (question_id, sender_type, sender_id, content_type, attachments,"
            " is_visible_to_patient, sent_at) SELECT i, 'STAFF', 1, 'TEXT', '[]', 1, 0 FROM n",
            "INSERT INTO reminder_task (id, user_id, biz_type, biz_id, channel, title, remind_at, status, created_at)"
            " SELECT i, 1, 'A', 1, 'IN_APP', '', 0, 'DISPATCHED', 0 FROM n",
            "INSERT INTO user_notification (id, user_id, biz_type, biz_id, title, status, created_at, read_at, task_id,"
            " occurrence_at, occurrence_on) SELECT i, 1, 'A', 1, '', 'READ', 0, iif(i % 2, 1, 9), i, 0, '0' FROM n",
            "INSERT INTO occurrence (task_id, planned_on, planned_at, at, outcome, notification_id)"
            " SELECT i, '0', 0, 0, 'WRITTEN', i FROM n",
            'INSERT INTO history (task_id, notification_id, at, what, "by", detail)'
            " SELECT i, i, 0, 'read', 'API', '{}' FROM n",
            "INSERT INTO idempotency_key SELECT i, '', '', iif(i % 2, 1, 9) FROM n",
        ):
            connection.execute(statement)
        connection.execute("COMMIT")
        return connection

    @pytest.mark.parametrize(
        ("one", "request_"),
        [
            (retention.delete_read_notifications, 5),
            (retention.delete_questions, Closed(5, 9)),
            (retention.clear_away, None),
            (idempotency_keys.forget_older_than, 5),
        ],
        ids=["notifications", "questions", "messages", "keys"],
    )
    def test_of_a_chunk(self, tmp_path: Path, one: Callable[..., Any], request_: Any) -> None:
        taken = []
        for count in (500, 10_000):
            with closing(self.filled(tmp_path / f"{count}.db", count)) as connection:
                if one is retention.clear_away:
                    connection.execute("UPDATE question SET deleted_at = 9 WHERE id % 2")
                steps = 0

                def step() -> None:
                    nonlocal steps
                    steps += 1

                connection.set_progress_handler(step, 100)
                assert one(connection, request_)
                connection.set_progress_handler(None, 0)
                taken.append(steps)
        assert taken[1] < 2 * taken[0] + 20, f"{taken} hundred steps of SQLite for a chunk of {CHUNK}"
