"""Sessions: who a client was, where it was and what it had read."""

import sqlite3
from typing import NamedTuple

import msgspec
from msgspec import Struct

from store.database import Database
from store.models import Session as SessionRow
from store.models import SessionRoom as RoomRow
from store.reading import Row
from store.transaction import run

CHUNK = 50  # sessions in one statement that deletes: each may have a thousand rooms

Owner = tuple[int, str]  # the user and the type of the token that was shown


class Joined(NamedTuple):
    """How a question was joined without a cursor: all that joining it again needs."""

    is_staff: bool  # what it sees of the question without tokens
    updates: bool  # it gets `question:updated`
    since: int  # the last message before it joined
    user_id: int | None  # the user that it named, or None; likewise user_type
    user_type: str | None


class Session(Struct, frozen=True, gc=False, array_like=True):
    """A session as it is stored. The statements below count on the order."""

    id: int
    secret: str  # of the client's pid, its SHA-256 in hexadecimal
    owner: Owner | None  # None without tokens
    user_id: int | None  # that it is bound to without a cursor
    follows: bool  # it knows `notification:updated`
    message_id: int  # it has read all that it was sent up to there
    notification_id: int
    ended_at: int | None  # None while it is connected
    rooms: dict[int, Joined | None]  # by question; to be written: those that have changed, None where it has left


# One statement for all sessions, not one for each: between two of them the loop's thread would take over, and give
# back. A row of another secret is another's.
_SAVE = """INSERT INTO session
        (id, secret, owner_id, owner_type, user_id, follows, message_id, notification_id, ended_at)
    SELECT value ->> 0, value ->> 1, value ->> '$[2][0]', value ->> '$[2][1]', value ->> 3, value ->> 4, value ->> 5,
        value ->> 6, value ->> 7 FROM json_each(?) WHERE true
    ON CONFLICT (id) DO UPDATE SET user_id = excluded.user_id, follows = excluded.follows,
        message_id = excluded.message_id, notification_id = excluded.notification_id, ended_at = excluded.ended_at
        WHERE secret = excluded.secret"""
_JOIN = """REPLACE INTO session_room (session_id, question_id, is_staff, updates, since, user_id, user_type)
    SELECT asked.value ->> 0, CAST(json_each.key AS INTEGER), json_each.value ->> 0, json_each.value ->> 1,
        json_each.value ->> 2, json_each.value ->> 3, json_each.value ->> 4
    FROM json_each(?) AS asked, json_each(asked.value, '$[8]') WHERE json_each.type = 'array'"""
_LEAVE = """DELETE FROM session_room WHERE (session_id, question_id) IN
    (SELECT asked.value ->> 0, CAST(json_each.key AS INTEGER)
    FROM json_each(?) AS asked, json_each(asked.value, '$[8]') WHERE json_each.type = 'null')"""
_FORGET = "DELETE FROM session WHERE id IN (SELECT value FROM json_each(?))"
_END_ALL = "UPDATE session SET ended_at = ? WHERE ended_at IS NULL"
_DELETE_OLDEST = """DELETE FROM session WHERE id IN
    (SELECT id FROM session WHERE ended_at IS NOT NULL ORDER BY ended_at LIMIT ?)"""


def save(connection: sqlite3.Connection, sessions: list[Session]) -> None:
    """Write the sessions as they are now."""
    rows = (msgspec.json.encode(sessions).decode(),)
    connection.execute(_SAVE, rows)
    joins = [joined for one in sessions for joined in one.rooms.values()]
    if any(joins):
        connection.execute(_JOIN, rows)
    if not all(joins):
        connection.execute(_LEAVE, rows)


def forget(connection: sqlite3.Connection, ids: list[int]) -> None:
    """Delete sessions that their clients have ended."""
    connection.execute(_FORGET, (msgspec.json.encode(ids).decode(),))


def end_all(connection: sqlite3.Connection, now: int) -> tuple[int, int]:
    """Let those that were connected when the server ended count as ended now; return how many sessions there are, and
    the highest id."""
    connection.execute(_END_ALL, (now,))
    (highest,) = connection.execute("SELECT coalesce(max(id), 0) FROM session").fetchone()
    return _count(connection), highest


def delete_ended_before(connection: sqlite3.Connection, moment: int) -> int:
    """Delete a chunk of the sessions that ended before the moment; return how many."""
    old = SessionRow.select(SessionRow.id).where(SessionRow.ended_at < moment).limit(CHUNK)
    return run(connection, SessionRow.delete().where(SessionRow.id.in_(old))).rowcount


def delete_oldest(connection: sqlite3.Connection, most: int) -> tuple[int, bool]:
    """Delete a chunk of those beyond so many, of which the ones go that ended first; return how many there are left,
    and whether any was deleted."""
    stored = _count(connection)
    deleted = connection.execute(_DELETE_OLDEST, (max(0, min(stored - most, CHUNK)),)).rowcount
    return stored - deleted, deleted > 0


async def find(database: Database, session_id: int) -> Session | None:
    """Return the session as it is in the file, with all its rooms."""
    sessions, rooms = await database.look(
        SessionRow.select().where(SessionRow.id == session_id),
        RoomRow.select(
            RoomRow.question_id, RoomRow.is_staff, RoomRow.updates, RoomRow.since, RoomRow.user_id, RoomRow.user_type
        )
        .where(RoomRow.session == session_id)
        .order_by(RoomRow.question_id),
    )
    if not sessions:
        return None
    (row,) = sessions
    return Session(
        id=session_id,
        secret=row["secret"],
        owner=None if row["owner_id"] is None else (row["owner_id"], row["owner_type"]),
        user_id=row["user_id"],
        follows=bool(row["follows"]),
        message_id=row["message_id"],
        notification_id=row["notification_id"],
        ended_at=row["ended_at"],
        rooms={row["question_id"]: _joined(row) for row in rooms},
    )


def _joined(row: Row) -> Joined:
    flags = bool(row["is_staff"]), bool(row["updates"])
    return Joined(*flags, row["since"], row["user_id"], row["user_type"])


def _count(connection: sqlite3.Connection) -> int:
    return int(connection.execute("SELECT count(*) FROM session").fetchone()[0])
