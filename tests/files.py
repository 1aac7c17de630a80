"""Files that tests upload, and how they do it."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from tests.clients import message
from tests.json_text import decode
from tests.server import Server

# The beginnings of files by their types; what follows them is not looked at.
BEGINNINGS: Final[dict[str, bytes]] = {
    "image/jpeg": b"\xff\xd8\xff\xe0\x00\x10JFIF\x00",
    "image/png": b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR",
    "image/gif": b"GIF89a\x01\x00\x01\x00",
    "image/webp": b"RIFF\x24\x00\x00\x00WEBPVP8 ",
    "audio/mpeg": b"ID3\x04\x00\x00",
    "audio/mp4": b"\x00\x00\x00\x20ftypM4A \x00\x00\x00\x00",
    "audio/ogg": b"OggS\x00\x02",
    "video/mp4": b"\x00\x00\x00\x20ftypisom\x00\x00\x02\x00",
    "application/pdf": b"%PDF-1.7\n",
}


@dataclass(frozen=True)
class Raw:
    """An HTTP answer whose body is no text."""

    status: int
    headers: Mapping[str, str]
    content: bytes

    @property
    def json(self) -> Any:
        """The body as JSON."""
        return decode(self.content.decode())


def content(size: int = 1000, kind: str = "image/jpeg", seed: int = 0) -> bytes:
    """Give a file of that type, each seed another."""
    beginning = BEGINNINGS[kind]
    return beginning + random.Random(seed).randbytes(max(0, size - len(beginning)))


def ask(server: Server, method: str, path: str, body: Any = None, shown: str | None = None, **headers: str) -> Raw:
    """Ask over HTTP, for bytes."""
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    token = shown or server.bearer
    if token:
        sent["Authorization"] = f"Bearer {token}"
    connection = server.http_line()
    try:
        connection.request(method, path, body, sent)
        response = connection.getresponse()
        return Raw(response.status, {k.lower(): v for k, v in response.getheaders()}, response.read())
    finally:
        connection.close()


def upload(server: Server, body: bytes, shown: str | None = None, kind: str = "image/jpeg") -> dict[str, Any]:
    """Upload a file; give the answer."""
    answer = ask(server, "POST", "/api/files", body, shown, Content_Type=kind)
    assert answer.status == 201, answer
    stored: dict[str, Any] = answer.json
    assert stored["sha256"] == hashlib.sha256(body).hexdigest()
    return stored


def get(server: Server, path: str, shown: str | None = None, **headers: str) -> Raw:
    """Ask for a file."""
    return ask(server, "GET", path, None, shown, **headers)


def said(url: str, **changes: Any) -> dict[str, Any]:
    """Give what a message over HTTP says that has a file."""
    given = message(1, None, content_type="IMAGE", attachments=[{"url": url}], **changes)
    del given["question_id"]
    return given


def multipart(*parts: tuple[str, bytes], boundary: str = "----WebKitFormBoundaryabc") -> tuple[bytes, str]:
    """Give a body of parts, each with its disposition, and its type."""
    body = b"".join(
        f"--{boundary}\r\nContent-Disposition: form-data; {disposition}\r\n\r\n".encode() + part + b"\r\n"
        for disposition, part in parts
    )
    return body + f"--{boundary}--\r\n".encode(), f"multipart/form-data; boundary={boundary}"
