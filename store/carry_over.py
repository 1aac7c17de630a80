"""What a restore takes over from the database that it replaces: revocations, the audit, reminders that have rung, the
sessions of clients, what waits for hooks, and what confirm links are signed with.

Rewound, a revoked token would work again, an attacker's rows would be gone from the audit, a medicine that was taken
would be asked for once more, a user who has logged out would come back, and so would a link that was used. Of a damaged
database all is taken that can be read.
"""

# ruff: noqa: S608 - the names of tables and columns are our own

import sqlite3
from collections.abc import Iterator
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from store import revocations
from store.planned import known_by

Row = dict[str, Any]

# What users and the loop have changed in a notification since it was written.
_ANSWERS = ("status", "read_at", "pushed_at", "confirmed_at", "snoozed_until", "pushed_to", "withdrawn_at")
# The replaced database alone knows what became of these.
_HAD = "WRITTEN", "MISSED", "PAUSED"
_RANG = """UPDATE reminder_task SET status = 'DISPATCHED', next_at = NULL
    WHERE rrule IS NULL AND next_at IS NOT NULL AND EXISTS (
        SELECT 1 FROM occurrence WHERE task_id = reminder_task.id AND {known})"""
_SETTLED = """UPDATE occurrence SET settled = ?, settled_at = ?, settled_by = ?, note = ?
    WHERE task_id = ? AND planned_on = ? AND (settled IS NULL OR settled = 'MISSED')"""
_PASSED = """UPDATE rung SET passed_at = coalesce(passed_at, ?)
    WHERE task_id = ? AND planned_on = ? AND number = ?"""
# It was held when the backup was made, and has rung since.
_RANG_SINCE = """UPDATE occurrence SET notification_id = ?, at = ?
    WHERE task_id = ? AND planned_on = ? AND notification_id IS NULL AND outcome = 'WRITTEN'"""
# What a task's columns tell of an occurrence that an older Careline has kept by its moment.
_OF_TASK = "rrule", "timezone", "zone_given", "next_on", "remind_at"


@dataclass(slots=True)
class Carried:
    """How much was taken over."""

    revocations: int = 0
    audit: int = 0
    occurrences: int = 0
    answers: int = 0
    links: bool = False  # confirm links stay good
    is_whole: bool = True  # everything could be read


def needs_newer_schema(replaced: Path, restored: Path) -> bool:
    """Return whether the replaced database has revocations, an audit, sessions or confirm links, and the restored one
    no table for them yet."""
    with closing(reading(replaced)) as old, closing(reading(restored)) as new:
        kept = ("revoked_token", "revoked_user", "audit", "session", "outbox", "link_secret")
        tables = [table for table in kept if not _columns(new, table)]
        with suppress(sqlite3.DatabaseError):
            return any(
                _columns(old, table) and old.execute(f'SELECT 1 FROM "{table}" LIMIT 1').fetchone() for table in tables
            )
    return False


def carry_over(replaced: Path, restored: Path) -> Carried:
    """Take over what must not be rewound. Nothing else may have the restored file yet: it is written without a
    journal."""
    carried = Carried()
    with closing(reading(replaced)) as old, closing(sqlite3.connect(restored, isolation_level=None)) as new:
        new.row_factory = sqlite3.Row
        new.execute("PRAGMA journal_mode = MEMORY")
        new.execute("PRAGMA synchronous = OFF")
        new.execute("BEGIN")
        _carry_revocations(old, new, carried)
        _carry_audit(old, new, carried)
        _carry_reminders(old, new, carried)
        _carry_sessions(old, new, carried)
        _carry_outbox(old, new, carried)
        _carry_links(old, new, carried)
        new.execute("COMMIT")
        new.execute("PRAGMA journal_mode = DELETE")
    return carried


def _carry_revocations(old: sqlite3.Connection, new: sqlite3.Connection, carried: Carried) -> None:
    if _columns(new, "revoked_token"):
        for row in _rows(old, "revoked_token", carried):
            given = (row["token"], row["expires_at"], row["revoked_at"])
            insert = "INSERT OR IGNORE INTO revoked_token (token, expires_at, revoked_at) VALUES (?, ?, ?)"
            carried.revocations += new.execute(insert, given).rowcount
    if _columns(new, "revoked_user"):
        for row in _rows(old, "revoked_user", carried):
            before = new.total_changes
            revocations.put_user(new, row["user_id"], row["user_type"], row["issued_until"], row["revoked_at"])
            carried.revocations += new.total_changes > before


