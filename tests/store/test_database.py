"""The one writer: what is committed together, in which order it is told, and what a fault does to whom."""

from __future__ import annotations

import asyncio
import logging
import sqlite3
import threading
from collections.abc import Callable, Coroutine
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from peewee import BaseQuery, OperationalError, fn

from store import database as store_database
from store import messages, occurrences, participants, posting, questions, revocations, transaction
from store import writer as store_writer
from store.database import Database
from store.file import PRAGMAS, StoreFault
from store.history import API
from store.models import Question as QuestionRow
from store.next_due import next_due
from store.occurrences import Due
from store.participants import Naming, Reader
from store.questions import NewQuestion, Question
from store.reading import Lane
from store.transaction import Statement, TooManyWaiting, WriteRefused, WriteUnknown, each
from tests.server import wait_until
from tests.store.file import all_written, opened, rows, within, write_locked
from tests.store.samples import NOW, draft, new_question, open_question

OPEN_QUESTION = each(questions.open_question)
TAKES_PART = "SELECT user_id FROM participant WHERE user_type = 'STAFF' AND takes_part = 1"
TITLES = "SELECT title FROM question ORDER BY id"


def titled(*titles: object) -> list[NewQuestion]:
    return [new_question(title=str(title)) for title in titles]


def buggy(_connection: sqlite3.Connection, _requests: list[Any]) -> list[Any]:
    raise KeyError("bug")


def unexpected(fault: Exception) -> None:
    raise AssertionError from fault


class Told:
    """What `Database.write` told about its requests, in order."""

    def __init__(self, database: Database) -> None:
        self.told: list[Any] = []
        self._database = database
        self._asked = 0
        self._all = asyncio.Event()

    def ask(self, statement: Statement[Any, Any], request: Any) -> None:
        self._asked += 1
        self._database.write(statement, request, self._take, self._take)

    def _take(self, outcome: Any) -> None:
        self.told.append(outcome)
        if len(self.told) == self._asked:
            self._all.set()

    async def everything(self) -> list[Any]:
        await within(self._all.wait())
        assert len(self.told) == self._asked, "each write is told of once"
        return self.told


class Hanging:
    """A statement that hangs on the writer's thread, as a slow disk would, until it is let go."""

    def __init__(self) -> None:
        self._entered = threading.Event()
        self._let_go = threading.Event()

    def __call__(self, _: sqlite3.Connection, requests: list[None]) -> list[str]:
        self._entered.set()
        assert self._let_go.wait(10)
        return ["let go"] * len(requests)

    async def entered(self) -> None:
        assert await asyncio.to_thread(self._entered.wait, 10)

    def let_go(self) -> None:
        self._let_go.set()


async def test_what_waits_together_is_committed_together(database: Database, path: Path) -> None:
    commits, writes = database.commit_writes.count, database.commit_writes.sum
    stored = await all_written(database, OPEN_QUESTION, titled(*range(300)))
    assert [question.title for question in stored if isinstance(question, Question)] == [str(n) for n in range(300)]
    assert rows(path, TITLES) == [str(number) for number in range(300)]
    assert database.commit_writes.count == commits + 1
    assert database.commit_writes.sum == writes + 300


async def test_commits_are_told_in_their_order(database: Database) -> None:
    happened: list[tuple[str, int]] = []
    done = asyncio.Event()
    total = 2 * store_writer.MOST_IN_BATCH + 10

    def apply(_: sqlite3.Connection, requests: list[int]) -> list[int]:
        happened.extend(("applied", number) for number in requests)
        return requests

    def published(number: int) -> None:
        happened.append(("published", number))
        if number == total - 1:
            done.set()

    for number in range(total):
        database.write(apply, number, published, unexpected)
    await within(done.wait())

    for what in ("applied", "published"):
        assert [number for event, number in happened if event == what] == list(range(total))
    places = {event: place for place, event in enumerate(happened)}
    assert all(places["applied", number] < places["published", number] for number in range(total))
    assert database.commit_writes.count == 3


