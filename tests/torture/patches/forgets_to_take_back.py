"""Careline, broken: what it has sent counts as read, whatever becomes of the connection. Its heart beats fast."""

import sys

from consult.contract import limits

# Before anything reads them.
limits.PING_INTERVAL = 1
limits.PING_TIMEOUT = 1

import main  # noqa: E402
from consult.connection import Connection  # noqa: E402
from consult.hand_overs import HandOvers  # noqa: E402
from store.notifications import Pushed  # noqa: E402


def handed(self: HandOvers, connection: Connection, notification_id: int) -> None:  # noqa: ARG001 - as it is called
    self._remember(Pushed(notification_id, self._clock(), 1))
    self._write_soon()


HandOvers.handed = handed  # type: ignore[method-assign]
sys.exit(main.main(sys.argv[1:]))
