"""Confirm links of a server, as it makes them."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from typing import Final

from consult.entry.confirm_links import ConfirmLinks
from tests.server import Answer, Server
from tests.tokens import KEY

PUBLIC_URL: Final = "https://clinic.example/careline"
KEYS: Final = (KEY.encode(),)  # of a server with tokens
WITHOUT_TOKENS: Final = (b"",)


def link_of(server: Server, notification_id: int, keys: Sequence[bytes] = WITHOUT_TOKENS) -> str:
    """Give the link that confirms a notification."""
    links = ConfirmLinks(PUBLIC_URL, lambda: keys)
    with closing(sqlite3.connect(f"{server.database.as_uri()}?mode=ro", uri=True)) as connection:
        links.secret = connection.execute("SELECT secret FROM link_secret").fetchone()[0]
    return links.url(notification_id)


def path_of(link: str) -> str:
    """Give what a server is asked for, once a proxy has taken the address's own path away."""
    return link.removeprefix(PUBLIC_URL)


def opened(server: Server, link: str, **headers: str) -> Answer:
    """Open a link, as a browser does."""
    return server.http("GET", path_of(link), headers=headers)


def pressed(server: Server, link: str, **headers: str) -> Answer:
    """Press its button. A browser gives no origin from a page that has no referrer."""
    form = {"Content-Type": "application/x-www-form-urlencoded", "Origin": "null", **headers}
    return server.http("POST", path_of(link), body=b"", headers=form)
