"""Who stands behind a reverse proxy.

What a proxy among `--trusted-proxies` tells of a request is believed, and whatever comes by a socket file, which is
there for the proxy alone. Anybody else may send the same headers, and they mean nothing then.
"""

import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
PROXY = "unix"  # what a proxy at a socket file is called where an address stands, as in the log


class Headers(Protocol):
    """A request's headers, as both doors have them."""

    def get_all(self, key: str, /) -> list[str]:
        """Every header of that name, in lower case, in order."""


@dataclass(frozen=True, slots=True)
class Proxies:
    trusted: Sequence[Network] = ()
    has_socket_file: bool = False  # then every connection comes from the proxy itself, which has no address

    def client(self, peer: str, headers: Headers) -> str:
        """The client's address: the peer's, or the last one in X-Forwarded-For that no trusted proxy has."""
        client = PROXY if self.has_socket_file else peer
        hops = [hop.strip() for line in headers.get_all("x-forwarded-for") for hop in line.split(",")]
        while hops and self._trusts(client):
            hop = _address(hops.pop())
            if hop is None:  # no address: it came from the one who is known last
                break
            client = str(hop)
        return client

    def scheme(self, peer: str, headers: Headers) -> str | None:
        """Return what the client's browser has in its address bar, http or https; None where no trusted proxy says
        so."""
        if not (self.has_socket_file or self._trusts(peer)):
            return None
        told = ",".join(headers.get_all("x-forwarded-proto")).rpartition(",")[2].strip().lower()
        return told if told in ("http", "https") else None

    def _trusts(self, text: str) -> bool:
        if text == PROXY:
            return True
        if not self.trusted:
            return False
        address = _address(text.partition("%")[0])  # the kernel's own zone of a link-local peer
        return address is not None and any(address in network for network in self.trusted)


def _address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """Return the address in what a proxy tells, or None. An IPv6 zone may hold any text, and is no address."""
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return None
    if "%" in text:
        return None
    # What an IPv4 client is called where the server listens on both.
    return address if isinstance(address, ipaddress.IPv4Address) else address.ipv4_mapped or address
