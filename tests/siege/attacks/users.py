"""Attacks of a user over sockets and HTTP: writes without end, large pages, answers to notifications, keys."""

from __future__ import annotations

import json
import time
from contextlib import closing
from typing import Any, Final

from tests.siege.attacks.attacker import Attacker, repeated
from tests.wire.raw import event, text

MOST_CHARACTERS: Final = 10_000
MESSAGES_OF_A_PAGE: Final = 200
# Of which one takes more room as JSON, or more work, than it takes to send.
COSTLY_CHARACTERS: Final = ("\x01", "\x1f", "\t", '"', "\\", "\x7f", "𝄞", "\u2028", "字")


def _message(attacker: Attacker, question_id: int, content: str, **more: Any) -> dict[str, Any]:
    return {
        "question_id": question_id,
        "sender_type": attacker.user_type,
        "sender_id": attacker.user_id,
        "content_type": "TEXT",
        "content_text": content,
        **more,
    }


def messages(attacker: Attacker) -> None:
    """Sends as fast as they are taken, small ones, with the same `client_msg_id` again and again or without one."""
    kind = attacker.pick("plain", "again", "with other content", "attachments")
    question = attacker.chance.choice(attacker.questions)
    more: dict[str, Any] = {"plain": {}, "attachments": {"attachments": [{"url": "x" * 2000}] * 20}}.get(
        kind, {"client_msg_id": f"{attacker.chance.random()}"}
    )
    pieces = [
        text(event("send_message", _message(attacker, question, f"x{number if kind != 'again' else 0}", **more)))
        for number in range(50)
    ]
    while attacker.goes_on:
        with closing(attacker.websocket()) as connection:
            attacker.flood(connection, b"".join(pieces), reads=attacker.pick(True, True, False))
        attacker.pause(0.01)


def pages_unread(attacker: Attacker) -> None:
    """A question full of messages that are large as JSON; pages of it are asked for and not read."""
    question = attacker.chance.choice(attacker.questions)
    content = attacker.chance.choice(COSTLY_CHARACTERS) * MOST_CHARACTERS
    filling = attacker.post(f"/api/questions/{question}/messages", _message(attacker, question, content))
    packet = text(json_event("send_message", _message(attacker, question, content)))
    filled_by = min(attacker.over_at, time.monotonic() + (attacker.over_at - time.monotonic()) / 2)
    with closing(attacker.websocket()) as connection:
        for _ in range(MESSAGES_OF_A_PAGE):
            if time.monotonic() > filled_by or not attacker.send(connection, packet):
                break
            attacker.read(connection, filling, 0.05)
    page = f"/api/questions/{question}/messages?limit=200&before_id={2**62}"
    while attacker.goes_on:
        connection = attacker.connect(receive_buffer=4096)
        attacker.keep(connection)
        attacker.send(connection, attacker.head("GET", page) * attacker.pick(1, 1, 10))
        attacker.pause(0.02)


def json_event(name: str, payload: dict[str, Any]) -> bytes:
    """Give the packet of an event with what JSON need not escape as it is."""
    return b"42" + json.dumps([name, payload], ensure_ascii=False).encode()


def pages_read(attacker: Attacker) -> None:
    """The largest pages of everything that the user may read, again and again."""
    question, user = attacker.chance.choice(attacker.questions), attacker.user_id
    paths = (
        f"/api/questions/{question}/messages?limit=200",
        f"/api/users/{user}/notifications?limit=200",
        f"/api/users/{user}/notifications?limit=200&after_id=0",
        f"/api/reminders?user_id={user}&limit=200",
        f"/api/questions?elder_id={user}&limit=200",
        f"/api/users/{user}/day",
    )
    while attacker.goes_on:
        with closing(attacker.connect()) as connection:
            attacker.flood(connection, repeated(attacker.head("GET", attacker.chance.choice(paths)), 4096))
        attacker.pause(0.01)


def notification_answers(attacker: Attacker) -> None:
    """Answers to one's notifications as fast as they go, over sockets and HTTP."""
    _, page = attacker.ask("GET", f"/api/users/{attacker.user_id}/notifications?limit=200")
    ids = [item["id"] for item in (page or {}).get("items", [])] or [1]
    names = ("notification:read", "notification:confirm", "notification:snooze")
    later = time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(time.time() + 9 * 3600))
    bind = event("bind_user", {"user_id": attacker.user_id})
    answers = [event(attacker.chance.choice(names), {"id": number, "until": later}) for number in ids * 10]
    while attacker.goes_on:
        if attacker.chance.random() < 0.6:
            with closing(attacker.websocket(bind)) as connection:
                attacker.flood(connection, text(*answers))
        else:
            path = f"/api/notifications/{attacker.chance.choice(ids)}/{attacker.pick('read', 'confirm', 'snooze')}"
            with closing(attacker.connect()) as connection:
                attacker.flood(connection, repeated(attacker.post(path, {"until": later}), 8192))


def idempotency_keys(attacker: Attacker) -> None:
    """POSTs under a new key each, under one key, and under one key with other content."""
    while attacker.goes_on:
        with closing(attacker.connect()) as connection:
            for number in range(50):
                key = attacker.pick("same", f"{attacker.chance.random()}", "x" * 64, "x" * 65, "\x01")
                body = {"title": f"x{number % 3}", "elder_id": attacker.user_id}
                whole = attacker.post("/api/questions", body, f"Idempotency-Key: {key}")
                if not (attacker.goes_on and attacker.send(connection, whole)):
                    break
                attacker.read(connection, whole)


def question_changes(attacker: Attacker) -> None:
    """Questions that are opened, closed and reopened without end."""
    while attacker.goes_on:
        question = attacker.chance.choice(attacker.questions)
        flooded = b"".join(
            attacker.post(f"/api/questions/{question}", {"status": status}, method="PATCH")
            for status in ("CLOSED", "OPEN") * 20
        )
        with closing(attacker.connect()) as connection:
            attacker.flood(connection, flooded)
    for question in attacker.questions:
        attacker.ask("PATCH", f"/api/questions/{question}", {"status": "OPEN"})