async def test_what_is_asked_while_a_commit_is_told_comes_after_it(database: Database, path: Path) -> None:
    told = Told(database)

    def again(opened: questions.Question) -> None:
        told.ask(OPEN_QUESTION, new_question(title=opened.title))

    for title in "甲乙":
        database.write(OPEN_QUESTION, new_question(title=title), again, unexpected)
    told.ask(OPEN_QUESTION, new_question(title="丙"))
    await within(database.settle())
    await within(database.settle())
    await told.everything()
    assert rows(path, TITLES) == ["甲", "乙", "丙", "甲", "乙"]


async def test_different_statements_keep_the_order_in_which_they_were_asked(database: Database, path: Path) -> None:
    question_id = (await open_question(database)).id
    told = Told(database)
    expected: list[type] = []
    commits = database.commit_writes.count
    for _ in range(20):
        told.ask(posting.post, draft(question_id))
        told.ask(each(questions.change), questions.Change(question_id, {"status": "CLOSED"}, NOW))
        told.ask(posting.post, draft(question_id))
        told.ask(each(questions.change), questions.Change(question_id, {"status": "OPEN"}, NOW))
        expected += [messages.Message, questions.Changes, messages.QuestionClosed, questions.Changes]
    assert [type(outcome) for outcome in await told.everything()] == expected
    assert database.commit_writes.count == commits + 1
    assert rows(path, "SELECT id FROM message") == list(range(1, 21))


async def test_one_that_fails_fails_alone(database: Database, path: Path) -> None:
    bad = NewQuestion(title="坏", elder_id=None, created_at=0)  # type: ignore[arg-type]
    requests = [*titled(1, 2), bad, *titled(3), bad, *titled(4)]
    outcomes = await all_written(database, OPEN_QUESTION, requests)
    assert [type(outcome) for outcome in outcomes] == [
        *(Question, Question, sqlite3.IntegrityError, Question, sqlite3.IntegrityError, Question),
    ]
    assert rows(path, TITLES) == ["1", "2", "3", "4"]
    assert database.fault is None


async def test_of_a_batch_written_in_one_statement_one_fails_alone(database: Database, path: Path) -> None:
    """Rows before the bad one are in the transaction already when `executemany` comes to it."""
    question_id = (await open_question(database)).id
    drafts = [draft(question_id, str(number)) for number in range(6)]
    drafts[3] = draft(question_id, "坏", sender_id=2**70)
    outcomes = await all_written(database, posting.post, drafts)
    assert isinstance(outcomes.pop(3), OverflowError)
    assert all(isinstance(outcome, messages.Message) for outcome in outcomes)
    stored = [(one.id, one.content_text) for one in outcomes if isinstance(one, messages.Message)]
    assert stored == rows(path, "SELECT id, content_text FROM message ORDER BY id")
    assert [text for _, text in stored] == ["0", "1", "2", "4", "5"]


async def test_senders_take_part_although_their_transaction_was_made_twice(database: Database, path: Path) -> None:
    question_id = (await open_question(database)).id
    told = Told(database)
    told.ask(posting.post, draft(question_id, sender_id=7))
    told.ask(buggy, None)
    message, fault = await told.everything()
    assert isinstance(message, messages.Message)
    assert isinstance(fault, KeyError)
    assert rows(path, TAKES_PART) == [7]


async def test_who_was_taken_out_takes_part_with_the_next_message(database: Database, path: Path) -> None:
    question_id = (await open_question(database)).id
    for _ in range(2):
        await all_written(database, posting.post, [draft(question_id, sender_id=7)])
        assert rows(path, TAKES_PART) == [7]
        naming = Naming(question_id, Reader(7, "STAFF"), NOW, API)
        await all_written(database, each(participants.remove), [naming])
        assert rows(path, TAKES_PART) == []


