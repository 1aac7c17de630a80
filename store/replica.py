"""How far Litestream is, by the files that it keeps beside the database: what it has taken up, and not sent off yet."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Marks:
    """Times of last changes, in milliseconds since 1970."""

    written: int  # of the WAL; 0 where there is none
    taken: int  # of the newest change that Litestream has taken up; 0 where there is none
    kept: int | None  # of the second oldest that it keeps: it drops the oldest once its successors have been sent off


def marks(database: Path) -> Marks | None:
    """Look at Litestream's files beside a database; None where there are none. OSError when they cannot be read."""
    folder = database.with_name(f".{database.name}-litestream")
    if not folder.is_dir():
        return None
    taken = sorted(_changed(file) for file in (folder / "ltx" / "0").glob("*.ltx"))
    # Not of the database itself, which changes once more when the WAL is written into it.
    written = _changed(Path(f"{database}-wal"))
    return Marks(written, taken[-1] if taken else 0, taken[1] if len(taken) > 1 else None)


def _changed(file: Path) -> int:
    """Return when a file was changed; 0 when it has gone meanwhile."""
    try:
        return file.stat().st_mtime_ns // 1_000_000
    except FileNotFoundError:
        return 0
