"""Backups while the server is under load, and every way in which one can be cut short."""

from __future__ import annotations

import errno
import itertools
import os
import resource
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Final

import pytest

from store.backup import back_up
from store.restore import restore
from tests.clients import Clients, message
from tests.conftest import StartServer
from tests.packets import Websocket
from tests.server import COMMAND, LIMIT, ROOT, Server, environment, in_seconds, run, wait_until
from tests.store.file import rows
from tests.store.filled import FIRST_SCHEMA, change, fill, integrity, killed, older
from tests.torture.patches import patched

BACKUPS: Final = 20
KILLS: Final = 6
MESSAGES: Final = 20_000
TEXT: Final = "测" * 300  # with it a backup takes some steps
IDS: Final = "SELECT id FROM message ORDER BY id"
TITLE: Final = "SELECT title FROM question"


def one_line(result: subprocess.CompletedProcess[str]) -> str:
    """The one line in which a command told why it did nothing."""
    assert result.returncode == 1, result
    assert result.stdout == ""
    (line,) = result.stderr.splitlines()
    return line


def names(folder: Path) -> set[str]:
    """What is in the folder."""
    return {path.name for path in folder.iterdir()}


def begin(folder: Path, *arguments: str, **options: Any) -> subprocess.Popen[str]:
    """Starts a command and does not wait for it."""
    return subprocess.Popen(
        [*COMMAND, *arguments],
        cwd=folder,
        env=environment(),
        text=True,
        stdout=subprocess.PIPE,
        **{"stderr": subprocess.PIPE, **options},
    )


@contextmanager
def load(server: Server, question_id: int) -> Iterator[list[int]]:
    """Clients that send as fast as they are answered; the ids of the messages of which they were told."""
    acknowledged: list[int] = []
    over = threading.Event()

    def send(sender_id: int) -> None:
        client = Websocket(server)
        client.enter()
        for number in itertools.count():
            text = f"{sender_id}-{number}"
            answers = client.call_all(
                [["send_message", message(question_id, text, sender_id=sender_id)] for _ in range(20)]
            )
            acknowledged.extend(answer["data"]["id"] for answer in answers)
            if over.is_set():
                break
        client.close()

    senders = [threading.Thread(target=send, args=(number,)) for number in range(1, 5)]
    for sender in senders:
        sender.start()
    try:
        yield acknowledged
    finally:
        over.set()
        for sender in senders:
            sender.join()


