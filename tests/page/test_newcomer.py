"""The way of someone who opens the page for the first time, on a desk and on a phone, in both languages."""

from __future__ import annotations

import re
from typing import Literal

import pytest
from playwright.sync_api import expect

from tests.conftest import StartServer
from tests.page.conftest import DESKTOP, PHONE, OpenConsole
from tests.page.console import ELDER, NURSE, Console

Language = Literal["en-GB", "zh-CN"]


def step(console: Console, number: int) -> None:
    """Take the guide's step of that number, which is the one it offers."""
    current = console.page.locator(".step[data-state=current]")
    expect(current.locator(".step-mark")).to_have_text(str(number))
    current.get_by_role("button").click()


@pytest.mark.parametrize(
    ("size", "language", "name"),
    [(DESKTOP, "en-GB", "desktop-en"), (PHONE, "zh-CN", "phone-zh")],
)
def test_a_newcomer_gets_through(
    open_console: OpenConsole, start_server: StartServer, size: tuple[int, int], language: Language, name: str
) -> None:
    console = open_console(start_server(), size=size, language=language)
    page = console.page
    console.screenshot(f"{name}-1-first-look")
    step(console, 1)
    console.expect_state(ELDER, "connected")
    expect(page.locator("[data-focus*=sign-]")).to_have_count(0)  # which a server without tokens asks of nobody
    console.screenshot(f"{name}-2-connected")
    step(console, 2)
    expect(page.locator("#panel-questions .item").first).to_contain_text("头晕两天了")
    console.screenshot(f"{name}-3-question")
    step(console, 3)
    expect(console.card(ELDER)).to_contain_text(re.compile(r"(question|问题) \d+"))
    console.screenshot(f"{name}-4-joined")
    step(console, 4)
    expect(page.locator(".guide-done")).to_be_visible()
    expect(page.locator("#answer")).to_contain_text("发送成功")
    console.screenshot(f"{name}-5-sent")

    page.locator("#guide [data-focus=answer]").click()
    expect(console.card(NURSE)).to_contain_text(re.compile(r"(question|问题) \d+"))
    expect(page.locator("#answer")).to_contain_text('"sender_type":"STAFF"')
    console.screenshot(f"{name}-6-answered")
    page.locator("#guide [data-focus=mistake]").click()
    console.send()
    expect(page.locator("#expected")).to_have_class(re.compile("good"))
    console.screenshot(f"{name}-7-mistake")
    page.locator("#guide [data-focus=remind]").click()
    expect(console.card(NURSE)).to_contain_text(re.compile("(bound to|已绑定) 1001"))
    if size == DESKTOP:  # the five seconds are waited for once
        expect(page.locator("#panel-inbox .item")).to_contain_text("服药提醒")
        expect(page.locator("#inbox-badge")).to_have_text("1")
    console.screenshot(f"{name}-8-reminded")
    questions = console.tab("questions")
    questions.locator(".item").first.get_by_role("button", name=re.compile("History|历史")).click()
    expect(questions.locator(".message")).to_have_count(2)
    console.screenshot(f"{name}-9-history")
    if size == PHONE:
        console.tab("log")
    console.lines("send_message:ack").first.click()
    expect(page.locator("#log-payload")).to_contain_text("发送成功")
    console.screenshot(f"{name}-10-log")
    assert not console.overflows()


def test_the_page_greets_in_the_browsers_language_and_remembers_another(open_console: OpenConsole) -> None:
    console = open_console(language="zh-CN")
    expect(console.page).to_have_title("Careline 控制台")
    console.target("send_message")
    console.field("content_text").fill("还没发出")
    console.page.locator("#language").click()
    expect(console.page).to_have_title("Careline console")
    expect(console.page.locator("html")).to_have_attribute("lang", "en")
    expect(console.page.locator("#tab-questions")).to_have_text("Questions")
    expect(console.field("content_text")).to_have_value("还没发出")
    console.visit()
    expect(console.page).to_have_title("Careline console")


def test_light_and_dark_can_be_chosen_and_are_remembered(open_console: OpenConsole) -> None:
    console = open_console(theme="light")
    ground = "getComputedStyle(document.body.parentElement).backgroundColor"
    light = console.page.evaluate(ground)
    toggle = console.page.locator("#theme")
    toggle.click()
    expect(toggle).to_have_attribute("aria-label", "Appearance: light")
    toggle.click()
    expect(toggle).to_have_attribute("aria-label", "Appearance: dark")
    dark = console.page.evaluate(ground)
    assert dark != light
    console.visit()
    assert console.page.evaluate(ground) == dark


def test_the_guide_can_be_put_away(open_console: OpenConsole) -> None:
    console = open_console()
    guide, show_again = console.page.locator("#guide"), console.page.locator("#guide-show")
    guide.locator("[data-focus=hide]").click()
    expect(show_again).to_be_focused()
    console.visit()
    expect(guide).to_be_hidden()
    show_again.click()
    expect(guide).to_be_visible()
    expect(guide.locator(":focus")).to_have_count(1)
