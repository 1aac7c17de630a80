"""The log: what it shows, and that tens of thousands of lines do not slow it."""

from __future__ import annotations

import re
from typing import Final, Literal

import pytest
from playwright.sync_api import Page, expect

from tests.page.conftest import DESKTOP, PHONE, OpenConsole
from tests.page.console import ELDER, FAMILY, NURSE
from tests.server import wait_until

# Adds 20,000 entries, 400 a frame, as a busy server would; `window.added` tells how many there are.
FLOOD: Final = """async () => {
  const { log } = await import("/static/console/main.js");
  window.added = 0;
  const some = () => {
    for (let once = 0; once < 400; once += 1, window.added += 1) {
      const text = JSON.stringify({ id: window.added, content_text: "消息".repeat(40) });
      const raw = `42["new_message",${text}]`;
      log.add({ connection: null, kind: "event", direction: "in", name: "new_message", text, raw });
    }
    if (window.added < 20000) requestAnimationFrame(some);
  };
  requestAnimationFrame(some);
}"""
# Adds an entry of which the detail is as high as it may be.
LONG: Final = """async () => {
  const { log } = await import("/static/console/main.js");
  const members = Array.from({ length: 40 }, (_, number) => [`member ${number + 1}`, number]);
  const text = JSON.stringify(Object.fromEntries(members));
  log.add({ connection: null, kind: "event", direction: "in", name: "long", text, raw: text });
}"""
# Gives the log's buttons of which the middle cannot be pressed.
COVERED: Final = """() => [...document.querySelectorAll("#log .section-head button")]
  .filter((button) => !button.hidden)
  .filter((button) => {
    const { left, top, width, height } = button.getBoundingClientRect();
    return !button.contains(document.elementFromPoint(left + width / 2, top + height / 2));
  })
  .map((button) => button.title || button.textContent)"""
# Counts how many lines the log makes, and how many entries there are when a key is handled.
COUNT: Final = """() => {
  window.made = 0;
  const count = (changes) => { for (const change of changes) window.made += change.addedNodes.length; };
  new MutationObserver(count).observe(document.getElementById("log-lines"), { childList: true });
  addEventListener("keydown", () => { window.addedAtKey ??= window.added; }, true);
}"""


def test_sent_and_received_stand_with_time_direction_and_latency(open_console: OpenConsole) -> None:
    console = open_console()
    console.connect(ELDER)
    console.open_and_join(ELDER)
    console.show("sent", "received")
    sent, received = console.lines("join_question"), console.lines("joined_question")
    for line, direction in ((sent, "sent"), (received, "received")):
        expect(line.locator(".log-direction")).to_have_text(direction)
        expect(line.locator(".log-time")).to_have_text(re.compile(r"^\d\d:\d\d:\d\d\.\d{3}$"))
        expect(line.locator(".log-who")).to_have_text(ELDER)
        expect(line.locator(".log-latency")).to_have_text(re.compile(r"^\d+(\.\d)? ms$"))
    sent.click()
    console.page.locator("#log-detail summary").click()
    expect(console.page.locator("#log-raw")).to_have_text(re.compile(r'^42\["join_question",\{.*\}\]$'))


def test_a_chosen_line_is_named_while_it_is_drawn(open_console: OpenConsole) -> None:
    console = open_console()
    console.connect(ELDER)
    question = console.open_and_join(ELDER)
    scroll = console.page.locator("#log-scroll")
    chosen = console.page.locator("#log-scroll [aria-selected=true]")
    console.lines("joined_question").first.click()
    expect(scroll).to_have_attribute("aria-activedescendant", chosen.get_attribute("id") or "")
    console.search("POST /api/questions")
    expect(chosen).to_have_count(0)
    expect(scroll).not_to_have_attribute("aria-activedescendant", re.compile(""))
    console.search(f'"question_id":{question}')
    expect(scroll).to_have_attribute("aria-activedescendant", chosen.get_attribute("id") or "")


def test_the_packets_below_the_events_can_be_shown(open_console: OpenConsole) -> None:
    console = open_console()
    console.connect(NURSE)
    expect(console.page.locator(".log-line[data-kind=wire]")).to_have_count(0)
    console.show("wire")
    for text in ("open · polling", "connect · polling", "2probe", "3probe", "upgrade · websocket"):
        expect(console.lines(text).first).to_be_visible()


def test_it_can_be_filtered_searched_and_cleared(open_console: OpenConsole) -> None:
    console = open_console()
    for name in (ELDER, FAMILY):
        console.connect(name)
    console.open_and_join(ELDER, FAMILY)
    console.say(ELDER, "needle in the haystack")
    console.show("received")
    expect(console.lines("new_message")).to_have_count(2)
    console.page.locator("#log-who").select_option(label=FAMILY)
    expect(console.lines("new_message")).to_have_count(1)
    assert set(console.page.locator(".log-who").all_text_contents()) == {FAMILY}
    console.page.locator("#log-who").select_option("")
    console.search("NEEDLE")
    expect(console.page.locator(".log-line")).to_have_count(3)  # the ack and two broadcasts
    console.search("nothing has this")
    expect(console.page.locator("#log-empty")).to_have_text("Nothing matches the filter.")
    console.search("")
    console.page.locator("#log-actions [data-focus=clear]").click()
    expect(console.page.locator("#log-empty")).to_have_text("Everything sent and received appears here.")


