"""Certificates for servers under test, made anew for each run by the openssl command; clients trust their authority."""

from __future__ import annotations

import os
import ssl
import subprocess
import tempfile
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

# Nothing of the machine's own OpenSSL settings.
_SETTINGS: Final = "[req]\ndistinguished_name = name\n[name]\n"
KINDS: Final = {
    "EC": ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"),
    "RSA": ("-newkey", "rsa:2048"),
}


def _make_private(key: Path) -> None:
    """Let the user that the program runs as read the key, and no other."""
    key.chmod(0o600)
    if owner := int(os.environ.get("TEST_USER") or 0):
        os.chown(key, owner, owner)


@dataclass(frozen=True)
class Pair:
    """A certificate and its key, each in a file."""

    certificate: Path
    key: Path

    def replace(self, other: Pair) -> None:
        """Put another pair in this one's place."""
        self.certificate.write_bytes(other.certificate.read_bytes())
        self.key.write_bytes(other.key.read_bytes())
        _make_private(self.key)

    def settings(self) -> dict[str, str]:
        """Give the settings with which a server uses it."""
        return {"CARELINE_TLS_CERTIFICATE": str(self.certificate), "CARELINE_TLS_KEY": str(self.key)}


class Authority:
    """Signs certificates for 127.0.0.1 and clinic.example."""

    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="careline-certificates-")
        self._home = Path(self._folder.name)
        self._home.chmod(0o755)  # for a server that runs as another user
        (self._home / "openssl.cnf").write_text(_SETTINGS)
        self._own = self._make("authority", "EC", "basicConstraints=critical,CA:TRUE")
        self.certificate = self._own.certificate

    def _make(self, name: str, kind: str, *extensions: str, signed: tuple[str, ...] = ()) -> Pair:
        pair = Pair(self._home / f"{name}.pem", self._home / f"{name}.key")
        added = [part for extension in extensions for part in ("-addext", extension)]
        words = ["-x509", "-config", str(self._home / "openssl.cnf"), *KINDS[kind], "-nodes", "-days", "2"]
        words += ["-subj", f"/CN={name}", *added, *signed, "-keyout", str(pair.key), "-out", str(pair.certificate)]
        subprocess.run(["openssl", "req", *words], check=True, capture_output=True)
        _make_private(pair.key)
        return pair

    def sign(self, name: str, kind: str = "EC") -> Pair:
        """Make a pair under a name of its own."""
        signed = ("-CA", str(self._own.certificate), "-CAkey", str(self._own.key))
        return self._make(name, kind, "subjectAltName=IP:127.0.0.1,DNS:clinic.example", signed=signed)


@cache
def authority() -> Authority:
    """Give the one of this run."""
    return Authority()


@cache
def pair() -> Pair:
    """Give the pair that servers use which care for none in particular."""
    return authority().sign("server")


@cache
def trust() -> ssl.SSLContext:
    """Give what a client connects with."""
    return ssl.create_default_context(cafile=authority().certificate)
