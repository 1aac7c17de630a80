"""A request under a key: done once, answered the same again, refused when it is another."""

from __future__ import annotations

from pathlib import Path

import pytest

from store import idempotency_keys, questions
from store.database import Database
from store.idempotency_keys import Done, Keyed, OtherRequest, Repeated, once
from store.questions import NewQuestion, Question
from store.transaction import WriteRefused, each
from tests.store.file import all_written, opened, rows, write_locked
from tests.store.samples import NOW, new_question

OPEN_ONCE = each(once(questions.open_question, lambda question: f"[{question.id}]"))


def keyed(key: str, title: str = "头晕", at: int = NOW) -> Keyed[NewQuestion]:
    return Keyed(key, fingerprint=title, at=at, request=new_question(title=title))


async def first_time(database: Database, key: str, title: str = "头晕") -> str | None:
    """What a request is answered with that is done now."""
    outcome = await database.written(OPEN_ONCE, keyed(key, title))
    assert isinstance(outcome, Done)
    return outcome.text


def titles(path: Path) -> list[str]:
    return rows(path, "SELECT title FROM question ORDER BY id")


async def test_the_same_request_again_gets_the_first_answer(database: Database, path: Path) -> None:
    assert await first_time(database, "a") == "[1]"
    for _ in range(2):
        assert await database.written(OPEN_ONCE, keyed("a", at=NOW + 5)) == Repeated("[1]")
    assert await first_time(database, "b") == "[2]"
    assert titles(path) == ["头晕"] * 2


async def test_twice_in_one_batch(database: Database, path: Path) -> None:
    outcomes = await all_written(database, OPEN_ONCE, [keyed("a"), keyed("a"), keyed("a", "别的"), keyed("b")])
    assert isinstance(outcomes.pop(2), OtherRequest)
    assert [type(outcome) for outcome in outcomes] == [Done, Repeated, Done]
    assert [outcome.text for outcome in outcomes if isinstance(outcome, Done | Repeated)] == ["[1]", "[1]", "[2]"]
    assert titles(path) == ["头晕"] * 2


async def test_another_request_under_the_key_is_told_apart(database: Database, path: Path) -> None:
    await database.written(OPEN_ONCE, keyed("a"))
    other = await database.written(OPEN_ONCE, keyed("a", "别的"))
    assert isinstance(other, OtherRequest)
    assert await database.written(OPEN_ONCE, keyed("a")) == Repeated("[1]")
    assert titles(path) == ["头晕"]


async def test_a_key_survives_a_restart(path: Path) -> None:
    async with opened(path) as database:
        assert await first_time(database, "a") == "[1]"
    async with opened(path) as database:
        assert await database.written(OPEN_ONCE, keyed("a")) == Repeated("[1]")


async def test_where_nothing_was_done_the_key_is_free(database: Database) -> None:
    def nothing(_: Question) -> str | None:
        return None

    done = await database.written(each(once(questions.open_question, nothing)), keyed("a"))
    assert isinstance(done, Done)
    assert done.text is None
    assert await first_time(database, "a", "别的") == "[2]"


async def test_where_it_failed_the_key_is_free(database: Database, path: Path) -> None:
    broken = Keyed("a", "头晕", NOW, NewQuestion(title="头晕", elder_id=None, created_at=NOW))  # type: ignore[arg-type]
    outcomes = await all_written(database, OPEN_ONCE, [broken, keyed("b")])
    assert isinstance(outcomes[0], Exception)
    with write_locked(path), pytest.raises(WriteRefused):
        await database.written(OPEN_ONCE, keyed("a"))
    assert await first_time(database, "a") == "[2]"


async def test_old_keys_are_forgotten(database: Database, path: Path) -> None:
    for key, at in (("old", NOW - 1), ("edge", NOW), ("new", NOW + 1)):
        await database.written(OPEN_ONCE, keyed(key, at=at))
    assert await database.written(each(idempotency_keys.forget_older_than), NOW) == 1
    assert rows(path, "SELECT key FROM idempotency_key ORDER BY created_at") == ["edge", "new"]
    assert await first_time(database, "old", "别的") == "[4]"
