"""Answers that come late or never, what the server has lost, several tabs, and where the focus goes meanwhile."""

from __future__ import annotations

import re
from typing import Literal

import pytest
from playwright.sync_api import Page, Route, expect

from tests.page.conftest import PHONE, OpenConsole
from tests.page.console import ELDER, FAMILY, NURSE, Console
from tests.server import Server, wait_until


def focused(page: Page, selector: str) -> None:
    """Wait until the element with the focus is that one."""
    matches = "selector => document.activeElement.matches(selector)"
    wait_until(lambda: page.evaluate(matches, selector), f"the focus on {selector}")


def test_a_late_answer_never_stands_under_another_title(open_console: OpenConsole, server: Server) -> None:
    console = open_console()
    page = console.page
    console.connect(ELDER)
    first = console.open_and_join(ELDER, title="the first")
    console.say(ELDER, "words of the first")
    second = server.open_question("the second")
    panel = console.tab("questions")
    held: list[Route] = []
    page.route(f"**/api/questions/{first}/messages*", lambda route: held.append(route))
    panel.locator(f"[data-focus=history-{first}]").click()
    expect(panel).to_contain_text("Loading")
    focused(page, "[data-focus=back]")
    page.keyboard.press("Enter")
    focused(page, f"[data-focus=history-{first}]")
    panel.locator(f"[data-focus=history-{second}]").click()
    expect(panel).to_contain_text("No messages yet")
    with page.expect_response(f"**/api/questions/{first}/messages*") as late:
        held[0].continue_()
    late.value.finished()
    page.evaluate("new Promise(requestAnimationFrame)")
    expect(panel.locator("h3")).to_contain_text("the second")
    expect(panel.locator(".message")).to_have_count(0)

    # The answer to what was sent before does not stand under another event.
    page.unroute_all()
    console.target("GET /api/questions")
    page.route("**/api/questions", lambda route: held.append(route))
    console.send()
    expect(page.locator("#answer")).to_contain_text("Waiting for the reply")
    console.target("bind_user")
    with page.expect_response("**/api/questions") as late:
        held[-1].continue_()
    late.value.finished()
    page.evaluate("new Promise(requestAnimationFrame)")
    expect(page.locator("#answer")).to_be_empty()


def test_a_reading_that_fails_says_so_and_is_tried_again(open_console: OpenConsole, server: Server) -> None:
    question = server.open_question("still there")
    console = open_console()
    page = console.page
    page.route("**/api/**", lambda route: route.abort())
    for tab in ("questions", "reminders", "inbox"):
        panel = console.tab(tab)
        expect(panel.locator(".callout.bad")).to_contain_text("the server can't be reached")
        expect(panel.locator(".empty")).to_have_count(0)
    page.unroute_all()
    panel = console.tab("questions")
    page.route("**/messages*", lambda route: route.abort())
    panel.locator(f"[data-focus=history-{question}]").click()
    expect(panel.locator(".callout.bad")).to_be_visible()
    page.unroute_all()
    panel.get_by_role("button", name="Try again").click()
    expect(panel).to_contain_text("No messages yet")


def test_the_focus_is_never_lost(open_console: OpenConsole) -> None:
    console = open_console()
    page = console.page
    step = page.locator(".step[data-state=current] button")
    for done in range(4):
        step.focus()
        page.keyboard.press("Enter")
        if done < 3:
            expect(page.locator(".step[data-state=done]")).to_have_count(done + 1)
            focused(page, "[data-focus=step]")
    focused(page, "[data-focus=answer]")
    page.locator("#tab-send").focus()
    page.keyboard.press("End")
    focused(page, "#tab-inbox")
    page.keyboard.press("Home")
    focused(page, "#tab-send")
    console.card(NURSE).locator("[data-focus$=edit]").click()
    page.get_by_role("button", name="Remove").click()
    focused(page, "[data-focus=undo]")
    page.keyboard.press("Enter")
    expect(console.card(NURSE)).to_be_visible()
    page.locator("#log-actions [data-focus=clear]").click()
    expect(page.locator(".log-line")).to_have_count(0)
    page.get_by_role("button", name="Undo clear").click()
    expect(console.lines("send_message:ack").first).to_be_visible()
    console.card(ELDER).get_by_role("button", name="Simulate").click()
    expect(page.locator("#heard")).to_have_text(re.compile("lost the connection|is connected"))


