"""The part of a file that a request asks for (RFC 9110, section 14)."""

import re
from dataclasses import dataclass

_ONE = re.compile(r"\s*bytes\s*=\s*(\d{0,18})\s*-\s*(\d{0,18})\s*", re.ASCII | re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Span:
    first: int
    last: int

    @property
    def length(self) -> int:
        return self.last - self.first + 1


class Beyond(Exception):
    """The range is well-formed and has nothing of the file in it."""


def read(text: str | None, size: int) -> Span | None:
    """Return the one range of a `Range` header, or None for the whole file: where there is no header, where it is not
    well-formed or of another unit, and where it has several ranges, as servers may answer them. Beyond where there is
    nothing to give."""
    found = None if text is None else _ONE.fullmatch(text)
    if found is None or not (found[1] or found[2]):
        return None
    if not found[1]:
        first, last = max(0, size - int(found[2])), size - 1
    else:
        first, last = int(found[1]), min(int(found[2]), size - 1) if found[2] else size - 1
        if found[2] and int(found[2]) < first:
            return None  # which is not well-formed
    if first > last:
        raise Beyond
    return Span(first, last)
