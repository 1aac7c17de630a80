"""Leaves in tests/store/schemas/ what a Careline of today leaves in its file: with each migration, once.

    .venv/bin/python -m tests.store.leave_schema

The rows are made by public calls of the program itself, so that they are what its users have. A file that is there is
not made again: it stands for all the databases that the version it came with has left behind.
"""

from __future__ import annotations

import sqlite3
import sys
import tempfile
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any, Final

from tests.clients import message
from tests.packets import Websocket
from tests.server import Server, in_seconds, quiet_by_now, wait_until
from tests.store.dump import dump

FOLDER: Final = Path(__file__).parent / "schemas"
COMMAND: Final = ".venv/bin/python -m tests.store.leave_schema"

# A user who is there when reminders fire, and one who is not.
THERE: Final = 1001
AWAY: Final = 1002
# One who sleeps.
SLEEPING: Final = 1003
# One who answers.
NURSE: Final = 1004
# A request under an `Idempotency-Key`, byte for byte.
KEY: Final = "key-1"
KEYED: Final = '{"title": "只建一次", "elder_id": 1001}'.encode()
# Ids that are gone for good: the next one is above them, not above the highest that is left.
GONE: Final = 1000
# Of tables that are empty without tokens, links or hooks.
UNREACHED: Final[dict[str, str]] = {
    "revoked_token": """INSERT INTO revoked_token (token, expires_at, revoked_at)
        VALUES (zeroblob(32), 4070908800000, 1735696800000)""",
    "revoked_user": """INSERT INTO revoked_user (user_id, user_type, issued_until, revoked_at)
        VALUES (1001, 'ELDER', 1735696800000, 1735696800000)""",
    "link_secret": "INSERT INTO link_secret (id, secret) VALUES (1, zeroblob(32))",
    "file_upload": "INSERT INTO file_upload (sha256, user_id, user_type) SELECT sha256, 1001, 'ELDER' FROM file",
    "off_disk": "INSERT INTO off_disk (what, at, is_ok, told) VALUES ('COPY', 1735696800000, 1, '')",
    "audit": """INSERT INTO audit (at, user_id, user_type, address, action, object, result)
        VALUES (1735696800000, 1001, 'ELDER', '127.0.0.1', 'join_question', 'question 1', 'ok')""",
    # Without hooks.
    "outbox": "INSERT INTO outbox (event, subject_id, at) VALUES ('message.created', 1, 1735696800000)",
    "hook": "INSERT INTO hook (name, position) VALUES ('gateway', 0)",
    "dead_letter": """INSERT INTO dead_letter (hook, id, event, subject_id, at, buried_at, why)
        VALUES ('gateway', 1, 'message.created', 1, 1735696800000, 1735956000000, 'its receiver answers with 500')""",
}
# What is snoozed must still be when the file is opened years from now.
SNOOZED_FOR_LONG: Final = "UPDATE user_notification SET snoozed_until = 4070908800000 WHERE snoozed_until IS NOT NULL"


