"""The second disk, to which the daily copies go: unplugged half-way, full, read-only, slow; and damaged copies.

Each is told, and nothing else suffers: people talk meanwhile.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import sqlite3
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, Final

import pytest

from tests import server as tests_server
from tests.clients import message
from tests.clock import Clock
from tests.conftest import Enter
from tests.files import content, upload
from tests.packets import Websocket
from tests.server import Server, run, wait_until
from tests.store.file import rows
from tests.store.filled import fill, integrity
from tests.torture.patches import patched

DAY: Final = 86_400  # seconds
SIZE: Final = 24 * 1024 * 1024
MOUNT: Final = f'mount -t tmpfs -o size={SIZE} tmpfs "$0" && exec "$@"'
MESSAGES: Final = 3_000
TEXT: Final = "测" * 300  # with it a copy takes some steps


class Clinic:
    """A server whose copies go to another disk."""

    def __init__(self, folder: Path, disk: Path, enter: Enter, silent: float = 600) -> None:
        self.disk = disk
        self.hangs = folder / "hangs"
        self.clock = Clock(folder / "clock")
        self._enter = enter
        patch = {"TEST_CLOCK": self.clock.file, "TEST_HANGS": self.hangs, "TEST_SILENT": silent}
        self.env = {name: str(value) for name, value in patch.items()}
        self.server = Server(folder, "--backup-folder", str(disk), "--daily-backups", "3", env=self.env)
        fill(self.server.database, MESSAGES, TEXT)

    @property
    def health(self) -> dict[str, Any]:
        """What the server says of itself; people can talk while it says it."""
        client = self._enter(Websocket, self.server)
        assert client.call("send_message", message(1))["success"]
        client.close()
        answer = self.server.http("GET", "/health")
        assert answer.status == 200
        assert isinstance(answer.body, dict)
        return answer.body

    def failed(self, job: str = "backup") -> str:
        """Wait until the job fails, and give why: health, status, the log and the metrics say it alike."""
        jobs: Callable[[], dict[str, Any]] = lambda: self.health["jobs"][job]  # noqa: E731
        why = str(wait_until(lambda: (found := jobs()["result"]) not in (None, "ok") and found, f"the failed {job}"))
        assert f'careline_job_failing{{job="{job}"}} 1.0' in str(self.server.http("GET", "/metrics").body)
        shown = run("status", "--port", str(self.server.port), env=self.env, folder=self.server.folder)
        assert re.search(rf"^job {job} +(?!ok)\S.* at ", shown.stdout, re.M), shown
        assert f"the job {job} failed: " in self.server.stderr()
        return why

    def is_well(self, job: str = "backup") -> None:
        """Wait until the job has run, and found nothing wrong."""
        wait_until(lambda: self.health["jobs"][job]["result"] == "ok", f"a good {job}")

    def copies(self) -> list[str]:
        """Names of the copies that are on the disk, as the server sees it."""
        return sorted(path.name for path in self.seen().iterdir() if re.fullmatch(r".*daily-[\d-]{10}", path.name))

    def seen(self) -> Path:
        """Give the way to the disk through the file systems of the server's process."""
        return Path(f"/proc/{self.server.process.pid}/root{self.disk}")

    def mount(self, *command: str) -> None:
        """Run a command among the file systems of the server's process."""
        entered = ["nsenter", "--target", str(self.server.process.pid), "--mount", *command]
        subprocess.run(entered, check=True, capture_output=True, timeout=30)


@pytest.fixture
def shared(tmp_path: Path) -> Iterator[Path]:
    """A folder on another disk than that of the tests."""
    memory = Path("/dev/shm")  # noqa: S108
    if not memory.is_dir() or memory.stat().st_dev == tmp_path.stat().st_dev:
        pytest.skip("there is no other disk here")
    folder = Path(tempfile.mkdtemp(dir=memory))
    yield folder
    shutil.rmtree(folder)


