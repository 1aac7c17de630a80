"""The page's files: whole while the server runs, whatever becomes of their folder; sent again only if changed."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from typing import Final

import pytest

from tests.server import ROOT, Server

TYPES: Final = {".css": "text/css", ".html": "text/html", ".js": "text/javascript", ".svg": "image/svg+xml"}


def paths() -> dict[str, Path]:
    """Give every path of the page with its file."""
    files = {f"/static/{file.relative_to(ROOT / 'static')}": file for file in ROOT.glob("static/**/*.*")}
    return {**files, "/": ROOT / "static" / "index.html", "/docs": ROOT / "static" / "docs.html"}


def test_the_folder_may_go(tmp_path: Path) -> None:
    """A machine cleans /tmp of what is old, where a packaged program has unpacked itself."""
    folder = shutil.copytree(ROOT / "static", tmp_path / "static")
    (tmp_path / "server").mkdir()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("tests.server.COMMAND", [sys.executable, str(Path(__file__).parent / "page_elsewhere.py")])
        server = Server(tmp_path / "server", env={"TEST_STATIC": str(folder)})
        server.start()
    shutil.rmtree(folder)
    for path, file in paths().items():
        answer = server.http("GET", path)
        assert (answer.status, answer.body) == (200, file.read_text()), path
    server.close()


def test_each_has_its_type_and_is_sent_again_only_if_changed(server: Server) -> None:
    tags = set()
    for path, file in paths().items():
        answer = server.http("GET", path)
        assert answer.headers["content-type"] == f"{TYPES[file.suffix]}; charset=utf-8".replace(
            "svg+xml; charset=utf-8", "svg+xml"
        )
        tag = answer.headers["etag"]
        tags.add(tag)
        for known in (tag, f'"other", W/{tag}', "*"):
            again = server.http("GET", path, headers={"If-None-Match": known})
            assert (again.status, again.body, again.headers["etag"]) == (304, "", tag)
        assert server.http("GET", path, headers={"If-None-Match": '"other"'}).status == 200
        assert server.http("HEAD", path).headers["content-length"] == str(file.stat().st_size)
    assert len(tags) == len(set(paths().values()))


@pytest.mark.parametrize("name", ["nothing.js", "../main.py", "%2e%2e/main.py", "/etc/passwd", ""])
def test_there_is_nothing_else(server: Server, name: str) -> None:
    assert server.http("GET", f"/static/{name}").status == 404
