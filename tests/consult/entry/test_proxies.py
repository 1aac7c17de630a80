"""Whose word counts for a client's address: a trusted proxy's, up to the first hop that is none."""

from __future__ import annotations

import ipaddress

import pytest
from websockets.datastructures import Headers

from consult.entry.proxies import Proxies

TRUSTED = Proxies(tuple(ipaddress.ip_network(name) for name in ("127.0.0.1", "10.0.0.0/8", "fd00::/8")))


@pytest.mark.parametrize(
    ("peer", "told", "client"),
    [
        ("127.0.0.1", [], "127.0.0.1"),
        ("127.0.0.1", ["203.0.113.7"], "203.0.113.7"),
        ("203.0.113.9", ["203.0.113.7"], "203.0.113.9"),
        ("127.0.0.2", ["203.0.113.7"], "127.0.0.2"),
        # What a client wrote itself stands further left.
        ("127.0.0.1", ["198.51.100.1, 203.0.113.7"], "203.0.113.7"),
        ("127.0.0.1", ["198.51.100.1", "203.0.113.7"], "203.0.113.7"),
        ("127.0.0.1", ["203.0.113.7, 10.1.2.3"], "203.0.113.7"),
        ("127.0.0.1", ["198.51.100.1, 203.0.113.7,10.1.2.3", "10.4.5.6"], "203.0.113.7"),
        ("127.0.0.1", ["10.1.2.3, 10.4.5.6"], "10.1.2.3"),
        # What is no address was told by the one before it.
        ("127.0.0.1", ["unknown"], "127.0.0.1"),
        ("127.0.0.1", ["198.51.100.1, <script>, 10.1.2.3"], "10.1.2.3"),
        ("127.0.0.1", [""], "127.0.0.1"),
        ("127.0.0.1", ["203.0.113.7,"], "127.0.0.1"),
        ("127.0.0.1", ["2001:db8::7"], "2001:db8::7"),
        ("fd00::1", ["2001:db8:0:0::7"], "2001:db8::7"),
        # IPv4 as a server that listens on both kinds sees it.
        ("::ffff:127.0.0.1", ["::ffff:203.0.113.7"], "203.0.113.7"),
        ("::ffff:203.0.113.9", ["203.0.113.7"], "::ffff:203.0.113.9"),
        ("", ["203.0.113.7"], ""),
    ],
)
def test_the_clients_address(peer: str, told: list[str], client: str) -> None:
    headers = Headers([("X-Forwarded-For", line) for line in told])
    assert TRUSTED.client(peer, headers) == client
    assert Proxies(()).client(peer, headers) == peer, "nobody is trusted unless a setting says so"


@pytest.mark.parametrize(
    ("peer", "told", "scheme"),
    [
        ("127.0.0.1", ["https"], "https"),
        ("127.0.0.1", ["HTTPS "], "https"),
        ("127.0.0.1", ["http"], "http"),
        ("127.0.0.1", ["https, http"], "http"),
        ("127.0.0.1", ["https", "http"], "http"),
        ("127.0.0.1", ["gopher"], None),
        ("127.0.0.1", [], None),
        ("203.0.113.9", ["https"], None),
    ],
)
def test_the_scheme(peer: str, told: list[str], scheme: str | None) -> None:
    assert TRUSTED.scheme(peer, Headers([("X-Forwarded-Proto", line) for line in told])) == scheme
