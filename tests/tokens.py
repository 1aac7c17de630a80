"""Tokens as a clinic's own systems would make them, good ones and bad."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any, Final

import jwt

from tests.server import USER

KEY: Final = "424f4d467729fae320f3249089524524d609c63027696dfbc43ba0e5aec75d1b"


def key_file(folder: Path, content: str | bytes = KEY + "\n", mode: int = 0o600) -> Path:
    """Write a key file, which belongs to the user that the program runs as, and give its path."""
    path = folder / "keys"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    path.chmod(mode)
    if USER is not None:
        os.chown(path, USER, USER)
    return path


def token(
    user_id: int, user_type: str, *, ttl: float = 3600, key: str | bytes = KEY, algorithm: str = "HS256", **more: Any
) -> str:
    """Give a signed token; a claim that is None is left out."""
    claims = {"sub": str(user_id), "type": user_type, "exp": int(time.time() + ttl), **more}
    return jwt.encode({name: value for name, value in claims.items() if value is not None}, key, algorithm)
