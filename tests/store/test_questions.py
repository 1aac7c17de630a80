"""Questions: opened, closed, found, listed."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from store import posting, questions
from store.database import Database
from store.messages import Visibility
from store.questions import Change, Lookup, Question
from store.transaction import each
from tests.store.file import all_written, opened, within
from tests.store.samples import NOW, draft, new_question, open_question

STAFF, PATIENT = Visibility(staff=True), Visibility(staff=False)


async def set_status(database: Database, question_id: int, status: str) -> bool:
    changes = await database.written(each(questions.change), Change(question_id, {"status": status}, NOW))
    assert len(changes.seen) in (0, 2)
    return bool(changes.seen)


async def test_a_question_is_open_when_it_is_new(database: Database) -> None:
    opened_question = await open_question(database, elder_id=7)
    assert opened_question == Question(1, "头晕两天", 7, "OPEN", NOW, None)
    assert await questions.get(database, 1, PATIENT) == opened_question
    assert await questions.get(database, 2, STAFF) is None


async def test_closing_and_reopening(database: Database) -> None:
    question_id = (await open_question(database)).id
    for status, is_change in ("CLOSED", True), ("CLOSED", False), ("OPEN", True), ("OPEN", False):
        assert await set_status(database, question_id, status) is is_change
        question = await questions.get(database, question_id, STAFF)
        assert question is not None
        assert question.status == status
    assert not await set_status(database, 99, "CLOSED")


async def test_the_latest_message_is_of_those_that_the_asker_may_see(database: Database) -> None:
    question_id, other_id = [(await open_question(database)).id for _ in range(2)]
    seen = [True, True, False]
    await all_written(database, posting.post, [draft(question_id, is_visible_to_patient=one) for one in seen])
    for visibility, latest in ((STAFF, 3), (PATIENT, 2)):
        question = await questions.get(database, question_id, visibility)
        assert question is not None
        assert question.latest_message_id == latest
        page, _ = await questions.page(database, visibility, status=None, elder_id=None, before_id=None, limit=50)
        assert [(one.id, one.latest_message_id) for one in page] == [(other_id, None), (question_id, latest)]


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(st.tuples(st.integers(1, 3), st.booleans()), max_size=15),
    st.sampled_from([None, "OPEN", "CLOSED"]),
    st.sampled_from([None, 1, 2, 9]),
    st.integers(1, 6),
)
async def test_listing_meets_every_question_once_newest_first(
    tmp_path_factory: pytest.TempPathFactory,
    made: list[tuple[int, bool]],
    status: str | None,
    elder_id: int | None,
    limit: int,
) -> None:
    async with opened(tmp_path_factory.mktemp("questions") / "careline.db") as database:
        await all_written(database, each(questions.open_question), [new_question(elder) for elder, _ in made])
        closing = [Change(number, {"status": "CLOSED"}, NOW) for number, (_, closed) in enumerate(made, 1) if closed]
        await all_written(database, each(questions.change), closing)
        expected = [
            number
            for number, (elder, closed) in enumerate(made, 1)
            if status in (None, "CLOSED" if closed else "OPEN") and elder_id in (None, elder)
        ][::-1]
        found: list[int] = []
        more = True
        while more:
            page, more = await questions.page(
                database, STAFF, status=status, elder_id=elder_id, before_id=found[-1] if found else None, limit=limit
            )
            assert len(page) == limit or not more
            assert page or not found, "what was told to be there is there"
            found += [question.id for question in page]
        assert found == expected


async def test_a_crowd_that_looks_up_is_answered_each_for_itself(database: Database) -> None:
    await all_written(database, each(questions.open_question), [new_question()] * 2500)
    lookup = Lookup(database)
    asked = [number for start in range(1, 5) for number in range(start, 3000, 4)]
    found = await within(asyncio.gather(*(lookup.elder_of(number) for number in asked)))
    assert [elder is not None for elder in found] == [number <= 2500 for number in asked]
    assert await within(lookup.elder_of(3001)) is None
    question = await open_question(database)
    assert await within(lookup.elder_of(question.id)) == question.elder_id, "opened later, found later"


async def test_who_looks_up_and_goes_takes_nobody_along(database: Database) -> None:
    elder_id = (await open_question(database)).elder_id
    lookup = Lookup(database)
    for steps in range(12):
        callers = [asyncio.create_task(lookup.elder_of(number)) for number in (1, 2, 1, 2)]
        for _ in range(steps):
            await asyncio.sleep(0)
        callers[0].cancel()
        callers[1].cancel()
        assert (await within(asyncio.gather(*callers, return_exceptions=True)))[2:] == [elder_id, None]


async def test_a_lookup_that_fails_fails_for_those_who_asked_alone(path: Path) -> None:
    async with opened(path) as database:
        await open_question(database)
        lookup = Lookup(database)
        with pytest.raises(OverflowError):
            await within(lookup.elder_of(2**63))
        assert await within(lookup.elder_of(1))
