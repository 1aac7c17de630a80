"""Who may knock: which hosts the server answers to, and which browser pages may talk to it.

Both doors and every HTTP call ask `Access.refusal` before anything else.
"""

import ipaddress
import logging
from dataclasses import dataclass
from urllib.parse import urlsplit

log = logging.getLogger("careline.access")


def is_loopback(host: str) -> bool:
    """Whether a host name or address is this machine's own."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


@dataclass(frozen=True, slots=True)
class Access:
    host: str  # that the server listens on
    allowed_hosts: tuple[str, ...] = ()  # empty: loopback names and `host`
    allowed_origins: tuple[str, ...] = ()  # empty: none but the server's own and, on loopback, loopback ones

    def refusal(self, host: str | None, origin: str | None) -> str | None:
        """Why a request with these headers is not answered; None when it is. Logs it with the setting's name."""
        name = _hostname(host)
        if host is not None and (name is None or not self._answers_to(name)):
            log.warning("refused a request for host %.100r; --allowed-hosts names the hosts that are answered", host)
            return "Host 不被允许（--allowed-hosts）"
        if origin is not None and not self._lets_in(origin, host):
            log.warning("refused a page of origin %.100r; --allowed-origins names the origins let in", origin)
            return "Origin 不被允许（--allowed-origins）"
        return None

    def _answers_to(self, name: str) -> bool:
        if self.allowed_hosts:
            return name in self.allowed_hosts
        return name == self.host or is_loopback(name)

    def _lets_in(self, origin: str, host: str | None) -> bool:
        if origin in self.allowed_origins:
            return True
        try:
            parts = urlsplit(origin)
            of_page, port = parts.hostname, parts.port
        except ValueError:
            return False
        if of_page is None or parts.scheme not in ("http", "https"):
            return False
        # The server's own page. Behind a proxy that ends TLS the scheme differs; the host header is the same.
        if host is not None and host.lower() in (parts.netloc.lower(), f"{parts.netloc.lower()}:{port}"):
            return True
        return not self.allowed_origins and is_loopback(self.host) and is_loopback(of_page)


def _hostname(host: str | None) -> str | None:
    try:
        return urlsplit(f"//{host}").hostname
    except ValueError:
        return None
