"""What a restore must not bring back, what it must not give again, and what it says of the way back."""

from __future__ import annotations

import os
import re
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any, Final

import pytest

from store.restore import JUMP
from tests.clients import Clients, message
from tests.conftest import StartServer
from tests.faults.test_backup import names
from tests.links import PUBLIC_URL, link_of, opened, pressed
from tests.packets import Websocket
from tests.protocol.test_client_guide import DRIVER, ORDERS, FrontEnd, blocks
from tests.server import COMMAND, LIMIT, Server, environment, in_seconds, new_id, quiet_by_now, run, wait_until
from tests.store.file import rows
from tests.tokens import KEY, key_file, token

AS_STAFF: Final = {"Authorization": f"Bearer {token(1, 'STAFF')}"}


def careline(server: Server, *words: str) -> str:
    """Run a command on the server's database, and give what it printed."""
    done = run(*words, "--database", str(server.database), folder=server.folder)
    assert done.returncode == 0, done.stderr
    return done.stdout


def restored(server: Server) -> str:
    """Stop the server, restore b.db and start again; give the line that `restore` printed."""
    server.stop()
    (line,) = careline(server, "restore", "b.db").splitlines()
    server.start()
    return line


def status(server: Server, shown: str) -> int:
    return server.http("GET", "/api/questions", headers={"Authorization": f"Bearer {shown}"}).status


