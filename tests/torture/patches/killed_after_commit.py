"""Careline, killed between the commit of a message that says so and its acknowledgement."""

import os
import signal
import sys
from typing import Any

import main
from store import transaction, writer
from store.messages import Draft

commit = transaction.transact


def transact(connection: transaction.Connection, batch: list[transaction.Write[Any, Any]]) -> tuple[list[Any], bool]:
    outcomes = commit(connection, batch)
    if any(isinstance(write.request, Draft) and write.request.content_text == "最后一条" for write in batch):
        os.kill(os.getpid(), signal.SIGKILL)
    return outcomes


writer.transact = transact  # type: ignore[attr-defined]
sys.exit(main.main(sys.argv[1:]))
