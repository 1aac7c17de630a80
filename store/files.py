"""Files that were uploaded: who may use and see each, which questions' messages name it, and which nothing names.

A file may be seen by who has uploaded it, and by who may see a message that names it. Without tokens it is not known
who has uploaded one: until a message names it, anybody may see it.
"""

import sqlite3
from collections.abc import Sequence
from typing import Any

from msgspec import Struct
from peewee import ModelSelect, fn

from store.database import Database
from store.messages import Viewer
from store.models import File as FileRow
from store.models import FileKey as KeyRow
from store.models import FileUpload as UploadRow
from store.models import FileUse as UseRow
from store.models import Question as QuestionRow
from store.transaction import run

CHUNK = 100  # rows in one transaction

_PUT = """INSERT INTO file (sha256, size, content_type, uploaded_at, unnamed_since) VALUES (?1, ?2, ?3, ?4, ?4)
    ON CONFLICT (sha256) DO UPDATE SET uploaded_at = max(uploaded_at, excluded.uploaded_at),
        content_type = excluded.content_type,
        unnamed_since = CASE WHEN unnamed_since IS NULL THEN NULL ELSE max(unnamed_since, ?4) END"""
_UPLOADED_BY = "INSERT OR IGNORE INTO file_upload (sha256, user_id, user_type) VALUES (?, ?, ?)"
_USE = "INSERT OR IGNORE INTO file_use (sha256, question_id, is_visible_to_patient) VALUES (?, ?, ?)"
_NAMED = "UPDATE file SET unnamed_since = NULL WHERE sha256 = ? AND unnamed_since IS NOT NULL"
# As long as a file counts that was uploaded and never named: who has uploaded it just now is about to name it.
_UNNAMED = """UPDATE file SET unnamed_since = uploaded_at
    WHERE sha256 = ?1 AND NOT EXISTS (SELECT 1 FROM file_use WHERE sha256 = ?1)"""


class Upload(Struct, frozen=True, gc=False):
    """A file whose content is on the disk."""

    sha256: str
    size: int
    content_type: str
    at: int
    by: tuple[int, str] | None  # the user's id and type; None without tokens


class Stored(Struct, frozen=True, gc=False):
    size: int
    content_type: str


def put(connection: sqlite3.Connection, upload: Upload) -> None:
    """Store that a file is there, and who has uploaded it."""
    connection.execute(_PUT, (upload.sha256, upload.size, upload.content_type, upload.at))
    if upload.by is not None:
        connection.execute(_UPLOADED_BY, (upload.sha256, *upload.by))


def may_name(connection: sqlite3.Connection, names: Sequence[str], viewer: Viewer) -> bool:
    """Return whether a message of this user may name all of these files: those that there are, and the user may see."""
    return all(_may_name(connection, sha256, viewer) for sha256 in names)


def _may_name(connection: sqlite3.Connection, sha256: str, viewer: Viewer) -> bool:
    return any(run(connection, query).fetchone() is not None for query in _ways(sha256, viewer))


def named(connection: sqlite3.Connection, names: Sequence[str], question_id: int, is_visible_to_patient: bool) -> None:
    """Store that a message of the question names these files. They stay as long as there is the question."""
    for sha256 in names:
        connection.execute(_USE, (sha256, question_id, is_visible_to_patient))
        connection.execute(_NAMED, (sha256,))


async def find(database: Database, sha256: str, viewer: Viewer) -> Stored | None:
    """Return a file that the user may see, or None."""
    file, *ways = await database.look(_FILE.where(FileRow.sha256 == sha256), *_ways(sha256, viewer))
    return Stored(**file[0]) if file and any(ways) else None


async def get(database: Database, sha256: str) -> Stored | None:
    """Return a file by its hash, or None. For callers whose address is signed."""
    (file,) = await database.look(_FILE.where(FileRow.sha256 == sha256))
    return Stored(**file[0]) if file else None


_FILE = FileRow.select(FileRow.size, FileRow.content_type)