@pytest.fixture(autouse=True)
def _often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.server.COMMAND", patched("copies_often"))


@pytest.fixture
def clinic(tmp_path: Path, shared: Path, enter: Enter) -> Iterator[Clinic]:
    """A server with a second disk that stays where it is."""
    clinic = Clinic(tmp_path, shared, enter)
    clinic.server.start()
    yield clinic
    clinic.server.close()


@pytest.fixture
def mounted(tmp_path: Path, enter: Enter, monkeypatch: pytest.MonkeyPatch) -> Iterator[Clinic]:
    """A server with a second disk that can be unplugged; it hangs as the first copy begins."""
    if os.geteuid() or subprocess.run(["unshare", "--mount", "true"], capture_output=True, check=False).returncode:
        pytest.skip("nothing can be mounted here")
    disk = tmp_path / "disk"
    disk.mkdir()
    clinic = Clinic(tmp_path, disk, enter)
    clinic.hangs.touch()
    with monkeypatch.context() as patch:
        command = ["unshare", "--mount", "sh", "-c", MOUNT, str(disk), *tests_server.COMMAND]
        patch.setattr("tests.server.COMMAND", command)
        clinic.server.start()
    yield clinic
    clinic.hangs.unlink(missing_ok=True)
    clinic.server.close()


def drill(clinic: Clinic) -> subprocess.CompletedProcess[str]:
    """`careline drill` beside the server."""
    arguments = ["--database", str(clinic.server.database), "--backup-folder", str(clinic.disk)]
    return run("drill", *arguments, "--log-level", "error", env=clinic.env, folder=clinic.server.folder)


