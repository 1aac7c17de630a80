"""Careline that writes a line for each signature of a token that it looks at."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any, Final

sys.path.insert(0, str(Path(__file__).resolve().parent.parent.parent))

import jwt

VERIFIED: Final = "a signature was looked at"

import main  # noqa: E402


class Counting(jwt.PyJWS):
    """PyJWT's, which tells of itself."""

    def decode(self, *args: Any, **kwargs: Any) -> Any:
        main.log.warning(VERIFIED)
        return super().decode(*args, **kwargs)


if __name__ == "__main__":
    jwt.PyJWS = Counting  # type: ignore[misc]
    sys.exit(main.main(sys.argv[1:]))
