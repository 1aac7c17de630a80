"""A real Chromium for the page, which watches that nothing goes wrong behind what a test looks at."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from typing import Final, Literal, Protocol
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, expect, sync_playwright

from tests.page.console import Console
from tests.server import Server

DESKTOP: Final = (1280, 800)
PHONE: Final = (390, 844)
FLAGS: Final = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    # A microphone that is always there, and may always be used.
    "--use-fake-device-for-media-stream",
    "--use-fake-ui-for-media-stream",
]

# Reported by the browser itself when a script, a style or a request is against the page's policy.
_WATCH_POLICY: Final = (
    "addEventListener('securitypolicyviolation', e => console.error('policy: ' + e.violatedDirective))"
)


class OpenConsole(Protocol):
    """Opens the page as a new visitor would: nothing remembered."""

    def __call__(
        self,
        server: Server | None = None,
        size: tuple[int, int] = DESKTOP,
        language: Literal["en-GB", "zh-CN"] = "en-GB",
        theme: Literal["light", "dark"] = "light",
    ) -> Console: ...


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """The system's Chromium."""
    expect.set_options(timeout=10_000)
    path = shutil.which("chromium")
    assert path is not None, "tests/prepare installs chromium"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def open_console(chromium: Browser, server: Server) -> Iterator[OpenConsole]:
    """A way to open the page; at the end no error was logged and no other host was asked."""
    faults: list[str] = []
    consoles: list[Console] = []
    module_server = server

    def watch(page: Page, server: Server) -> None:
        def logged(message: ConsoleMessage) -> None:
            # A refused HTTP call and a lost connection are the page's daily work; Chromium logs them by itself.
            of_the_network = message.text.startswith(("Failed to load resource", "WebSocket connection to"))
            if message.type in ("error", "warning") and not of_the_network:
                faults.append(message.text)

        def asked(url: str) -> None:
            if urlsplit(url).scheme not in ("data", "blob") and urlsplit(url).netloc != urlsplit(server.url).netloc:
                faults.append(f"another host was asked: {url}")

        page.on("console", logged)
        page.on("pageerror", lambda fault: faults.append(str(fault)))
        page.on("request", lambda request: asked(request.url))
        page.on("websocket", lambda socket: asked(socket.url))
        page.add_init_script(_WATCH_POLICY)

    def open_it(
        server: Server | None = None,
        size: tuple[int, int] = DESKTOP,
        language: Literal["en-GB", "zh-CN"] = "en-GB",
        theme: Literal["light", "dark"] = "light",
    ) -> Console:
        server = server or module_server
        context = chromium.new_context(
            viewport={"width": size[0], "height": size[1]},
            locale=language,
            color_scheme=theme,
            permissions=["clipboard-read", "clipboard-write"],
        )
        page = context.new_page()
        page.set_default_timeout(10_000)
        watch(page, server)
        consoles.append(Console(page, server))
        consoles[-1].visit()
        return consoles[-1]

    yield open_it
    for console in consoles:
        console.page.context.close()
    assert faults == []
