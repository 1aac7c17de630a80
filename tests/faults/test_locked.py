"""Another program holds the file's write lock: writes are refused in time, reads go on, and the server recovers."""

from __future__ import annotations

import os
from typing import Final

from tests.conftest import Enter, StartServer
from tests.faults.ordeal import NOT_STORED, Ordeal
from tests.store.file import write_locked

# The promise is for half a minute and more; `TEST_LOCKED_SECONDS=30` holds the server to that.
SECONDS: Final = float(os.environ.get("TEST_LOCKED_SECONDS", "2"))


def test_the_file_is_locked_by_another_program(start_server: StartServer, enter: Enter) -> None:
    server = start_server()
    ordeal = Ordeal(server, enter)
    ordeal.remind(-1)
    ordeal.remind(2)
    with ordeal.traffic():
        with write_locked(server.database):
            ordeal.holds(SECONDS)
        ordeal.ends_well()
    failed = [one for one in ordeal.sent if not one.answer["success"]]
    assert {one.answer["message"] for one in failed} == {NOT_STORED}, "a lock leaves nobody in doubt"
    server.kill()
    server.start()
    ordeal.check_stored()
