"""The files of the page, held in memory: what cleans the folder of a packaged program takes nothing from the page."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

from sanic.response import HTTPResponse, raw

from consult.http.request import Request

# Not by what the machine has registered for a name: the page needs the right types everywhere.
_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}


@dataclass(frozen=True, slots=True)
class StaticFile:
    content: bytes
    content_type: str
    etag: str

    def answer(self, request: Request) -> HTTPResponse:
        """The file, or 304 where the client has it as it is."""
        # A browser asks each time: after an upgrade no part of the page may be an old one.
        headers = {"cache-control": "no-cache", "etag": self.etag}
        known = {tag.strip().removeprefix("W/") for tag in request.headers.get("if-none-match", "").split(",")}
        if known & {self.etag, "*"}:
            return HTTPResponse(status=304, headers=headers)
        return raw(self.content, headers=headers, content_type=self.content_type)


def read(folder: Path) -> dict[str, StaticFile]:
    """Read the files below the folder, by their path within it."""
    return {path.relative_to(folder).as_posix(): _read(path) for path in folder.rglob("*") if path.is_file()}


def _read(path: Path) -> StaticFile:
    content = path.read_bytes()
    return StaticFile(content, _TYPES[path.suffix], f'"{hashlib.sha256(content).hexdigest()[:32]}"')
