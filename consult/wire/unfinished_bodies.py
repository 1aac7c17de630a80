"""Bodies of HTTP requests, from their first byte to the answer: bounded in bytes, all together."""

from consult.contract.limits import MOST_BODY_BYTES
from consult.wire.carriers import Carriers
from consult.wire.unread_answers import TakenAnswers, oldest_of_largest

REASON = "too many bodies at once"


class UnfinishedBodies:
    """Counts what is held of bodies. Beyond the limit, the oldest connection of the client that holds most is cut."""

    def __init__(self, carriers: Carriers) -> None:
        self._carriers = carriers
        self._held: dict[TakenAnswers, int] = {}  # bytes, in the order in which the bodies began
        self._bytes = 0

    def add(self, connection: TakenAnswers, size: int) -> None:
        """Count bytes of the connection's body that have come."""
        self._held[connection] = self._held.get(connection, 0) + size
        self._bytes += size
        while self._bytes > MOST_BODY_BYTES:
            self._cut_one()

    def done(self, connection: TakenAnswers) -> None:
        """The connection's request was answered, or its connection has ended."""
        self._bytes -= self._held.pop(connection, 0)

    def _cut_one(self) -> None:
        connection = oldest_of_largest([(one, one.client, size) for one, size in self._held.items()])
        self.done(connection)
        self._carriers.cuts[REASON] += 1
        if connection.transport is not None:
            connection.transport.abort()
