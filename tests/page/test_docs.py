"""The protocol to read at `/docs`: all of it is there, every example can be tried, and everyone can read it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any, Literal

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.page.conftest import DESKTOP, PHONE, OpenConsole
from tests.page.console import SCREENSHOTS, Console
from tests.page.test_accessibility import faults, tab_to
from tests.server import Server

OpenDocs = Callable[..., Page]


@pytest.fixture
def open_docs(open_console: OpenConsole) -> OpenDocs:
    """A way to open the page; what the console is watched for, it is watched for too."""

    def open_it(fragment: str = "", **how: Any) -> Page:
        console = open_console(**how)
        console.page.goto(f"{console.server.url}/docs{fragment}")
        console.page.locator("#content > section").last.wait_for(state="attached")
        return console.page

    return open_it


@pytest.fixture(scope="module")
def protocol(server: Server) -> dict[str, Any]:
    """The protocol as the server tells it."""
    told: dict[str, Any] = server.http("GET", "/protocol.json").body
    return told


def call_name(call: dict[str, Any]) -> str:
    return f"{call['method']} {call['path']}"


def entry(page: Page, name: str) -> Locator:
    """Give the part of the page that tells of an event or call."""
    return page.locator("article").filter(has=page.locator("h3", has_text=re.compile(f"^{re.escape(name)}$")))


def texts(whole: Locator, selector: str) -> list[str]:
    return [text.strip() for text in whole.locator(selector).all_text_contents()]


def json_shown(part: Locator) -> list[Any]:
    """Give every JSON value that a part shows outside its code and its mistakes."""
    shown = part.locator(".block:not(.as-code *, .mistake *) pre").all_text_contents()
    return [json.loads(text) for text in shown]


def names_of(fields: list[dict[str, Any]]) -> list[str]:
    """Give the fields' names as the page lists them, those within after the one that holds them."""
    return [name for field in fields for name in (field["name"], *names_of(field.get("items", [])))]


def rich(text: str) -> str:
    return text.replace("`", "")


@pytest.mark.parametrize(("language", "key"), [("en-GB", "en"), ("zh-CN", "zh")])
def test_every_event_and_call_is_told(
    open_docs: OpenDocs, protocol: dict[str, Any], language: Literal["en-GB", "zh-CN"], key: str
) -> None:
    page = open_docs(language=language)
    names = [event["name"] for event in protocol["events"]] + [call_name(call) for call in protocol["calls"]]
    assert len(names) > 22
    assert sorted(texts(page.locator("#content"), "article h3")) == sorted(names)
    for event in protocol["events"]:
        part = entry(page, event["name"])
        expect(part).to_contain_text(event["direction"][key])
        expect(part).to_contain_text(event["about"][key])
        assert json_shown(part) == [event["example"], *event["others"]]
        fields = event["fields"] if event["from"] == "client" else [one for f in event["forms"] for one in f["fields"]]
        assert texts(part, ".field-told") == names_of(fields)
        whole = part.inner_text()
        for field in fields:
            assert rich(field["about"][key]) in whole, field
        for mistake in event.get("mistakes", []):
            told = part.locator(".mistake", has_text=mistake["about"][key]).first
            shown = [json.loads(text) for text in told.locator("pre").all_text_contents()]
            assert shown == [mistake["payload"], mistake["answer"]["payload"]]
    for call in protocol["calls"]:
        part = entry(page, call_name(call))
        expect(part).to_contain_text(call["about"][key])
        bodies = [call["example"]] if call["example"] else []
        assert json_shown(part) == [*bodies, call["answer"], *call["others"].values()]
        sent = [*call["place"], *call["query"], *call["fields"]]
        assert texts(part, ".field-told") == names_of([*sent, *call["answer_fields"]])
        for field in sent:
            expect(part).to_contain_text(field["fault"])
            expect(part).to_contain_text(field["rule"][key])
        for status in call["faults"]:
            expect(part.get_by_role("link", name=str(status), exact=True)).to_be_visible()


def test_every_rule_text_and_limit_is_told(open_docs: OpenDocs, protocol: dict[str, Any]) -> None:
    page = open_docs()
    whole = page.locator("#content").inner_text()
    for section in protocol["sections"].values():
        for note in section["notes"]:
            assert rich(note["en"]) in whole
    for text in protocol["texts"]:
        assert text["text"] in whole
        assert rich(text["about"]["en"]) in whole
    for code in protocol["codes"]:
        assert code["about"]["en"] in whole
    for bound in protocol["bounds"]:
        assert all(rich(bound[part]["en"]) in whole for part in ("about", "most", "beyond"))
    for other in protocol["pages"]:
        assert f"GET {other['path']}" in whole


def test_the_outline_leads_everywhere(open_docs: OpenDocs, protocol: dict[str, Any]) -> None:
    page = open_docs()
    links = page.locator("#outline-links a")
    told = len(protocol["events"]) + len(protocol["calls"])
    assert links.count() == told + len(page.locator("#content > section").all())
    for link in ("send_message:ack", "DELETE /api/reminders/{id}", "8 Time"):
        page.locator("#outline-links").get_by_role("link", name=link, exact=True).click()
        target = page.locator(":target")
        expect(target.locator("h2, h3").first).to_have_text(link)
        expect(target).to_be_in_viewport()
        expect(page.locator("#outline-links [aria-current]")).to_have_text(link)
    broken = "[...document.querySelectorAll('a[href^=\"#\"]')].filter(a => !document.getElementById(a.hash.slice(1)))"
    assert page.evaluate(f"{broken}.map(a => a.hash)") == []


