"""Copies made for safety's sake: the database that a restore has replaced, or that a migration has changed."""

import re
from pathlib import Path

from store.backup import BESIDE
from store.clock import DAY
from store.file_copies import remove_files, remove_with_files, without_database
from store.file_folder import folder_of

KEPT = 3  # of each kind
# Milliseconds in which nothing is deleted: who tries one backup after the other may still want what was there before.
SETTLED = 7 * DAY
KINDS = (r"before-restore-\d{8}-\d{6}", r"before-\d{4}_\w+")


def delete_old(database: Path, now: int) -> None:
    """Deletes all but the newest few of each kind, where they have been there for a while; OSError where it cannot."""
    for kind in KINDS:
        name = re.compile(re.escape(f"{database.name}.") + kind, re.ASCII)
        copies = sorted(path for path in database.parent.iterdir() if name.fullmatch(path.name))
        for copy in copies[:-KEPT]:
            # Since it has its name: its content may be much older.
            if copy.stat().st_ctime_ns // 1_000_000 < now - SETTLED:
                for suffix in BESIDE:
                    Path(f"{copy}{suffix}").unlink(missing_ok=True)
                remove_with_files(copy)
        for copy in without_database(database.parent, name):
            if folder_of(copy).stat().st_ctime_ns // 1_000_000 < now - SETTLED:
                remove_files(copy)
