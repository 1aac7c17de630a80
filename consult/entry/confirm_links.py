"""Links that confirm a notification without a log-in: how they are made, and which of them are ours.

A link is `PUBLIC_URL/c/` and one word: a signature of 128 bits in 22 characters, then the notification's id. It ends
with a digit, so that no program that finds links in a text takes its end for the text's. The signature is made with
the database's secret and, where there is one, the key of the tokens: neither a backup nor the key alone makes a link.
"""

import hmac
import re
from base64 import urlsafe_b64encode
from collections.abc import Callable, Sequence

from consult.contract.confirm_links import LINK_PATH
from store import confirm_links
from store.database import Database

SIGNATURE = 16  # bytes
_LINK = re.compile(r"([A-Za-z0-9_-]{22})([1-9][0-9]{0,18})", re.ASCII)
_PURPOSE = b"careline confirm link\0"


class ConfirmLinks:
    """The links of a server whose public address is known."""

    def __init__(self, public_url: str, keys: Callable[[], Sequence[bytes]]) -> None:
        """`keys` gives those of the tokens, the one that signs first; without tokens a single empty one."""
        self._public_url = public_url
        self._keys = keys
        self.secret = b""  # the database's

    async def open(self, database: Database) -> None:
        """Read the database's secret, before the first link is made."""
        self.secret = await confirm_links.secret_of(database)

    def url(self, notification_id: int) -> str:
        """Return the link that confirms a notification."""
        word = f"{self._signature(self._keys()[0], str(notification_id))}{notification_id}"
        return self._public_url + LINK_PATH.replace("{link}", word)

    def notification_of(self, word: str) -> int | None:
        """Return which notification a link confirms; None where the link is not ours. Every word that looks like one
        takes the same time."""
        parts = _LINK.fullmatch(word)
        if parts is None:
            return None
        signature, text = parts.groups()
        good = [hmac.compare_digest(self._signature(key, text), signature) for key in self._keys()]
        return int(text) if any(good) else None

    def _signature(self, key: bytes, text: str) -> str:
        signed = hmac.digest(hmac.digest(_PURPOSE + self.secret, key, "sha256"), text.encode(), "sha256")
        return urlsafe_b64encode(signed[:SIGNATURE]).decode().rstrip("=")
