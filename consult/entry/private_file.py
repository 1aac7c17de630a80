"""Files that hold a secret: only their owner may have any right to them."""

import os
import stat
from pathlib import Path


class PrivateFileFault(Exception):
    """The file can't be used, and why."""


def read_private(path: Path, largest: int) -> bytes:
    """Return the content of a secret file, one byte more than `largest` at most. PrivateFileFault where it cannot be
    read, is no file, or others than its owner may read it."""
    try:
        with path.open("rb") as file:
            mode = os.fstat(file.fileno()).st_mode
            if not stat.S_ISREG(mode):
                raise PrivateFileFault("is no file")
            content = file.read(largest + 1)
    except OSError as fault:
        raise PrivateFileFault(f"cannot be read: {fault.strerror}") from None
    fault_of_mode = mode_fault(path, mode)
    if fault_of_mode is not None:
        raise PrivateFileFault(fault_of_mode)
    return content


def mode_fault(path: Path, mode: int) -> str | None:
    """Return why a secret file's mode is refused, or None. A file that systemd keeps for this service alone passes."""
    if mode & (stat.S_IRWXG | stat.S_IRWXO) and not _is_credential(path):
        return f"can be read by others than its owner; `chmod 600 {path}`"
    return None


def _is_credential(path: Path) -> bool:
    # LoadCredential= gives the service a copy whose mode does not show that it is private.
    folder = os.environ.get("CREDENTIALS_DIRECTORY")
    return bool(folder) and path.absolute().parent == Path(str(folder))
