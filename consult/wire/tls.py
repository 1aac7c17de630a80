"""TLS without a proxy: the certificate and its key, read at the start and again at each SIGHUP."""

import logging
import ssl
from pathlib import Path

from consult.entry.private_file import mode_fault

log = logging.getLogger("careline.tls")

_CERTIFICATE = "--tls-certificate (CARELINE_TLS_CERTIFICATE)"
_KEY = "--tls-key (CARELINE_TLS_KEY)"
# What OpenSSL calls a key of another certificate, of the same kind or of another one.
_MISMATCH = ("KEY_VALUES_MISMATCH", "KEY_TYPE_MISMATCH", "NO_CERTIFICATE_ASSIGNED")


def faults(certificate: Path | None, key: Path | None) -> list[str]:
    """Return why a pair cannot be served, a line for each setting at fault; nothing where it can, or where there is
    none."""
    if certificate is None and key is None:
        return []
    if certificate is None or key is None:
        return [f"{_CERTIFICATE} and {_KEY}: both or neither"]
    unreadable = []
    for setting, path in ((_CERTIFICATE, certificate), (_KEY, key)):
        try:
            path.read_bytes()
        except OSError as fault:
            unreadable.append(f"{setting}: cannot read {path}: {fault.strerror}")
    if unreadable:
        return unreadable
    fault_of_mode = mode_fault(key, key.stat().st_mode)
    if fault_of_mode is not None:
        return [f"{_KEY}: {key} {fault_of_mode}"]
    try:
        _context(certificate, key)
    except ssl.SSLError as fault:
        if fault.reason in _MISMATCH:
            return [f"{_KEY}: {key} is not the key of {certificate}"]
        if not _is_certificate(certificate):
            return [f"{_CERTIFICATE}: {certificate} holds no certificate in PEM"]
        if fault.reason is None:
            return [f"{_KEY}: {key} holds no key in PEM that needs no password"]
        return [f"{_CERTIFICATE}: {certificate} cannot be served ({fault.reason})"]
    return []


class Tls:
    """A pair without faults. Connections are accepted with `context`."""

    def __init__(self, certificate: Path, key: Path) -> None:
        self._certificate = certificate
        self._key = key
        self.context = self._latest = _context(certificate, key)
        # A context that is in use cannot be given another pair: should the new key be of another kind, it would keep
        # both. So each handshake is handed over to the latest context, with a server name or without one.
        self.context.sni_callback = self._hand_over

    def reload(self) -> None:
        """Reads the pair again, for connections to come. One that cannot be served is told, and the last one stays."""
        found = faults(self._certificate, self._key)
        if found:
            log.error("the certificate from before stays: %s", "; ".join(found))
            return
        self._latest = _context(self._certificate, self._key)
        log.info("the certificate was read again")

    def _hand_over(self, connection: ssl.SSLObject, name: str | None, context: ssl.SSLContext) -> None:  # noqa: ARG002
        connection.context = self._latest


def _context(certificate: Path, key: Path) -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    # With an empty password a key that wants one is a fault; without one OpenSSL would ask the terminal.
    context.load_cert_chain(certificate, key, password="")
    return context


def _is_certificate(path: Path) -> bool:
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(path)
    except ssl.SSLError:
        return False
    return True
