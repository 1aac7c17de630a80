"""The page behind nginx under a path of its own, as docs/reverse-proxy.md has it."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, expect

from tests import nginx
from tests.conftest import StartServer
from tests.page.console import ELDER, Console

ROOT_LOCATION = "    location / {\n        proxy_pass http://careline;\n"


def test_the_page_works_under_a_path(
    chromium: Browser, start_server: StartServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, location = nginx.configuration, nginx.block("text")
    assert ROOT_LOCATION in whole(1, 2)
    monkeypatch.setattr(nginx, "configuration", lambda *ports: whole(*ports).replace(ROOT_LOCATION, location))
    server = start_server(nginx=True)
    page = chromium.new_context(ignore_https_errors=True, locale="en-GB").new_page()
    outside: list[str] = []
    page.on("request", lambda asked: None if "/careline/" in asked.url else outside.append(asked.url))
    page.on("websocket", lambda opened: None if "/careline/" in opened.url else outside.append(opened.url))
    page.goto(f"{server.url}/careline/")
    console = Console(page, server)
    page.locator("#send").wait_for()
    console.connect(ELDER)
    page.locator(".step[data-state=current]").get_by_role("button").click()
    expect(page.locator("#panel-questions .item").first).to_contain_text("头晕两天了")
    page.goto(f"{server.url}/careline/docs")
    expect(page.locator("body")).to_contain_text('path: "/careline/socket.io/"')
    expect(page.locator("#console")).to_have_attribute("href", "./#")
    page.goto(f"{server.url}/careline/")
    expect(page.locator("a[href=docs]")).to_be_visible()
    page.context.close()
    assert [url for url in outside if not url.startswith(("data:", "blob:"))] == []
