"""Everything can be reached and read: axe's rules in both languages and themes, and the keyboard alone."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

import pytest
from playwright.sync_api import Page, expect

from tests.page.conftest import DESKTOP, PHONE, OpenConsole
from tests.page.console import ELDER, NURSE
from tests.server import ROOT


def faults(page: Page) -> list[tuple[str, str]]:
    """Give axe's findings as (rule, element)."""
    if page.evaluate("typeof window.axe") == "undefined":
        page.evaluate(Path(ROOT / "tests/node_modules/axe-core/axe.min.js").read_text())
    found: list[dict[str, Any]] = page.evaluate(
        "axe.run(document, { resultTypes: ['violations'] }).then(all => all.violations)"
    )
    return [(one["id"], node["html"][:120]) for one in found for node in one["nodes"]]


@pytest.mark.parametrize(
    ("language", "theme", "size"),
    [("en-GB", "light", DESKTOP), ("en-GB", "dark", PHONE), ("zh-CN", "light", PHONE), ("zh-CN", "dark", DESKTOP)],
)
def test_axe_finds_no_fault(
    open_console: OpenConsole,
    language: Literal["en-GB", "zh-CN"],
    theme: Literal["light", "dark"],
    size: tuple[int, int],
) -> None:
    console = open_console(size=size, theme=theme, language=language)
    found = faults(console.page)
    console.connect(ELDER)
    question = console.open_and_join(ELDER)
    console.say(ELDER, "hello")
    for tab in ("questions", "reminders", "inbox"):
        console.tab(tab)
        found += faults(console.page)
    panel = console.tab("questions")
    panel.locator(f".item[data-id='{question}'] [data-focus=history-{question}]").click()
    expect(panel.locator(".message")).to_have_count(1)
    found += faults(console.page)
    console.tab("log" if size == PHONE else "send")
    console.lines("send_message:ack").click()
    found += faults(console.page)
    console.target("send_message")
    console.page.locator("#saved > summary").click()
    console.page.locator("[name=saved-name]").fill("mine")
    console.page.locator("[name=saved-collection]").fill("rounds")
    console.page.locator("[name=saved-name]").press("Enter")
    expect(console.page.locator(".saved-row")).to_have_count(1)
    console.write_json('{"question_id": 0, "sender_typo": ')
    console.page.locator("#json-editor").press_sequentially('1, "se')
    expect(console.page.locator(".option")).to_have_count(2)
    found += faults(console.page)
    console.page.locator("#json-editor").fill("")
    console.page.locator("#json-editor").press_sequentially('{"s')
    assert console.page.locator("#json-options").evaluate("list => list.scrollHeight > list.clientHeight")
    found += faults(console.page)
    console.page.locator("#json-editor").fill('{"question_id": 0, "sender_typo": 1}')
    expect(console.page.locator(".problems li")).not_to_have_count(0)
    found += faults(console.page)
    assert not console.overflows()
    console.card(ELDER).locator("[data-focus$=edit]").click()
    found += faults(console.page)
    assert found == []


def tab_to(page: Page, selector: str) -> None:
    """Press Tab until an element has the focus."""
    for _ in range(80):
        if page.evaluate("selector => document.activeElement.matches(selector)", selector):
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"the keyboard never reached {selector}")


def test_a_message_can_be_sent_with_the_keyboard_alone(open_console: OpenConsole) -> None:
    console = open_console()
    page = console.page
    page.keyboard.press("Tab")
    expect(page.locator(".skip")).to_be_focused()
    for done in range(4):
        tab_to(page, "[data-focus=step]")
        page.keyboard.press("Enter")
        if done < 3:
            expect(page.locator(".step[data-state=done]")).to_have_count(done + 1)
    expect(page.locator(".guide-done")).to_be_visible()
    tab_to(page, "#tab-send")
    page.keyboard.press("ArrowRight")
    expect(page.locator("#tab-questions")).to_be_focused()
    expect(page.locator("#panel-questions")).to_be_visible()
    tab_to(page, "#log-scroll")
    page.keyboard.press("End")
    expect(page.locator("#log-detail h3")).to_be_visible()
    page.keyboard.press("ArrowUp")
    tab_to(page, "#log-detail summary")
    page.keyboard.press("Enter")
    expect(page.locator("#log-raw")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("#log-detail")).to_be_hidden()
    expect(page.locator("#log-scroll")).to_be_focused()


def test_every_control_is_reached_and_shows_that_it_is(open_console: OpenConsole) -> None:
    console = open_console()
    page = console.page
    wanted = page.evaluate(
        """() => [...document.querySelectorAll("button, input, select, textarea")]
             .filter((one) => one.checkVisibility() && !one.disabled && one.getAttribute("role") !== "tab").length"""
    )
    page.evaluate("window.reached = new Set(); 0")
    reached = 0
    for _ in range(wanted + 30):
        page.keyboard.press("Tab")
        seen = page.evaluate(
            """() => {
              const one = document.activeElement;
              const control = one.matches("button, input, select, textarea") && one.getAttribute("role") !== "tab";
              if (control) window.reached.add(one);
              return [window.reached.size, one === document.body || getComputedStyle(one).outlineStyle !== "none"];
            }"""
        )
        assert seen[1], "the focus can't be seen"
        reached = seen[0]
    assert reached == wanted


def test_a_redraw_leaves_the_focus_where_it_was(open_console: OpenConsole) -> None:
    console = open_console()
    toggle = console.card(ELDER).locator("[data-focus$=toggle]")
    toggle.focus()
    console.page.keyboard.press("Enter")
    console.expect_state(ELDER, "connected")
    expect(toggle).to_have_text("Disconnect")
    expect(toggle).to_be_focused()


def test_a_redraw_does_not_swallow_a_click(open_console: OpenConsole) -> None:
    console = open_console()
    page = console.page
    console.card(ELDER).locator("[data-focus$=toggle]").hover()
    page.mouse.down()
    console.card(NURSE).locator("[data-focus$=toggle]").evaluate("button => button.click()")
    expect(console.lines("Connected over")).to_be_visible()
    page.mouse.up()
    console.expect_state(ELDER, "connected")
    console.expect_state(NURSE, "connected")
