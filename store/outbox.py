"""The outbox: events that wait for hooks, each written in the transaction of what it tells.

Triggers of the writer's connection write them, whatever changes the tables. They are made only where there are hooks,
and end with the connection: without hooks a write costs what it always did. An event has one row, however many hooks
are told it; a hook has a position, the id up to which it is done. A row goes once all hooks have passed it.

Messages come in batches, and are by far the most: a batch has one row, written by `add_messages`. It has the id of the
last of its events; those before have the ids before.

A row is slim. What never changes in its subject is read when it is delivered. What may change by then stands in
`state`, as it was at the commit.
"""

# ruff: noqa: S608 - the names of tables and columns are our own

import sqlite3
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import orjson

from store import schema
from store.beside import writing_beside
from store.clock import DAY, Clock
from store.file import StoreFault
from store.messages import Message
from store.transaction import Connection

# Events that may wait for one hook; beyond them the oldest become dead letters.
MOST_WAITING: Final = 1_000_000
MOST_DEAD: Final = 100_000  # dead letters of one hook; beyond them the oldest are deleted
DEAD_FOR: Final = 30 * DAY  # how long a dead letter is kept
CHUNK: Final = 1_000  # rows in one transaction
MOST_COUNTED: Final = 100_000  # waiting events; more are not counted on

MESSAGE_CREATED: Final = "message.created"

_TOLD = "INSERT INTO outbox (event, subject_id, at, channel, state)"
_CHANNEL = "coalesce((SELECT channel FROM reminder_task WHERE id = new.task_id), 'IN_APP')"
_QUESTION = """json_object('elder_id', new.elder_id, 'status', new.status, 'created_at', new.created_at,
    'assignee_id', new.assignee_id, 'priority', new.priority, 'category', new.category,
    'notify_replies', new.notify_replies, 'answer_within', new.answer_within, 'follow_up', json(new.follow_up))"""
_QUESTION_FIELDS = ("status", "assignee_id", "priority", "category", "notify_replies", "answer_within", "follow_up")
_ANSWER_FIELDS = ("status", "confirmed_at", "snoozed_until", "withdrawn_at")
_ANSWER = """json_object('user_id', new.user_id, 'biz_type', new.biz_type, 'biz_id', new.biz_id,
    'task_id', new.task_id, 'status', new.status, 'read_at', new.read_at, 'confirmed_at', new.confirmed_at,
    'snoozed_until', new.snoozed_until, 'withdrawn_at', new.withdrawn_at)"""
_MISSED = f"""BEGIN {_TOLD}
    SELECT 'occurrence.missed', new.task_id, careline_now(), channel, json_object('planned_at', new.planned_at,
        'user_id', user_id, 'biz_type', biz_type, 'biz_id', biz_id, 'notification_id', new.notification_id)
    FROM reminder_task WHERE id = new.task_id; END"""


def _differs(columns: Sequence[str]) -> str:
    return " OR ".join(f"old.{column} IS NOT new.{column}" for column in columns)


# By the event, but for MESSAGE_CREATED: what has its rows written, as the rest of a CREATE TRIGGER.
_TRIGGERS: Final[Mapping[str, Mapping[str, str]]] = {
    "notification.created": {
        "outbox_notification": f"""AFTER INSERT ON main.user_notification
            BEGIN {_TOLD} VALUES ('notification.created', new.id, new.created_at, {_CHANNEL}, NULL); END"""
    },
    "notification.answered": {
        "outbox_answer": f"""AFTER UPDATE OF {", ".join(_ANSWER_FIELDS)} ON main.user_notification
            WHEN {_differs(_ANSWER_FIELDS)}
            BEGIN {_TOLD} VALUES ('notification.answered', new.id, careline_now(), {_CHANNEL}, {_ANSWER}); END"""
    },
    "occurrence.missed": {
        "outbox_left_out": f"AFTER INSERT ON main.occurrence WHEN new.outcome = 'MISSED' {_MISSED}",
        "outbox_unanswered": f"""AFTER UPDATE OF settled ON main.occurrence
            WHEN new.settled = 'MISSED' AND old.settled IS NOT 'MISSED' {_MISSED}""",
    },
    "question.created": {
        "outbox_question": f"""AFTER INSERT ON main.question
            BEGIN {_TOLD} VALUES ('question.created', new.id, new.created_at, NULL, {_QUESTION}); END"""
    },
    "question.updated": {
        "outbox_question_change": f"""AFTER UPDATE OF {", ".join(_QUESTION_FIELDS)} ON main.question
            WHEN {_differs(_QUESTION_FIELDS)}
            BEGIN {_TOLD} VALUES ('question.updated', new.id, careline_now(), NULL, {_QUESTION}); END"""
    },
}


