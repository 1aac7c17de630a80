"""The syntax of HTTP/1.1 requests (RFC 9112), where Sanic's own parser takes more than is allowed, or less.

What two parsers read in two ways lets a request be smuggled past a proxy, so ill-formed requests are refused.
"""

import re

_TOKEN = rb"[-!#$%&'*+.^_`|~0-9A-Za-z]+"
_REQUEST_LINE = re.compile(rb"(" + _TOKEN + rb") ([!-~]+) HTTP/(\d\.\d)")
# No space before the colon, no folded lines, no NUL, bare CR or other control in a value.
_FIELD = re.compile(rb"(" + _TOKEN + rb"):[ \t]*([\t\x20-\x7e\x80-\xff]*?)[ \t]*")
_CHUNK = re.compile(rb"([0-9A-Fa-f]{1,8})[ \t]*(?:;[\t\x20-\x7e\x80-\xff]*)?")


class NotWellFormed(ValueError):
    """The bytes are no request of HTTP/1.1."""


def read_head(head: bytes) -> bytes:
    """Return a request's head, without the empty line at its end, in the spelling that Sanic's parser understands.

    Raise NotWellFormed where a request line, a field, Host, Content-Length or Transfer-Encoding breaks a rule.
    """
    first, *lines = head.split(b"\r\n")
    request_line = _REQUEST_LINE.fullmatch(first)
    if request_line is None:
        raise NotWellFormed("request line")
    fields = [_FIELD.fullmatch(line) for line in lines]
    if not all(fields):
        raise NotWellFormed("header field")
    pairs = [(field[1].lower(), field[2]) for field in fields if field is not None]
    values: dict[bytes, list[bytes]] = {}
    for name, value in pairs:
        values.setdefault(name, []).append(value)
    is_first_version = request_line[3] == b"1.0"
    if b"host" not in values and not is_first_version:
        raise NotWellFormed("Host")  # two of them are refused with the hosts that are not let in
    if not all(re.fullmatch(rb"[0-9]{1,19}", value) for value in values.get(b"content-length", ())):
        raise NotWellFormed("Content-Length")
    for value in values.get(b"transfer-encoding", ()):
        if is_first_version or value.lower() != b"chunked":
            raise NotWellFormed("Transfer-Encoding")
    spelled = (value.lower() if name == b"transfer-encoding" else value for name, value in pairs)
    return b"\r\n".join([first, *(name + b": " + value for (name, _), value in zip(pairs, spelled, strict=True))])


def read_chunk_size(line: bytes) -> int:
    """Return the size in the line before a chunk, in bytes; 0 before the trailers. Raise NotWellFormed otherwise."""
    match = _CHUNK.fullmatch(line)
    if match is None:
        raise NotWellFormed("chunk size")
    return int(match[1], 16)


def check_trailer(line: bytes) -> None:
    """Raise NotWellFormed where a line after the last chunk is no field."""
    if _FIELD.fullmatch(line) is None:
        raise NotWellFormed("trailer")


def may_begin_request(data: bytes) -> bool:
    """Return whether the first bytes of a connection may begin a request. Those of a TLS handshake may not."""
    return re.match(rb"(?:\r\n)*(?:\r?\Z|" + _TOKEN + rb")", data) is not None