@pytest.mark.parametrize(("size", "language"), [((1280, 900), "en-GB"), (PHONE, "zh-CN")])
def test_a_dialog_that_is_given_up_leaves_all_as_it_was(
    open_console: OpenConsole, size: tuple[int, int], language: Literal["en-GB", "zh-CN"]
) -> None:
    console = open_console(size=size, language=language)
    page = console.page
    console.act_as(ELDER)
    edit = console.card(NURSE).locator("[data-focus$=edit]")
    dialog = page.locator("#connection-dialog")
    toggle = console.card(NURSE).locator("[data-focus$=toggle]")
    for leave, state in (("Escape", "connected"), ("cancel", "idle"), ("save", "connected")):
        edit.click()
        expect(dialog).to_be_visible()
        toggle.evaluate("one => one.dispatchEvent(new MouseEvent('click'))")  # the cards are drawn anew below it
        console.expect_state(NURSE, state)
        if leave == "Escape":
            page.keyboard.press("Escape")
        else:
            dialog.get_by_role("button", name=re.compile({"cancel": "Cancel|取消", "save": "Save|保存"}[leave])).click()
        expect(dialog).to_be_hidden()
        expect(edit).to_be_focused()
        expect(console.card(ELDER)).to_have_attribute("data-selected", "")
    page.locator("#add-connection").press("Enter")
    page.keyboard.press("Escape")
    expect(page.locator("#add-connection")).to_be_focused()


def test_what_the_server_has_lost_is_forgotten(open_console: OpenConsole) -> None:
    console = open_console()
    page = console.page
    console.send()  # the newcomer's first large button
    expect(page.locator("#answer")).to_contain_text("bind_user:ack")
    page.evaluate(
        "sessionStorage.setItem('careline.question', '987654'); addEventListener('pagehide', () =>"
        " sessionStorage.setItem('careline.question', '987654'))"
    )
    console.visit()
    page.reload()
    console.connect(ELDER)
    step = page.locator(".step[data-state=current] button")
    expect(step).to_contain_text("Join it")
    step.click()
    expect(page.locator("#toast")).to_contain_text("咨询问题不存在")
    expect(step).to_contain_text("Open a question")
    console.visit("#tri=send_message")
    page.reload()
    expect(page.locator("#toast")).to_contain_text("ignored")


def stored(console: Console, text: str) -> bool:
    return text in str(console.page.evaluate("() => Object.values(localStorage).join()"))


def test_two_tabs_leave_each_other_their_connections(open_console: OpenConsole) -> None:
    one = open_console()
    other = Console(one.page.context.new_page(), one.server)
    other.visit()
    one.edit(ELDER, name="renamed here")
    # A browser hands what one tab has stored to the others a moment later.
    wait_until(lambda: stored(other, "renamed here"), "the name in the other tab")
    other.page.locator("#add-connection").click()
    other.page.locator("#connection-dialog [name=name]").fill("added there")
    other.page.locator("#connection-dialog .primary").click()
    expect(other.card("added there")).to_be_visible()
    wait_until(lambda: stored(one, "added there"), "the connection in the first tab")
    one.visit()
    other.visit()
    names = ["renamed here", NURSE, FAMILY, "added there"]
    expect(one.page.locator(".card-name")).to_have_text(["renamed here", NURSE, FAMILY, "added there"])
    expect(other.page.locator(".card-name")).to_have_text(names)


def test_the_row_of_cards_stays_where_it_is_on_a_phone(open_console: OpenConsole) -> None:
    console = open_console(size=PHONE)
    cards = console.page.locator(".cards")
    console.card(FAMILY).scroll_into_view_if_needed()
    cards.evaluate("one => (one.scrollLeft = one.scrollWidth)")
    before = cards.evaluate("one => one.scrollLeft")
    console.card(FAMILY).locator("[data-focus$=toggle]").click()
    console.expect_state(FAMILY, "connected")
    assert cards.evaluate("one => one.scrollLeft") >= before > 0