def test_what_was_acknowledged_before_a_backup_is_in_it(tmp_path: Path) -> None:
    server = Server(tmp_path, "--connection-events", "0", "--connection-bytes", "0")
    fill(server.database, MESSAGES // 4, TEXT)
    server.start()
    question_id = server.open_question()
    file, restored = tmp_path / "b.db", tmp_path / "restored.db"
    busy = 0
    with load(server, question_id) as acknowledged:
        wait_until(lambda: len(acknowledged) >= 1000, "load")
        for number in range(BACKUPS):
            before = list(acknowledged)
            back_up(server.database, file, lambda _: True)
            busy += len(acknowledged) > len(before)
            restore(file, restored, str(number), lambda _: True)
            stored = rows(restored, IDS)
            assert set(before) <= set(stored)
            assert stored == list(range(1, len(stored) + 1)), "and nothing before a message is missing"
        assert run("backup", "--database", str(server.database), str(file), folder=tmp_path).returncode == 0
    assert busy > BACKUPS / 2, "the backups were taken while nobody was sending"
    assert run("restore", "--database", str(restored), str(file), folder=tmp_path).returncode == 0
    listed = server.messages(question_id, f"before_id={rows(restored, IDS)[-1] + 1}&limit=200")
    server.stop()
    restored.replace(server.database)
    server.start()
    assert server.messages(question_id) == listed
    server.stop()


# Does the work again and again, each time in a copy of the folder, and is killed one line later than the time before.
_AT_EACH_LINE: Final = """
import itertools, os, shutil, signal, sys
from pathlib import Path
from store import backup, restore

def work(folder):
    if sys.argv[2] == "backup":
        backup.back_up(folder / "careline.db", folder / "b.db", lambda _: True)
    else:
        restore.restore(folder / "b.db", folder / "careline.db", "now", lambda _: True)

def trace(frame, event, _):
    global left
    if frame.f_code.co_filename not in (backup.__file__, restore.__file__):
        return None
    if event == "line":
        left -= 1
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
    return trace

for line in itertools.count(1):
    folder = Path(shutil.copytree(Path(sys.argv[1]) / "as it was", Path(sys.argv[1]) / str(line)))
    child = os.fork()
    if child == 0:
        left = line
        sys.settrace(trace)
        work(folder)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    if not os.WIFSIGNALED(status):
        sys.exit(os.waitstatus_to_exitcode(status))
"""


class TestKilledAtEachLine:
    @staticmethod
    def left(folder: Path, work: str) -> list[Path]:
        """What each of the kills has left, one folder a kill; the last is that of the work which nobody killed."""
        result = subprocess.run(
            [sys.executable, "-c", _AT_EACH_LINE, str(folder), work], cwd=ROOT, check=False, timeout=60
        )
        assert result.returncode == 0
        found = [folder / str(line) for line in range(1, len(names(folder)))]
        assert len(found) > 50
        return found

    @pytest.fixture
    def as_it_was(self, tmp_path: Path) -> Path:
        """A folder with a database that a killed server has left, its last commit in the WAL alone, and a backup."""
        folder = tmp_path / "as it was"
        folder.mkdir()
        killed(fill(tmp_path / "careline.db", 30), folder / "careline.db")
        fill(folder / "b.db", 20)
        for name in ("careline.db", "careline.db-wal", "careline.db-shm"):
            (tmp_path / name).unlink(missing_ok=True)
        return folder

    def test_of_a_backup(self, tmp_path: Path, as_it_was: Path) -> None:
        old, new = (as_it_was / "b.db").read_bytes(), ""
        for folder in self.left(tmp_path, "backup"):
            assert integrity(folder / "careline.db") == "ok"
            assert rows(folder / "careline.db", TITLE) == ["在 WAL 里"]
            if (folder / "b.db").read_bytes() != old:
                assert integrity(folder / "b.db") == "ok"
                (new,) = rows(folder / "b.db", TITLE)
                assert rows(folder / "b.db", IDS) == list(range(1, 31))
        assert new == "在 WAL 里"

    @pytest.mark.usefixtures("as_it_was")
    def test_of_a_restore(self, tmp_path: Path) -> None:
        old, new = ("在 WAL 里", 30), ("头晕两天", 20)
        restored = []
        for folder in self.left(tmp_path, "restore"):
            database = folder / "careline.db"
            assert database.stat().st_size
            assert integrity(database) == "ok"
            found = (rows(database, TITLE)[0], len(rows(database, IDS)))
            assert found in (old, new)
            restored.append(found == new)
            if restored[-1]:
                kept = folder / "careline.db.before-restore-now"
                assert (rows(kept, TITLE)[0], len(rows(kept, IDS))) == old
        assert restored[-1]
        assert restored == sorted(restored), "from one line on it is the restored one"


class TestKilled:
    @staticmethod
    def copied(folder: Path) -> int:
        """How many bytes of the copy there are so far; -1 before it is begun and after it has its name."""
        with suppress(FileNotFoundError):
            return max((path.stat().st_size for path in folder.glob("*.partial")), default=-1)
        return -1

    def kill(self, size: int, folder: Path, *command: str) -> bool:
        """Kills the command once its copy has so many bytes; whether it had not ended by itself."""
        for left in folder.glob("*.partial*"):
            left.unlink()
        process = begin(folder, *command)
        wait_until(lambda: self.copied(folder) >= size or process.poll() is not None, f"{size} bytes of a copy")
        process.kill()
        process.communicate(timeout=LIMIT)
        return process.returncode == -signal.SIGKILL

    def test_a_backup(self, tmp_path: Path) -> None:
        """Its destination is what it was, or the whole new backup."""
        database = fill(tmp_path / "careline.db", MESSAGES, TEXT)
        folder = tmp_path / "backups"
        folder.mkdir()
        destination = folder / "b.db"
        command = ["backup", "--database", str(database), str(destination)]
        size = back_up(database, destination, lambda _: True).size
        killed = 0
        for number in range(1, KILLS + 1):
            change(database, f"UPDATE question SET elder_id = {number}")
            before = rows(destination, "SELECT elder_id FROM question")
            if number % 2:
                destination.unlink()
            killed += self.kill(size * number // KILLS, folder, *command)
            if not destination.exists():
                assert number % 2
                back_up(database, destination, lambda _: True)
            assert integrity(destination) == "ok"
            assert rows(destination, "SELECT count(*) FROM message") == [MESSAGES]
            assert rows(destination, "SELECT elder_id FROM question") in (before, [number])
        assert killed, "no backup was cut short"
        assert run(*command, folder=folder).returncode == 0
        assert rows(destination, "SELECT elder_id FROM question") == [KILLS]

    def test_a_restore(self, tmp_path: Path) -> None:
        """The database is the one of before, or the whole restored one, with nothing of the other beside it."""
        file = fill(tmp_path / "b.db", MESSAGES, TEXT)
        folder = tmp_path / "served"
        folder.mkdir()
        database = folder / "careline.db"
        command = ["restore", "--database", str(database), str(file)]
        found: list[int] = []
        for number in range(1, KILLS + 1):
            for path in folder.iterdir():
                path.unlink()
            fill(database, 3000)
            self.kill(file.stat().st_size * number // KILLS, folder, *command)
            assert not names(folder) & {"careline.db-wal", "careline.db-shm", "careline.db-journal"}
            assert integrity(database) == "ok"
            found += rows(database, "SELECT count(*) FROM message")
        assert set(found) <= {3000, MESSAGES}
        assert 3000 in found, "no restore was cut short"


class TestNoRoom:
    """A limit on the size of files, to which the kernel holds the program as it would to the end of the disk."""

    @staticmethod
    def run_with_room(size: int, folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
        def limit() -> None:
            resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))

        process = begin(folder, *arguments, preexec_fn=limit)
        out, told = process.communicate(timeout=30)
        return subprocess.CompletedProcess([], process.returncode, out, told)

    def test_for_a_backup(self, tmp_path: Path) -> None:
        database = fill(tmp_path / "careline.db", 5000)
        (tmp_path / "b.db").write_text("the backup of before")
        before = names(tmp_path)
        result = self.run_with_room(100_000, tmp_path, "backup", "b.db")
        assert "cannot back up" in one_line(result)
        assert (tmp_path / "b.db").read_text() == "the backup of before"
        assert names(tmp_path) == before
        assert integrity(database) == "ok"

    def test_for_a_restore(self, tmp_path: Path) -> None:
        file = fill(tmp_path / "b.db", 5000)
        database = fill(tmp_path / "careline.db", 3)
        before = names(tmp_path)
        assert "cannot restore" in one_line(self.run_with_room(100_000, tmp_path, "restore", file.name))
        assert rows(database, IDS) == [1, 2, 3]
        assert names(tmp_path) == before


class TestCommands:
    @pytest.mark.parametrize(
        ("destination", "why"),
        [
            ("missing/b.db", os.strerror(errno.ENOENT)),
            ("careline.db/b.db", os.strerror(errno.ENOTDIR)),
            ("/proc/b.db", "cannot back up"),
            (".", "no file that could be replaced"),
        ],
    )
    def test_a_destination_that_cannot_be(self, tmp_path: Path, destination: str, why: str) -> None:
        fill(tmp_path / "careline.db")
        result = run("backup", destination, folder=tmp_path)
        assert why in one_line(result)
        assert names(tmp_path) == {"careline.db"}

    @pytest.mark.parametrize("command", ["backup", "restore"])
    def test_there_is_no_database(self, tmp_path: Path, command: str) -> None:
        assert "there is no database" in one_line(run(command, "b.db", folder=tmp_path))
        assert names(tmp_path) == set()

    @pytest.mark.parametrize("arguments", [["backup"], ["restore"], ["check", "b.db"], ["serve", "b.db"]])
    def test_a_file_is_named_where_one_is_meant(self, tmp_path: Path, arguments: list[str]) -> None:
        result = run(*arguments, folder=tmp_path)
        assert result.returncode == 2
        assert "FILE" in result.stderr

    def test_both_say_in_one_line_what_they_did(self, tmp_path: Path) -> None:
        fill(tmp_path / "careline.db")
        for result in (
            run("backup", "--log-level", "error", "b.db", folder=tmp_path),
            run("restore", "b.db", "--log-level", "error", folder=tmp_path),
        ):
            assert (result.returncode, result.stderr) == (0, "")
            (line,) = result.stdout.splitlines()
            assert "careline.db" in line
            assert "b.db" in line
            assert f"{(tmp_path / 'b.db').stat().st_size:,} bytes" in line
        (kept,) = names(tmp_path) - {"careline.db", "b.db"}
        assert kept.startswith("careline.db.before-restore-20")
        assert kept in line

    def test_a_terminal_sees_how_far_it_is(self, tmp_path: Path) -> None:
        fill(tmp_path / "careline.db", 2 * MESSAGES, TEXT)
        terminal, theirs = os.openpty()
        process = begin(tmp_path, "backup", "b.db", stderr=theirs)
        os.close(theirs)
        shown = b""
        while True:
            try:
                shown += os.read(terminal, 1024)
            except OSError:  # the other side is closed
                break
        os.close(terminal)
        process.communicate(timeout=LIMIT)
        assert process.returncode == 0
        steps = [int(part.split(b"%")[0].split()[-1]) for part in shown.split(b"\r") if b"%" in part]
        assert len(steps) >= 3
        assert steps == sorted(set(steps))
        assert b"checking" in shown
        assert shown.endswith(b"\r\x1b[K"), "the line is free again"

    @pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
    def test_a_signal_ends_it_and_nothing_is_left(self, tmp_path: Path, number: signal.Signals) -> None:
        fill(tmp_path / "careline.db", 2 * MESSAGES, TEXT)
        process = begin(tmp_path, "backup", "b.db")
        wait_until(lambda: any(".partial" in name for name in names(tmp_path)), "a partial copy")
        process.send_signal(number)
        out, told = process.communicate(timeout=LIMIT)
        result = subprocess.CompletedProcess([], process.returncode, out, told)
        assert one_line(result).endswith("interrupted")
        assert names(tmp_path) == {"careline.db"}

    def test_a_restore_beside_a_running_server(self, start_server: StartServer, tmp_path: Path) -> None:
        server = start_server()
        file = fill(tmp_path / "b.db")
        result = run("restore", "--database", str(server.database), str(file), folder=tmp_path)
        assert "in use" in one_line(result)
        assert server.open_question() == 1


def test_after_a_restore_no_id_comes_again_and_no_cursor_skips(start_server: StartServer, clients: Clients) -> None:
    server = start_server()
    question_id = server.open_question()
    user_id = 7
    sender = clients.connect(to=server)
    kept = sender.send(question_id, "在备份里")
    command = ["--database", str(server.database)]
    assert run("backup", *command, "b.db", folder=server.folder).returncode == 0
    lost = [sender.send(question_id, "不在备份里")["id"] for _ in range(5)]
    lost_question = server.open_question()
    server.make_reminder(user_id, in_seconds(0))
    wait_until(lambda: server.notifications(user_id), "the notification")
    server.stop()
    assert run("restore", *command, "b.db", folder=server.folder).returncode == 0
    server.start()
    assert server.messages(question_id) == [kept]
    assert server.open_question() == lost_question + 1
    # A client that has seen all of the messages that are gone misses none of the new ones.
    back = clients.connect(to=server)
    back.emit("join_question", {"question_id": question_id, "user_id": 1, "user_type": "ELDER", "after_id": lost[-1]})
    assert back.expect("joined_question")["latest_id"] == kept["id"]
    later = clients.connect(to=server).send(question_id, "恢复之后")
    assert later["id"] == lost[-1] + 1
    assert back.expect("new_message") == later
    back.disconnect()
    again = clients.connect(to=server)
    again.emit("join_question", {"question_id": question_id, "user_id": 1, "user_type": "ELDER", "after_id": lost[-1]})
    assert again.expect("joined_question")["latest_id"] == later["id"]
    assert again.expect("new_message") == later
    server.make_reminder(user_id, in_seconds(0))
    wait_until(lambda: server.notifications(user_id), "the notification")
    assert [one["id"] for one in server.notifications(user_id)] == [2]


class TestByItself:
    @pytest.mark.parametrize("wanted", [True, False])
    def test_before_a_migration(self, tmp_path: Path, wanted: bool) -> None:
        server = Server(tmp_path, env={} if wanted else {"CARELINE_BACKUP_BEFORE_MIGRATION": "false"})
        older(server.database, tmp_path / "first")
        server.start()
        assert server.http("GET", "/api/questions").body["items"][0]["title"] == "旧"
        server.stop()
        kept = [name for name in names(tmp_path) if ".before-" in name]
        assert len(kept) == wanted
        for name in kept:
            assert rows(tmp_path / name, "SELECT title FROM question") == ["旧"]
            assert rows(tmp_path / name, "SELECT name FROM schema_migration") == [FIRST_SCHEMA]
            assert name in server.stderr()

    def test_every_day(self, start_server: StartServer, monkeypatch: pytest.MonkeyPatch) -> None:
        """By a program that looks every second instead of every ten minutes, and is the real one otherwise."""
        monkeypatch.setattr("tests.server.COMMAND", patched("backs_up_often"))
        server = start_server("--daily-backups", "2")
        question_id = server.open_question()
        for day in ("2025-01-01", "2025-01-02", "2025-01-03"):
            (server.folder / f"careline.db.daily-{day}").touch()
        with load(server, question_id):
            wait_until(lambda: "the daily backup " in server.stderr(), "the daily backup")
        daily = sorted(name for name in names(server.folder) if ".daily-" in name)
        assert daily[0] == "careline.db.daily-2025-01-03"
        assert len(daily) == 2
        assert integrity(server.folder / daily[1]) == "ok"
        assert rows(server.folder / daily[1], "SELECT id FROM question") == [question_id]
        assert server.stderr().count("the daily backup ") == 1
