"""An honest person's view of the server: an address of its own, and a token where there are tokens."""

from __future__ import annotations

import socket
from pathlib import Path

from tests.server import LIMIT, Server


class View(Server):
    """Reaches a server that runs already."""

    def __init__(self, folder: Path, port: int, address: str, bearer: str) -> None:
        super().__init__(folder, nginx=False)
        self.port, self.url = port, f"http://127.0.0.1:{port}"
        self.bearer = bearer
        self._source = (address, 0)

    def connect_tcp(self, receive_buffer: int | None = None) -> socket.socket:
        """Open a connection; one that is refused leaves nothing behind."""
        assert receive_buffer is None
        return socket.create_connection(("127.0.0.1", self.port), LIMIT, self._source)