def _ways(sha256: str, viewer: Viewer) -> "list[ModelSelect[Any]]":
    """Queries of which one has a row where the user may see the file."""
    use = UseRow.select(UseRow.sha256).join(QuestionRow, on=(QuestionRow.id == UseRow.question))
    use = use.where(UseRow.sha256 == sha256, QuestionRow.deleted_at.is_null())
    if viewer.within is not None:
        users, questions = list(viewer.within.users), list(viewer.within.questions)
        use = use.where(QuestionRow.elder_id.in_(users) | QuestionRow.id.in_(questions))
    own = (
        FileRow.select(FileRow.sha256).where(FileRow.sha256 == sha256, FileRow.unnamed_since.is_null(False))
        if viewer.uploader is None
        else UploadRow.select(UploadRow.sha256).where(
            UploadRow.sha256 == sha256,
            UploadRow.user_id == viewer.uploader[0],
            UploadRow.user_type == viewer.uploader[1],
        )
    )
    return [own, viewer.visibility.of_uses(use).limit(1)]


async def signing_key(database: Database) -> bytes:
    """Return the key that signs the addresses of files."""
    (rows,) = await database.read(KeyRow.select(KeyRow.key))
    return bytes(rows[0]["key"])


async def exist(database: Database) -> bool:
    """Return whether any file was ever taken that is still there."""
    (rows,) = await database.read(FileRow.select(FileRow.sha256).limit(1))
    return bool(rows)


async def total(database: Database) -> tuple[int, int]:
    """Return how many files there are, and their bytes."""
    count, size = fn.COUNT(FileRow.sha256).alias("count"), fn.COALESCE(fn.SUM(FileRow.size), 0).alias("size")
    (rows,) = await database.read(FileRow.select(count, size))
    return rows[0]["count"], rows[0]["size"]


async def unnamed_before(database: Database, moment: int) -> list[str]:
    """Return the hashes of some files that no message has named since before the moment."""
    query = FileRow.select(FileRow.sha256).where(FileRow.unnamed_since < moment).order_by(FileRow.unnamed_since)
    (rows,) = await database.read(query.limit(CHUNK))
    return [row["sha256"] for row in rows]


async def unknown_among(database: Database, names: Sequence[str]) -> list[str]:
    """Return those of the hashes of which there is no file; at most CHUNK of them at a time."""
    (rows,) = await database.read(FileRow.select(FileRow.sha256).where(FileRow.sha256.in_(list(names))))
    return sorted(set(names) - {row["sha256"] for row in rows})


class Unnamed(Struct, frozen=True, gc=False):
    """Asks for the end of a file, where no message has named it since before a moment."""

    sha256: str
    before: int


def delete_unnamed(connection: sqlite3.Connection, unnamed: Unnamed) -> bool:
    """Delete the file's rows; False where it is named by now, or was uploaded again. Its content goes after that."""
    found = connection.execute(
        "SELECT 1 FROM file WHERE sha256 = ? AND unnamed_since < ?", (unnamed.sha256, unnamed.before)
    ).fetchone()
    if found is None:
        return False
    connection.execute("DELETE FROM file_upload WHERE sha256 = ?", (unnamed.sha256,))
    connection.execute("DELETE FROM file WHERE sha256 = ?", (unnamed.sha256,))
    return True


def forget_uses(connection: sqlite3.Connection, question_ids: Sequence[int]) -> int:
    """Delete a chunk of what deleted questions name, and say so of files that nothing else names; how many rows."""
    chosen = UseRow.select().where(UseRow.question.in_(list(question_ids))).limit(CHUNK)
    rows = run(connection, chosen).fetchall()
    connection.executemany(
        "DELETE FROM file_use WHERE sha256 = ? AND question_id = ? AND is_visible_to_patient = ?", rows
    )
    connection.executemany(_UNNAMED, [(sha256,) for sha256, *_ in rows])
    return len(rows)
