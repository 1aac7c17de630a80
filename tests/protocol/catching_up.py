"""A client that comes back with a cursor, and the messages and notifications that it has missed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final

from tests.clients import message
from tests.packets import Connection
from tests.server import Server, in_seconds

# What one catch-up brings at most; the client pages over HTTP for more.
MOST_REPLAYED: Final = 500

# Closes a round trip: with its answer, all that the server had sent before is here. No test uses it for anything else.
_FENCE: Final[dict[str, Any]] = {"question_id": 2**53 - 1}


def say(connection: Connection, question_id: int, texts: Iterable[str], **changes: Any) -> list[dict[str, Any]]:
    """Send a message for each text and give the stored ones."""
    stored: list[dict[str, Any]] = []
    waiting = list(texts)
    while waiting:
        # No more than a client may leave unread, were each as long as it may be.
        some, waiting = waiting[:20], waiting[20:]
        answers = connection.call_all([["send_message", message(question_id, text, **changes)] for text in some])
        assert all(answer["success"] for answer in answers), answers
        stored += [answer["data"] for answer in answers]
    return stored


def remind(server: Server, user_id: int, titles: Sequence[str], **changes: Any) -> None:
    """Have a notification for each title, in no particular order."""
    with ThreadPoolExecutor(4) as threads:
        due = in_seconds(-1)
        list(threads.map(lambda title: server.make_reminder(user_id, due, title=title, **changes), titles))


def join(connection: Connection, question_id: int, after_id: int, user_type: str = "ELDER") -> dict[str, Any]:
    """Join with a cursor and give the answer, which must have come before the first message."""
    before = len(connection.events)
    asked = {"question_id": question_id, "user_id": 456, "user_type": user_type, "after_id": after_id}
    answer: dict[str, Any] = connection.call("join_question", asked)
    names = [name for name, *_ in connection.events[before:]]
    # A connection that is in the room already hears it up to the answer.
    place = names.index("joined_question")
    assert connection.events[before + place] == ["joined_question", answer]
    assert set(names[place + 1 :]) <= {"new_message"}
    return answer


def bind(connection: Connection, user_id: int, after_id: int) -> dict[str, Any]:
    """Bind with a cursor and give the answer."""
    answer: dict[str, Any] = connection.call("bind_user", {"user_id": user_id, "after_id": after_id})
    return answer


def settle(connection: Connection) -> None:
    """Return when a catch-up is over and all that was sent until now is here."""
    assert connection.call("leave_question", _FENCE) == _FENCE


def heard(connection: Connection, question_id: int) -> list[dict[str, Any]]:
    """Give the messages of the question that came after its last `joined_question`."""
    events = connection.events
    place = max(
        number
        for number, (name, payload) in enumerate(events)
        if name == "joined_question" and payload["question_id"] == question_id
    )
    return [
        payload for name, payload in events[place:] if name == "new_message" and payload["question_id"] == question_id
    ]


def everything(server: Server, question_id: int, after_id: int = 0, user_type: str = "ELDER") -> list[dict[str, Any]]:
    """Give all visible messages above the cursor, paged over HTTP."""
    path = f"/api/questions/{question_id}/messages?limit=200&user_type={user_type}"
    found: list[dict[str, Any]] = []
    while True:
        answer = server.http("GET", f"{path}&after_id={found[-1]['id'] if found else after_id}")
        assert answer.status == 200, answer
        found += answer.body["items"]
        if not answer.body["has_more"]:
            return found


def completed(server: Server, connection: Connection, answer: dict[str, Any], user_type: str) -> list[dict[str, Any]]:
    """Give what a client has that pages over HTTP where `has_more` tells it to, and the rest from its socket."""
    question_id = answer["question_id"]
    came = heard(connection, question_id)
    if not answer["has_more"]:
        return came
    replayed, live = came[:MOST_REPLAYED], came[MOST_REPLAYED:]
    paged = everything(server, question_id, replayed[-1]["id"], user_type)
    return [*replayed, *(one for one in paged if one["id"] <= answer["latest_id"]), *live]