def test_an_address_with_an_entry_opens_there(open_docs: OpenDocs) -> None:
    page = open_docs("#event-notification:new")
    expect(entry(page, "notification:new")).to_be_in_viewport()


def tried(page: Page, link: Locator, server: Server) -> Console:
    with page.context.expect_page() as opened:
        link.click()
    console = Console(opened.value, server)
    console.page.locator("#send").wait_for()
    return console


def test_trying_an_event_opens_the_console_filled_in(
    open_docs: OpenDocs, server: Server, protocol: dict[str, Any]
) -> None:
    page = open_docs()
    console = tried(page, entry(page, "join_question").locator(".entry-head .try"), server)
    expect(console.page.locator("#target")).to_have_value("join_question")
    expect(console.field("user_id")).to_have_value("456")
    # The next one goes into the same console, where an open connection stays open.
    other = protocol["events"][2]["others"][0]
    entry(page, "send_message").locator(".block .try").first.click()
    expect(console.page.locator("#target")).to_have_value("send_message")
    expect(console.field("client_msg_id")).to_have_value(other["client_msg_id"])
    expect(console.field("content_text")).to_have_value(other["content_text"])
    assert json.loads(console.field("attachments").input_value()) == other["attachments"]
    assert len(page.context.pages) == 2


def test_every_try_link_names_something_that_the_console_can_send(open_docs: OpenDocs, server: Server) -> None:
    page = open_docs()
    links = page.locator("a.try").evaluate_all("all => all.map(one => [one.dataset.try, one.getAttribute('href')])")
    assert len(links) > 25
    console = Console(page, server)
    for name, href in links:
        page.evaluate("href => { location.href = href; }", href)
        console.page.locator("#send").wait_for()
        expect(page.locator("#target")).to_have_value(name)


def test_a_mistake_that_is_tried_is_answered_as_told(
    open_docs: OpenDocs, server: Server, protocol: dict[str, Any]
) -> None:
    page = open_docs()
    mistake = protocol["events"][0]["mistakes"][0]
    told = entry(page, "join_question").locator(".mistake").first
    told.locator("summary").click()
    console = tried(page, told.locator(".try"), server)
    console.send()
    expect(console.page.locator("#answer")).to_contain_text(mistake["answer"]["payload"]["message"])


def test_trying_a_call(open_docs: OpenDocs, server: Server) -> None:
    page = open_docs()
    console = tried(page, entry(page, "POST /api/questions").locator(".entry-head .try"), server)
    expect(console.page.locator("#target")).to_have_value("POST /api/questions")
    console.send()
    expect(console.page.locator("#answer")).to_contain_text("201")


def test_an_example_can_be_copied(open_docs: OpenDocs, server: Server, protocol: dict[str, Any]) -> None:
    page = open_docs()
    entry(page, "bind_user").get_by_role("button", name="Copy").first.click()
    assert json.loads(Console(page, server).clipboard()) == protocol["events"][3]["example"]


def test_another_language_keeps_the_place(open_docs: OpenDocs) -> None:
    page = open_docs("#event-bind_user")
    before = entry(page, "bind_user").bounding_box()
    page.locator("#language").click()
    expect(entry(page, "bind_user")).to_contain_text("将当前连接绑定到指定用户房间")
    expect(page).to_have_title("Careline 协议")
    after = entry(page, "bind_user").bounding_box()
    assert before is not None
    assert after is not None
    assert abs(before["y"] - after["y"]) < 40


@pytest.mark.parametrize(
    ("language", "theme", "size"),
    [("en-GB", "light", DESKTOP), ("en-GB", "dark", PHONE), ("zh-CN", "light", PHONE), ("zh-CN", "dark", DESKTOP)],
)
def test_axe_finds_no_fault(
    open_docs: OpenDocs,
    language: Literal["en-GB", "zh-CN"],
    theme: Literal["light", "dark"],
    size: tuple[int, int],
) -> None:
    page = open_docs(size=size, theme=theme, language=language)
    page.locator("details").evaluate_all("all => all.forEach(one => { one.open = true; })")
    assert faults(page) == []
    overflows = "document.documentElement.scrollWidth > document.documentElement.clientWidth"
    assert not page.evaluate(overflows), "the page can be scrolled sideways"
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=SCREENSHOTS / f"docs-{language}-{theme}.png")


@pytest.mark.parametrize("size", [DESKTOP, PHONE])
def test_the_keyboard_is_enough(open_docs: OpenDocs, size: tuple[int, int]) -> None:
    page = open_docs(size=size)
    page.keyboard.press("Tab")
    expect(page.locator(".skip")).to_be_focused()
    if size == PHONE:
        tab_to(page, "#outline > summary")
        page.keyboard.press("Enter")
    tab_to(page, "#outline-links a[href='#event-join_question']")
    page.keyboard.press("Enter")
    expect(entry(page, "join_question")).to_be_in_viewport()
    if size == PHONE:
        expect(page.locator("#outline-links")).to_be_hidden()
    tab_to(page, "#event-join_question .try")
    assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") != "none"
    with page.context.expect_page() as opened:
        page.keyboard.press("Enter")
    expect(opened.value.locator("#target")).to_have_value("join_question")


def test_a_protocol_that_cannot_be_read_is_told(chromium: Browser, server: Server) -> None:
    page = chromium.new_page()
    page.route("**/protocol.json", lambda route: route.fulfill(status=503, body=""))
    page.goto(f"{server.url}/docs")
    expect(page.locator("#content")).to_contain_text("503")
    page.close()