def flip(file: Path, what: bytes) -> None:
    """Change one byte of a file, in the midst of a text that is in it."""
    data = bytearray(file.read_bytes())
    data[data.rindex(what) + len(what) // 2] ^= 1
    file.write_bytes(data)


def test_each_day_a_copy_leaves_the_disk_and_a_restore_is_tried(clinic: Clinic) -> None:
    server, disk = clinic.server, clinic.disk
    url = upload(server, content(50_000, seed=1))["url"]
    client = clinic._enter(Websocket, server)
    assert client.call("send_message", message(1, attachments=[{"url": url}]))["success"]
    clinic.is_well()
    wait_until(lambda: clinic.health["off_disk"]["drill"] == "ok", "the drill")
    (copy,) = clinic.copies()
    found = clinic.health
    assert found["off_disk"]["last_copy"] == found["last_backup"]
    assert "sound: " in found["off_disk"]["drill_result"]
    assert integrity(disk / copy) == "ok"
    assert rows(disk / copy, "SELECT count(*) FROM question") == [1]
    assert subprocess.run(["sha256sum", "--check", "--quiet", f"{copy}.sha256"], cwd=disk, check=False).returncode == 0
    names = {path.name for path in server.folder.iterdir()}
    assert not [name for name in names if ".daily-" in name or ".drill" in name]
    # The same file under another name each day.
    _days(clinic, 1, 2)
    clinic.is_well()
    files = [file for name in clinic.copies()[-2:] for file in (disk / f"{name}-files").iterdir()]
    assert len(files) == 2
    assert files[0].samefile(files[1])
    done = drill(clinic)
    assert (done.returncode, done.stderr) == (0, "")
    assert "1 files" in done.stdout
    # As many are kept as beside the database.
    _days(clinic, 3)
    wait_until(lambda: len(clinic.copies()) == len(list(disk.glob("*.sha256"))) == 3, "as many as are kept, with sums")
    assert "lost with it" not in server.stderr()


def _days(clinic: Clinic, *days: int) -> None:
    """Move the clock on, and wait for each day's copy."""
    for day in days:
        last = clinic.copies()[-1]
        clinic.clock.set_by(day * DAY)
        wait_until(lambda last=last: clinic.copies()[-1] > last, f"the copy of day {day}")  # type: ignore[misc]


def test_unplugged_half_way(mounted: Clinic) -> None:
    server, below = mounted.server, mounted.disk
    wait_until(lambda: any(".partial" in path.name for path in mounted.seen().iterdir()), "a copy that is begun")
    mounted.mount("umount", "--lazy", str(below))
    mounted.hangs.unlink()
    assert mounted.failed().endswith("is on the same disk as the database: the disk that it is for is not mounted")
    assert list(below.iterdir()) == [], "the disk below is not filled"
    assert mounted.health["off_disk"]["last_copy"] is None
    mounted.mount("mount", "-t", "tmpfs", "-o", f"size={SIZE}", "tmpfs", str(below))
    mounted.is_well()
    assert "the job backup is done again" in server.stderr()
    age = mounted.health["off_disk"]["age_seconds"]
    # Away again: how old the last copy is stays known, and grows.
    mounted.mount("umount", "--lazy", str(below))
    mounted.clock.set_by(2 * DAY)
    mounted.failed()
    assert mounted.health["off_disk"]["age_seconds"] >= age + 2 * DAY
    assert list(below.iterdir()) == []


def test_full(mounted: Clinic) -> None:
    ballast = mounted.seen() / "ballast"
    free = os.statvfs(mounted.seen()).f_bavail * 4096
    ballast.write_bytes(bytes(free - mounted.server.database.stat().st_size - 4 * 4096))
    wait_until(lambda: any(".partial" in path.name for path in mounted.seen().iterdir()), "a copy that is begun")
    with ballast.open("ab") as more:
        more.write(bytes(2 * 1024 * 1024))
    mounted.hangs.unlink()
    why = mounted.failed()
    assert "disk is full" in why or "No space left" in why or "bytes left, and a copy takes" in why
    wait_until(lambda: "bytes left, and a copy takes" in mounted.health["jobs"]["backup"]["result"], "the next look")
    assert mounted.copies() == []
    ballast.unlink()
    mounted.is_well()
    assert len(mounted.copies()) == 1


def test_read_only(mounted: Clinic) -> None:
    mounted.hangs.unlink()
    mounted.is_well()
    mounted.mount("mount", "-o", "remount,ro", str(mounted.disk))
    mounted.clock.set_by(DAY)
    assert mounted.failed().endswith("Read-only file system")
    mounted.mount("mount", "-o", "remount,rw", str(mounted.disk))
    mounted.is_well()


@pytest.mark.parametrize("is_stopped", [False, True])
def test_slow(tmp_path: Path, shared: Path, enter: Enter, is_stopped: bool) -> None:
    clinic = Clinic(tmp_path, shared, enter, silent=0.5)
    clinic.hangs.touch()
    clinic.server.start()
    assert "has come no further for " in clinic.failed()
    if is_stopped:
        clinic.server.stop()  # which holds the server to a clean end
        return
    clinic.hangs.unlink()
    clinic.is_well()
    assert len(clinic.copies()) == 1
    clinic.server.stop()


@pytest.mark.parametrize("what", ["the copy", "a file", "the sum", "no sum"])
def test_a_damaged_copy_is_found(clinic: Clinic, what: str) -> None:
    server, disk = clinic.server, clinic.disk
    data = content(50_000, seed=1)
    url = upload(server, data)["url"]
    client = clinic._enter(Websocket, server)
    assert client.call("send_message", message(1, attachments=[{"url": url}]))["success"]
    wait_until(lambda: (health := clinic.health)["off_disk"] and health["off_disk"]["drill"], "the first drill")
    # A copy that has the file.
    clinic.clock.set_by(DAY)
    wait_until(lambda: len(clinic.copies()) == 2, "the next day's copy")
    clinic.is_well()
    newest = disk / clinic.copies()[-1]
    match what:
        case "the copy":
            flip(newest, TEXT.encode())
            assert integrity(newest) == "ok", "SQLite's own check finds nothing"
        case "a file":
            (file,) = (disk / f"{newest.name}-files").iterdir()
            flip(file, data[100:200])
        case "the sum":
            flip(disk / f"{newest.name}.sha256", newest.name.encode())
        case _:
            (disk / f"{newest.name}.sha256").unlink()
    done = drill(clinic)
    assert done.returncode == 1
    assert newest.name in done.stderr
    (line,) = done.stderr.splitlines()
    assert clinic.failed("drill") == line.removeprefix("careline: ")
    assert clinic.health["off_disk"]["drill"] == "failing"
    assert "careline_drill_ok 0.0" in str(server.http("GET", "/metrics").body)
    assert not (server.folder / "careline.db.drill").exists()
    # With the next day's copy a restore goes well again. The damaged one is told, by the reading of each day, until it
    # has been taken away.
    clinic.clock.set_by(2 * DAY + 10)
    wait_until(lambda: clinic.health["off_disk"]["drill"] == "ok", "the next drill")
    assert newest.name in clinic.failed("drill")
    for name in clinic.copies()[:-1]:  # a file is the same one in all
        (disk / name).unlink()
    clinic.clock.set_by(3 * DAY + 20)
    clinic.is_well("drill")


def test_once_a_month(clinic: Clinic) -> None:
    wait_until(lambda: (found := clinic.health["off_disk"]) and found["drill"] == "ok", "the first drill")
    first = clinic.health["off_disk"]["last_drill"]
    clinic.clock.set_by(29 * DAY)
    wait_until(lambda: len(clinic.copies()) == 2, "a copy")
    clinic.is_well("drill")
    assert clinic.health["off_disk"]["last_drill"] == first
    clinic.clock.set_by(31 * DAY)
    wait_until(lambda: clinic.health["off_disk"]["last_drill"] > first, "the next drill")


def test_a_byte_that_changes_later_is_found_within_a_day(clinic: Clinic) -> None:
    wait_until(lambda: (found := clinic.health["off_disk"]) and found["drill"] == "ok", "the first drill")
    clinic.is_well("drill")
    (copy,) = clinic.copies()
    flip(clinic.disk / copy, TEXT.encode())
    clinic.clock.set_by(DAY)
    assert clinic.failed("drill").endswith(f"{copy} is damaged: it is not what {copy}.sha256 says")
    assert clinic.health["off_disk"]["drill"] == "ok", "the newest copy can be restored"


def test_rows_that_a_copy_lacks_are_found(clinic: Clinic) -> None:
    """A copy with a good sum, made of a database that had lost rows."""
    wait_until(lambda: (found := clinic.health["off_disk"]) and found["drill"] == "ok", "the first drill")
    clinic.is_well("drill")
    (copy,) = clinic.copies()
    _change(clinic.disk / copy, "DELETE FROM message WHERE id = 7")
    done = drill(clinic)
    assert done.returncode == 1
    assert "lacks rows: " in done.stderr


def _change(copy: Path, statement: str) -> None:
    with closing(sqlite3.connect(copy)) as connection, connection:
        connection.execute(statement)
    copy.with_name(f"{copy.name}.sha256").write_text(f"{hashlib.sha256(copy.read_bytes()).hexdigest()}  {copy.name}\n")


def test_by_hand_without_a_folder_or_a_disk(tmp_path: Path) -> None:
    database = fill(tmp_path / "careline.db")
    env = {"TEST_CLOCK": os.devnull, "TEST_HANGS": str(tmp_path / "x"), "TEST_SILENT": "600"}
    done = run("drill", env=env, folder=tmp_path)
    assert done.returncode == 2
    assert "--backup-folder (CARELINE_BACKUP_FOLDER)" in done.stderr
    for folder, why in ((tmp_path, "is on the same disk as the database"), (tmp_path / "no", "there is no folder")):
        done = run("drill", "--database", str(database), "--backup-folder", str(folder), env=env, folder=tmp_path)
        assert done.returncode == 1
        assert why in done.stderr