def load(path: Path, sql: Path) -> Path:
    """Make a database of a stored file, as the program leaves it when it ends."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.executescript(sql.read_text())
    return path


def tables(path: Path) -> dict[str, list[dict[str, Any]]]:
    """Give the rows of each table."""
    with closing(sqlite3.connect(path)) as connection:
        connection.row_factory = sqlite3.Row
        names = [row["name"] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        return {name: [dict(row) for row in connection.execute(f'SELECT * FROM "{name}"')] for name in names}


def fill(server: Server) -> None:
    """Have something of everything stored."""
    first, second = server.open_question("头晕两天", THERE), server.open_question("血压偏高 😀", AWAY)
    attachment = {"url": "https://example.com/心电图.png", "thumbnail_url": None, "duration": 1.5, "size": 102400}
    connection = Websocket(server)
    connection.enter()
    connection.call("bind_user", {"user_id": THERE})
    connection.call("join_question", {"question_id": first, "user_id": THERE, "user_type": "STAFF"})
    answers = connection.call_all(
        [
            ["send_message", message(first, "您好，请详细描述一下您的症状", role_display_name="医生王五")],
            ["send_message", message(first, None, sender_type="ELDER", content_type="IMAGE", attachments=[attachment])],
            ["send_message", message(first, "只给员工看", is_visible_to_patient=False)],
            ["send_message", message(first, "老人家说：'好的'\n谢谢", sender_type="FAMILY", client_msg_id="甲-1")],
            ["send_message", message(second, "👩‍👩‍👧", attachments=[attachment] * 3, client_msg_id="甲-1")],
        ]
    )
    assert all(answer["success"] for answer in answers), answers
    server.set_status(second, "CLOSED")
    server.make_reminder(THERE, "2099-01-01 08:00:00", title="复诊")
    cancelled = server.make_reminder(THERE, "2099-01-01 08:00:00", title="取消的", channel="SYSTEM_MESSAGE")
    assert server.http("DELETE", f"/api/reminders/{cancelled['id']}").status == 200
    server.make_reminder(THERE, "2099-01-01 08:00:00", title="有人跟进", follow_up=[{"after": 600, "user_id": AWAY}])
    followed = server.make_reminder(AWAY, in_seconds(-1), title="有人跟进", follow_up=[{"after": 600}])
    wait_until(lambda: server.notifications(AWAY), "the first ring of a ladder")
    assert server.http("POST", f"/api/reminders/{followed['id']}/withdraw", json={"reason": "停药"}).status == 200
    for user_id, title in (THERE, "服药提醒"), (THERE, "量血压"), (THERE, "散步"), (AWAY, "还没人收到"):
        server.make_reminder(user_id, in_seconds(-1), title=title, content="请在 20:00 前完成")
    wait_until(lambda: len(server.notifications(THERE)) == 3 and server.notifications(AWAY), "the notifications")
    read, confirmed, snoozed = (one["id"] for one in server.notifications(THERE))
    assert server.http("POST", f"/api/notifications/{read}/read").status == 200
    assert connection.call("notification:confirm", {"id": confirmed})["success"]
    assert connection.call("notification:snooze", {"id": snoozed, "until": in_seconds(0.2)})["success"]
    wait_until(lambda: len(server.notifications(THERE)) == 4, "the snoozed one again")
    again = server.notifications(THERE)[0]["id"]
    assert connection.call("notification:snooze", {"id": again, "until": in_seconds(3600)})["success"]
    assert server.http("POST", "/api/questions", body=KEYED, headers={"Idempotency-Key": KEY}).status == 201
    keep_quiet(server)
    reply(server, connection)
    show(server, first)
    connection.close()


def show(server: Server, question_id: int) -> None:
    """Have a message that names a file."""
    headers = {"Content-Type": "image/gif"}
    url = server.http("POST", "/api/files", body=b"GIF89a", headers=headers).body["url"]
    said = message(question_id, None, content_type="IMAGE", attachments=[{"url": url}])
    del said["question_id"]
    assert server.http("POST", f"/api/questions/{question_id}/messages", json=said).status == 201


def reply(server: Server, connection: Websocket) -> None:
    """Have a question that was answered in time, of which its elder does not know yet, and who has read it."""
    given = {"assignee_id": NURSE, "category": "高血压", "answer_within": 600, "follow_up": [{"after": 60}]}
    opened = {"title": "药吃完了", "elder_id": AWAY, "notify_replies": True, **given}
    question_id = server.http("POST", "/api/questions", json=opened).body["id"]
    said = [message(question_id, "还要吃吗", sender_type="ELDER", sender_id=AWAY)]
    said.append(message(question_id, "再吃一周", sender_id=NURSE))
    answers = connection.call_all([["send_message", one] for one in said])
    connection.call("join_question", {"question_id": question_id, "user_id": NURSE, "user_type": "STAFF"})
    last = answers[-1]["data"]["id"]
    assert connection.call("read_question", {"question_id": question_id, "up_to_id": last})["unread"] == 0


def keep_quiet(server: Server) -> None:
    """Have a ring and a snooze held by quiet hours, and withdraw both, so that they do not ring when the file is opened
    years from now."""
    snoozed = server.make_reminder(SLEEPING, in_seconds(-1), title="还没睡")
    wait_until(lambda: server.notifications(SLEEPING), "a ring before the quiet hours")
    assert server.http("PUT", f"/api/users/{SLEEPING}/quiet-hours", json=quiet_by_now()).status == 200
    path = f"/api/notifications/{server.notifications(SLEEPING)[0]['id']}/snooze"
    assert server.http("POST", path, json={"until": in_seconds(0.2)}).status == 200
    held = server.make_reminder(SLEEPING, in_seconds(-1), title="睡着了", follow_up=[{"after": 600}], critical=False)
    for task in snoozed, held:
        history = f"/api/reminders/{task['id']}/history"
        wait_until(partial(_tells_of_a_hold, server, history), "what is held")
        assert server.http("POST", f"/api/reminders/{task['id']}/withdraw", json={}).status == 200


def _tells_of_a_hold(server: Server, history: str) -> bool:
    return any(entry["what"] == "held" for entry in server.http("GET", history).body["items"])


def finish(path: Path) -> None:
    """Add what no public call does."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        for table, statement in UNREACHED.items():
            if table in tables(path):
                connection.execute(statement)
        connection.execute(SNOOZED_FOR_LONG)
        # As after a restore, or when old messages were deleted.
        connection.execute("UPDATE sqlite_sequence SET seq = seq + ?", (GONE,))


def main() -> None:
    """Make the file of the program's schema, if it is missing."""
    with tempfile.TemporaryDirectory() as folder:
        server = Server(Path(folder))
        server.start()
        fill(server)
        server.stop()
        finish(server.database)
        left = tables(server.database)
        empty = [name for name, rows in left.items() if not rows]
        if empty:
            sys.exit(f"no row in {', '.join(empty)}: let `fill`, or a row of UNREACHED, make one")
        sql = FOLDER / f"{left['schema_migration'][-1]['name']}.sql"
        if sql.exists():
            sys.exit(f"{sql} is there already")
        sql.write_text("".join(f"{statement}\n" for statement in dump(server.database)))
        sys.stdout.write(f"{sql}: {', '.join(f'{len(rows)} {name}' for name, rows in left.items())}\n")


if __name__ == "__main__":
    main()
