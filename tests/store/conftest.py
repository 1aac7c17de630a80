"""Fixtures for the tests of the store."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from store.database import Database
from tests.store.file import opened


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the test's file is, or will be."""
    return tmp_path / "careline.db"


@pytest.fixture
async def database(path: Path) -> AsyncIterator[Database]:
    """The file, opened."""
    async with opened(path) as database:
        yield database
