"""A sandbox for each module or test, whose temporary folder is the test's own."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final

import pytest

from tests.server import Server

WORDS: Final = ("serve", "--port", "0", "--sandbox")
ZONE: Final = "Europe/Berlin"


class Sandbox(Server):
    """A server with `--sandbox`."""

    def __init__(self, folder: Path) -> None:
        """Its database is in a folder of its own within `folder`."""
        self.temporary = folder / "temporary"
        self.temporary.mkdir(exist_ok=True)
        super().__init__(folder, env={"TMPDIR": str(self.temporary), "CARELINE_TIMEZONE": ZONE}, nginx=False)

    def launch(self, words: Sequence[str] | None = None) -> None:
        super().launch(WORDS if words is None else words)

    def ask(self, call: str, body: Any = None) -> dict[str, Any]:
        """Make one of the sandbox's calls and give what it answers."""
        answer = self.http("POST", f"/sandbox/{call}", **({} if body is None else {"json": body}))
        assert answer.status == 200, answer
        told: dict[str, Any] = answer.body
        return told

    def state(self) -> dict[str, Any]:
        """Give what it tells of itself."""
        answer = self.http("GET", "/sandbox")
        assert answer.status == 200, answer
        told: dict[str, Any] = answer.body
        return told

    def move_to(self, moment: str) -> dict[str, Any]:
        """Move the clock to a time, in as many calls as that takes."""
        told = self.ask("clock", {"to": moment})
        while not told["reached"]:
            told = self.ask("clock", {"to": told["to"]})
        return told

    def now(self) -> str:
        return str(self.state()["now"])

    def left_behind(self) -> list[Path]:
        """Give what sandboxes have in the temporary folder."""
        return sorted(self.temporary.glob("careline-sandbox-*"))


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    """A sandbox that the tests of a module share."""
    sandbox = Sandbox(tmp_path_factory.mktemp("sandbox"))
    sandbox.start()
    yield sandbox
    sandbox.close()


@pytest.fixture
def start_sandbox(tmp_path: Path) -> Iterator[Callable[[], Sandbox]]:
    """A way to start sandboxes for one test, all with the same temporary folder."""
    started: list[Sandbox] = []

    def start() -> Sandbox:
        started.append(Sandbox(tmp_path))
        started[-1].start()
        return started[-1]

    yield start
    for sandbox in started:
        sandbox.close()
