"""Whose things are: of a question its elder, of a reminder task and of a notification its user. That never changes."""

from typing import Any

from store.database import Database
from store.models import Question, ReminderTask, UserNotification

_OWNERS: dict[str, tuple[Any, Any]] = {
    "question": (Question.id, Question.elder_id),
    "reminder": (ReminderTask.id, ReminderTask.user_id),
    "notification": (UserNotification.id, UserNotification.user_id),
}


async def owner(database: Database, of: str, object_id: int) -> int | None:
    """Return the user id of the object's owner, or None where there is no such object."""
    id_column, owner_column = _OWNERS[of]
    query = id_column.model.select(owner_column.alias("owner")).where(id_column == object_id)
    (rows,) = await database.read(query)
    return rows[0]["owner"] if rows else None
