"""A payload of long-polling: the body of a POST, with any number of packets in it."""

from sanic import Request

from consult.wire import packets

SEPARATOR = b"\x1e"


async def read(request: Request, most: int) -> bytes:
    """The request's body, or as much of it as is enough to see that it is too large."""
    body = bytearray()
    assert request.stream is not None
    async for chunk in request.stream:  # type: ignore[attr-defined] # typed as another class
        body += chunk
        if len(body) > most:
            break
    return bytes(body)


def fault_of(payload: bytes, most: int) -> str | None:
    """What is wrong with a payload, if anything."""
    if len(payload) > most:
        return "a payload that is too large"
    try:
        payload.decode()
    except UnicodeDecodeError:
        return "text that is not UTF-8"
    for packet in payload.split(SEPARATOR):
        if packet[:1] == b"b":
            return "a binary packet"
        if packet[:1] not in (packets.CLOSE, packets.PONG, packets.MESSAGE):
            return "no Engine.IO packet"
    return None