def damage(database: Path, table: str) -> None:
    """Overwrite a page in the middle of a table: SQLite finds out only when it comes to it."""
    # By Python's SQLite, in a process of its own: the current one has no dbstat.
    asked = "import sqlite3, sys; print(*(row[0] for row in sqlite3.connect(sys.argv[1]).execute(sys.argv[2])))"
    pages = []
    for statement in ("PRAGMA page_size", f"SELECT pageno FROM dbstat WHERE name = '{table}'"):
        command = [sys.executable, "-c", asked, str(database), statement]
        found = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        pages.append([int(number) for number in found.split()])
    (size,), pages_of_table = pages
    content = bytearray(database.read_bytes())
    start = (pages_of_table[len(pages_of_table) // 2] - 1) * size
    content[start : start + size] = b"\xa5" * size
    database.write_bytes(content)


class TestWhatIsNotRewound:
    @pytest.fixture
    def server(self, start_server: StartServer, tmp_path: Path) -> Server:
        """A server with tokens, and a backup of it from before anything was revoked."""
        server = start_server("--auth-secret-file", str(key_file(tmp_path)))
        self.key = tmp_path / "keys"
        server.bearer = token(1, "STAFF")
        server.open_question()
        wait_until(lambda: "POST /api/questions" in careline(server, "audit"), "the first row of the audit")
        careline(server, "backup", "b.db")
        return server

    def test_a_revoked_token(self, server: Server) -> None:
        stolen = token(7, "STAFF", jti="stolen")
        careline(server, "token", "--revoke", stolen, "--auth-secret-file", str(self.key))
        wait_until(lambda: status(server, stolen) == 401, "the revocation")
        line = restored(server)
        assert status(server, stolen) == 401
        assert "taken over from the replaced database: 1 revocations" in line
        assert status(server, token(7, "STAFF", jti="another")) == 200

    def test_a_revoked_user(self, server: Server) -> None:
        all_of_8 = token(8, "STAFF", iat=int(time.time()))
        careline(server, "token", "--revoke-user", "8")
        wait_until(lambda: status(server, all_of_8) == 401, "the revocation")
        restored(server)
        assert status(server, all_of_8) == 401

    def test_the_audit_since_the_backup(self, server: Server) -> None:
        for number in range(20):
            server.open_question(elder_id=number + 1)
        assert server.http("GET", "/api/questions", headers={"Authorization": "Bearer x"}).status == 401
        wait_until(lambda: careline(server, "audit").count("\n") >= 21, "the rows")
        server.stop()
        before = careline(server, "audit")
        careline(server, "restore", "b.db")
        assert careline(server, "audit") == before
        server.start()
        server.open_question()
        wait_until(lambda: careline(server, "audit").startswith(before) and careline(server, "audit") != before, "more")
        assert restored(server).startswith(str(server.database)), "a second time"
        assert careline(server, "audit").startswith(before)

    def test_who_comes_back_and_who_has_left(self, server: Server) -> None:
        """Sessions are those of the replaced database: a log-out since the backup is none of the backup's."""
        question_id = server.open_question(elder_id=7)
        shown, stays, leaves = token(7, "ELDER"), Websocket(server), Websocket(server)
        for one in stays, leaves:
            one.enter(shown)
        assert leaves.call("join_question", {"question_id": question_id}) == {"question_id": question_id}
        careline(server, "backup", "c.db")
        assert stays.call("join_question", {"question_id": question_id}) == {"question_id": question_id}
        leaves.send("41")
        wait_until(lambda: len(rows(server.database, "SELECT 1 FROM session")) == 1, "the log-out")
        server.stop()
        careline(server, "restore", "c.db")
        server.start()
        for one, is_known in (stays, True), (leaves, False):
            again = Websocket(server)
            assert again.enter(shown, one.pid) is is_known
            again.close()

    def test_a_backup_alone_brings_no_client_back(self, server: Server) -> None:
        client = Websocket(server)
        client.enter(token(7, "ELDER"))
        assert client.call("bind_user", {"user_id": 7})["success"]
        careline(server, "backup", "c.db")
        server.stop()
        server.database.unlink()
        careline(server, "restore", "c.db")
        assert rows(server.database, "SELECT 1 FROM session") == []
        server.start()

    @pytest.mark.parametrize("table", ["message", "audit"])
    def test_of_a_damaged_file_what_can_be_read(self, server: Server, table: str) -> None:
        """The token is revoked last, so a reader that stops at the damage would not come to it."""
        question_id = server.open_question()
        with closing(sqlite3.connect(server.database)) as file:
            file.executemany(
                "INSERT INTO audit (at, user_id, user_type, address, action, object, result) VALUES (1, ?, 'STAFF', "
                "'127.0.0.1', 'connect', '', 'ok')",
                [(number,) for number in range(2_000, 4_000)],
            )
            file.executemany(
                "INSERT INTO message (question_id, sender_type, sender_id, content_type, content_text, attachments,"
                " is_visible_to_patient, sent_at) VALUES (?, 'STAFF', 1, 'TEXT', 'x', '[]', 1, 1)",
                [(question_id,)] * 2_000,
            )
            file.commit()
        stolen = token(7, "STAFF", jti="stolen")
        careline(server, "token", "--revoke", stolen, "--auth-secret-file", str(self.key))
        server.stop()
        damage(server.database, table)
        line = careline(server, "restore", "b.db")
        server.start()
        assert status(server, stolen) == 401
        assert "1 revocations" in line
        assert ("some may be missing" in line) == (table == "audit")
        audited = careline(server, "audit")
        assert "STAFF 2000\t" in audited
        assert "STAFF 3999\t" in audited, "what lies behind the damage"


def held(server: Server, task_id: int) -> bool:
    """Tell whether a ring of the task was held."""
    items = server.http("GET", f"/api/reminders/{task_id}/history").body["items"]
    return any(entry["what"] == "held" for entry in items)


class TestReminders:
    def test_what_has_rung_does_not_ring_again(self, start_server: StartServer) -> None:
        """One that comes once, one that repeats, one confirmed, one read and one snoozed; what comes later rings."""
        server = start_server()
        user_id = new_id()
        soon = in_seconds(4)
        once = server.make_reminder(user_id, soon, title="once")["id"]
        daily = server.make_reminder(user_id, soon, title="daily", rrule="FREQ=DAILY")["id"]
        read = server.make_reminder(user_id, soon, title="read")["id"]
        later = server.make_reminder(user_id, "2099-01-01 08:00:00", title="later")["id"]
        careline(server, "backup", "b.db")
        wait_until(lambda: len(server.notifications(user_id)) == 3, "the notifications")
        by_title = {one["title"]: one["id"] for one in server.notifications(user_id)}
        for title, answer in ("once", "confirm"), ("read", "read"):
            assert server.http("POST", f"/api/notifications/{by_title[title]}/{answer}").status == 200
        before = server.notifications(user_id)
        line = restored(server)
        server.make_reminder(user_id, in_seconds(0), title="new")
        wait_until(lambda: any(one["title"] == "new" for one in server.notifications(user_id)), "a new one")
        # The loop fires what is due earliest first, so what would ring again has done so by now.
        told = server.notifications(user_id)
        assert [one for one in told if one["title"] != "new"] == before
        assert "3 reminders that have rung" in line
        tasks = {number: server.http("GET", f"/api/reminders/{number}").body for number in (once, daily, read, later)}
        assert [task["status"] for task in tasks.values()] == ["DISPATCHED", "PENDING", "DISPATCHED", "PENDING"]
        confirmed = server.http("POST", f"/api/notifications/{by_title['once']}/confirm")
        assert confirmed.status == 200
        assert confirmed.body["read_at"] == next(one["read_at"] for one in before if one["id"] == by_title["once"])

    def test_a_ladder_goes_on_unless_it_was_answered(self, start_server: StartServer) -> None:
        """What was answered since the backup rings no rung; what rang since then, and was not, still does."""
        server = start_server()
        elder, daughter = new_id(), new_id()
        rungs = [{"after": 60, "user_id": daughter}]
        answered = server.make_reminder(elder, in_seconds(-1), title="answered", follow_up=rungs)["id"]
        wait_until(lambda: server.notifications(elder), "the first ring")
        careline(server, "backup", "b.db")
        server.make_reminder(elder, in_seconds(-58), title="not answered", follow_up=rungs)
        wait_until(lambda: len(server.notifications(elder)) == 2, "the second reminder's ring")
        first = next(one["id"] for one in server.notifications(elder) if one["title"] == "answered")
        path = f"/api/notifications/{first}/confirm"
        assert server.http("POST", path, json={"outcome": "SKIPPED"}).status == 200
        restored(server)
        assert server.http("POST", path, json={"outcome": "DONE"}).body["code"] == "CONFLICT"
        day = server.http("GET", f"/api/users/{elder}/day").body["items"]
        assert [one["outcome"] for one in day if one["task_id"] == answered] == ["SKIPPED"]

    def test_what_quiet_hours_hold_rings_once(self, start_server: StartServer) -> None:
        """Held before the backup or after it, whether it has rung since or not."""
        server = start_server()
        user_id = new_id()
        hours = f"/api/users/{user_id}/quiet-hours"
        assert server.http("PUT", hours, json=quiet_by_now()).status == 200
        rang = server.make_reminder(user_id, in_seconds(-1), title="rang")
        wait_until(lambda: held(server, rang["id"]), "what is held")
        careline(server, "backup", "b.db")
        assert server.http("DELETE", hours).status == 200
        wait_until(lambda: server.notifications(user_id), "its ring")
        assert server.http("PUT", hours, json=quiet_by_now()).status == 200
        waits = server.make_reminder(user_id, in_seconds(3600), title="rewound")
        later = server.make_reminder(user_id, in_seconds(-1), title="later")
        wait_until(lambda: held(server, later["id"]), "what is held")
        before = server.notifications(user_id)
        restored(server)
        assert server.http("GET", f"/api/reminders/{waits['id']}").status == 404
        assert server.http("GET", hours).body["from"] is not None
        assert server.http("DELETE", hours).status == 200
        server.make_reminder(user_id, in_seconds(0), title="new")
        wait_until(lambda: any(one["title"] == "new" for one in server.notifications(user_id)), "a new one")
        assert [one for one in server.notifications(user_id) if one["title"] != "new"] == before
        unanswered = server.http("GET", "/api/reminders/unanswered").body["items"]
        assert before[0]["id"] in [one["id"] for one in unanswered]

    def test_an_answer_to_one_that_is_in_the_backup_stays(self, start_server: StartServer) -> None:
        server = start_server()
        user_id = new_id()
        for title in ("a", "b", "c"):
            server.make_reminder(user_id, in_seconds(-1), title=title)
        wait_until(lambda: len(server.notifications(user_id)) == 3, "the notifications")
        careline(server, "backup", "b.db")
        first, second, _ = sorted(one["id"] for one in server.notifications(user_id))
        assert server.http("POST", f"/api/notifications/{first}/confirm").status == 200
        snooze = {"until": in_seconds(1)}
        assert server.http("POST", f"/api/notifications/{second}/snooze", json=snooze).status == 200
        wait_until(lambda: len(server.notifications(user_id)) == 4, "the snoozed one again")
        before = server.notifications(user_id)
        line = restored(server)
        assert server.notifications(user_id) == before
        assert "2 answers to notifications" in line

    def test_what_comes_back_is_said(self, start_server: StartServer) -> None:
        server = start_server()
        far = "2099-01-01 08:00:00"
        cancelled, changed, _ = (server.make_reminder(1, far)["id"] for _ in range(3))
        careline(server, "backup", "b.db")
        assert server.http("DELETE", f"/api/reminders/{cancelled}").status == 200
        assert server.http("PATCH", f"/api/reminders/{changed}", json={"title": "新的"}).status == 200
        server.make_reminder(1, far)
        question_id = server.open_question()
        line = restored(server)
        assert "1 cancelled and 1 changed reminders come back as they were before" in line
        assert "1 question, 1 reminder made since then are gone" in line
        assert question_id == 1


class TestWhatIsSaid:
    def test_how_far_it_goes_back(self, start_server: StartServer, clients: Clients) -> None:
        server = start_server()
        question_id = server.open_question()
        sender = clients.connect(to=server)
        sender.send(question_id, "在备份里")
        careline(server, "backup", "b.db")
        with closing(sqlite3.connect(server.folder / "b.db")) as backup:
            backup.execute("UPDATE message SET sent_at = sent_at - ?", (95 * 60_000,))
            backup.commit()
        sender.send(question_id, "不在备份里")
        line = restored(server)
        match = re.search(r"; (\d+) minutes are rewound \(newest message (\S+ \S+) instead of (\S+ \S+?)[,)]", line)
        assert match, line
        assert match[1] in ("95", "96")
        times = [time.strptime(one, "%Y-%m-%d %H:%M:%S") for one in match.groups()[1:]]
        assert 95 * 60 - 1 <= time.mktime(times[1]) - time.mktime(times[0]) <= 95 * 60 + 60
        assert "1 message made since then are gone" in line
        assert "; no question was asked, since this is not a terminal" in line

    @pytest.mark.parametrize(("typed", "goes_on"), [("y\n", True), ("n\n", False), ("\n", False), ("yes\n", True)])
    def test_a_terminal_is_asked(self, start_server: StartServer, typed: str, goes_on: bool) -> None:
        server, told, status = self.on_a_terminal(start_server, typed)
        assert "minutes are rewound" in told
        assert "1 question made since then are gone" in told
        assert "Go on? [y/N]" in told
        assert (status == 0) == goes_on
        assert len(rows(server.database, "SELECT id FROM question")) == (1 if goes_on else 2)
        assert ("nothing was changed" in told) != goes_on

    def test_yes_is_not_asked(self, start_server: StartServer) -> None:
        _, told, status = self.on_a_terminal(start_server, "", "--yes")
        assert (status, "Go on?" in told) == (0, False)

    def on_a_terminal(self, start_server: StartServer, typed: str, *words: str) -> tuple[Server, str, int]:
        """Restore with a terminal as standard input and error; give what it showed."""
        server = start_server()
        server.open_question()
        careline(server, "backup", "b.db")
        server.open_question()
        server.stop()
        terminal, theirs = os.openpty()
        process = subprocess.Popen(
            [*COMMAND, "restore", "b.db", "--database", str(server.database), *words],
            cwd=server.folder,
            env=environment(),
            stdin=theirs,
            stdout=subprocess.PIPE,
            stderr=theirs,
        )
        os.close(theirs)
        os.write(terminal, typed.encode())
        shown = b""
        try:
            while part := os.read(terminal, 4096):
                shown += part
        except OSError:  # the other side is closed
            pass
        os.close(terminal)
        process.communicate(timeout=LIMIT)
        return server, shown.decode(), process.returncode


class TestIds:
    def test_on_a_new_disk_no_id_comes_again_and_no_cursor_skips(self, start_server: StartServer) -> None:
        """The first program of docs/client.md, as it stands there, is shown all that is said after the restore."""
        self.check(start_server, lambda database: [one.unlink() for one in database.parent.glob(f"{database.name}*")])

    def test_nor_with_a_file_that_cannot_be_read(self, start_server: StartServer) -> None:
        def scratch(database: Path) -> None:
            for beside in database.parent.glob(f"{database.name}-*"):
                beside.unlink()
            database.write_bytes(b"\xa5" * database.stat().st_size)

        self.check(start_server, scratch)

    def test_nor_with_a_new_database_in_its_place(self, start_server: StartServer) -> None:
        """Somebody has started the server on the new box before the restore."""

        def begun(database: Path) -> None:
            for one in database.parent.glob(f"{database.name}*"):
                one.unlink()
            other = Server(database.parent)
            other.start()
            other.stop()

        self.check(start_server, begun)

    def check(self, start_server: StartServer, ruin: Any) -> None:
        server = start_server()
        question_id, user_id = server.open_question(), new_id()
        front_end = FrontEnd(
            ORDERS + blocks()[0] + DRIVER,
            server.url,
            {"sender_id": user_id, "sender_type": "ELDER", "role_display_name": "张三"},
            question_id,
        )
        try:
            self.say(server, question_id, range(1, 41))
            careline(server, "backup", "b.db")
            self.say(server, question_id, range(41, 101))
            wait_until(lambda: len(front_end.ids("message")) == 100, "what was said")
            port = server.port
            server.kill()
            ruin(server.database)
            (line,) = careline(server, "restore", "b.db").splitlines()
            server.start(["serve", "--port", str(port), "--database", str(server.database)])
            self.say(server, question_id, range(101, 161))
            wait_until(lambda: len(front_end.ids("message")) >= 160, "what is said after the restore", 30)
            shown = front_end.ids("message")
            assert len(shown) == len(set(shown)) == 160
            assert min(shown[100:]) == JUMP + 41
            assert f"new ids begin {JUMP:,} above those of the backup" in line
            # Tables that had nothing yet at the time of the backup, too.
            assert server.make_reminder(user_id, "2099-01-01 08:00:00")["id"] == JUMP + 1
            assert server.open_question() == JUMP + 2
        finally:
            front_end.close()

    @staticmethod
    def say(server: Server, question_id: int, numbers: range) -> None:
        with closing(Websocket(server)) as sender:
            sender.enter()
            for number in numbers:
                assert sender.call("send_message", message(question_id, str(number)))["success"]


class TestConfirmLinks:
    """A link that was used stays used, whatever is restored over it."""

    @pytest.fixture
    def server(self, start_server: StartServer) -> Server:
        """A server with a backup, in which three reminders have rung, and a link was used since."""
        server = start_server("--public-url", PUBLIC_URL)
        for user_id in self.USERS:
            server.make_reminder(user_id, in_seconds(-1))
            wait_until(partial(server.notifications, user_id), "a ring")
        self.used, self.unused, self.later = (
            link_of(server, server.notifications(user_id)[0]["id"]) for user_id in self.USERS
        )
        careline(server, "backup", "b.db")
        assert pressed(server, self.used).status == 200
        return server

    USERS: Final = (101, 102, 103)

    def outcomes(self, server: Server) -> list[str]:
        return [server.http("GET", f"/api/users/{user_id}/day").body["items"][0]["outcome"] for user_id in self.USERS]

    def test_one_that_was_used_since(self, server: Server) -> None:
        line = restored(server)
        assert "confirm links" not in line
        assert self.outcomes(server) == ["DONE", "PENDING", "PENDING"]
        assert "答复过了" in pressed(server, self.used).body
        assert "谢谢" in pressed(server, self.unused).body
        assert self.outcomes(server) == ["DONE", "DONE", "PENDING"]
        # And once more, of the same backup.
        restored(server)
        assert "答复过了" in pressed(server, self.unused).body
        assert "谢谢" in pressed(server, self.later).body

    def test_where_it_is_not_known_which_were_used(self, server: Server, start_server: StartServer) -> None:
        """On another box, or after the disk is gone."""
        other = start_server("--public-url", PUBLIC_URL)
        fresh = link_of(other, 1)
        other.stop()
        for one in other.folder.glob("careline.db*"):
            one.unlink()
        done = run("restore", str(server.folder / "b.db"), "--database", str(other.database), folder=other.folder)
        assert done.stdout.count("confirm links that were sent until now are not good any more") == 1
        other.start()
        assert self.outcomes(other) == ["PENDING"] * 3
        for link in (self.used, self.unused, fresh):
            assert (opened(other, link).status, pressed(other, link).status) == (404, 404)
        assert self.outcomes(other) == ["PENDING"] * 3
        new = link_of(other, other.notifications(101)[0]["id"])
        assert "谢谢" in pressed(other, new).body

    def test_a_damaged_database(self, server: Server) -> None:
        with closing(sqlite3.connect(server.database, isolation_level=None)) as connection:
            for number in range(600):
                connection.execute(
                    """INSERT INTO history (at, what, "by", detail) VALUES (0, 'changed', 'API', ?)""", ("x" * number,)
                )
        server.stop()
        damage(server.database, "user_notification")
        (line,) = careline(server, "restore", "b.db").splitlines()
        assert "confirm links that were sent until now are not good any more" in line
        server.start()
        assert pressed(server, self.used).status == 404


def test_a_backup_through_a_planted_link_is_refused(start_server: StartServer) -> None:
    server = start_server()
    server.open_question()
    treasure = server.folder / "treasure"
    treasure.write_text(KEY)
    (server.folder / "b.db").symlink_to(treasure)
    done = run("backup", "b.db", "--database", str(server.database), folder=server.folder)
    assert (done.returncode, "symbolic link" in done.stderr) == (1, True)
    assert treasure.read_text() == KEY
    assert not [name for name in names(server.folder) if "partial" in name]
