"""A payload of long-polling: the body of a POST, with any number of packets in it."""

from collections.abc import Iterator

from sanic import Request

SEPARATOR = b"\x1e"


async def read(request: Request, most: int) -> bytes:
    """Return the request's body, or as much of it as is enough to see that it is too large."""
    body = bytearray()
    assert request.stream is not None
    async for chunk in request.stream:  # type: ignore[attr-defined] # typed as another class
        body += chunk
        if len(body) > most:
            break
    return bytes(body)


def packets_of(body: bytes) -> Iterator[bytes]:
    """Cut the packets out one by one: a payload can hold half a million of them."""
    start = 0
    while (end := body.find(SEPARATOR, start)) >= 0:
        yield body[start:end]
        start = end + 1
    yield body[start:]
