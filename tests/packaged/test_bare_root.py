"""The binary in a root that has nothing but the C library, C++'s and zlib: no Python, no PATH, no time zones, no /proc.

TEST_DEBIAN, a release's name such as bookworm, tries it in a minimal Debian of that release instead, which debootstrap
fetches.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Final

import pytest

from tests.clients import Clients
from tests.server import Server

DEBIAN: Final = os.environ.get("TEST_DEBIAN", "")
SYSTEM_LIBRARY: Final = re.compile(r"(/\S*/(?:ld-|lib(?:c|m|dl|pthread|rt|util|stdc\+\+|gcc_s|z)\.)\S*)")
# Whoever may not change the root may do so in a name space of users.
ALONE: Final = [] if os.geteuid() == 0 else ["unshare", "--user", "--map-root-user"]
NOBODY: Final = 65534
# With the binary itself these need every library of the system that anything in it needs.
EXTENSIONS: Final = [str(find_spec(name).origin) for name in ("greenlet._greenlet", "uvloop.loop")]  # type: ignore[union-attr]


def fill(root: Path, binary: Path) -> None:
    """Make a root for the binary."""
    if DEBIAN:
        subprocess.run(["debootstrap", "--variant=minbase", DEBIAN, root], check=True, capture_output=True)
        assert list(root.glob("**/bin/python*")) == []
        return
    for program in (str(binary), *EXTENSIONS):
        needs = subprocess.run(["ldd", program], capture_output=True, text=True, check=True).stdout
        for library in SYSTEM_LIBRARY.findall(needs):
            copied = root / library[1:]
            copied.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(library, copied)
    (root / "tmp").mkdir()
    (root / "tmp").chmod(0o1777)


@pytest.fixture
def bare(binary: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    """A server in such a root."""
    root = tmp_path / "root"
    root.mkdir()
    fill(root, binary)
    shutil.copy(binary, root / "careline")
    data = root / "data"
    data.mkdir()
    user = []
    if not ALONE:
        user = [f"--userspec={NOBODY}:{NOBODY}"]
        os.chown(data, NOBODY, NOBODY)
    monkeypatch.setattr("tests.server.COMMAND", [*ALONE, str(shutil.which("chroot")), *user, str(root), "/careline"])
    server = Server(data)
    server.start(["serve", "--port", "0", "--database", "/data/careline.db"])
    yield server
    server.close()


def test_it_serves(bare: Server, clients: Clients) -> None:
    question_id = bare.open_question()
    client = clients.connect(to=bare)
    client.join(question_id)
    sent = client.send(question_id)
    assert client.expect("new_message") == sent
    assert bare.messages(question_id) == [sent]
    assert bare.http("GET", "/").status == 200
    assert bare.make_reminder(7, "2030-01-01T12:00:00Z")["remind_at"] == "2030-01-01 20:00:00", "in Shanghai"
