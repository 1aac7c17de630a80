"""What a participant has not read is counted as far as a limit, in the list and where it reads."""

from __future__ import annotations

from typing import Any, Final

from store import participants, posting, questions
from store.database import Database
from store.history import API
from store.messages import STAFF, Message, visible_to
from store.participants import MOST_COUNTED, Read, Reader, Reading
from store.transaction import each
from tests.store.samples import NOW, draft, open_question

ELDER: Final = Reader(8, "ELDER")


async def say(database: Database, question_id: int, count: int, **fields: Any) -> int:
    """Write so many messages in one transaction; give the id of the last."""
    drafts = [draft(question_id, **fields) for _ in range(count)]
    last = (await database.written(each(posting.post), drafts))[-1]
    assert isinstance(last, Message)
    return last.id


async def unread_from(database: Database, question_id: int, up_to_id: int) -> int:
    """Read up to a message; give what is unread, which the list says as well."""
    read = await database.written(each(participants.read), Reading(question_id, ELDER, up_to_id, NOW, API))
    assert isinstance(read, Read)
    listed, _ = await questions.page_of_participant(
        database, visible_to(None), ELDER, status=None, elder_id=None, before_id=None, limit=50
    )
    assert [one.unread for one in listed if one.question.id == question_id] == [read.unread]
    return read.unread


async def test_messages_beyond_the_limit_are_not_counted(database: Database) -> None:
    question_id = (await open_question(database, elder_id=ELDER.user_id)).id
    first = await say(database, question_id, 1, sender_type=STAFF, sender_id=7)
    assert await unread_from(database, question_id, 0) == 1
    await say(database, question_id, MOST_COUNTED - 1, sender_type=STAFF, sender_id=7)
    assert await unread_from(database, question_id, 0) == MOST_COUNTED
    await say(database, question_id, 1, sender_type=STAFF, sender_id=7, is_visible_to_patient=False)
    assert await unread_from(database, question_id, 0) == MOST_COUNTED
    await say(database, question_id, 2, sender_type=STAFF, sender_id=7)
    assert await unread_from(database, question_id, 0) == MOST_COUNTED
    assert await unread_from(database, question_id, first) == MOST_COUNTED


async def test_what_comes_after_many_own_messages_is_not_taken_for_read(database: Database) -> None:
    question_id = (await open_question(database, elder_id=ELDER.user_id)).id
    last = await say(database, question_id, MOST_COUNTED, sender_type="ELDER", sender_id=ELDER.user_id)
    assert await unread_from(database, question_id, 0) == 0
    await say(database, question_id, 1, sender_type=STAFF, sender_id=7)
    assert await unread_from(database, question_id, 0) == 1
    assert await unread_from(database, question_id, last + 1) == 0
