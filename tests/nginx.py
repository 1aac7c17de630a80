"""nginx before a server, by the configuration that docs/reverse-proxy.md has its readers copy."""

from __future__ import annotations

import re
import shutil
import socket
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Final

from tests.certificates import pair

DOCUMENT: Final = Path(__file__).resolve().parent.parent / "docs" / "reverse-proxy.md"
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


def block(language: str) -> str:
    """Give the document's only block in that language."""
    [found] = re.findall(rf"^```{language}\n(.*?)^```$", DOCUMENT.read_text(), re.MULTILINE | re.DOTALL)
    assert isinstance(found, str)
    return found


def settings() -> dict[str, str]:
    """Give the settings that the document gives to Careline."""
    return dict(line.split("=", 1) for line in block("sh").splitlines())


def settings_without_tokens() -> dict[str, str]:
    """Give the same for tests that are not about tokens."""
    return {**settings(), "CARELINE_AUTH_SECRET_FILE": "", "CARELINE_ALLOW_OPEN": "1"}


def configuration(port: int, upstream: int) -> str:
    """Give the document's configuration, with this machine's ports and files in place of the clinic's."""
    text = block("nginx")
    for there, here in {
        "listen 443 ssl;": f"listen 127.0.0.1:{port} ssl;",
        "server 127.0.0.1:8000;": f"server 127.0.0.1:{upstream};",
        "/etc/letsencrypt/live/clinic.example/fullchain.pem": str(pair().certificate),
        "/etc/letsencrypt/live/clinic.example/privkey.pem": str(pair().key),
    }.items():
        assert text.count(there) == 1, f"not once in {DOCUMENT}: {there}"
        text = text.replace(there, here)
    return text


class Nginx:
    """One nginx for one server, also over its restarts."""

    def __init__(self) -> None:
        self.port = 0
        self._ports: dict[int, int] = {}  # its own, by the server's: a server that comes back is where it was
        self._process: subprocess.Popen[bytes] | None = None
        self._folder: tempfile.TemporaryDirectory[str] | None = None

    def start(self, upstream: int) -> None:
        """Stand before a server; return when it listens."""
        if upstream not in self._ports:
            with socket.create_server(("127.0.0.1", 0)) as free:
                self._ports[upstream] = free.getsockname()[1]
        self.port = self._ports[upstream]
        self._folder = tempfile.TemporaryDirectory(prefix="careline-nginx-")
        home = Path(self._folder.name)
        home.chmod(0o755)  # started by root its workers are nobody
        (home / "careline.conf").write_text(configuration(self.port, upstream))
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
