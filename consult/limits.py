"""How much a client may ask: load is shed, with a written answer, before the server falls over.

Far above what a person types or a front end retries. Limits on addresses are off unless set: a whole clinic can share
one address.
"""

import asyncio
import math
from collections import Counter
from dataclasses import dataclass

# Limits are given per second and counted over this long, so that a burst after a dead network passes.
WINDOW = 10.0  # seconds
MOST_ADDRESSES = 10_000  # that are kept before the quiet ones are forgotten


class Usage:
    """What somebody has asked for within the current window."""

    __slots__ = ("bytes", "ends_at", "events")

    def __init__(self) -> None:
        self.ends_at = 0.0
        self.events = 0
        self.bytes = 0

    def add(self, now: float, size: int) -> None:
        """Counts an event of so many bytes."""
        if now >= self.ends_at:
            self.ends_at = now + WINDOW
            self.events = self.bytes = 0
        self.events += 1
        self.bytes += size


@dataclass(frozen=True, slots=True)
class Allowance:
    """The limits, each per second but for the last; 0 is none."""

    connection_events: int
    connection_bytes: int
    address_events: int
    address_connections: int  # at a time


class Limits:
    def __init__(self, allowance: Allowance) -> None:
        self._allowance = allowance
        self._most_events = _in_window(allowance.connection_events)
        self._most_bytes = _in_window(allowance.connection_bytes)
        self._most_of_address = _in_window(allowance.address_events)
        self._loop = asyncio.get_running_loop()
        self._connections: Counter[str] = Counter()
        self._addresses: dict[str, Usage] = {}
        self.refused: Counter[str] = Counter()  # events and connections, by the limit that refused them

    def admits_event(self, usage: Usage, address: str, size: int) -> bool:
        """Counts an event of a connection; False when the connection, or its address, has asked too much."""
        now = self._loop.time()
        usage.add(now, size)
        beyond = None
        if usage.events > self._most_events:
            beyond = "connection_events"
        elif usage.bytes > self._most_bytes:
            beyond = "connection_bytes"
        if self._allowance.address_events:
            of_address = self._addresses.get(address)
            if of_address is None:
                self._forget_quiet_addresses(now)
                of_address = self._addresses[address] = Usage()
            of_address.add(now, size)
            if beyond is None and of_address.events > self._most_of_address:
                beyond = "address_events"
        if beyond is not None:
            self.refused[beyond] += 1
        return beyond is None

    def _forget_quiet_addresses(self, now: float) -> None:
        # Not with their last connection: who is limited would only have to come back.
        if len(self._addresses) >= MOST_ADDRESSES:
            self._addresses = {address: usage for address, usage in self._addresses.items() if usage.ends_at > now}

    def admits_connection(self, address: str) -> bool:
        """False when the address has as many connections as it may."""
        most = self._allowance.address_connections
        if not most or self._connections[address] < most:
            return True
        self.refused["address_connections"] += 1
        return False

    def enter(self, address: str) -> None:
        """A connection has begun."""
        self._connections[address] += 1

    def leave(self, address: str) -> None:
        """The connection has ended."""
        self._connections[address] -= 1
        if not self._connections[address]:
            del self._connections[address]


def _in_window(per_second: int) -> float:
    return per_second * WINDOW or math.inf
