"""The socket that the server listens on, and who takes what comes in by it."""

import resource
import socket
from pathlib import Path
from typing import Any

from sanic import Sanic
from sanic.server.async_server import AsyncioServer

from consult.entry.access import EVERYWHERE, own_address, socket_file
from consult.wire import carriers, door
from consult.wire.socket_file import SocketFile
from consult.wire.tls import Tls

KEPT_FOR_FILES = 64  # descriptors that no connection gets: without them the database could not be opened anew
BACKLOG = 4096  # connections that may wait to be accepted: a whole clinic comes back at once
# Connections that are accepted in one turn of the loop. libuv accepts one in a turn for each descriptor that listens:
# there are so many for the one socket. Under a flood a client would wait for a second to be let in.
ACCEPTED = 16


class ListenFault(Exception):
    """The address cannot be had; the text says why, in one line."""


def bind(host: str, port: int) -> socket.socket:
    """A socket that has its address, and refuses connections until `accept`; ListenFault when it cannot be had."""
    file = socket_file(host)
    if file is not None:
        return _bind_file(file)
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        listening = socket.socket(family, socket.SOCK_STREAM)
        try:
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listening.bind(address)
        except BaseException:
            listening.close()
            raise
    except OSError as fault:
        raise ListenFault(f"cannot listen on {host} port {port}: {fault.strerror}") from fault
    return listening


def _bind_file(path: Path) -> SocketFile:
    listening = SocketFile(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        listening.take(path)
    except OSError as fault:
        listening.close()
        raise ListenFault(f"cannot listen on {path}: {fault.strerror}") from fault
    return listening


def descriptors() -> int:
    """Return how many files and connections this process may have open: all that the machine lets it take."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    return most


async def accept(
    app: Sanic[Any, Any], listening: socket.socket, doors: door.Doors, tls: Tls | None
) -> list[AsyncioServer]:
    """Listen, and put a door before each connection that comes in, with TLS when that is agreed on. ListenFault when
    another program listens there since `bind`."""
    try:
        if isinstance(listening, SocketFile):
            listening.listen_in_file(BACKLOG)
        else:
            listening.listen(BACKLOG)
    except OSError as fault:
        name = listening.getsockname()
        where = name if isinstance(name, str) else f"{name[0]} port {name[1]}"
        raise ListenFault(f"cannot listen on {where}: {fault.strerror}") from fault
    options: dict[str, Any] = {"start_serving": False}  # a request before `startup` would meet half an application
    if tls is not None:
        # A stranger who never gets to the end of a handshake has no door yet that could show it out.
        options |= {"ssl_handshake_timeout": door.HEAD_TIMEOUT, "ssl_shutdown_timeout": carriers.CLOSE_TIMEOUT}
    doors.last_descriptor = descriptors() - KEPT_FOR_FILES
    servers = []
    for number in range(ACCEPTED):
        server = await app.create_server(
            sock=listening.dup() if number else listening,
            protocol=doors,  # type: ignore[arg-type]
            backlog=BACKLOG,
            ssl=None if tls is None else tls.context,
            asyncio_server_kwargs=options,
        )
        assert server is not None
        servers.append(server)
    await servers[0].startup()
    await servers[0].before_start()
    for server in servers:
        await server.start_serving()
    return servers


def url(host: str, listening: socket.socket, tls: Tls | None) -> str:
    """Return where clients find the server, with the real port. A host that stands for every address is replaced by
    one. A socket file is told as it is given."""
    if socket_file(host) is not None:
        return host
    scheme, port = "http" if tls is None else "https", listening.getsockname()[1]
    if host in EVERYWHERE:
        host = own_address(listening.family)
    return f"{scheme}://[{host}]:{port}" if ":" in host else f"{scheme}://{host}:{port}"
