"""Pages whose origin is no address, in a real browser: in a sandboxed frame and in a file, once that is listed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import pytest
from playwright.sync_api import Browser, Frame, Page

from tests.conftest import StartServer
from tests.server import ROOT, Server
from tests.tokens import key_file, token

CLIENT: Final = ROOT / "tests" / "node_modules" / "socket.io-client" / "dist" / "socket.io.min.js"
HTML: Final = "<!doctype html><meta charset=utf-8><title>front end</title>"

# Connects over one transport, and asks for something that is answered.
_CONNECT: Final = """([url, transport, token]) => new Promise((resolve) => {
    const socket = io(url, { transports: [transport], auth: { token }, reconnection: false, forceNew: true });
    socket.on("connect_error", (fault) => { socket.close(); resolve(`refused: ${fault.message}`); });
    socket.on("connect", () => socket.emit("leave_question", { question_id: 5 }, (reply) => {
        socket.close();
        resolve(reply);
    }));
})"""

# JSON and a token: neither goes without a preflight.
_POST: Final = """([url, token]) => fetch(`${url}/api/questions`, {
    method: "POST",
    headers: { "content-type": "application/json", "idempotency-key": "1", authorization: `Bearer ${token}` },
    body: JSON.stringify({ title: "头晕两天", elder_id: 7 }),
}).then((answer) => answer.status, (fault) => `refused: ${fault.message}`)"""

Where = Callable[[Page, Path], Frame | Page]


def in_a_sandboxed_frame(page: Page, folder: Path) -> Frame:
    """As mini-app containers and embedding sites show a page: its origin is null."""
    (folder / "outer.html").write_text(f'{HTML}<iframe sandbox="allow-scripts" src="inner.html"></iframe>')
    (folder / "inner.html").write_text(HTML)
    page.goto((folder / "outer.html").as_uri())
    page.wait_for_selector("iframe")
    (frame,) = page.main_frame.child_frames
    return frame


def in_a_file(page: Page, folder: Path) -> Page:
    """As one opens a page from a disk: its origin is null in Chromium, and file:// in some WebViews."""
    (folder / "page.html").write_text(HTML)
    page.goto((folder / "page.html").as_uri())
    return page


WHERE: Final = {"null": in_a_sandboxed_frame, "file://": in_a_file}


@pytest.fixture
def page(chromium: Browser) -> Iterator[Page]:
    context = chromium.new_context()
    yield context.new_page()
    context.close()


def tried(server: Server, front_end: Frame | Page, shown: str = "") -> dict[str, Any]:
    """Try all that a front end does, and give what becomes of it."""
    front_end.add_script_tag(path=CLIENT)
    ways: dict[str, Any] = {
        transport: front_end.evaluate(_CONNECT, [server.url, transport, shown])
        for transport in ("websocket", "polling")
    }
    return {**ways, "post": front_end.evaluate(_POST, [server.url, shown])}


@pytest.mark.parametrize("where", WHERE.values(), ids=WHERE)
def test_it_gets_in_where_it_is_listed(start_server: StartServer, page: Page, tmp_path: Path, where: Where) -> None:
    server = start_server("--allowed-origins", "null,file://", "--allow-open")
    left = {"question_id": 5}
    assert tried(server, where(page, tmp_path)) == {"websocket": left, "polling": left, "post": 201}


@pytest.mark.parametrize("where", WHERE.values(), ids=WHERE)
def test_every_page_gets_in_by_its_token(start_server: StartServer, page: Page, tmp_path: Path, where: Where) -> None:
    server = start_server("--allowed-origins", "*", "--auth-secret-file", str(key_file(tmp_path)))
    front_end, left = where(page, tmp_path), {"question_id": 5}
    assert tried(server, front_end, token(7, "ELDER")) == {"websocket": left, "polling": left, "post": 201}
    assert tried(server, front_end)["post"] == 401


@pytest.mark.parametrize("where", WHERE.values(), ids=WHERE)
def test_it_is_refused_otherwise(start_server: StartServer, page: Page, tmp_path: Path, where: Where) -> None:
    server = start_server("--allowed-origins", "resource://rawfile,https://app.example", "--allow-open")
    answers = tried(server, where(page, tmp_path))
    assert [str(answer).partition(":")[0] for answer in answers.values()] == ["refused"] * 3, answers
    assert server.http("GET", "/api/questions").body["items"] == []
    told = server.stderr()
    assert ("origin 'null' at" in told) or ("origin 'file://' at" in told)
    assert "--allowed-origins (CARELINE_ALLOWED_ORIGINS)" in told
