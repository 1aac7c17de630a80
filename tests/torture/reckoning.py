"""What is left after the torture, held against what the front ends were told and what they saw."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections import Counter
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any

from tests.protocol.catching_up import everything
from tests.torture.doomed import Doomed

# What no answer to a notification changes.
LASTING = ("id", "biz_type", "biz_id", "title", "content", "created_at")


@dataclass(kw_only=True)
class Faults:
    """In words all that should not be."""

    faults: list[str] = field(default_factory=list)

    def expect(self, holds: bool, fault: str) -> None:
        """Note a fault unless it holds."""
        if not holds:
            self.faults.append(fault)


@dataclass
class Reckoning(Faults):
    """Counts, and in words all that should not be."""

    messages: int = 0
    deliveries: int = 0
    notifications: int = 0
    snoozes: int = 0
    confirmed: int = 0
    connections: int = 0
    pages: int = 0


def digest(payload: dict[str, Any]) -> str:
    """Give what front_ends.mjs gives for the same payload."""
    text = json.dumps(payload, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def reckon(
    server: Doomed, questions: list[int], front_ends: list[dict[str, Any]], tasks: list[dict[str, Any]]
) -> Reckoning:
    """Look at the running server, then stop it and look at its file."""
    found = Reckoning()
    stored = {question: everything(server, question, user_type="STAFF") for question in questions}
    digests = {one["id"]: digest(one) for messages in stored.values() for one in messages}
    texts = Counter(one["content_text"] for messages in stored.values() for one in messages)
    found.messages = sum(texts.values())
    found.expect(max(texts.values()) == 1, f"stored more than once: {[text for text in texts if texts[text] > 1][:5]}")
    told = 0
    for one in front_ends:
        name = one["name"]
        found.connections += one["connections"]
        found.pages += one["pages"]
        found.expect(not one["wrong"], f"{name}: {one['wrong'][:5]}")
        told += len(one["acknowledged"])
        lost = [text for text, _, _ in one["acknowledged"] if text not in texts]
        found.expect(not lost, f"{name}: acknowledged and not there: {lost[:5]}")
        other = [text for text, message, was in one["acknowledged"] if digests.get(message) != was]
        found.expect(not other, f"{name}: not stored as acknowledged: {other[:5]}")
        for question in questions:
            visible = [
                (message["id"], digests[message["id"]])
                for message in stored[question]
                if one["userType"] == "STAFF" or message["is_visible_to_patient"]
            ]
            seen = [(message, was) for message, was in one["seen"][str(question)]]
            found.deliveries += len(seen)
            if one["once"]:
                visible = _without_gaps(_since_first(visible, seen), seen, one["full"])
            missing, surplus = sorted(set(visible) - set(seen)), sorted(set(seen) - set(visible))
            found.expect(seen == visible, f"{name}: question {question}: missing {missing[:5]}, surplus {surplus[:5]}")
    found.expect(told == found.messages, f"{told} messages acknowledged, {found.messages} stored")
    _reckon_notifications(server, front_ends, tasks, found)
    found.expect("Traceback" not in server.stderr(), "a traceback is in the log")
    server.stop()
    _reckon_file(server, front_ends, found)
    return found


def _reckon_notifications(
    server: Doomed, front_ends: list[dict[str, Any]], tasks: list[dict[str, Any]], found: Reckoning
) -> None:
    for user_id in {one["userId"] for one in front_ends}:
        rows = all_notifications(server, user_id)
        found.notifications += len(rows)
        of_user = [one for one in front_ends if one["userId"] == user_id]
        by_id = {row["id"]: row for row in rows}
        snoozed = [snoozed for one in of_user for snoozed, _ in one["snoozed"]]
        confirmed = [confirmed for one in of_user for confirmed in one["confirmed"]]
        found.snoozes += len(snoozed)
        found.confirmed += len(confirmed)
        forgotten = [number for number in confirmed if by_id[number]["confirmed_at"] is None]
        found.expect(not forgotten, f"user {user_id}: confirmed and not known: {forgotten[:5]}")
        # Each once for each of its occurrences, and once again for each time that it was snoozed.
        asked = Counter({task["title"]: _times(task) for task in tasks if task["user_id"] == user_id})
        asked += Counter(by_id[number]["title"] for number in snoozed)
        had = Counter(row["title"] for row in rows)
        found.expect(
            had == asked, f"user {user_id}: reminders without a row {asked - had}, rows too many {had - asked}"
        )
        there = [[row["id"], digest(lasting(row))] for row in rows]
        for one in of_user:
            if one["cursor"]:
                found.expect(one["notifications"] == there, f"{one['name']}: other notifications than there are")
            if one["once"]:
                missed = [row for row in _since_first(there, one["notifications"]) if row not in one["notifications"]]
                found.expect(not missed, f"{one['name']}: missing notifications {missed[:5]}")
        handed = [row for one in of_user for row in one["notifications"]]
        found.expect(all(row in handed for row in there), f"user {user_id}: a notification that nobody was handed")
        found.expect(all(row in there for row in handed), f"user {user_id}: a notification that is not there")


def all_notifications(server: Doomed, user_id: int) -> list[dict[str, Any]]:
    """Give all that a user was ever notified of, with the answers."""
    rows: list[dict[str, Any]] = []
    while page := server.notifications(user_id, f"answers=true&after_id={rows[-1]['id'] if rows else 0}&limit=200"):
        rows += page
    return rows


def lasting(notification: dict[str, Any]) -> dict[str, Any]:
    """Give what of a notification no answer changes."""
    return {name: notification[name] for name in LASTING}


def _since_first(there: list[Any], seen: list[Any]) -> list[Any]:
    """What a front end must have seen that joined without a cursor, at a time that it alone knows."""
    return there[there.index(seen[0]) :] if seen and seen[0] in there else there


def _without_gaps(visible: list[Any], seen: list[Any], full: list[int]) -> list[Any]:
    """What it must have seen: no more than the most is replayed in a room, and it does not know how to read the rest
    over HTTP. From the last that was replayed on, some may be missing."""
    without = []
    is_gap = False
    for one in visible:
        is_gap = is_gap and one not in seen
        if not is_gap:
            without.append(one)
        is_gap = is_gap or one[0] in full
    return without


def _times(task: dict[str, Any]) -> int:
    """How often a task has come: in the end all of its times are past, and none of them is left out."""
    return int(task["rrule"].partition("COUNT=")[2]) if "rrule" in task else 1


def _reckon_file(server: Doomed, front_ends: list[dict[str, Any]], found: Reckoning) -> None:
    with closing(sqlite3.connect(server.database)) as connection:
        found.expect(connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)], "the file is damaged")
        twice = connection.execute(
            "SELECT client_msg_id FROM message GROUP BY question_id, sender_type, sender_id, client_msg_id"
            " HAVING count(*) > 1"
        ).fetchall()
        found.expect(not twice, f"a client_msg_id is there twice: {twice[:5]}")
        twice = connection.execute(
            "SELECT task_id, occurrence_at FROM user_notification WHERE snooze_of IS NULL GROUP BY 1, 2"
            " HAVING count(*) > 1"
        ).fetchall()
        found.expect(not twice, f"an occurrence has two notifications: {twice[:5]}")
        apart = connection.execute(
            "SELECT * FROM (SELECT task_id, planned_at, notification_id FROM occurrence WHERE outcome = 'WRITTEN')"
            " FULL JOIN (SELECT task_id AS of, occurrence_at AS at, id FROM user_notification WHERE snooze_of IS NULL)"
            " ON task_id = of AND planned_at = at AND notification_id = id WHERE id IS NULL OR task_id IS NULL"
        ).fetchall()
        found.expect(not apart, f"occurrences and notifications are apart: {apart[:5]}")
        came = connection.execute("SELECT snooze_of, occurrence_at FROM user_notification WHERE snooze_of NOTNULL")
        snoozed = [(number, until) for one in front_ends for number, until in one["snoozed"]]
        found.expect(sorted(came) == sorted(snoozed), "what came again is not what was snoozed")
