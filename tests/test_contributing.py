"""docs/contributing.md speaks of files and commands that there are."""

from __future__ import annotations

import re
from typing import Final

from tests.server import ROOT

TEXT: Final = (ROOT / "docs" / "contributing.md").read_text()
ROOMS: Final = ("consult", "reminders", "store", "static", "tests")


def test_every_file_that_it_names_is_there() -> None:
    paths = re.findall(rf"`((?:(?:{'|'.join(ROOMS)})/[\w/.]*)|\w+\.py)`", TEXT)
    assert len(paths) > 40
    assert [path for path in paths if not (ROOT / path).exists()] == []
    links = re.findall(r"\]\(([\w.-]+\.md)\)", TEXT)
    assert [link for link in links if not (ROOT / "docs" / link).exists()] == []


def test_every_command_that_it_names_is_one_of_make() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.M))
    named = set(re.findall(r"(?:^|`)make ([a-z-]+)", TEXT, re.M))
    assert {"lint", "format", "docs"} <= named <= targets


def test_the_map_has_every_room() -> None:
    told = set(re.findall(r"`(\w+)/`", TEXT.split("## The rules")[0])) | set(re.findall(r"^\| `(\w+)/", TEXT, re.M))
    assert set(ROOMS) <= told
    rooms = [path for path in (ROOT / "consult").iterdir() if path.is_dir() and path.name != "__pycache__"]
    assert [path.name for path in rooms if f"`consult/{path.name}/`" not in TEXT] == []
    folders = [path for path in (ROOT / "static").iterdir() if path.is_dir() and path.name != "style"]
    assert [path.name for path in folders if f"`{path.name}/`" not in TEXT] == []
