"""Messages: their ids, who may see which, and paging through them."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any, Final

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from store import messages, posting, questions
from store.backlog import Backlog
from store.database import Database
from store.messages import (
    Draft,
    Message,
    NoQuestion,
    OtherContent,
    QuestionClosed,
    Repeated,
    Visibility,
    visible_to,
)
from store.posting import Outcome
from store.questions import Change
from store.transaction import each
from tests.store.file import all_written, opened, rows
from tests.store.samples import NOW, draft, open_question

# Each example opens a question of its own in the test's file.
IN_ONE_FILE: Final = settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
EVERYTHING: Final = Visibility(staff=True)
USER_TYPES: Final = ["STAFF", "ELDER", "FAMILY", "SYSTEM", "staff", "STAFF_", "", None]


async def append(database: Database, *drafts: Draft) -> list[Outcome | BaseException]:
    return await all_written(database, posting.post, list(drafts))


async def stored(database: Database, *drafts: Draft) -> list[Message]:
    """Appends what can be appended."""
    appended = await append(database, *drafts)
    found = [one for one in appended if isinstance(one, Message)]
    assert len(found) == len(drafts), appended
    return found


async def paged(
    database: Database,
    question_id: int,
    visibility: Visibility = EVERYTHING,
    *,
    after_id: int | None = None,
    before_id: int | None = None,
    limit: int = 200,
) -> tuple[list[Message], bool]:
    page = await messages.page(database, question_id, visibility, after_id=after_id, before_id=before_id, limit=limit)
    assert page is not None
    return page


async def close_question(database: Database, question_id: int) -> None:
    await database.written(each(questions.change), Change(question_id, {"status": "CLOSED"}, NOW))


# Fields of a draft that no message has.
NOT_STORED = ("client_msg_id", "within", "present", "files", "viewer")


async def test_what_is_appended_is_what_is_read(database: Database) -> None:
    question_id = (await open_question(database)).id
    drafts = [
        draft(question_id, "  您好\n😀  ", attachments='[{"url":"https://example.com/1"}]'),
        draft(question_id, None, role_display_name=None, is_visible_to_patient=False, sender_id=2**63 - 1),
    ]
    found = await stored(database, *drafts)
    names = [name for name in Draft.__struct_fields__ if name not in NOT_STORED]
    for asked, message in zip(drafts, found, strict=True):
        assert [getattr(asked, name) for name in names] == [getattr(message, name) for name in names]
    assert (await paged(database, question_id))[0] == found


async def test_ids_rise_in_the_order_of_the_commits(database: Database) -> None:
    questions_of = [(await open_question(database)).id for _ in range(3)]
    ids = []
    for batch in range(4):
        found = await stored(database, *(draft(questions_of[number % 3], f"{batch}-{number}") for number in range(30)))
        ids += [message.id for message in found]
    assert ids == list(range(1, 121))


@pytest.mark.parametrize("again", ["in the same run", "after a restart"])
async def test_no_id_is_used_again(path: Path, again: str) -> None:
    """Also when retention, or somebody's hand, has deleted the last messages, or all of them."""

    def delete_from(connection: sqlite3.Connection, message_id: int) -> None:
        connection.execute("DELETE FROM message WHERE id >= ?", (message_id,))

    async with opened(path) as database:
        question_id = (await open_question(database)).id
        assert [one.id for one in await stored(database, *[draft(question_id)] * 3)] == [1, 2, 3]
        await database.written(each(delete_from), 3)
        if again == "in the same run":
            assert [one.id for one in await stored(database, draft(question_id))] == [4]
            await database.written(each(delete_from), 1)
            assert [one.id for one in await stored(database, draft(question_id))] == [5]
            return
    async with opened(path) as database:
        assert [one.id for one in await stored(database, draft(question_id))] == [4]
        await database.written(each(delete_from), 1)
    async with opened(path) as database:
        assert [one.id for one in await stored(database, draft(question_id))] == [5]


async def test_questions_that_take_no_messages(database: Database, path: Path) -> None:
    open_id, closed_id = [(await open_question(database)).id for _ in range(2)]
    await close_question(database, closed_id)
    drafts = [draft(open_id, "1"), draft(closed_id), draft(999), draft(2**63 - 1), draft(open_id, "2")]
    appended = await append(database, *drafts)
    assert [type(one) for one in appended] == [Message, QuestionClosed, NoQuestion, NoQuestion, Message]
    assert rows(path, "SELECT id, content_text FROM message") == [(1, "1"), (2, "2")]


async def test_a_batch_for_more_questions_than_sqlite_takes_parameters(database: Database) -> None:
    question_id = (await open_question(database)).id
    appended = await append(database, *(draft(question_id + number) for number in range(1500)))
    assert [type(one) for one in appended] == [Message, *[NoQuestion] * 1499]


async def test_the_same_send_again_is_the_first_message(database: Database, path: Path) -> None:
    question_id = (await open_question(database)).id
    once = draft(question_id, "一次", client_msg_id="a")
    (first,) = await stored(database, once)
    other_name = draft(question_id, "一次", client_msg_id="a", role_display_name="别名", sent_at=once.sent_at + 5)
    assert await append(database, once, other_name) == [Repeated(first)] * 2
    await close_question(database, question_id)
    assert await append(database, once) == [Repeated(first)]
    assert rows(path, "SELECT id FROM message") == [first.id]


