"""Careline that keeps something of every packet that it is sent: TEST_KEPT bytes, 20 when that is not set."""

import os
import sys
from typing import Any

import main
from consult.gateway import Gateway

PACKET = b"x" * int(os.environ.get("TEST_KEPT", "20"))

received = Gateway.received
kept = bytearray()


def received_for_ever(self: Gateway, connection: Any, packet: bytes) -> None:
    kept.extend(PACKET)
    received(self, connection, packet)


Gateway.received = received_for_ever  # type: ignore[method-assign]
sys.exit(main.main(sys.argv[1:]))
