"""A clock that tests own, what a loop handed on, and a file under it."""

from __future__ import annotations

import asyncio
import zoneinfo
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from importlib import resources
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

import pytest

from store.database import Database
from store.notifications import Notification
from store.snoozes import CameAgain
from tests.reminders.living import Machine
from tests.store.file import opened, within
from tests.store.samples import NOW

# The zones that `replace_zone` has data of.
ZONES: Final = (
    *("Asia/Shanghai", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Africa/Casablanca"),
    *("Europe/Moscow", "America/Chicago", "Africa/Lagos"),
)


class Clock:
    """Shows what the test sets, and tells when it was looked at."""

    def __init__(self) -> None:
        self.now = NOW
        self._looked_at = asyncio.Event()

    def __call__(self) -> int:
        self._looked_at.set()
        return self.now

    async def looked_at(self, times: int = 1) -> None:
        """Somebody has looked at it so many times from now on, and has had time to act on it."""
        for _ in range(times):
            self._looked_at.clear()
            await within(self._looked_at.wait())


class Handed:
    """The notifications that were handed on, chunk by chunk."""

    def __init__(self) -> None:
        self.chunks: list[Sequence[Notification | CameAgain]] = []
        self._more = asyncio.Event()

    def __call__(self, chunk: Sequence[Notification | CameAgain]) -> None:
        self.chunks.append(chunk)
        self._more.set()

    @property
    def titles(self) -> list[str]:
        return [notification.title for notification in self.notifications]

    @property
    def notifications(self) -> list[Notification]:
        handed = [one.notification if isinstance(one, CameAgain) else one for chunk in self.chunks for one in chunk]
        return [notification for notification in handed if notification is not None]

    async def reaches(self, count: int) -> None:
        """So many notifications were handed on by now."""
        while len(self.titles) < count:
            self._more.clear()
            await within(self._more.wait())


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "careline.db"


@pytest.fixture
async def database(path: Path) -> AsyncIterator[Database]:
    async with opened(path) as database:
        yield database


@pytest.fixture
async def clock() -> Clock:
    return Clock()


@pytest.fixture
async def handed() -> Handed:
    return Handed()


@pytest.fixture
def machine() -> Machine:
    return Machine()


def _data(name: str) -> bytes:
    for folder in zoneinfo.TZPATH:
        file = Path(folder, name)
        if file.is_file():
            return file.read_bytes()
    return resources.files("tzdata").joinpath("zoneinfo", *name.split("/")).read_bytes()


@pytest.fixture
def replace_zone(tmp_path: Path) -> Iterator[Callable[[str, str], None]]:
    """Zone data of the test's own: a zone is given the rules of another."""
    folder = tmp_path / "zones"
    data = {name: _data(name) for name in ZONES}

    def put(name: str, like: str) -> None:
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(data[like])
        ZoneInfo.clear_cache()

    for name in ZONES:
        put(name, name)
    zoneinfo.reset_tzpath([str(folder)])
    ZoneInfo.clear_cache()
    yield put
    zoneinfo.reset_tzpath()
    ZoneInfo.clear_cache()
