"""Careline on a machine where the name localhost leads to every address of the machine."""

import socket
import sys
from typing import Any

found = socket.getaddrinfo


def elsewhere(host: str, *words: Any, **more: Any) -> Any:
    return found("0.0.0.0" if host == "localhost" else host, *words, **more)  # noqa: S104


socket.getaddrinfo = elsewhere  # type: ignore[assignment]

import main  # noqa: E402

sys.exit(main.main(sys.argv[1:]))
