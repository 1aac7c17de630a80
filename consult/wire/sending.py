"""The kernel's send, with Python's lock let go: SQLite's thread works on meanwhile.

A transport holds the lock while it sends. In small rooms sends are a quarter of the loop's time, and a commit would
have to wait for each of them.
"""

import asyncio
import os


def plain_descriptor(transport: asyncio.Transport) -> int | None:
    """The socket of a transport that sends bytes as they are; None where TLS lies between."""
    if transport.get_extra_info("sslcontext") is not None:
        return None
    descriptor: int = transport.get_extra_info("socket").fileno()
    return descriptor


def send(descriptor: int, data: bytes) -> int:
    """Return how many bytes the kernel took at once. A fault is none: the transport, which gets the rest, will meet it
    too."""
    try:
        return os.write(descriptor, data)
    except OSError:
        return 0