def test_it_can_be_paused_and_misses_nothing(open_console: OpenConsole) -> None:
    console = open_console()
    console.connect(ELDER)
    console.page.locator("#log-actions [data-focus=pause]").click()
    console.target("leave_question")
    console.send()
    expect(console.page.locator("#answer")).to_contain_text("left_question")
    resume = console.page.get_by_role("button", name=re.compile(r"Resume \(2 new\)"))
    expect(resume).to_be_visible()
    expect(console.lines("left_question")).to_have_count(0)
    resume.click()
    expect(console.lines("left_question")).to_have_count(1)


def test_it_can_be_copied(open_console: OpenConsole) -> None:
    console = open_console()
    console.connect(ELDER)
    console.target("leave_question")
    console.field("question_id").fill("77")
    console.send()
    expect(console.page.locator("#answer")).to_contain_text("left_question")
    console.show("sent", "received")
    console.page.locator("#log-actions [data-focus=copy]").click()
    lines = [line.split("\t")[1:] for line in console.clipboard().splitlines()]
    assert [ELDER, "out", "leave_question", '{"question_id":77}'] in lines
    assert [ELDER, "in", "left_question", '{"question_id":77}'] in lines


def flood(page: Page) -> None:
    """Add 20,000 entries, and wait until they are there."""
    page.evaluate(FLOOD)
    wait_until(lambda: page.evaluate("window.added >= 20000"), "the lines")


@pytest.mark.parametrize("language", ["en-GB", "zh-CN"])
@pytest.mark.parametrize("size", [PHONE, DESKTOP])
def test_all_of_its_buttons_can_be_pressed(
    open_console: OpenConsole, language: Literal["en-GB", "zh-CN"], size: tuple[int, int]
) -> None:
    console = open_console(language=language, size=size)
    page = console.page
    if size == PHONE:
        console.tab("log")
    page.evaluate(LONG)
    flood(page)
    page.locator("#log-scroll").evaluate("(lines) => lines.scrollTo(0, 0)")
    page.locator("#log-actions [data-focus=pause]").click()
    expect(page.locator("#log-newest")).to_be_visible()
    page.locator("#log-newest").press("Enter")
    expect(page.locator("#log-newest")).to_be_hidden()
    expect(page.locator("#log-scroll")).to_be_focused()
    page.locator("#log-scroll").evaluate("(lines) => lines.scrollTo(0, 0)")
    flood(page)
    assert page.evaluate(COVERED) == []
    page.locator("#log-scroll .log-line", has_text="long").click()
    expect(page.locator(".log-detail")).to_contain_text("member 40")
    assert page.evaluate(COVERED) == []
    page.locator("#log-actions [data-focus=clear]").click()
    expect(page.locator("#log-actions [data-focus=undo]")).to_be_visible()
    assert page.evaluate(COVERED) == []


def test_it_follows_again_once_a_chosen_line_is_closed(open_console: OpenConsole) -> None:
    console = open_console()
    console.open_and_join(ELDER)
    console.lines("joined_question").click()
    console.page.locator("#log-detail-close").click()
    flood(console.page)
    expect(console.page.locator("#log-newest")).to_be_hidden()
    expect(console.page.locator(".log-line").last).to_be_visible()


def test_20_000_lines_keep_it_responsive(open_console: OpenConsole) -> None:
    console = open_console()
    page = console.page
    page.evaluate(COUNT)
    page.evaluate(FLOOD)
    page.locator("#log-search").press("5")  # while it fills
    expect(page.locator("#log-search")).to_have_value("5")
    assert page.evaluate("window.addedAtKey") < 20_000, "the key was handled only after all lines"
    console.search("")
    expect(page.locator("#log-count")).to_have_text("20000 of 20000")
    expect(page.locator(".log-line").last).to_contain_text('"id":19999')
    assert page.locator(".log-line").count() < 80, "lines out of view are drawn too"
    assert page.evaluate("window.made") < 10_000, "each entry gets a line of its own"
    page.locator("#log-scroll").focus()
    page.keyboard.press("Home")
    expect(page.locator(".log-line[aria-selected=true]")).to_contain_text('"id":0,')
    console.search('"id":12345,')
    expect(page.locator(".log-line")).to_have_count(1)
    console.search("")
    page.locator("#log-newest").click()
    expect(page.locator(".log-line").last).to_contain_text('"id":19999')
    console.connect(ELDER)  # the page still works
    expect(console.lines("Connected over websocket")).to_be_visible()