async def test_the_same_send_twice_in_one_batch(database: Database, path: Path) -> None:
    question_id = (await open_question(database)).id
    once, other = draft(question_id, "一", client_msg_id="a"), draft(question_id, "二", client_msg_id="a")
    appended = await append(database, once, once, other, draft(question_id, "三"))
    first = appended[0]
    assert isinstance(first, Message)
    assert appended[1] == Repeated(first)
    assert isinstance(appended[2], OtherContent)
    assert rows(path, "SELECT id, content_text FROM message") == [(1, "一"), (2, "三")]


@pytest.mark.parametrize(
    "changes",
    [
        *({"content_text": "别的"}, {"content_text": None}, {"content_type": "IMAGE"}),
        *({"attachments": '[{"url":"x"}]'}, {"is_visible_to_patient": False}),
    ],
)
async def test_the_same_id_for_other_content(database: Database, changes: dict[str, Any]) -> None:
    question_id = (await open_question(database)).id
    await stored(database, draft(question_id, client_msg_id="a"))
    (appended,) = await append(database, draft(question_id, client_msg_id="a", **changes))
    assert isinstance(appended, OtherContent)


async def test_an_id_of_another_sender_or_question_is_another(database: Database) -> None:
    question_id, other_id = [(await open_question(database)).id for _ in range(2)]
    drafts = [
        draft(question_id, client_msg_id="a"),
        draft(other_id, client_msg_id="a"),
        draft(question_id, client_msg_id="a", sender_id=457),
        draft(question_id, client_msg_id="a", sender_type="ELDER"),
        draft(question_id, client_msg_id="A"),
        draft(question_id),
        draft(question_id),
    ]
    assert [one.id for one in await stored(database, *drafts)] == list(range(1, 8))
    assert [type(one) for one in await append(database, *drafts)] == [*[Repeated] * 5, Message, Message]


@IN_ONE_FILE
@given(st.lists(st.booleans(), max_size=12), st.sampled_from(USER_TYPES))
async def test_the_rule_of_who_sees_what_is_one(database: Database, visible: list[bool], user_type: str | None) -> None:
    """As SQL and as a predicate, in every way in which messages leave the store."""
    question_id = (await open_question(database)).id
    await open_question(database)
    everything = await stored(database, *(draft(question_id, is_visible_to_patient=one) for one in visible))
    visibility = visible_to(user_type)
    admitted = [message for message in everything if visibility.admits(message)]
    assert admitted == [message for message in everything if message.is_visible_to_patient or user_type == "STAFF"]
    assert await paged(database, question_id, visibility) == (admitted, False)
    assert await paged(database, question_id, visibility, after_id=0) == (admitted, False)
    fence: dict[str, Any] = {"after_id": 0, "up_to": 2**62}
    assert await messages.between(database, question_id, visibility, limit=200, **fence) == (admitted, False)
    backlog = await messages.backlog(database, question_id, visibility, most=3, **fence)
    latest = admitted[-1].id if admitted else 0
    assert backlog == Backlog(latest, has_more=len(admitted) > 3)
    question = await questions.get(database, question_id, visibility)
    assert question is not None
    assert question.latest_message_id == (latest or None)


@IN_ONE_FILE
@given(st.lists(st.booleans(), max_size=25), st.integers(1, 8), st.booleans())
async def test_paging_both_ways_meets_every_message_once(
    database: Database, visible: list[bool], limit: int, staff: bool
) -> None:
    question_id, other_id = [(await open_question(database)).id for _ in range(2)]
    mixed = [one for shown in visible for one in (draft(question_id, is_visible_to_patient=shown), draft(other_id))]
    visibility = Visibility(staff)
    expected = [
        one for one in await stored(database, *mixed) if one.question_id == question_id and visibility.admits(one)
    ]

    forward: list[Message] = []
    more = True
    while more:
        page, more = await paged(
            database, question_id, visibility, after_id=forward[-1].id if forward else 0, limit=limit
        )
        assert len(page) == limit or not more
        assert page or not forward, "what was told to be there is there"
        forward += page
    assert forward == expected

    backward: list[Message] = []
    more = True
    while more:
        page, more = await paged(
            database, question_id, visibility, before_id=backward[0].id if backward else None, limit=limit
        )
        assert len(page) == limit or not more
        assert page or not backward, "what was told to be there is there"
        backward = page + backward
    assert backward == expected


@IN_ONE_FILE
@given(st.integers(0, 12), st.integers(0, 14), st.integers(0, 14), st.integers(0, 14))
async def test_a_catch_up_stays_between_its_fences(
    database: Database, count: int, after: int, up_to: int, most: int
) -> None:
    question_id = (await open_question(database)).id
    found = await stored(database, *[draft(question_id)] * count)
    first = found[0].id if found else 1
    fence: dict[str, Any] = {"after_id": first - 1 + after, "up_to": first - 1 + up_to}
    expected = found[after:up_to]
    assert await messages.between(database, question_id, EVERYTHING, limit=200, **fence) == (expected, False)
    some = await messages.between(database, question_id, EVERYTHING, limit=most, **fence)
    assert some == (expected[:most], len(expected) > most)
    backlog = await messages.backlog(database, question_id, EVERYTHING, most=most, **fence)
    latest = found[:up_to][-1].id if found[:up_to] else 0
    assert backlog == Backlog(latest, has_more=len(expected) > most)


async def test_a_question_that_is_not_there(database: Database) -> None:
    assert await messages.page(database, 1, EVERYTHING, limit=50) is None
    assert await messages.backlog(database, 1, EVERYTHING, after_id=0, up_to=9, most=500) is None


async def test_the_latest_of_all(database: Database) -> None:
    assert await messages.latest_id(database) == 0
    for _ in range(2):
        await stored(database, draft((await open_question(database)).id))
    assert await messages.latest_id(database) == 2