async def test_a_statement_with_a_bug_fails_alone(database: Database, path: Path) -> None:
    told = Told(database)
    told.ask(OPEN_QUESTION, new_question(title="前"))
    told.ask(buggy, None)
    told.ask(OPEN_QUESTION, new_question(title="后"))
    before, fault, after = await told.everything()
    assert isinstance(before, Question)
    assert isinstance(fault, KeyError)
    assert isinstance(after, Question)
    assert rows(path, TITLES) == ["前", "后"]


async def test_of_one_that_fails_half_way_nothing_is_stored(database: Database, path: Path) -> None:
    def twice(connection: sqlite3.Connection, new: NewQuestion) -> Question:
        questions.open_question(connection, new)
        if new.title == "坏":
            raise KeyError("bug")
        return questions.open_question(connection, new)

    outcomes = await all_written(database, each(twice), titled("前", "坏", "后"))
    assert [type(outcome) for outcome in outcomes] == [Question, KeyError, Question]
    assert rows(path, TITLES) == ["前", "前", "后", "后"]


async def test_a_lock_that_another_process_holds(database: Database, path: Path) -> None:
    await open_question(database)
    with write_locked(path):
        outcomes = await all_written(database, OPEN_QUESTION, titled("不"))
        assert [type(outcome) for outcome in outcomes] == [WriteRefused]
        assert database.fault is not None
        assert "locked" in database.fault
    assert (await open_question(database)).id == 2
    assert database.fault is None
    assert rows(path, TITLES) == ["头晕两天", "头晕两天"], "what was refused is not stored later"


async def test_the_probe_tells_whether_the_file_can_be_written(
    database: Database, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store_database, "PROBE_AFTER", 0.0)
    assert await within(database.probe()) is None
    with write_locked(path):
        fault = await within(database.probe())
        assert fault is not None
        assert "locked" in fault
    assert await within(database.probe()) is None


async def test_the_probe_costs_nothing_while_there_are_commits(database: Database) -> None:
    await open_question(database)
    commits = database.commit_writes.count
    assert await within(database.probe()) is None
    assert database.commit_writes.count == commits


async def test_one_more_than_may_wait_is_refused_at_once(database: Database) -> None:
    hanging = Hanging()
    blocked = asyncio.create_task(database.written(hanging, None))
    await hanging.entered()
    told, refused = Told(database), Told(database)
    for number in range(store_database.MOST_WAITING):
        told.ask(each(lambda _, request: request), number)
    assert database.waiting == store_database.MOST_WAITING
    refused.ask(OPEN_QUESTION, new_question(title="太多"))
    (fault,) = await refused.everything()
    assert isinstance(fault, TooManyWaiting)
    assert not told.told, "it did not have to wait for the others"
    assert database.refused_at_once == 1
    hanging.let_go()
    assert await told.everything() == list(range(store_database.MOST_WAITING))
    assert await blocked == "let go"
    assert await within(open_question(database))


async def test_no_caller_waits_for_ever_behind_a_transaction_that_hangs(
    database: Database, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store_database, "DEADLINE", 0.1)
    hanging = Hanging()
    blocked = asyncio.create_task(database.written(hanging, None))
    await hanging.entered()
    outcomes = await all_written(database, OPEN_QUESTION, titled(*range(5)))
    assert [type(outcome) for outcome in outcomes] == [WriteRefused] * 5
    assert not blocked.done()
    hanging.let_go()
    assert await within(blocked) == "let go"
    assert (await open_question(database)).id == 1
    assert rows(path, TITLES) == ["头晕两天"], "what was refused is not stored later"


