"""Servers that ask for tokens."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from tests.links import PUBLIC_URL
from tests.tokens import key_file


@pytest.fixture(scope="module")
def server_arguments(tmp_path_factory: pytest.TempPathFactory) -> Sequence[str]:
    """The module's server asks for tokens, and makes confirm links."""
    return ("--auth-secret-file", str(key_file(tmp_path_factory.mktemp("keys"))), "--public-url", PUBLIC_URL)
