"""No statement that runs for an event, a call or a tick walks through a table: each finds its rows by an index."""

from __future__ import annotations

import asyncio
import inspect
import re
import sqlite3
from collections.abc import Awaitable, Callable, Iterator
from contextlib import closing
from datetime import date
from types import ModuleType
from typing import Any, Final

import pytest
from peewee import BaseQuery

from store import (
    answers,
    audit,
    away,
    history,
    idempotency_keys,
    messages,
    notifications,
    occurrences,
    outcomes,
    owners,
    parking,
    participants,
    posting,
    questions,
    quiet_hours,
    reminders,
    replies,
    retention,
    revocations,
    rungs,
    schema,
    sessions,
    snoozes,
    unanswered,
    withdrawal,
)
from store.away import Looking
from store.database import Database
from store.history import API, Entry
from store.idempotency_keys import Keyed
from store.next_due import next_due
from store.notifications import Pushed, TakenBack
from store.occurrences import MISSED, WRITTEN, Due, Plan, Planned
from store.owners import Reach
from store.parking import Parking
from store.participants import Naming, Reader, Reading
from store.questions import Change as QuestionChange
from store.questions import Lookup
from store.quiet_hours import Change as QuietChange
from store.quiet_hours import QuietHours
from store.reading import Page, Row
from store.reminders import Change
from store.retention import Closed
from store.sessions import Joined
from store.transaction import Connection
from store.withdrawal import Withdrawing
from tests.store.file import within
from tests.store.samples import (
    NOW,
    asked,
    cancelling,
    draft,
    history_entry,
    new_notification,
    new_question,
    new_task,
    session,
    to_snooze,
)

MODULES: Final = (
    *(answers, audit, history, idempotency_keys, messages, notifications, occurrences, outcomes),
    *(
        owners,
        parking,
        participants,
        posting,
        questions,
        quiet_hours,
        reminders,
        retention,
        revocations,
        rungs,
        sessions,
        snoozes,
    ),
    *(away, withdrawal, replies, unanswered),
)
EVERYTHING: Final = messages.visible_to("STAFF")
PATIENT: Final = messages.visible_to("ELDER")

Recorded = list[tuple[str, Any]]


