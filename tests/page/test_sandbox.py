"""The banner of a sandbox: the clock and the faults at the press of a button; a usual server shows nothing of it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Final, Literal

import pytest
from playwright.sync_api import Locator, expect

from tests.page.conftest import DESKTOP, PHONE, OpenConsole
from tests.page.console import ELDER, Console
from tests.page.test_accessibility import faults
from tests.sandbox.conftest import Sandbox
from tests.server import Server, wait_until

FORM: Final = "%Y-%m-%d %H:%M:%S"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A sandbox."""
    sandbox = Sandbox(tmp_path_factory.mktemp("sandbox"))
    sandbox.start()
    yield sandbox
    sandbox.close()


def banner(console: Console) -> Locator:
    return console.page.locator("#sandbox")


def press(console: Console, name: str) -> None:
    banner(console).locator(f"[data-focus={name}]").click()


def shown_time(console: Console) -> datetime:
    """Give the time that the banner shows."""
    clock = banner(console).locator("time")
    expect(clock).to_have_text(re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d"))
    return datetime.strptime(clock.inner_text(), FORM)


def test_the_clock_moves_to_the_morning_and_the_elder_sees_the_reminders(open_console: OpenConsole) -> None:
    console = open_console()
    expect(banner(console)).to_contain_text("This is no real server")
    console.connect(ELDER)
    console.bind(ELDER)
    before = shown_time(console)
    press(console, "day")
    expect(console.page.locator("#toast")).to_contain_text("Notifications on the way")
    moved = shown_time(console) - before
    assert timedelta(days=1) <= moved < timedelta(days=1, minutes=1)
    press(console, "morning")
    expect(banner(console).locator("time")).to_contain_text(" 08:00:")
    inbox = console.tab("inbox")
    expect(inbox.locator(".item").filter(has_text="测量血压").first).to_be_visible()
    goal = shown_time(console) + timedelta(days=2, hours=3)
    banner(console).locator("input").fill(goal.strftime("%Y-%m-%dT%H:%M:%S"))
    press(console, "go")
    expect(banner(console).locator("time")).to_contain_text(goal.strftime("%Y-%m-%d %H:"))
    goal += timedelta(hours=2)
    banner(console).locator("input").fill(goal.strftime("%Y-%m-%dT%H:%M:%S"))
    banner(console).locator("input").press("Enter")
    expect(banner(console).locator("time")).to_contain_text(goal.strftime("%Y-%m-%d %H:"))
    console.screenshot("sandbox")


def test_the_faults_are_switched_on_and_off(open_console: OpenConsole) -> None:
    console = open_console()
    console.connect(ELDER)
    press(console, "cut")
    expect(console.page.locator("#toast")).to_contain_text("Connections cut: 1")
    console.expect_state(ELDER, "connected")
    for name in ("lose-acks", "delay", "refuse-writes"):
        toggle = banner(console).locator(f"[data-focus={name}]")
        for pressed in ("true", "false"):
            toggle.click()
            expect(toggle).to_have_attribute("aria-pressed", pressed)
    press(console, "lose-acks")
    press(console, "restart")
    expect(banner(console).locator("[data-focus=lose-acks]")).to_have_attribute("aria-pressed", "false")
    console.expect_state(ELDER, "connected")


SENT: Final = """async () => {
  const { log } = await import("/static/console/main.js");
  return log.entries
    .filter(({ direction, name }) => direction === "out" && name === "send_message")
    .map(({ text, latency }) => [JSON.parse(text).content_text, latency ?? null]);
}"""

# Gives when the page heard a message of these words, or null.
HEARD: Final = """async (text) => {
  const { log } = await import("/static/console/main.js");
  const isIt = (entry) => entry.name === "new_message" && JSON.parse(entry.text).content_text === text;
  return log.entries.find(isIt)?.tick ?? null;
}"""


@pytest.mark.parametrize(
    ("language", "size", "words"),
    [("en-GB", DESKTOP, "No reply came within 10 s"), ("zh-CN", PHONE, "10 秒内没有收到响应")],
)
def test_a_lost_ack_is_not_waited_for_for_ever_and_no_other_is_taken_for_it(
    open_console: OpenConsole, language: Literal["en-GB", "zh-CN"], size: tuple[int, int], words: str
) -> None:
    console = open_console(language=language, size=size)
    console.connect(ELDER)
    console.open_and_join(ELDER)
    console.target("send_message")
    answer = console.page.locator("#answer")

    def send(text: str, client_msg_id: str = "") -> None:
        console.field("content_text").fill(text)
        console.field("client_msg_id").fill(client_msg_id)
        console.send()

    def latencies() -> dict[str, float | None]:
        return dict(console.page.evaluate(SENT))

    def lose_the_next() -> None:
        assert console.server.http("POST", "/sandbox/lose-acks", json={"count": 1}).status == 200

    lose_the_next()
    send("lost, with an id", "one")
    send("with another id", "two")
    expect(answer).to_contain_text("with another id")
    lose_the_next()
    send("lost without an id")
    send("soon after it")
    expect(answer).to_contain_text("soon after it")
    lose_the_next()
    send("lost")
    expect(answer).to_contain_text(re.compile("Waiting for the reply|等待响应"))
    expect(answer).to_have_text(words, timeout=15_000)
    console.screenshot(f"no-reply-{language}")
    send("after it")
    expect(answer).to_contain_text("after it")
    told = latencies()
    for text in ("lost, with an id", "lost without an id", "lost"):
        assert told[text] is None
    for text in ("with another id", "soon after it", "after it"):
        latency = told[text]
        assert latency is not None
        assert latency < 5000


def test_a_message_that_is_sent_again_unchanged_has_its_own_ack(open_console: OpenConsole) -> None:
    console = open_console()
    console.connect(ELDER)
    console.open_and_join(ELDER)
    console.target("send_message")
    page, answer = console.page, console.page.locator("#answer")

    def time_heard(text: str) -> float:
        return float(wait_until(lambda: page.evaluate(HEARD, text), "new_message"))

    for text, client_msg_id in (("the same", ""), ("the same again", "c-20")):
        console.field("content_text").fill(text)
        console.field("client_msg_id").fill(client_msg_id)
        assert console.server.http("POST", "/sandbox/lose-acks", json={"count": 1}).status == 200
        console.send()
        heard_at = time_heard(text)
        expect(answer).to_contain_text("Waiting for the reply")
        page.wait_for_function("(at) => performance.now() - at > 1200", arg=heard_at)
        for number in (1, 2):
            console.send()
            expect(answer).to_contain_text(text)
            sent: list[float | None] = [one for said, one in page.evaluate(SENT) if said == text]
            assert sent[0] is None
            assert len(sent) == number + 1
            assert all(one is not None and one < 1000 for one in sent[1:])


@pytest.mark.parametrize("language", ["en-GB", "zh-CN"])
def test_what_was_just_pressed_stays_in_view_on_a_phone(
    open_console: OpenConsole, language: Literal["en-GB", "zh-CN"]
) -> None:
    console = open_console(size=PHONE, language=language)
    rows = banner(console).locator(".sandbox-row")
    shown_time(console)
    toggle = banner(console).locator("[data-focus=refuse-writes]")
    rows.last.evaluate("row => (row.scrollLeft = 50)")
    toggle.scroll_into_view_if_needed()
    before = rows.last.evaluate("row => row.scrollLeft")
    for pressed in ("true", "false"):
        toggle.click()
        expect(toggle).to_have_attribute("aria-pressed", pressed)
        expect(toggle).to_be_in_viewport(ratio=0.95)
        assert rows.last.evaluate("row => row.scrollLeft") == before > 0
    rows.first.evaluate("row => (row.scrollLeft = 50)")
    banner(console).locator("[data-focus=day]").focus()
    before = rows.first.evaluate("row => row.scrollLeft")
    console.page.keyboard.press("Enter")
    expect(console.page.locator("#toast")).to_contain_text(re.compile("Notifications on the way|条通知"))
    assert rows.first.evaluate("row => row.scrollLeft") == before > 0
    expect(banner(console).locator("[data-focus=day]")).to_be_focused()


def test_it_shows_what_others_have_set(open_console: OpenConsole, server: Server) -> None:
    console = open_console()
    console.connect(ELDER)
    state = banner(console).locator("#sandbox-state")
    expect(state).to_have_text("1 connected")
    for call, body in (("delay", {"ms": 30}), ("lose-acks", {"count": 3})):
        assert server.http("POST", f"/sandbox/{call}", json=body).status == 200
    toggle = banner(console).locator("[data-focus=delay]")
    expect(state).to_have_text("1 connected · acks to lose: 3 · answers 30 ms late")
    expect(toggle).to_have_attribute("aria-pressed", "true")
    server.http("POST", "/sandbox/refuse-writes", json={"seconds": 600})
    expect(state).to_contain_text(re.compile(r"writes refused for \d+ s$"))
    console.page.locator("#language").click()
    expect(state).to_have_text(re.compile(r"^1 个连接 · 待丢弃的 ack：3 · 响应延迟 30 毫秒 · \d+ 秒内拒绝写入$"))
    console.page.locator("#language").click()
    server.http("POST", "/sandbox/restart")
    expect(state).to_have_text("1 connected")
    expect(toggle).to_have_attribute("aria-pressed", "false")
    assert "GET /sandbox" not in console.page.locator("#log").inner_text(), "it looks again and again"


@pytest.mark.parametrize(
    ("language", "theme", "size"),
    [("en-GB", "light", DESKTOP), ("zh-CN", "dark", PHONE)],
)
def test_it_can_be_read_and_reached(
    open_console: OpenConsole,
    language: Literal["en-GB", "zh-CN"],
    theme: Literal["light", "dark"],
    size: tuple[int, int],
) -> None:
    console = open_console(size=size, theme=theme, language=language)
    expect(banner(console)).to_be_visible()
    shown_time(console)
    assert faults(console.page) == []
    assert not console.overflows()
    console.screenshot(f"sandbox-{language}")


def test_a_usual_server_has_no_banner(open_console: OpenConsole, tmp_path_factory: pytest.TempPathFactory) -> None:
    usual = Server(tmp_path_factory.mktemp("usual"))
    usual.start()
    try:
        console = open_console(usual)
        expect(banner(console)).to_be_hidden()
    finally:
        usual.close()
