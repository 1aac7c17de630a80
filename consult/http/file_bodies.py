"""The body of an upload, written to a file as it comes: the file itself, or multipart with one file among its parts.

All of it works on threads. Nothing of what a client says of the file is kept, its name neither.
"""

import logging
from typing import Protocol

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from consult.contract import faults
from consult.contract.faults import Fault
from consult.contract.limits import MOST_BESIDE_FILE
from store.file_folder import Incoming

MOST_HEADERS = 16  # of a part, as is the next
MOST_HEADER_BYTES = 4096
# The parser tells its log what a client has sent.
_SILENT = logging.Logger("careline.multipart", logging.CRITICAL + 1)


class Body(Protocol):
    def write(self, data: bytes) -> None:
        """Take more of the body. Fault where it is too large, or not what an upload is."""

    def end(self) -> None:
        """All of the body has come. Fault where that is no file."""


class Raw:
    """A body that is the file."""

    def __init__(self, incoming: Incoming, most: int) -> None:
        self._incoming = incoming
        self._most = most

    def write(self, data: bytes) -> None:
        if self._incoming.size + len(data) > self._most:
            raise Fault(faults.FILE_TOO_LARGE)
        self._incoming.write(data)

    def end(self) -> None:
        if not self._incoming.size:
            raise Fault(faults.NOT_A_FILE)


class Multipart:
    """A body in which one part is a file; the others are fields, which are passed over."""

    def __init__(self, boundary: bytes, incoming: Incoming, most: int) -> None:
        """Fault where the boundary is none."""
        self._incoming = incoming
        self._file = Raw(incoming, most)
        self._files = 0
        self._is_in_file = self._has_ended = False
        self._name = self._value = b""
        self._disposition = b""
        self._came = 0
        try:
            self._parser = MultipartParser(
                boundary,
                {
                    "on_part_begin": self._begin_part,
                    "on_header_begin": self._begin_header,
                    "on_header_field": self._add_name,
                    "on_header_value": self._add_value,
                    "on_header_end": self._end_header,
                    "on_headers_finished": self._end_headers,
                    "on_part_data": self._add_data,
                    "on_end": self._end,
                },
                max_header_count=MOST_HEADERS,
                max_header_size=MOST_HEADER_BYTES,
            )
        except FormParserError:
            raise Fault(faults.NOT_A_FILE) from None
        self._parser.logger = _SILENT

    def write(self, data: bytes) -> None:
        try:
            self._parser.write(data)
        except FormParserError:
            raise Fault(faults.NOT_A_FILE) from None
        self._came += len(data)
        if self._came - self._incoming.size > MOST_BESIDE_FILE:
            raise Fault(faults.NOT_A_FILE)

    def end(self) -> None:
        if not (self._has_ended and self._files == 1):
            raise Fault(faults.NOT_A_FILE)
        self._file.end()

    def _begin_part(self) -> None:
        self._is_in_file = False
        self._disposition = b""

    def _begin_header(self) -> None:
        self._name = self._value = b""

    def _add_name(self, data: bytes, start: int, end: int) -> None:
        self._name += data[start:end]

    def _add_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def _end_header(self) -> None:
        if self._name.lower() == b"content-disposition":
            self._disposition = self._value

    def _end_headers(self) -> None:
        _, options = parse_options_header(self._disposition)
        self._is_in_file = b"filename" in options or b"filename*=" in self._disposition.lower()
        self._files += self._is_in_file
        if self._files > 1:
            raise Fault(faults.NOT_A_FILE)

    def _add_data(self, data: bytes, start: int, end: int) -> None:
        if self._is_in_file:
            self._file.write(data[start:end])

    def _end(self) -> None:
        self._has_ended = True


def body_of(content_type: str, incoming: Incoming, most: int) -> Body:
    """Return what reads a body of that type. Fault where it is multipart without a boundary."""
    kind, options = parse_options_header(content_type.encode("ascii", "replace"))
    if not kind.startswith(b"multipart/"):
        return Raw(incoming, most)
    boundary = options.get(b"boundary", b"")
    if kind != b"multipart/form-data" or not boundary:
        raise Fault(faults.NOT_A_FILE)
    return Multipart(boundary, incoming, most)


def is_multipart(content_type: str) -> bool:
    """Return whether a body of that type holds more than the file."""
    return content_type.lower().lstrip().startswith("multipart/")