class Recording(Connection):
    """A connection that keeps what it was asked to run."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self.asked: Recorded = []

    def execute(self, sql: str, given: Any = (), /) -> sqlite3.Cursor:
        self.asked.append((sql, given))
        return super().execute(sql, given)

    def executemany(self, sql: str, rows: Any, /) -> sqlite3.Cursor:
        rows = list(rows)
        self.asked += [(sql, row) for row in rows[:1]]
        return super().executemany(sql, rows)


class RecordingDatabase(Database):
    """A database that keeps what it was asked to read."""

    asked: Recorded

    async def read(self, *queries: BaseQuery) -> list[list[Row]]:
        self.asked += [query.sql() for query in queries]
        return await super().read(*queries)

    async def look(self, *queries: BaseQuery) -> list[list[Row]]:
        self.asked += [query.sql() for query in queries]
        return await super().look(*queries)

    async def due(self, *queries: BaseQuery) -> list[list[Row]]:
        self.asked += [query.sql() for query in queries]
        return await super().due(*queries)

    async def page(self, query: BaseQuery, limit: int, *beside: BaseQuery, **named: Any) -> Page:
        self.asked += [one.sql() for one in (query, *beside)]
        return await super().page(query, limit, *beside, **named)

    async def watch(self, *queries: BaseQuery) -> list[list[Row]]:
        self.asked += [query.sql() for query in queries]
        return await super().watch(*queries)


def change(connection: sqlite3.Connection) -> None:
    task = reminders.add(connection, new_task())
    reminders.change(connection, Change(task.id, 0, {"title": "改"}, False, history_entry(task.id)))


def plan(connection: sqlite3.Connection) -> None:
    again = {"remind_at": NOW, "rrule": "FREQ=DAILY", "timezone": "Asia/Shanghai"}
    task = reminders.add(connection, new_task(timing=again))
    occurrences.dispatch_planned(
        connection, Planned(NOW, [Plan(task.id, 0, NOW, [("a", NOW, WRITTEN), ("b", NOW + 1, MISSED)], NOW + 2)])
    )


def climb(connection: sqlite3.Connection) -> None:
    add_ladder(connection)
    rungs.dispatch_due(connection, Due(NOW + 60_000, 100))


def add_ladder(connection: sqlite3.Connection) -> int:
    """A reminder that has rung, whose ladder has its first rung and its end in a minute."""
    ladder = "[[60000,1],[60000,null]]"
    task = reminders.add(connection, new_task(follow_up=ladder))
    occurrences.dispatch_one(connection, (task.id, NOW))
    return task.id


def wait_for_an_answer(connection: sqlite3.Connection) -> None:
    """An elder waits, by one ladder and by another, and is answered; another waits as the question is closed."""
    waiting = {"assignee_id": 7, "answer_within": 60_000, "notify_replies": True}
    questions.change(connection, QuestionChange(1, waiting, NOW))
    posting.post_one(connection, draft(1, sender_type="ELDER"))
    questions.change(connection, QuestionChange(1, {"assignee_id": 8}, NOW))
    (last,) = connection.execute("SELECT max(id) FROM reminder_task").fetchone()
    occurrences.dispatch_one(connection, (last, NOW + 60_000))
    posting.post_one(connection, draft(1))
    posting.post_one(connection, draft(1, sender_type="ELDER"))
    questions.change(connection, QuestionChange(1, {"status": "CLOSED"}, NOW))
    questions.change(connection, QuestionChange(1, {"status": "OPEN", "answer_within": None}, NOW))


def withdraw(connection: sqlite3.Connection) -> None:
    withdrawal.withdraw(connection, Withdrawing(add_ladder(connection), NOW, API, "x"))


def hold(connection: sqlite3.Connection) -> None:
    """A ring and a snooze are held, the ring once more, and both are let go."""
    quiet = QuietHours(7, "09:00", "12:00", "Asia/Shanghai", zone_given=True)
    snoozed = reminders.add(connection, new_task(7))
    (rang,) = occurrences.dispatch_one(connection, (snoozed.id, NOW)).written
    quiet_hours.change(connection, QuietChange(7, quiet, NOW))
    answers.snooze(connection, to_snooze(rang.id, NOW + 1))
    snoozes.dispatch_one(connection, (rang.id, NOW + 2))
    task = reminders.add(connection, new_task(7, follow_up="[[60000,7],[70000,null]]"))
    occurrences.dispatch_one(connection, (task.id, NOW))
    rungs.dispatch_due(connection, Due(NOW + 80_000, 100))
    quiet_hours.change(connection, QuietChange(7, None, NOW))
    snoozes.drop_held(connection, (snoozed.id, str(NOW)), 7)


HOLDS: Final = (
    "quiet_hours.change quiet_hours.hold quiet_hours.hold_first quiet_hours.is_held quiet_hours.hold_snooze "
    "quiet_hours.snooze_held_from quiet_hours.forget_snooze snoozes.drop_held answers.known_by"
)
READ: Final = "participants.read participants.latest participants.count_unread replies.end"
# What writes, by the functions that it goes through.
WRITES: Final[dict[str, Callable[[sqlite3.Connection], Any]]] = {
    "questions.open_question": lambda connection: questions.open_question(connection, new_question()),
    "questions.change unanswered.heard unanswered.change unanswered.end": wait_for_an_answer,
    "messages.append messages.places": lambda connection: posting.post(
        connection, [draft(1, client_msg_id="a"), draft(1)]
    ),
    "posting.post posting.post_one participants.add_senders replies.notify": lambda connection: posting.post_one(
        connection, draft(1)
    ),
    "participants.add": lambda connection: participants.add(connection, Naming(1, Reader(7, "STAFF"), NOW, API)),
    "away.tell replies.without_one participants.has_unread_since": lambda connection: away.tell(
        connection, Looking(1, (), NOW)
    ),
    "participants.add_elder": lambda connection: participants.add_elder(connection, 1, 8),
    READ: lambda connection: participants.read(connection, Reading(1, Reader(7, "STAFF"), 9, NOW, API)),
    "participants.remove": lambda connection: participants.remove(connection, Naming(1, Reader(7, "STAFF"), NOW, API)),
    "reminders.add_within_quota": lambda connection: reminders.add_within_quota(connection, new_task(most_pending=9)),
    "reminders.add": lambda connection: reminders.add(connection, new_task(by="USER:1")),
    "reminders.cancel": lambda connection: reminders.cancel(connection, cancelling(2)),
    "reminders.change": change,
    "notifications.notify notifications.next_id": lambda connection: notifications.notify(
        connection, [new_notification(reminders.add(connection, new_task()))]
    ),
    "notifications.find": lambda connection: notifications.find(connection, 1),
    "notifications.count_unread": lambda connection: notifications.count_unread(connection, 1001),
    "notifications.mark_pushed": lambda connection: notifications.mark_pushed(connection, [Pushed(1, NOW, 1)]),
    "answers.snooze": lambda connection: answers.snooze(connection, to_snooze(1, NOW + 1)),
    "snoozes.dispatch_due": lambda connection: snoozes.dispatch_due(connection, Due(NOW + 2, 100)),
    "answers.read": lambda connection: answers.read(connection, asked(2)),
    "answers.confirm answers.store answers.of_occurrence": lambda connection: answers.confirm(connection, asked(2)),
    "rungs.dispatch_due rungs.dispatch_one answers.write_outcome": climb,
    "rungs.give_up answers.end_ladder": lambda connection: rungs.give_up(connection, (1, "a", NOW)),
    "withdrawal.withdraw reminders.find": withdraw,
    HOLDS: hold,
    "occurrences.dispatch_once": lambda connection: occurrences.dispatch_once(connection, Due(NOW, 100)),
    "occurrences.dispatch_planned": plan,
    "history.record": lambda connection: history.record(connection, Entry(NOW, "changed", API, 1, 1)),
    "notifications.take_back": lambda connection: notifications.take_back(connection, [TakenBack(1, NOW, NOW)]),
    "occurrences.dispatch_one": lambda connection: occurrences.dispatch_one(connection, (3, NOW)),
    "parking.park": lambda connection: parking.park(connection, Parking(1, NOW, "x")),
    "parking.release": lambda connection: parking.release(connection, 1),
    "snoozes.dispatch_one": lambda connection: snoozes.dispatch_one(connection, (1, NOW)),
    "idempotency_keys.once": lambda connection: idempotency_keys.once(lambda *_: 1, str)(
        connection, Keyed("a", "b", NOW, None)
    ),
    "idempotency_keys.forget_older_than": lambda connection: idempotency_keys.forget_older_than(connection, NOW + 9),
    "audit.append": lambda connection: audit.append(
        connection, [audit.Entry(NOW, 1, "ELDER", "::1", "join_question", "question", 1, "ok")]
    ),
    "audit.delete_older_than": lambda connection: audit.delete_older_than(connection, NOW + 9),
    "revocations.forget_expired": lambda connection: revocations.forget_expired(connection, NOW),
    "retention.delete_read_notifications": lambda connection: retention.delete_read_notifications(connection, NOW * 2),
    "retention.delete_questions": lambda connection: retention.delete_questions(connection, Closed(NOW * 2, NOW)),
    "retention.clear_away": lambda connection: retention.clear_away(connection, None),
    "sessions.save": lambda connection: sessions.save(
        connection, [session(rooms={1: Joined(True, True, 5, 456, "STAFF"), 2: None})]
    ),
    "sessions.forget": lambda connection: sessions.forget(connection, [1]),
    "sessions.delete_ended_before": lambda connection: sessions.delete_ended_before(connection, NOW),
    "sessions.delete_oldest": lambda connection: sessions.delete_oldest(connection, -1),
}
# What reads.
READS: Final[dict[str, Callable[[Database], Awaitable[Any]]]] = {
    "questions.get": lambda database: questions.get(database, 1, PATIENT),
    "questions.Lookup": lambda database: Lookup(database).elder_of(1),
    "questions.page": lambda database: questions.page(
        database,
        EVERYTHING,
        status=None,
        elder_id=None,
        before_id=9,
        limit=50,
        within=Reach(frozenset(), frozenset((1, 2))),
    ),
    "questions.page of an elder": lambda database: questions.page(
        database, PATIENT, status="OPEN", elder_id=1, before_id=9, limit=50, within=Reach(frozenset((1,)))
    ),
    "questions.page of a family": lambda database: questions.page(
        database,
        PATIENT,
        status=None,
        elder_id=None,
        before_id=None,
        limit=50,
        within=Reach(frozenset((1, 2)), frozenset((3, 4))),
    ),
    "participants.page": lambda database: participants.page(database, 1, PATIENT, after_id=0, limit=50),
    "questions.page_of_participant participants.unread": lambda database: questions.page_of_participant(
        database, PATIENT, Reader(1, "ELDER"), status="OPEN", elder_id=None, before_id=9, limit=50
    ),
    "away.telling": away.telling,
    "messages.page": lambda database: messages.page(database, 1, EVERYTHING, limit=50),
    "messages.page after": lambda database: messages.page(database, 1, PATIENT, after_id=1, limit=50),
    "messages.page before": lambda database: messages.page(database, 1, PATIENT, before_id=9, limit=50),
    "messages.between": lambda database: messages.between(database, 1, PATIENT, after_id=0, up_to=9, limit=5),
    "messages.backlog": lambda database: messages.backlog(database, 1, PATIENT, after_id=0, up_to=9, most=500),
    "notifications.page": lambda database: notifications.page(
        database, 1001, status=None, after_id=None, before_id=9, limit=50
    ),
    "notifications.page of unread ones": lambda database: notifications.page(
        database, 1001, status="UNREAD", after_id=0, before_id=None, limit=50
    ),
    "notifications.page of read ones": lambda database: notifications.page(
        database, 1001, status="READ", after_id=None, before_id=None, limit=50
    ),
    "notifications.between": lambda database: notifications.between(database, 1001, after_id=0, up_to=9, limit=5),
    "notifications.unpushed": lambda database: notifications.unpushed(database, 1001, after_id=0, up_to=9, limit=5),
    "notifications.backlog": lambda database: notifications.backlog(database, 1001, after_id=0, up_to=9, most=500),
    "reminders.get": lambda database: reminders.get(database, 1),
    "reminders.page": lambda database: reminders.page(
        database, user_ids=[1001, 1002], status=None, before_id=9, limit=50
    ),
    "occurrences.due_again": lambda database: occurrences.due_again(database, Due(NOW, 100)),
    "occurrences.count_due": lambda database: occurrences.count_due(database, NOW),
    "next_due": next_due,
    "occurrences.ids_due": lambda database: occurrences.ids_due(database, Due(NOW, 100)),
    "snoozes.ids_due": lambda database: snoozes.ids_due(database, Due(NOW, 100)),
    "history.of_task": lambda database: history.of_task(database, 1, before_id=5, limit=50),
    "history.of_notification": lambda database: history.of_notification(database, 1, before_id=None, limit=50),
    "rungs.due": lambda database: rungs.due(database, Due(NOW, 100)),
    "reminders.due_before": lambda database: reminders.due_before(database, 1001, NOW),
    "outcomes.of_day": lambda database: outcomes.of_day(database, 1001, date(2025, 1, 1), NOW, NOW, 100),
    "outcomes.unanswered": lambda database: outcomes.unanswered(database, 0, 100),
    "outcomes.of_notifications": lambda database: outcomes.of_notifications(database, [1, 2]),
    "quiet_hours.of_user": lambda database: quiet_hours.of_user(database, 1),
    "owners.owner": lambda database: owners.owner(database, "question", 1),
    "owners.owner of a notification": lambda database: owners.owner(database, "notification", 1),
    "owners.owner of a reminder": lambda database: owners.owner(database, "reminder", 1),
    "parking.parked": lambda database: parking.parked(database, 10),
    "revocations.above": lambda database: revocations.above(database, 0, 0),
    "sessions.find": lambda database: sessions.find(database, 1),
}
# The index that a statement must use: what it is known by, and by which of the calls above it is made.
INDEXES: Final = (
    ("notifications.count_unread", "SELECT count(*) AS unread", "user_notification_unread"),
    ("notifications.page", "SELECT count(*) AS unread", "user_notification_unread"),
    ("notifications.page", 'SELECT "t1"."id"', "user_notification_of_user"),
    ("notifications.page of unread ones", 'SELECT "t1"."id"', "user_notification_unread"),
    ("notifications.unpushed", 'SELECT "t1"."id"', "user_notification_unpushed"),
    ("notifications.between", 'SELECT "t1"."id"', "user_notification_of_user"),
    ("messages.page", 'SELECT "t1"."id", "t1"."question_id"', "message_of_question"),
    ("messages.between", 'SELECT "t1"."id", "t1"."question_id"', "message_of_question"),
    ("messages.append messages.places", "SELECT message.id", "message_of_client"),
    (READ, "SELECT MAX(COUNT", "message_of_question"),
    (READ, "SELECT id FROM user_notification", "user_notification_of_reply"),
    (
        "questions.change unanswered.heard unanswered.change unanswered.end",
        "SELECT user_id, user_type",
        "user_notification_of_reply",
    ),
    ("questions.page_of_participant participants.unread", 'SELECT "t1"."id"', "participant_of_user"),
    ("questions.page_of_participant participants.unread", 'SELECT "t1"."id"', "message_of_question"),
    ("reminders.page", 'SELECT "t1"."id"', "reminder_task_of_user"),
    ("questions.page of an elder", 'SELECT "t1"."id"', "question_by_elder"),
    ("occurrences.dispatch_once", "SELECT id FROM reminder_task", "reminder_task_due"),
    ("occurrences.due_again", 'SELECT "t1"."id"', "reminder_task_due_again"),
    ("occurrences.count_due", 'SELECT COUNT("t1"."id")', "reminder_task_due(_again)?"),
    ("snoozes.dispatch_due", 'SELECT "t1"."id"', "user_notification_snoozed"),
    ("next_due", 'SELECT "t1"."due_at"', "rung_due"),
    ("next_due", 'SELECT "t1"."snoozed_until"', "user_notification_snoozed"),
    ("next_due", 'SELECT "t1"."next_at"', "reminder_task_due(_again)?"),
    ("rungs.due", 'SELECT "t1"."task_id"', "rung_due"),
    (HOLDS, "SELECT DISTINCT user_id, due_at", "rung_held"),
    ("outcomes.of_day", "SELECT task_id, title", "reminder_task_of_user"),
    ("outcomes.unanswered", "SELECT notification_id", "occurrence_unanswered"),
    ("history.of_task", "SELECT at, what", "history_of_task"),
    ("history.of_notification", "SELECT at, what", "history_of_notification"),
)
# What runs once, as the server starts or finds its clock changed, or by a command.
NOT_FOR_EACH: Final = {
    *("messages.latest_id", "notifications.latest_id", "revocations.put_user", "occurrences.ids_without_time"),
    *("reminders.store_derived", "reminders.ids_by_wall", "reminders.all_of", "sessions.end_all"),
    *("quiet_hours.start", "quiet_hours.look_again"),
}
# What may be walked through: values that were given, rows that were found before, a statement that finds nothing, a
# table that has a row for each table, the revoked tokens, which are all in memory anyway, indexes of parked
# tasks and, at a start, of the questions that tell of replies, and that of the sessions, which are counted where there
# may be too many.
WALKED: Final = re.compile(
    r"\(subquery-|\d+ CONSTANT ROW|\d+-ROW VALUES CLAUSE|CONSTANT ROW|asked |json_each |revoked_token$"
    r"|t1 USING (COVERING )?INDEX (reminder_task_parked|question_that_tells)$|session$"
)
NOTHING: Final = "WHERE (0 = 1)"


@pytest.fixture(scope="module")
def asked_for(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Recorded]:
    """What each of the calls has run, on a file with a little of everything."""
    path = tmp_path_factory.mktemp("plans") / "careline.db"
    path.touch()
    schema.migrate(path)
    made: dict[str, Recorded] = {}
    with closing(sqlite3.connect(path, isolation_level=None, factory=Recording)) as connection:
        for name, write in WRITES.items():
            connection.asked = []
            write(connection)
            made[name] = connection.asked

    async def read_all() -> None:
        database = RecordingDatabase(path)
        try:
            await database.open()
            for name, read in READS.items():
                database.asked = []
                await within(read(database))
                made[name] = database.asked
        finally:
            await database.close()

    asyncio.run(read_all())
    made["path"] = [(str(path), ())]
    return made


@pytest.fixture(scope="module")
def planner(asked_for: dict[str, Recorded]) -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(asked_for["path"][0][0])) as connection:
        yield connection


def plan_of(connection: sqlite3.Connection, sql: str, given: Any) -> list[str]:
    if not re.match(r"\s*(SELECT|INSERT|UPDATE|DELETE|WITH)", sql) or "unread_count" in sql:
        return []
    return [row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {sql}", given)]


@pytest.mark.parametrize("name", [*WRITES, *READS])
def test_no_table_is_walked_through(asked_for: dict[str, Recorded], planner: sqlite3.Connection, name: str) -> None:
    assert asked_for[name], "it has run something"
    for sql, given in asked_for[name]:
        for line in plan_of(planner, sql, given):
            is_small = NOTHING in sql or "sqlite_sequence" in sql or "WITH RECURSIVE" in sql  # rows found before
            assert is_small or not line.startswith("SCAN") or WALKED.match(line.removeprefix("SCAN ")), (line, sql)


@pytest.mark.parametrize(("name", "begins", "index"), INDEXES)
def test_a_statement_uses_its_index(
    asked_for: dict[str, Recorded], planner: sqlite3.Connection, name: str, begins: str, index: str
) -> None:
    plans = [plan_of(planner, sql, given) for sql, given in asked_for[name] if sql.startswith(begins)]
    assert plans, "there is such a statement"
    for plan in plans:
        assert any(re.search(rf"USING (COVERING )?INDEX {index}\b", line) for line in plan), plan


def public(module: ModuleType) -> Iterator[str]:
    """Give the functions of a module that run something, by module and name."""
    for name, function in inspect.getmembers(module, inspect.isfunction):
        first = next(iter(inspect.signature(function).parameters), "")
        if function.__module__ == module.__name__ and not name.startswith("_") and first in ("connection", "database"):
            yield f"{module.__name__.removeprefix('store.')}.{name}"


def test_every_function_that_runs_something_is_here() -> None:
    functions = {name for module in MODULES for name in public(module)}
    here = {name for names in (*WRITES, *READS) for name in names.split()}
    assert functions - here == NOT_FOR_EACH, "add a call of each to WRITES or READS"
