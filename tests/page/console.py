"""The page as a user sees and works it."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any, Final

from playwright.sync_api import Locator, Page

from tests.server import ROOT, Server

SCREENSHOTS: Final = ROOT / "build" / "screenshots"

ELDER: Final = "张三"
NURSE: Final = "护士李四"
FAMILY: Final = "家属张小明"


class Console:
    """The open page of one server.

    What is waited for here is waited for inside the browser, which takes no longer than the page does.
    """

    def __init__(self, page: Page, server: Server) -> None:
        self.page = page
        self.server = server

    def visit(self, fragment: str = "") -> None:
        """Open the page, or open it again."""
        self.page.goto(f"{self.server.url}/{fragment}")
        self.page.locator("#send").wait_for()

    def card(self, name: str) -> Locator:
        """Give a connection's card."""
        return self.page.locator(".card").filter(has=self.page.locator(".card-name", has_text=name))

    def act_as(self, name: str) -> None:
        """Let that connection act."""
        self.card(name).locator(".card-name").click()
        self.page.locator("#send", has_text=name).wait_for(state="attached")

    def connect(self, name: str) -> None:
        """Let that connection act, connected."""
        self.act_as(name)
        self.card(name).locator("[data-focus$=toggle]").click()
        self.expect_state(name, "connected")

    def expect_state(self, name: str, state: str) -> None:
        """Hold a connection to a state: idle, connecting, connected or waiting."""
        self.card(name).and_(self.page.locator(f"[data-state={state}]")).wait_for()

    def expect_on_card(self, name: str, text: re.Pattern[str]) -> None:
        """Wait until a connection's card says something."""
        self.card(name).filter(has_text=text).wait_for()

    def edit(self, who: str, **fields: str) -> None:
        """Change who a connection is: name, userType, userId, transport."""
        self.card(who).locator("[data-focus$=edit]").click()
        for field, value in fields.items():
            control = self.page.locator(f"#connection-dialog [name={field}]")
            if field in ("userType", "transport"):
                control.select_option(value)
            else:
                control.fill(value)
        self.page.locator("#connection-dialog .primary").click()
        self.page.locator("#connection-dialog").wait_for(state="hidden")

    def tab(self, name: str) -> Locator:
        """Open a tab and give its panel: send, questions, reminders, inbox or log."""
        self.page.locator(f"#tab-{name}").click()
        panel = self.page.locator("#log" if name == "log" else f"#panel-{name}")
        panel.wait_for()
        return panel

    def target(self, name: str) -> None:
        """Choose what to send: an event's name, or a call such as `GET /health`."""
        self.tab("send")
        self.page.locator("#target").select_option(name)

    def field(self, name: str) -> Locator:
        """Give a field of the payload's form."""
        return self.page.locator(f"[data-field={name}]")

    def write_json(self, text: str) -> None:
        """Write the payload as JSON."""
        self.page.locator("[data-mode=json]").click()
        self.page.locator("#json-editor").fill(text)

    def send(self) -> None:
        """Send what is filled in."""
        self.page.locator("#send").click()

    def bind(self, name: str) -> None:
        """Bind a connection to its user."""
        self.act_as(name)
        self.target("bind_user")
        self.send()
        self.expect_on_card(name, re.compile("bound to|已绑定"))

    def open_and_join(self, *names: str, title: str = "头晕两天了") -> int:
        """Open a question from the page and let connected connections join it; give its id."""
        panel = self.tab("questions")
        panel.locator("[name=title]").fill(title)
        with self.page.expect_response(lambda response: response.request.method == "POST") as answer:
            self.page.locator("#open-question").click()
        question: int = answer.value.json()["id"]
        for name in names:
            self.join(name, question)
        return question

    def join(self, name: str, question: int) -> None:
        """Let a connection join a question."""
        self.act_as(name)
        item = self.tab("questions").locator(f".item[data-id='{question}']")
        item.get_by_role("button", name=re.compile("^(Join|加入) ")).click()
        self.expect_on_card(name, re.compile(f"(question|问题) {question}"))

    def say(self, name: str, text: str) -> None:
        """Send a message into the question at hand, and wait for its ack."""
        self.act_as(name)
        self.target("send_message")
        self.field("content_text").fill(text)
        self.send()
        self.page.locator("#answer", has_text="发送成功").wait_for()

    def lines(self, text: str = "") -> Locator:
        """Give the log's lines in view that contain a text."""
        return self.page.locator(".log-line").filter(has_text=text)

    def show(self, *kinds: str) -> None:
        """Show only these kinds of log lines: sent, received, http, wire."""
        for kind in ("sent", "received", "http", "wire"):
            toggle = self.page.locator(f"#log-filters [data-focus={kind}]")
            if (toggle.get_attribute("aria-pressed") == "true") != (kind in kinds):
                toggle.click()

    def search(self, text: str) -> None:
        """Search the log."""
        self.page.locator("#log-search").fill(text)

    def detail(self, line: Locator) -> Any:
        """Choose a log line and give its payload as the page lays it out."""
        line.click()
        return json.loads(self.page.locator("#log-payload").inner_text())

    def clipboard(self) -> str:
        """Give what was copied last."""
        self.page.locator("#toast.shown").wait_for()
        text: str = self.page.evaluate("navigator.clipboard.readText()")
        return text

    def overflows(self) -> bool:
        """Tell whether the page can be scrolled sideways."""
        wide: bool = self.page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth")
        return wide

    def screenshot(self, name: str) -> Path:
        """Keep a picture of the page as it is, under build/screenshots/."""
        SCREENSHOTS.mkdir(parents=True, exist_ok=True)
        path = SCREENSHOTS / f"{name}.png"
        self.page.screenshot(path=path)
        return path