def _carry_audit(old: sqlite3.Connection, new: sqlite3.Connection, carried: Carried) -> None:
    columns = _columns(new, "audit")
    if not columns:
        return
    last = new.execute("SELECT * FROM audit ORDER BY id DESC LIMIT 1").fetchone()
    above = 0
    if last is not None:
        with suppress(sqlite3.DatabaseError):
            same = old.execute("SELECT * FROM audit WHERE id = ?", (last["id"],)).fetchone()
            # Up to there both hold the same rows: one of them is a copy of the other.
            above = last["id"] if same is not None and dict(same) == dict(last) else 0
    for row in _rows(old, "audit", carried, above):
        known = new.execute("SELECT * FROM audit WHERE id = ?", (row["id"],)).fetchone()
        if known is not None and dict(known) == row:
            continue
        if known is not None:
            del row["id"]  # the id of another row: this one gets a new one
        _insert(new, "audit", row, columns)
        carried.audit += 1


def forget_sessions(restored: Path) -> None:
    """Delete the sessions that came with a backup: who has logged out since would come back. Nothing else may have the
    file yet."""
    with closing(sqlite3.connect(restored, isolation_level=None)) as new:
        for table in ("session_room", "session"):
            if new.execute("SELECT 1 FROM sqlite_master WHERE name = ?", (table,)).fetchone():
                new.execute(f"DELETE FROM {table}")


def _carry_sessions(old: sqlite3.Connection, new: sqlite3.Connection, carried: Carried) -> None:
    """Take over the sessions. Clients come back to them: ids go on, so that what they have read is below what comes."""
    for table, key in ("session", "id"), ("session_room", "session_id"):
        columns = _columns(new, table)
        for row in _rows(old, table, carried, key=key) if columns else ():
            _insert(new, table, row, columns)


def _carry_outbox(old: sqlite3.Connection, new: sqlite3.Connection, carried: Carried) -> None:
    """Take over what waits for the hooks, how far each has come, and the dead letters: what was told is not told again,
    and what was committed is told, also where the restore takes it back."""
    if not _columns(old, "outbox") or not _columns(new, "outbox"):
        return
    for row in _rows(old, "outbox_origin", carried):
        new.execute("UPDATE outbox_origin SET origin = ?", (row["origin"],))
    for table, key in ("outbox", "id"), ("dead_letter", "id"):
        columns = _columns(new, table)
        for row in _rows(old, table, carried, key=key):
            _insert(new, table, row, columns)
    try:
        hooks = [dict(row) for row in old.execute("SELECT * FROM hook")]
    except sqlite3.DatabaseError:
        carried.is_whole = False
        return
    for row in hooks:
        if not _insert(new, "hook", row, _columns(new, "hook")):
            given = (row["position"], row["name"])
            new.execute("UPDATE hook SET position = max(position, ?) WHERE name = ?", given)


def forget_links(restored: Path) -> bool:
    """Delete what confirm links are signed with in a backup; return whether it was there. The backup does not know
    which of them were used since."""
    with closing(sqlite3.connect(restored, isolation_level=None)) as new:
        if not new.execute("SELECT 1 FROM sqlite_master WHERE name = 'link_secret'").fetchone():
            return False
        return new.execute("DELETE FROM link_secret").rowcount > 0


def _carry_links(old: sqlite3.Connection, new: sqlite3.Connection, carried: Carried) -> None:
    """Keep the confirm links good, where all that was answered could be taken over."""
    columns = _columns(new, "link_secret")
    for row in list(_rows(old, "link_secret", carried)) if columns else ():
        if carried.is_whole:
            carried.links = _insert(new, "link_secret", row, columns) > 0


def _carry_reminders(old: sqlite3.Connection, new: sqlite3.Connection, carried: Carried) -> None:
    if not _columns(new, "occurrence"):
        return  # a backup of before repeating reminders: it cannot say what has rung
    known = {row["id"]: (row["user_id"], row["created_at"]) for row in new.execute("SELECT * FROM reminder_task")}
    both: dict[int, list[Any]] = {
        row["id"]: [row.get(name) for name in _OF_TASK]
        for row in _rows(old, "reminder_task", carried)
        if known.get(row["id"]) == (row["user_id"], row["created_at"])
    }
    there = _carry_notifications(old, new, both, carried)
    columns = _columns(new, "occurrence")
    for row in _rows(old, "occurrence", carried, key="task_id"):
        if row["task_id"] in both and row["outcome"] in _HAD:
            if row["notification_id"] not in there:
                row["notification_id"] = None
            row.setdefault("planned_on", known_by(row["planned_at"], *both[row["task_id"]]))
            carried.occurrences += _insert(new, "occurrence", row, columns)
            if row["notification_id"] is not None and "planned_on" in columns:
                new.execute(_RANG_SINCE, [row[name] for name in ("notification_id", "at", "task_id", "planned_on")])
            if row.get("settled") and "settled" in columns:
                given = [row[name] for name in ("settled", "settled_at", "settled_by", "note", "task_id", "planned_on")]
                new.execute(_SETTLED, given)
    _carry_ladders(old, new, both, carried)
    is_by_wall = "planned_on" in columns
    new.execute(_RANG.format(known="planned_on = coalesce(next_on, next_at)" if is_by_wall else "planned_at = next_at"))


