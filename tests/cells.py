"""The cell beside each server under test (TEST_CELLS=1): it is killed and started again for as long as they last."""

from __future__ import annotations

import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from tests.nginx import neighbours_file
from tests.server import COMMAND, Server

LIVES: Final = 1.0  # seconds between two kills


@contextmanager
def neighbour() -> Iterator[None]:
    """Have it killed and started again meanwhile, and say how often that was."""
    over = threading.Event()
    faults: list[BaseException] = []
    with tempfile.TemporaryDirectory(prefix="careline-south-") as folder:
        server = Server(Path(folder), "--allow-open", nginx=False, file=neighbours_file(), command=COMMAND)
        server.start()
        kills = 0

        def live() -> None:
            nonlocal kills
            try:
                while not over.wait(LIVES):
                    server.kill()
                    kills += 1
                    server.start()
                server.close()
            except BaseException as fault:
                faults.append(fault)
                raise

        thread = threading.Thread(target=live)
        thread.start()
        yield
        over.set()
        thread.join()
    print(f"\nthe cell beside was killed and started again {kills} times")  # noqa: T201
    assert kills
    assert not faults, faults