def listens(events: Collection[str], clock: Clock) -> Callable[[sqlite3.Connection], None]:
    """Return what makes a connection write each of these events down, and no other."""

    def prepare(connection: sqlite3.Connection) -> None:
        assert isinstance(connection, Connection)
        connection.tells_messages = MESSAGE_CREATED in events
        connection.create_function("careline_now", 0, clock)
        for event, triggers in _TRIGGERS.items():
            for name, rest in triggers.items():
                connection.execute(f"DROP TRIGGER IF EXISTS temp.{name}")
                if event in events:
                    connection.execute(f"CREATE TEMP TRIGGER {name} {rest}")

    return prepare


@dataclass(frozen=True, slots=True)
class Listener:
    """The events and channels that a hook asks for."""

    name: str
    events: tuple[str, ...]
    channels: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Waiting:
    """An event as a hook reads it."""

    id: int
    told_id: int  # under which the receiver knows it: that of its first row
    event: str
    subject_id: int
    at: int
    channel: str | None
    state: str | None  # a JSON object
    is_wanted: bool  # the hook is told it


@dataclass(frozen=True, slots=True)
class Position:
    """How far a hook has come, and how it fares."""

    name: str
    position: int
    failing_since: int | None = None
    last_error: str | None = None


@dataclass(frozen=True, slots=True)
class Burial:
    """Asks for dead letters of events that wait for a hook, up to an id."""

    listener: Listener
    up_to: int
    at: int
    why: str


@dataclass(frozen=True, slots=True)
class Standing:
    """What waits for a hook."""

    waiting: int  # MOST_COUNTED stands for that many or more
    oldest: int | None  # when the first of them happened
    dead: int
    lost: int
    failing_since: int | None
    last_error: str | None


_WANTED = """(hook IS NULL OR hook = ?) AND event IN (SELECT value FROM json_each(?))
    AND (channel IS NULL OR channel IN (SELECT value FROM json_each(?)))"""
_NEXT = f"""SELECT id, replay_of, event, subject_id, at, channel, state, {_WANTED}, count
    FROM outbox WHERE id > ? ORDER BY id LIMIT ?"""
_SENT_AT = "SELECT id, sent_at FROM message WHERE id BETWEEN ? AND ?"
_HIGHEST = "SELECT coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'outbox'), 0)"
_MESSAGES = f"""INSERT INTO outbox (id, event, subject_id, at, count)
    VALUES (({_HIGHEST}) + ?3, '{MESSAGE_CREATED}', ?1, ?2, ?3)"""
_PASSED = """DELETE FROM outbox WHERE id IN (
    SELECT id FROM outbox WHERE id <= (SELECT min(position) FROM hook) ORDER BY id LIMIT ?)"""
_BURIED = """INSERT OR REPLACE INTO dead_letter (hook, id, event, subject_id, at, channel, state, buried_at, why)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"""
_BEYOND = """DELETE FROM dead_letter WHERE hook = ?1 AND id <= (
    SELECT id FROM dead_letter WHERE hook = ?1 ORDER BY id DESC LIMIT 1 OFFSET ?2)"""
_AGAIN = """INSERT INTO outbox (event, subject_id, at, channel, state, hook, replay_of)
    SELECT event, subject_id, at, channel, state, hook, id FROM dead_letter
    WHERE id = ? AND hook IN (SELECT name FROM hook) ORDER BY hook"""


def wanted(listener: Listener) -> tuple[str, bytes, bytes]:
    return listener.name, orjson.dumps(listener.events), orjson.dumps(listener.channels)


# For the writer.


def add_messages(connection: sqlite3.Connection, created: Sequence[Message]) -> None:
    """Write down that messages were created, whose ids are in a row."""
    connection.execute(_MESSAGES, (created[-1].id, created[0].sent_at, len(created)))