def _carry_ladders(
    old: sqlite3.Connection, new: sqlite3.Connection, tasks: dict[int, list[Any]], carried: Carried
) -> None:
    """Take over the rungs that the restored database lacks, and that others have rung."""
    columns = _columns(new, "rung")
    if not columns:
        return
    for row in _rows(old, "rung", carried, key="task_id"):
        if row["task_id"] in tasks and not _insert(new, "rung", row, columns):
            new.execute(_PASSED, [row[name] for name in ("passed_at", "task_id", "planned_on", "number")])


def _carry_notifications(
    old: sqlite3.Connection, new: sqlite3.Connection, tasks: dict[int, list[Any]], carried: Carried
) -> set[int]:
    """Take over the tasks' notifications that the restored database lacks, and what was answered to the others; return
    the ids of all that are there."""
    columns = _columns(new, "user_notification")
    answers = [name for name in _ANSWERS if name in columns]
    rows = new.execute("SELECT * FROM user_notification").fetchall()
    known = {row["id"]: (row["task_id"], row["occurrence_at"]) for row in rows}
    there, state = set(known), {row["id"]: [row[name] for name in answers] for row in rows}
    update = f"UPDATE user_notification SET {', '.join(f'{name} = ?' for name in answers)} WHERE id = ?"
    # By id, also from a damaged file: one that came again follows the one that it stands for.
    for row in sorted(_rows(old, "user_notification", carried), key=lambda row: row["id"]):
        if row["task_id"] not in tasks:
            continue
        if row["id"] in known:
            values = [row.get(name) for name in answers]
            if known[row["id"]] == (row["task_id"], row["occurrence_at"]) and values != state[row["id"]]:
                new.execute(update, (*values, row["id"]))
                carried.answers += 1
            continue
        # One that came again needs the one that it stands for.
        has_first = row.get("snooze_of") is None or row["snooze_of"] in there
        if row.get("snooze_of") is None:
            row.setdefault("occurrence_on", known_by(row["occurrence_at"], *tasks[row["task_id"]]))
        if has_first and _insert(new, "user_notification", row, columns):
            there.add(row["id"])
    return there


def _rows(old: sqlite3.Connection, table: str, carried: Carried, above: int = 0, key: str = "id") -> Iterator[Row]:
    """The rows of a table above a key, of a damaged file those before the damage and those behind it."""
    try:
        if not _columns(old, table):
            return
    except sqlite3.DatabaseError:
        carried.is_whole = False
        return
    last = above
    for order in ("ASC", "DESC"):
        try:
            for row in old.execute(f'SELECT * FROM "{table}" WHERE {key} > ? ORDER BY {key} {order}', (above,)):
                if order == "DESC" and row[key] < last:
                    return
                last = row[key] if order == "ASC" else last
                yield dict(row)
        except sqlite3.DatabaseError:
            carried.is_whole = False
            continue
        return


def _insert(new: sqlite3.Connection, table: str, row: Row, columns: set[str]) -> int:
    """Insert the columns that the table has, unless the row is there; return how many rows came to it."""
    given = {name: value for name, value in row.items() if name in columns}
    names, marks = ", ".join(f'"{name}"' for name in given), ", ".join("?" * len(given))
    statement = f'INSERT OR IGNORE INTO "{table}" ({names}) VALUES ({marks})'
    return new.execute(statement, list(given.values())).rowcount


def _columns(connection: sqlite3.Connection, table: str) -> set[str]:
    """The names of a table's columns; none where there is no such table."""
    return {row["name"] for row in connection.execute(f'PRAGMA table_info("{table}")')}


def reading(path: Path) -> sqlite3.Connection:
    # Read-only: such a connection folds no WAL into a damaged file.
    connection = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, isolation_level=None)
    connection.row_factory = sqlite3.Row
    return connection
