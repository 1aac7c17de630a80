"""One tick: everything due, each once, in order, and never so much at a time that messages wait for it."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Sequence
from pathlib import Path

from reminders.due import Dispatch, HandOn
from reminders.work import RuleWork
from store import posting, reminders
from store.database import Database
from store.messages import Message
from store.notifications import Notification
from store.snoozes import CameAgain
from store.transaction import each
from tests.reminders.conftest import Handed
from tests.store.file import all_written, rows, within
from tests.store.samples import NOW, add_task, draft, new_task, open_question

ADD = each(reminders.add)


async def fire(database: Database, hand_on: HandOn) -> int:
    """Fire all that is due, as the loop does."""
    dispatch = Dispatch(database, lambda: NOW, RuleWork(), hand_on)
    fired = 0
    while turn := await dispatch.fire(await dispatch.next_due(), NOW, NOW):
        fired += turn
    await dispatch.settle()
    return fired


def unexpected(fault: Exception) -> None:
    raise AssertionError from fault


async def test_all_that_is_due_fires_once_and_in_order(database: Database, path: Path, handed: Handed) -> None:
    order = random.Random(1)
    times = [NOW - order.randrange(400) for _ in range(1200)]
    await all_written(database, ADD, [new_task(remind_at=at, title=str(n)) for n, at in enumerate(times)])
    await add_task(database, remind_at=NOW + 1)
    assert await within(fire(database, handed)) == 1200
    assert [len(chunk) for chunk in handed.chunks] == [500, 500, 200]
    assert handed.titles == [str(number) for number in sorted(range(1200), key=lambda number: (times[number], number))]
    assert rows(path, "SELECT COUNT(*), COUNT(DISTINCT task_id) FROM user_notification") == [(1200, 1200)]
    assert rows(path, "SELECT id FROM reminder_task WHERE status = 'PENDING'") == [1201]
    assert await within(fire(database, handed)) == 0


async def test_messages_are_acknowledged_between_the_chunks(database: Database) -> None:
    question_id = (await open_question(database)).id
    await all_written(database, ADD, [new_task() for _ in range(1200)])
    happened: list[str] = []

    def acknowledged(message: posting.Outcome) -> None:
        assert isinstance(message, Message)
        happened.append(f"message {message.content_text}")

    def hand_on(chunk: Sequence[Notification | CameAgain]) -> None:
        happened.append(f"chunk of {len(chunk)}")
        # What a client sends while the chunk goes out.
        text = str(len(happened))
        database.write(posting.post, draft(question_id, text), acknowledged, unexpected)

    commits = database.commit_writes.count
    assert await within(fire(database, hand_on)) == 1200
    await within(database.settle())
    assert happened[0] == "chunk of 500"
    assert [one.split()[0] for one in happened] == ["chunk", "message"] * (len(happened) // 2)
    assert database.commit_writes.count - commits >= 3


async def test_a_message_sent_during_a_chunk_waits_for_that_one_alone(database: Database) -> None:
    question_id = (await open_question(database)).id
    await all_written(database, ADD, [new_task() for _ in range(1500)])
    chunks: list[int] = []
    waited: list[int] = []  # for so many chunks

    def send() -> None:
        before = len(chunks)

        def acknowledged(_: posting.Outcome) -> None:
            waited.append(len(chunks) - before)
            if not dispatching.done():
                send()

        database.write(posting.post, draft(question_id), acknowledged, unexpected)

    dispatching = asyncio.create_task(fire(database, lambda chunk: chunks.append(len(chunk))))
    send()
    assert await within(dispatching) == 1500
    await within(database.settle())
    assert set(waited) == {0, 1}


async def test_nothing_due(database: Database, handed: Handed) -> None:
    await add_task(database, remind_at=NOW + 1)
    assert await within(fire(database, handed)) == 0
    assert handed.titles == []