def take_up(connection: sqlite3.Connection, names: Sequence[str]) -> list[tuple[str, int]]:
    """Have exactly these hooks. A new one begins with what happens from now on. Return those that are gone, with how
    many events waited at most for each."""
    _go_on_above(connection)
    (highest,) = connection.execute(_HIGHEST).fetchone()
    known = dict(connection.execute("SELECT name, position FROM hook").fetchall())
    gone = [(name, _events_above(connection, position)) for name, position in known.items() if name not in names]
    for name, _ in gone:
        connection.execute("DELETE FROM hook WHERE name = ?", (name,))
        connection.execute("DELETE FROM dead_letter WHERE hook = ?", (name,))
    for name in names:
        connection.execute("INSERT OR IGNORE INTO hook (name, position) VALUES (?, ?)", (name, highest))
    return gone


def _events_above(connection: sqlite3.Connection, last_id: int) -> int:
    counted = "SELECT sum(n) FROM (SELECT min(count, id - ?1) AS n FROM outbox WHERE id > ?1 LIMIT ?2)"
    return min(connection.execute(counted, (last_id, MOST_COUNTED)).fetchone()[0] or 0, MOST_COUNTED)


def _go_on_above(connection: sqlite3.Connection) -> None:
    """Have ids go on above all positions, also where SQLite's count of them was lost: an event below would never be
    told."""
    (most,) = connection.execute("SELECT coalesce(max(position), 0) FROM hook").fetchone()
    if most > connection.execute(_HIGHEST).fetchone()[0]:
        connection.execute("DELETE FROM sqlite_sequence WHERE name = 'outbox'")
        connection.execute("INSERT INTO sqlite_sequence (name, seq) VALUES ('outbox', ?)", (most,))


def advance(connection: sqlite3.Connection, come: Position) -> None:
    """Note how far a hook has come, and delete a chunk of what all have passed."""
    connection.execute(
        """UPDATE hook SET position = max(position, ?), failing_since = ?, last_error = ? WHERE name = ?""",
        (come.position, come.failing_since, come.last_error, come.name),
    )
    connection.execute(_PASSED, (2 * CHUNK,))


def bury(connection: sqlite3.Connection, burial: Burial) -> int:
    """Make dead letters of what waits up to an id; return how many. The hook is done with them."""
    name, buried = burial.listener.name, 0
    found = connection.execute("SELECT position FROM hook WHERE name = ?", (name,)).fetchone()
    if found is None:
        return 0  # the hook has gone from the operator's file meanwhile
    (done,) = found
    while chunk := [one for one in after(connection, burial.listener, done, CHUNK) if one.id <= burial.up_to]:
        done = chunk[-1].id
        rows = [
            (name, one.told_id, one.event, one.subject_id, one.at, one.channel, one.state, burial.at, burial.why)
            for one in chunk
            if one.is_wanted
        ]
        connection.executemany(_BURIED, rows)
        buried += len(rows)
    connection.execute("UPDATE hook SET position = max(position, ?) WHERE name = ?", (burial.up_to, name))
    lost = connection.execute(_BEYOND, (name, MOST_DEAD)).rowcount
    if lost:
        connection.execute("UPDATE hook SET lost = lost + ? WHERE name = ?", (lost, name))
    connection.execute(_PASSED, (2 * CHUNK,))
    return buried


def forget_dead(connection: sqlite3.Connection, before: int) -> int:
    """Delete a chunk of the dead letters that were buried before a moment; return how many."""
    return connection.execute(
        """DELETE FROM dead_letter WHERE (hook, id) IN (
            SELECT hook, id FROM dead_letter WHERE buried_at < ? LIMIT ?)""",
        (before, CHUNK),
    ).rowcount


# For a hook's own thread, and the command line.


def reading(path: Path) -> sqlite3.Connection:
    """Return a connection that only reads, for the thread that asks."""
    return sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, isolation_level=None)


def origin(connection: sqlite3.Connection) -> str:
    """Return what the ids of this file's events begin with."""
    (text,) = connection.execute("SELECT origin FROM outbox_origin").fetchone()
    return str(text)


def position(connection: sqlite3.Connection, name: str) -> Position:
    row = connection.execute("SELECT position, failing_since, last_error FROM hook WHERE name = ?", (name,)).fetchone()
    return Position(name, *row)


