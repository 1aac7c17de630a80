"""What handles the rows of the tables of events and calls."""

from collections.abc import Iterable, Mapping
from typing import TypeVar

from consult.contract.permissions import Row

R = TypeVar("R", bound=Row)
H = TypeVar("H")


def attached(rows: Iterable[R], handlers: Mapping[R, H]) -> dict[R, H]:
    """Return each row with its handler, in the order of the table. LookupError where one has none, or a handler's row
    is not in the table: the server then does not start."""
    rows = tuple(rows)
    missing = [row.name for row in rows if row not in handlers]
    if missing:
        raise LookupError(f"without a handler: {', '.join(missing)}")
    unknown = [row.name for row in handlers if row not in rows]
    if unknown:
        raise LookupError(f"handled, and in no table: {', '.join(unknown)}")
    return {row: handlers[row] for row in rows}
