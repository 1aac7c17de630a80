"""The servers of these tests: one that speaks plainly, then one with TLS."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.certificates import pair
from tests.server import Server


@pytest.fixture(scope="module", params=["plain", "tls"])
def tls_settings(request: pytest.FixtureRequest) -> dict[str, str]:
    """No settings, then those that give the server a certificate."""
    return pair().settings() if request.param == "tls" else {}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, tls_settings: dict[str, str]) -> Iterator[Server]:
    server = Server(tmp_path_factory.mktemp("server"), env=tls_settings)
    server.start()
    yield server
    server.close()