def excess(connection: sqlite3.Connection, listener: Listener, last_id: int) -> int | None:
    """Return up to which id too many events wait above an id, or the end of their first chunk. None where there are not
    too many."""
    # Ids have gaps: a restore on a new disk leaves one of a thousand million.
    if connection.execute(_HIGHEST).fetchone()[0] - last_id <= MOST_WAITING:
        return None
    waiting, newest_first = 0, "SELECT id, count FROM outbox WHERE id > ? ORDER BY id DESC"
    for row_id, count in connection.execute(newest_first, (last_id,)):
        newer, waiting = waiting, waiting + min(count, row_id - last_id)
        if waiting > MOST_WAITING:
            last = row_id - (MOST_WAITING - newer)
            return max(one.id for one in after(connection, listener, last_id, CHUNK) if one.id <= last)
    return None


def after(connection: sqlite3.Connection, listener: Listener, last_id: int, limit: int) -> list[Waiting]:
    """Return the next events above an id, oldest first, with those that the hook is not told."""
    found: list[Waiting] = []
    rows = connection.execute(_NEXT, (*wanted(listener), last_id, limit)).fetchall()
    for row_id, replay_of, event, subject_id, at, channel, state, is_wanted, count in rows:
        first = max(row_id - count, last_id) + 1
        last = min(row_id, first + limit - len(found) - 1)
        before = row_id - subject_id  # what the id of an event is above that of its subject
        sent_at = {} if count == 1 else dict(connection.execute(_SENT_AT, (first - before, last - before)))
        for number in range(first, last + 1):
            subject = number - before
            moment = sent_at.get(subject, at)
            told_id = replay_of or number
            found.append(Waiting(number, told_id, event, subject, moment, channel, state, bool(is_wanted)))
        if len(found) == limit:
            break
    return found


def standing(connection: sqlite3.Connection, listener: Listener) -> Standing | None:
    """Return what waits for a hook; None where the file has no such hook yet."""
    found = connection.execute(
        "SELECT position, failing_since, last_error, lost FROM hook WHERE name = ?", (listener.name,)
    ).fetchone()
    if found is None:
        return None
    last_id, failing_since, last_error, lost = found
    waiting, oldest = connection.execute(
        f"""SELECT coalesce(sum(n), 0), min(at) FROM (
            SELECT min(count, id - ?) AS n, at FROM outbox WHERE id > ? AND {_WANTED} ORDER BY id LIMIT ?)""",
        (last_id, last_id, *wanted(listener), MOST_COUNTED),
    ).fetchone()
    (dead,) = connection.execute("SELECT count(*) FROM dead_letter WHERE hook = ?", (listener.name,)).fetchone()
    return Standing(min(waiting, MOST_COUNTED), oldest, dead, lost, failing_since, last_error)


@dataclass(frozen=True, slots=True)
class DeadLetter:
    hook: str
    id: int
    event: str
    at: int
    why: str


def dead_letters(path: Path, most: int) -> tuple[str, list[DeadLetter]]:
    """Return the origin of the file's events and its newest dead letters, oldest first. StoreFault where it cannot be
    read."""
    schema.refuse_older(path)
    try:
        with closing(reading(path)) as connection:
            rows = connection.execute(
                "SELECT hook, id, event, at, why FROM dead_letter ORDER BY buried_at DESC, id DESC LIMIT ?", (most,)
            ).fetchall()
            return origin(connection), [DeadLetter(*row) for row in reversed(rows)]
    except sqlite3.Error as fault:
        raise StoreFault(f"cannot read {path}: {fault}") from fault


def standings(path: Path, listeners: Sequence[Listener]) -> dict[str, Standing | None]:
    """Return what waits for each hook. StoreFault where the file cannot be read."""
    schema.refuse_older(path)
    try:
        with closing(reading(path)) as connection:
            return {one.name: standing(connection, one) for one in listeners}
    except sqlite3.Error as fault:
        raise StoreFault(f"cannot read {path}: {fault}") from fault


def replay(path: Path, of: str, event_id: int) -> int:
    """Have a dead letter told again to each hook that has it, also while a server has the file; return to how many.
    `of` is the origin of its id. StoreFault says why not."""
    with writing_beside(path) as connection:
        if origin(connection) != of:
            return 0
        again = connection.execute(_AGAIN, (event_id,)).rowcount
        if again:
            connection.execute("DELETE FROM dead_letter WHERE id = ? AND hook IN (SELECT name FROM hook)", (event_id,))
        return again
