"""Prepare the packaged binary, before anything else of it is imported; the source never runs this.

The binary is two processes: the first unpacks the program, starts it as the second, passes signals on to it and
clears up after it.
"""

import ctypes
import gc
import os
import signal
import sys
from pathlib import Path

PR_SET_PDEATHSIG = 1  # of <sys/prctl.h>


def die_with_parent() -> None:
    """Nobody would be left to pass a signal on to this process, or to clear up after it."""
    parent = os.getppid()
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    # It may be gone already. Both run the same file, so they have the same name; without /proc that cannot be seen.
    own_name = Path("/proc/self/comm")
    if own_name.exists() and not _is(Path(f"/proc/{parent}/comm"), own_name.read_text()):
        os.kill(os.getpid(), signal.SIGKILL)


def _is(file: Path, text: str) -> bool:
    try:
        return file.read_text() == text
    except OSError:
        return False


def leave_libraries_alone() -> None:
    """Programs that this one starts, such as systemctl, have libraries of their own."""
    outside = os.environ.pop("LD_LIBRARY_PATH_ORIG", None)
    os.environ.pop("LD_LIBRARY_PATH", None)
    if outside is not None:
        os.environ["LD_LIBRARY_PATH"] = outside


# Nothing of what is imported is garbage, and looking for some would make the start slower.
gc.set_threshold(1_000_000)
die_with_parent()
leave_libraries_alone()
# The time zones, in one file: unpacking six hundred would make the start slower.
sys.path.append(str(Path(sys._MEIPASS) / "tzdata.zip"))  # type: ignore[attr-defined]
