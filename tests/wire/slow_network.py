"""Careline in front of a network that takes its time: the program as it is, each write a millisecond late."""

import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent.parent))

import main
from consult.wire import sending, websocket


def send(descriptor: int, data: bytes) -> int:
    time.sleep(0.001)
    return sending.send(descriptor, data)


assert hasattr(websocket, "send")
websocket.send = send

if __name__ == "__main__":
    sys.exit(main.main(sys.argv[1:]))
