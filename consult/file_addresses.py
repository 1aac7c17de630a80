"""Addresses of files: what messages are stored with, and what they are handed out with, which ends within an hour.

A message is stored with `/files/` and the file's SHA-256. Whoever is handed a message that it may see gets each such
address with `expires` and `signature`, so that a picture shows without a token. All who get one within a quarter of an
hour get the same, which lets one encoding serve a whole room, and browsers keep what they have.
"""

import hmac
import re
from base64 import urlsafe_b64encode
from collections.abc import Iterable
from hashlib import sha256

from msgspec import structs

from consult.contract.fields import Attachment
from consult.contract.files import PREFIX
from consult.contract.limits import ADDRESS_SECONDS
from store.clock import Clock

STEP = 900  # seconds in which the same address is given

_ADDRESS = re.compile(rf"{PREFIX}([0-9a-f]{{64}})(?:[?#].*)?", re.ASCII | re.DOTALL)
# In JSON. Within a text its quotation marks are escaped, so that no text can pass for a field.
_IN_FIELD = re.compile(rf'("(?:thumbnail_)?url":"{PREFIX})([0-9a-f]{{64}})"', re.ASCII)
_IN_REQUEST = re.compile(rf'("(?:thumbnail_)?url":"{PREFIX}[0-9a-f]{{64}})[?#][^"]*"', re.ASCII)


class FileAddresses:
    def __init__(self, key: bytes, clock: Clock) -> None:
        self._key = key
        self._clock = clock

    def handed(self, text: str) -> str:
        """Return JSON with the addresses of files in it as who may see it gets them."""
        if PREFIX not in text:
            return text
        # Until the quarter of an hour is over all get the same: good for three quarters at the least.
        ends = self._clock() // 1000 // STEP * STEP + ADDRESS_SECONDS

        def signed(address: re.Match[str]) -> str:
            return f'{address[1]}{address[2]}?expires={ends}&signature={self._signature(address[2], ends)}"'

        return _IN_FIELD.sub(signed, text)

    def is_good(self, name: str, ends: int, signature: str) -> bool:
        """Return whether the address of a file is signed, and has not ended. One that ends later than any that is given
        now was given while the clock was wrong."""
        left, shown = ends - self._clock() / 1000, signature.encode("ascii", "replace")
        return 0 < left <= ADDRESS_SECONDS and hmac.compare_digest(self._signature(name, ends).encode(), shown)

    def _signature(self, name: str, ends: int) -> str:
        digest = hmac.digest(self._key, f"{PREFIX}{name} {ends}".encode(), sha256)
        return urlsafe_b64encode(digest).decode().rstrip("=")


def names_of(attachments: Iterable[Attachment]) -> tuple[str, ...]:
    """Return the hashes of the files that attachments name, each once."""
    found: dict[str, None] = {}
    for one in attachments:
        for url in (one.url, one.thumbnail_url):
            if url is not None and url.startswith(PREFIX) and (address := _ADDRESS.fullmatch(url)):
                found[address[1]] = None
    return tuple(found)


def stored(attachment: Attachment) -> Attachment:
    """Return the attachment as it is stored: without the signatures of its addresses."""
    url, thumbnail_url = _plain(attachment.url), attachment.thumbnail_url
    return structs.replace(attachment, url=url, thumbnail_url=None if thumbnail_url is None else _plain(thumbnail_url))


def without_signatures(text: str) -> str:
    """Return JSON that a client sent without the signatures in it: a retry may have newer ones."""
    return _IN_REQUEST.sub(r'\1"', text)


def _plain(url: str) -> str:
    address = _ADDRESS.fullmatch(url) if url.startswith(PREFIX) else None
    return url if address is None else f"{PREFIX}{address[1]}"
