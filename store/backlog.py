"""Rows above a client's cursor, up to a fence: how many there are, and page by page."""

from dataclasses import dataclass
from typing import Any

from peewee import BaseQuery, ModelSelect

from store.database import Database
from store.reading import Page, Row


@dataclass(frozen=True, slots=True)
class Backlog:
    """The part of a backlog above a cursor, up to a fence, that the reader may see."""

    latest_id: int  # of all rows up to the fence, those below the cursor too; 0 when there is none
    has_more: bool  # more than the catch-up brings


async def measure_backlog(
    database: Database, ids: "ModelSelect[Any]", *beside: BaseQuery, after_id: int, up_to: int, most: int
) -> tuple[Backlog, list[list[Row]]]:
    """Return the backlog of the rows whose ids are selected, and the rows of the other queries from the same
    snapshot. It `has_more` where there are more than `most`."""
    row_id = ids.model.id
    latest = ids.where(row_id <= up_to).order_by(row_id.desc()).limit(1)
    beyond = _between(ids, after_id, up_to).offset(most).limit(1)
    found = await database.page(beyond, 1, latest, *beside)
    latest_rows, *others = found.beside
    return Backlog(latest_rows[0]["id"] if latest_rows else 0, bool(found.rows)), others


async def read_backlog(
    database: Database, rows: "ModelSelect[Any]", *, after_id: int, up_to: int, limit: int, most_bytes: int
) -> Page:
    """Return those of the selected rows with `after_id < id <= up_to`, oldest first, as many as a page holds."""
    return await database.page(_between(rows, after_id, up_to).limit(limit + 1), limit, most_bytes=most_bytes)


def _between(rows: "ModelSelect[Any]", after_id: int, up_to: int) -> "ModelSelect[Any]":
    row_id = rows.model.id
    return rows.where(row_id > after_id, row_id <= up_to).order_by(row_id)
