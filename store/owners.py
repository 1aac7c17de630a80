"""The owner of each thing: a question's elder, a reminder task's or a notification's user. It never changes."""

from dataclasses import dataclass
from typing import Any

from store.database import Database
from store.models import Question, ReminderTask, UserNotification

_OWNERS: dict[str, tuple[Any, Any]] = {
    "question": (Question.id, Question.elder_id),
    "reminder": (ReminderTask.id, ReminderTask.user_id),
    "notification": (UserNotification.id, UserNotification.user_id),
}


@dataclass(frozen=True, slots=True)
class Reach:
    """The things that a limited caller may reach."""

    users: frozenset[int]  # whose things are: of a question its elder
    questions: frozenset[int] = frozenset()  # and these, of whatever elder

    def has_question(self, question_id: int, elder_id: int) -> bool:
        """Return whether a question of that elder is within reach."""
        return elder_id in self.users or question_id in self.questions


async def owner(database: Database, of: str, object_id: int) -> int | None:
    """Return the user id of the object's owner, or None where there is no such object."""
    id_column, owner_column = _OWNERS[of]
    query = id_column.model.select(owner_column.alias("owner")).where(id_column == object_id)
    (rows,) = await database.read(query)
    return rows[0]["owner"] if rows else None
