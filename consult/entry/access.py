"""Who may knock: which hosts the server answers to, and which browser pages may talk to it.

Both doors and every HTTP call ask `Access.refusal` before anything else.
"""

import contextlib
import ipaddress
import logging
import socket
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from consult.contract.faults import HOST_REFUSED, ORIGIN_REFUSED, Fault, invalid
from consult.entry.proxies import Headers, Proxies
from consult.entry.refused_origins import RefusedOrigins

log = logging.getLogger("careline.access")

DEFAULT_PORTS = {"http": 80, "https": 443, "ws": 80, "wss": 443}  # that a browser leaves out
EVERY_ORIGIN = "*"
# Some apps send the address of the websocket itself as its origin.
_PAGE_SCHEMES = {"ws": "http", "wss": "https"}
UNIX = "unix:"  # before the path of a socket file, where a host may stand
EVERYWHERE = ("0.0.0.0", "::")  # noqa: S104 - hosts that stand for every address of this machine


def is_loopback(host: str) -> bool:
    """Return whether a host name or address is this machine's own."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def socket_file(host: str) -> Path | None:
    """Return the file that stands for a host, `unix:PATH`; None for an address or a name."""
    return Path(host.removeprefix(UNIX)) if host.startswith(UNIX) else None


def is_own_address(name: str) -> bool:
    """Return whether a name is an address of this machine. A host name is never one: a foreign page could lead its own
    name here."""
    try:
        address = ipaddress.ip_address(name)
    except ValueError:
        return False
    family = socket.AF_INET if address.version == 4 else socket.AF_INET6
    # The system lets a socket have an address of its own alone. Nothing is sent.
    with contextlib.suppress(OSError), socket.socket(family, socket.SOCK_DGRAM) as own:
        own.bind((str(address), 0))
        return not (address.is_unspecified or address.is_multicast)
    return False


def own_address(family: socket.AddressFamily) -> str:
    """Return the address of this machine that others are likely to reach, or the loopback one. Nothing is sent."""
    v4 = family == socket.AF_INET
    with contextlib.suppress(OSError), socket.socket(family, socket.SOCK_DGRAM) as asking:
        # An address kept for documents: connecting only looks up by which of our own it would be reached.
        asking.connect(("192.0.2.1", 9) if v4 else ("2001:db8::1", 9))
        return str(asking.getsockname()[0]).partition("%")[0]
    return "127.0.0.1" if v4 else "::1"


@dataclass(frozen=True, slots=True)
class Access:
    host: str  # that the server listens on
    allowed_hosts: tuple[str, ...]  # empty: loopback names and `host`, or every address of this machine
    # In lower case. Empty: none but the server's own and, on loopback, loopback ones.
    allowed_origins: tuple[str, ...]
    public_host: str | None  # of the links that Careline makes, which are answered there, too
    tls: bool  # whether the server speaks https itself
    proxies: Proxies
    tokens: bool  # then no other origin is let in, unless it is listed
    refused_origins: RefusedOrigins

    def address(self, peer: str, headers: Headers) -> str:
        """The address of a request's client, for the limits and the log. `peer` is who the connection comes from."""
        return self.proxies.client(peer, headers)

    def refusal(self, peer: str, headers: Headers, over: str) -> Fault | None:
        """Return why a request is not answered; None when it is. Logs it with the setting's name. `over` is websocket
        or HTTP."""
        refused = self._host_refusal(peer, headers)
        if refused is not None:
            return refused
        address = self.address(peer, headers)
        hosts, origins = headers.get_all("host"), headers.get_all("origin")
        host = hosts[0] if hosts else None
        scheme = "https" if self.tls else self.proxies.scheme(peer, headers)
        if origins and not self._lets_in(origins[0], host, scheme, address):
            self.refused_origins.note(origins[0], over, address)
            return Fault(ORIGIN_REFUSED)
        return None

    def refusal_of_link(self, peer: str, headers: Headers) -> Fault | None:
        """Return why a request for a confirm link is not answered; None when it is. Whatever page or app it was opened
        from, the link itself is the right; browsers send no origin of their own from a page that has no referrer."""
        return self._host_refusal(peer, headers, self.public_host)

    def _host_refusal(self, peer: str, headers: Headers, also: str | None = None) -> Fault | None:
        address = self.address(peer, headers)
        hosts, origins = headers.get_all("host"), headers.get_all("origin")
        if len(hosts) > 1 or len(origins) > 1:
            log.warning("refused a request of %s with more than one Host or Origin header", address)
            return invalid("Host 或 Origin 重复", 403)
        host = hosts[0] if hosts else None
        name = _hostname(host)
        if host is None or (name is not None and (name == also or self._answers_to(name))):
            return None
        log.warning(
            "refused a request of %s for host %.100r; --allowed-hosts names the hosts that are answered",
            address,
            host,
        )
        return Fault(HOST_REFUSED)

    def _answers_to(self, name: str) -> bool:
        if self.allowed_hosts:
            return name in self.allowed_hosts
        if name == self.host or is_loopback(name):
            return True
        return self.host in EVERYWHERE and is_own_address(name)

    def _lets_in(self, origin: str, host: str | None, scheme: str | None, address: str) -> bool:
        if EVERY_ORIGIN in self.allowed_origins or origin.lower() in self.allowed_origins:
            return True
        try:
            parts = urlsplit(origin)
            of_page = parts.hostname
        except ValueError:
            return False
        if of_page is None or parts.scheme not in DEFAULT_PORTS:
            return False
        # The server's own page. A proxy that is not known may have ended TLS: then either scheme is its own.
        own = (parts.netloc.lower(), f"{parts.netloc.lower()}:{DEFAULT_PORTS[parts.scheme]}")
        is_scheme = scheme in (None, _PAGE_SCHEMES.get(parts.scheme, parts.scheme))
        if host is not None and host.lower() in own and is_scheme:
            return True
        is_open = not self.allowed_origins and not self.tokens
        return is_open and all(is_loopback(one) for one in (self.host, address, of_page))


def _hostname(host: str | None) -> str | None:
    try:
        return urlsplit(f"//{host}").hostname
    except ValueError:
        return None
