"""Servers that ask for tokens."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from tests.tokens import key_file


@pytest.fixture(scope="module")
def server_arguments(tmp_path_factory: pytest.TempPathFactory) -> Sequence[str]:
    """The module's server asks for tokens."""
    return ("--auth-secret-file", str(key_file(tmp_path_factory.mktemp("keys"))))