async def test_a_commit_that_fails_is_unknown(database: Database, path: Path) -> None:
    def later(connection: sqlite3.Connection, _: None) -> None:
        """Breaks a reference in a way that SQLite looks for only when it commits."""
        connection.execute("PRAGMA defer_foreign_keys = 1")
        connection.execute(
            "INSERT INTO message (question_id, sender_type, sender_id, content_type, attachments,"
            " is_visible_to_patient, sent_at) VALUES (99, 'STAFF', 1, 'TEXT', '[]', 1, 0)"
        )

    told = Told(database)
    told.ask(OPEN_QUESTION, new_question(title="同批"))
    told.ask(each(later), None)
    assert [type(outcome) for outcome in await told.everything()] == [WriteUnknown, WriteUnknown]
    assert database.fault is not None
    assert (await open_question(database)).id == 1
    assert database.fault is None
    assert rows(path, "SELECT * FROM message") == []


async def test_a_full_disk(database: Database, path: Path) -> None:
    def fill(connection: sqlite3.Connection, _: None) -> None:
        (pages,) = connection.execute("PRAGMA page_count").fetchone()
        connection.execute(f"PRAGMA max_page_count = {pages}")
        connection.execute("UPDATE question SET title = zeroblob(1000000) || title")

    await open_question(database)
    told = Told(database)
    told.ask(OPEN_QUESTION, new_question(title="同批"))
    told.ask(each(fill), None)
    outcomes = await told.everything()
    assert [type(outcome) for outcome in outcomes] == [WriteRefused, WriteRefused]
    assert "full" in str(outcomes[0])
    assert (await open_question(database)).id == 2
    assert rows(path, TITLES) == ["头晕两天", "头晕两天"]


