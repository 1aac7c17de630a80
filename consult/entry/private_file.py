"""Files that hold a secret: only their owner may have any right to them."""

import os
import stat
from pathlib import Path


def mode_fault(path: Path, mode: int) -> str | None:
    """Return why a secret file's mode is refused, or None. A file that systemd keeps for this service alone passes."""
    if mode & (stat.S_IRWXG | stat.S_IRWXO) and not _is_credential(path):
        return f"can be read by others than its owner; `chmod 600 {path}`"
    return None


def _is_credential(path: Path) -> bool:
    # LoadCredential= gives the service a copy whose mode does not show that it is private.
    folder = os.environ.get("CREDENTIALS_DIRECTORY")
    return bool(folder) and path.absolute().parent == Path(str(folder))
