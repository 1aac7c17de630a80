"""nginx before a server, by the configuration that docs/reverse-proxy.md has its readers copy."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import tempfile
import time
from functools import cache
from pathlib import Path
from typing import Final

from tests.certificates import pair

DOCUMENT: Final = Path(__file__).resolve().parent.parent / "docs" / "reverse-proxy.md"
GROWING: Final = DOCUMENT.with_name("growing.md")
BY_FILE: Final = "By a socket file"  # the section
# What Debian's own nginx.conf has around it, but in the foreground, in one folder, and for anybody to run.
AROUND: Final = """\
daemon off;
pid {folder}/pid;
worker_processes 1;
events {{ worker_connections 4096; }}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    include {folder}/careline.conf;
}}
"""


Upstream = int | Path  # the port of a server on loopback, or its socket file
_folders: Final[list[tempfile.TemporaryDirectory[str]]] = []


def socket_folder() -> Path:
    """Make a folder for socket files, whose group is that of nginx's workers, until the end of the tests."""
    folder = tempfile.TemporaryDirectory(prefix="careline-run-")
    _folders.append(folder)
    if os.geteuid() == 0:
        shutil.chown(folder.name, group="nogroup")
        Path(folder.name).chmod(0o2750)  # what is made in it gets the folder's group
    return Path(folder.name)


@cache
def neighbours_file() -> Path:
    """Give the socket file of the cell beside the server under test."""
    return socket_folder() / "south.sock"


def block(language: str, section: str = "", document: Path = DOCUMENT) -> str:
    """Give the document's only block in that language; in the section with that heading where one is named."""
    text = document.read_text()
    if section:
        [text] = [part for part in re.split(r"^## ", text, flags=re.MULTILINE) if part.startswith(f"{section}\n")]
    [found] = re.findall(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    assert isinstance(found, str)
    return found


def settings() -> dict[str, str]:
    """Give the settings that the document gives to Careline."""
    return dict(line.split("=", 1) for line in block("sh", "Careline").splitlines())


def settings_by_file(file: Path) -> dict[str, str]:
    """Give the settings of a server that listens on a socket file."""
    changed = dict(line.split("=", 1) for line in block("sh", BY_FILE).splitlines())
    assert changed == {"CARELINE_HOST": "unix:/run/careline/careline.sock"}
    kept = {name: value for name, value in settings_without_tokens().items() if name != "CARELINE_TRUSTED_PROXIES"}
    return {**kept, "CARELINE_HOST": f"unix:{file}"}


def settings_without_tokens() -> dict[str, str]:
    """Give the same for tests that are not about tokens."""
    return {**settings(), "CARELINE_AUTH_SECRET_FILE": "", "CARELINE_ALLOW_OPEN": "1"}


def configuration(port: int, upstream: Upstream) -> str:
    """Give the document's configuration, with this machine's ports and files in place of the clinic's."""
    text = block("nginx", "nginx")
    tcp = "    server 127.0.0.1:8000;\n"
    if isinstance(upstream, Path):
        by_file = block("nginx", BY_FILE)
        assert text.count(tcp) == 1
        text = text.replace(tcp, by_file)
        return _here(text, port, {"unix:/run/careline/careline.sock": f"unix:{upstream}"})
    return _here(text, port, {tcp: tcp.replace("8000", f"{upstream}")})


def configuration_of_cells(port: int, upstream: Upstream, neighbour: Path, *, any_host: bool = False) -> str:
    """Give the configuration of docs/growing.md: `upstream` is the cell of those who name 127.0.0.1 as the host, and
    `neighbour` that of south.clinic.example. With `any_host` every other host is the former's too, where the document
    has none for it: tests that are not about cells see what Careline itself makes of a host."""
    text = block("nginx", "nginx", GROWING)
    here = {
        "unix:/run/careline/north.sock": f"unix:{upstream}" if isinstance(upstream, Path) else f"127.0.0.1:{upstream}",
        "unix:/run/careline/south.sock": f"unix:{neighbour}",
        "    north.clinic.example": "    127.0.0.1",
    }
    if any_host:
        here['    default "";'] = "    default north_clinic;"
    return _here(text, port, here)


def _here(text: str, port: int, replaced: dict[str, str]) -> str:
    for there, here in {
        "listen 443 ssl;": f"listen 127.0.0.1:{port} ssl;",
        "/etc/letsencrypt/live/clinic.example/fullchain.pem": str(pair().certificate),
        "/etc/letsencrypt/live/clinic.example/privkey.pem": str(pair().key),
        **replaced,
    }.items():
        assert text.count(there) == 1, f"not once in the document: {there}"
        text = text.replace(there, here)
    return text


class Nginx:
    """One nginx for one server, also over its restarts."""

    def __init__(self) -> None:
        self.port = 0
        self.configuration = configuration
        self._ports: dict[Upstream, int] = {}  # its own, by the server's: a server that comes back is where it was
        self._process: subprocess.Popen[bytes] | None = None
        self._folder: tempfile.TemporaryDirectory[str] | None = None

    def start(self, upstream: Upstream) -> None:
        """Stand before a server; return when it listens."""
        if upstream not in self._ports:
            with socket.create_server(("127.0.0.1", 0)) as free:
                self._ports[upstream] = free.getsockname()[1]
        self.port = self._ports[upstream]
        self._folder = tempfile.TemporaryDirectory(prefix="careline-nginx-")
        home = Path(self._folder.name)
        home.chmod(0o755)  # started by root its workers are nobody
        (home / "careline.conf").write_text(self.configuration(self.port, upstream))
        (home / "nginx.conf").write_text(AROUND.format(folder=home))
        program = shutil.which("nginx", path="/usr/sbin:/usr/local/sbin:/usr/bin:/usr/local/bin")
        assert program is not None, "tests/prepare installs nginx"
        log = home / "log"
        with log.open("wb") as errors:
            self._process = subprocess.Popen([program, "-e", "stderr", "-c", home / "nginx.conf"], stderr=errors)
        end = time.monotonic() + 10
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
                return
            except OSError:
                if self._process.poll() is not None or time.monotonic() > end:
                    self.stop()
                    raise AssertionError(f"nginx did not start:\n{log.read_text()}") from None
                time.sleep(0.005)

    def stop(self) -> None:
        """End it at once."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait(10)
            self._process = None
        if self._folder is not None:
            self._folder.cleanup()
            self._folder = None
