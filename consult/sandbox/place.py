"""The folder of a sandbox's database, which is gone at the end: after a SIGKILL the next sandbox clears it away."""

import fcntl
import logging
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from store.file import StoreFault

log = logging.getLogger("careline.sandbox")

PREFIX = "careline-sandbox-"


@contextmanager
def own_folder() -> Iterator[Path]:
    """Give a new folder, for this user's eyes only. StoreFault when none can be made."""
    try:
        _clear_away()
        folder, lock = _made()
    except OSError as fault:
        raise StoreFault(f"cannot make a folder in {tempfile.gettempdir()}: {fault.strerror}") from fault
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        os.close(lock)


def _made() -> tuple[Path, int]:
    """Return a new folder and the descriptor that holds its lock, for as long as this process lives."""
    while True:
        folder = Path(tempfile.mkdtemp(prefix=PREFIX))
        # Another sandbox that starts just now may have taken it for one that was left behind.
        with suppress(FileNotFoundError):
            lock = _locked(folder)
            if lock is not None:
                return folder, lock


def _clear_away() -> None:
    for folder in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        with suppress(OSError):
            lock = _locked(folder)
            if lock is not None:
                shutil.rmtree(folder, ignore_errors=True)
                os.close(lock)
                log.info("cleared away what a sandbox has left in %s", folder)


def _locked(folder: Path) -> int | None:
    """Lock a folder of this user. None where it is another's or is in use; OSError where there is none."""
    lock = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        is_own = os.fstat(lock).st_uid == os.geteuid()
        if is_own:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if os.path.samestat(os.fstat(lock), folder.lstat()):
                return lock
    except BlockingIOError:
        pass
    except OSError:
        os.close(lock)
        raise
    os.close(lock)
    return None