async def test_a_fault_is_logged_once_and_its_end_too(
    database: Database, path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with write_locked(path):
        for _ in range(2):
            await all_written(database, OPEN_QUESTION, titled("不"))
    await open_question(database)
    told = [(record.levelno, record.message) for record in caplog.records if record.name == "careline.store"]
    assert told == [
        (logging.ERROR, "the database cannot be written: database is locked"),
        (logging.WARNING, "the database can be written again"),
    ]


async def test_who_is_told_badly_harms_nobody_else(database: Database, caplog: pytest.LogCaptureFixture) -> None:
    def raises(_: Any) -> None:
        raise RuntimeError("bug")

    told = Told(database)
    database.write(OPEN_QUESTION, new_question(), raises, raises)
    told.ask(OPEN_QUESTION, new_question())
    await told.everything()
    assert (await open_question(database)).id == 3
    assert "what became of a write could not be told" in caplog.text
    caplog.clear()


async def test_who_is_refused_badly_harms_nobody_else(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    def raises(_: Any) -> None:
        raise RuntimeError("bug")

    monkeypatch.setattr(store_database, "DEADLINE", 0.1)
    hanging = Hanging()
    blocked = asyncio.create_task(database.written(hanging, None))
    await hanging.entered()
    told = Told(database)
    database.write(OPEN_QUESTION, new_question(), raises, raises)
    told.ask(OPEN_QUESTION, new_question())
    with suppress(TimeoutError):
        await asyncio.wait_for(told.everything(), 2)
    hanging.let_go()
    assert await within(blocked) == "let go"
    assert [type(outcome) for outcome in await told.everything()] == [WriteRefused]
    assert await within(open_question(database))


async def test_a_caller_goes_on_though_what_it_has_published_raises(database: Database) -> None:
    def raises(_: Question) -> None:
        raise RuntimeError("bug")

    stored = await asyncio.wait_for(database.written(OPEN_QUESTION, new_question(), raises), 2)
    assert stored.id == 1


@pytest.mark.parametrize("steps", range(6))
async def test_a_cancelled_caller_harms_nothing(database: Database, path: Path, steps: int) -> None:
    """Cancelled after any number of steps: what was asked for is stored and told in order, what follows is too."""
    published: list[str] = []
    callers = [
        asyncio.create_task(
            database.written(OPEN_QUESTION, new_question(title=str(number)), lambda one: published.append(one.title))
        )
        for number in range(40)
    ]
    for _ in range(steps):
        await asyncio.sleep(0)
    for caller in callers[::2]:
        caller.cancel()
    outcomes = await within(asyncio.gather(*callers, return_exceptions=True))
    assert all(isinstance(outcome, Question) for outcome in outcomes[1::2])
    await within(database.settle())
    expected = [str(number) for number in range(40) if steps or number % 2]
    assert rows(path, TITLES) == expected
    assert published == expected
    assert (await open_question(database)).id == len(expected) + 1


async def test_settle_waits_for_what_was_asked_before(database: Database) -> None:
    told = Told(database)
    for title in range(3000):
        told.ask(OPEN_QUESTION, new_question(title=str(title)))
    await within(database.settle())
    assert len(told.told) == 3000


async def test_closing_writes_what_waits(path: Path) -> None:
    async with opened(path) as database:
        told = Told(database)
        for title in range(3000):
            told.ask(OPEN_QUESTION, new_question(title=str(title)))
    assert len(await told.everything()) == 3000
    assert rows(path, TITLES) == [str(title) for title in range(3000)]


async def test_what_is_asked_of_a_closed_database_is_refused(path: Path) -> None:
    async with opened(path) as database:
        pass
    with pytest.raises(WriteRefused):
        await within(open_question(database))


async def test_a_second_careline_is_refused_while_the_first_lives(path: Path) -> None:
    async with opened(path) as database:
        with pytest.raises(StoreFault, match="in use by another Careline"):
            Database(path)
        assert await within(open_question(database)), "the first one does not notice"
    async with opened(path) as database:
        assert (await open_question(database)).id == 2


async def test_a_file_that_cannot_be(tmp_path: Path) -> None:
    with pytest.raises(StoreFault, match="No such file"):
        Database(tmp_path / "nowhere" / "careline.db")
    with pytest.raises(StoreFault, match="Is a directory"):
        Database(tmp_path)


async def test_an_acknowledged_write_is_on_the_disk(database: Database) -> None:
    """The promise rests on these; each belongs to a connection, not to the file."""

    def pragmas(connection: sqlite3.Connection, names: list[str]) -> list[Any]:
        return [connection.execute(f"PRAGMA {name}").fetchone()[0] for name in names]

    names = ["journal_mode", "synchronous", "foreign_keys", "busy_timeout", "wal_autocheckpoint"]
    outcomes = await all_written(database, pragmas, names)
    assert outcomes == ["wal", 2, 1, 1000, 2000]


async def test_after_a_fault_the_new_connection_promises_the_same(database: Database) -> None:
    def broken(connection: sqlite3.Connection, _: None) -> None:
        connection.execute("SELECT * FROM nowhere")

    (fault,) = await all_written(database, each(broken), [None])
    assert isinstance(fault, WriteRefused)
    await test_an_acknowledged_write_is_on_the_disk(database)


async def test_readers_change_nothing(database: Database, path: Path) -> None:
    await open_question(database)
    with pytest.raises(OperationalError, match="readonly"):
        await database.read(QuestionRow.update(title="改").where(QuestionRow.id == 1).returning(QuestionRow.id))
    assert rows(path, TITLES) == ["头晕两天"]
    assert len((await within(database.read(QuestionRow.select())))[0]) == 1


async def test_queries_read_together_see_one_moment(database: Database) -> None:
    count = QuestionRow.select(fn.COUNT(QuestionRow.id).alias("n"))
    highest = QuestionRow.select(fn.MAX(QuestionRow.id).alias("n"))
    writing = asyncio.create_task(one_after_the_other(database, 200))
    seen = set()
    while not writing.done():
        (counted,), (found,) = await within(database.read(count, highest))
        assert counted["n"] == (found["n"] or 0)
        seen.add(counted["n"])
    await writing
    assert len(seen) > 10, "there was writing in between"
    (counted,), _ = await database.read(count, highest)
    assert counted["n"] == 200, "a read sees what was committed before it"


async def one_after_the_other(database: Database, number: int) -> None:
    for _ in range(number):
        await open_question(database)


async def test_cancelled_readers_harm_no_others(database: Database) -> None:
    """A client that drops its HTTP request has the handler cancelled, wherever it is in its reading."""
    await open_question(database)
    query = QuestionRow.select()
    await database.read(query)
    for steps in range(60):
        readers = [asyncio.create_task(database.read(query, query)) for _ in range(2 * store_database.READERS)]
        for _ in range(steps):
            await asyncio.sleep(0)
        for reader in readers[::2]:
            reader.cancel()
        outcomes = await within(asyncio.gather(*readers, return_exceptions=True))
        assert all(isinstance(outcome, list) for outcome in outcomes[1::2]), outcomes[1::2]
    await open_question(database)
    found = await within(asyncio.gather(*(database.read(query) for _ in range(20))))
    assert all(len(questions) == 2 for (questions,) in found), "no reader is left in an old moment"


async def test_no_thread_is_left(path: Path) -> None:
    """A connection that stays open would keep the process alive."""
    before = threading.active_count()
    async with opened(path) as database:
        await open_question(database)
        await asyncio.gather(*(database.read(QuestionRow.select()) for _ in range(10)))
        assert threading.active_count() > before
    # Fewer where threads of an earlier test have ended meanwhile.
    wait_until(lambda: threading.active_count() <= before, "the end of the threads")


@pytest.mark.parametrize("read", ["read", "look", "page", "watch"])
async def test_reads_of_a_closed_database_are_refused_and_open_nothing(path: Path, read: str) -> None:
    before = threading.active_count()
    async with opened(path) as database:
        await open_question(database)
        await database.read(QuestionRow.select())
    with pytest.raises(StoreFault, match="the database is closing"):
        await within(getattr(database, read)(QuestionRow.select(), *([1] if read == "page" else [])))
    wait_until(lambda: threading.active_count() <= before, "the end of the threads")


async def test_who_needs_the_connection_waits_for_no_end_of_writes(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store_writer, "MOST_IN_BATCH", 1)
    monkeypatch.setattr(store_writer, "MOST_IN_TURN", 5)
    goes_on = True

    def again(_: object) -> None:
        if goes_on:
            for _ in range(2 if database.waiting < 100 else 1):
                database.write(OPEN_QUESTION, new_question(), again, unexpected)

    again(None)
    await asyncio.to_thread(wait_until, lambda: database.waiting >= 100, "more writes than a turn takes")
    had = asyncio.Event()
    loop = asyncio.get_running_loop()

    def has_it(_: sqlite3.Connection) -> None:
        loop.call_soon_threadsafe(had.set)

    await within(database.between_writes(has_it))
    await within(had.wait())
    assert database.waiting, "while they still came"
    goes_on = False
    await within(database.settle())


async def test_a_transaction_ends_when_its_writes_take_long(
    database: Database, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The others go into the next ones, in their order; nothing is lost and nothing done twice."""
    monkeypatch.setattr(transaction, "LONGEST", -1.0)
    monkeypatch.setattr(transaction, "SLICE", 10)
    commits = database.commit_writes.count
    stored = await all_written(database, OPEN_QUESTION, titled(*range(35)))
    assert [question.title for question in stored if isinstance(question, Question)] == [str(n) for n in range(35)]
    assert rows(path, TITLES) == [str(number) for number in range(35)]
    assert database.commit_writes.count == commits + 4


async def test_so_does_one_in_which_a_request_has_failed(
    database: Database, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unless_odd(connection: sqlite3.Connection, number: int) -> str:
        if number % 2:
            raise ValueError(number)
        return questions.open_question(connection, new_question(title=str(number))).title

    monkeypatch.setattr(transaction, "LONGEST", -1.0)
    commits = database.commit_writes.count
    outcomes = await all_written(database, each(unless_odd), list(range(6)))
    assert [str(outcome) for outcome in outcomes] == [str(number) for number in range(6)]
    assert rows(path, TITLES) == ["0", "2", "4"]
    assert database.commit_writes.count == commits + 6


class Busy:
    """Every connection of a lane is busy, and another read waits."""

    def __init__(self, lane: Lane, read: Callable[[BaseQuery], Coroutine[Any, Any, Any]], connections: int) -> None:
        self._lane = lane
        self._read = read
        self._connections = connections
        self._go_on = threading.Event()
        self._begun = threading.Semaphore(0)

    def _hold(self) -> int:
        self._begun.release()
        assert self._go_on.wait(10)
        return 1

    async def begin(self) -> list[asyncio.Task[Any]]:
        await self._read(QuestionRow.select())  # the connections are made with the first
        for connection in pooled(self._lane):
            await connection.create_function("hold", 0, self._hold)
        query = QuestionRow.raw("SELECT hold() AS held FROM question")
        reads = [asyncio.create_task(self._read(query)) for _ in range(self._connections + 1)]
        for _ in range(self._connections):
            assert await asyncio.to_thread(self._begun.acquire, timeout=10)
        return reads

    async def end(self, reads: list[asyncio.Task[Any]]) -> list[Any]:
        assert not any(read.done() for read in reads)
        self._go_on.set()
        return await within(asyncio.gather(*reads))


async def test_short_reads_and_those_of_safety_wait_for_no_page(database: Database) -> None:
    await open_question(database)
    busy = Busy(database._pages, lambda query: database.page(query, 1), store_database.PAGE_READERS)
    pages = await busy.begin()
    assert (await within(database.read(QuestionRow.select())))[0][0]["id"] == 1
    assert (await within(revocations.above(database, 0, 0))) == ([], [])
    for page in await busy.end(pages):
        assert page.rows == [{"held": 1}]


async def test_reminders_wait_for_no_read_that_clients_ask_for(database: Database) -> None:
    await open_question(database)
    busy = Busy(database._short, database.read, store_database.READERS)
    reads = await busy.begin()
    assert (await within(next_due(database))).any is None
    assert await within(occurrences.due_again(database, Due(NOW, 1))) == []
    assert await busy.end(reads) == [[[{"held": 1}]]] * (store_database.READERS + 1)


def pooled(lane: Lane) -> list[Any]:
    """The idle connections of a lane."""
    pool = lane._pool._pool
    assert pool is not None
    return [connection.conn for connection in list(pool._queue._queue)]


async def test_reads_that_wait_do_not_hold_up_the_end(path: Path) -> None:
    begun = 0

    def count() -> int:
        nonlocal begun
        begun += 1
        return begun

    async with opened(path) as database:
        await open_question(database)
        await asyncio.gather(*(database.page(QuestionRow.select(), 1) for _ in range(store_database.PAGE_READERS)))
        for connection in pooled(database._pages):
            await connection.create_function("begun", 0, count)
        query = QuestionRow.raw("SELECT begun() AS begun FROM question")
        pages = [asyncio.create_task(database.page(query, 1)) for _ in range(1000)]
        await asyncio.sleep(0)
    outcomes = await within(asyncio.gather(*pages, return_exceptions=True))
    assert begun < 100
    assert sum(isinstance(outcome, StoreFault) for outcome in outcomes) == 1000 - begun


async def test_what_is_deleted_is_overwritten(database: Database) -> None:
    """Asked for by Careline on the connection that writes: not every build of SQLite does so by itself."""
    assert PRAGMAS["secure_delete"] == 1

    def is_on(connection: sqlite3.Connection, _: None) -> int:
        (on,) = connection.execute("PRAGMA secure_delete").fetchone()
        return int(on)

    assert await database.written(each(is_on), None) == 1
