"""Questions, reminders, the notification inbox and the history."""

from __future__ import annotations

import re
from typing import Literal

import pytest
from playwright.sync_api import expect

from tests.clients import Clients
from tests.page.conftest import PHONE, OpenConsole
from tests.page.console import ELDER, FAMILY, NURSE
from tests.server import Server, in_seconds, new_id


def test_questions_are_opened_listed_closed_and_reopened(open_console: OpenConsole) -> None:
    console = open_console()
    console.connect(ELDER)
    question = console.open_and_join(ELDER, title="血压高")
    panel = console.tab("questions")
    item = panel.locator(f".item[data-id='{question}']")
    expect(item).to_contain_text("血压高")
    item.get_by_role("button", name="Close").click()
    expect(item.locator(".chip")).to_have_text("Closed")
    console.target("send_message")
    console.send()
    expect(console.page.locator("#answer")).to_contain_text("咨询问题已关闭")
    panel = console.tab("questions")
    panel.get_by_role("button", name="Open", exact=True).click()
    expect(item).to_have_count(0)
    panel.get_by_role("button", name="All").click()
    item.get_by_role("button", name="Reopen").click()
    expect(item.locator(".chip")).to_have_text("Open")
    item.get_by_role("button", name="Leave").click()
    expect(item.get_by_role("button", name="Join")).to_be_visible()
    assert console.server.http("GET", f"/api/questions/{question}").body["status"] == "OPEN"


def test_more_questions_than_a_page_can_be_loaded(open_console: OpenConsole, server: Server) -> None:
    for number in range(25):
        server.open_question(f"number {number}")
    console = open_console()
    panel = console.tab("questions")
    expect(panel.locator(".item")).to_have_count(20)
    panel.get_by_role("button", name="Load more").click()
    expect(panel.locator(".item", has_text="number 0")).to_have_count(1)
    ids = [int(one) for one in panel.locator(".item").evaluate_all("all => all.map(one => one.dataset.id)")]
    assert ids == sorted(ids, reverse=True)
    assert len(ids) >= 25


def test_history_is_read_over_http_a_page_at_a_time(open_console: OpenConsole, clients: Clients) -> None:
    console = open_console()
    console.connect(ELDER)
    question = console.open_and_join(ELDER)
    writer = clients.connect()
    for number in range(1, 36):
        sent = {"question_id": question, "sender_type": "STAFF", "sender_id": 9, "content_type": "TEXT"}
        assert writer.call("send_message", {**sent, "content_text": f"line {number}"})["success"]
    panel = console.tab("questions")
    panel.locator(f".item[data-id='{question}']").get_by_role("button", name="History").click()
    texts = panel.locator(".message-text")
    expect(texts).to_have_count(30)
    expect(texts.first).to_have_text("line 6")
    panel.get_by_role("button", name="Earlier messages").click()
    expect(texts).to_have_count(35)
    expect(texts.first).to_have_text("line 1")
    console.say(ELDER, "line 36")
    console.tab("questions")
    panel.get_by_role("button", name="Show 1 new").click()
    expect(texts.last).to_have_text("line 36")


def test_history_shows_the_staff_what_is_for_staff(open_console: OpenConsole) -> None:
    console = open_console()
    console.connect(NURSE)
    question = console.open_and_join(NURSE)
    console.target("send_message")
    console.field("is_visible_to_patient").select_option("false")
    console.field("content_text").fill("only among us")
    console.send()
    expect(console.page.locator("#answer")).to_contain_text("发送成功")
    panel = console.tab("questions")
    panel.locator(f".item[data-id='{question}']").get_by_role("button", name="History").click()
    expect(panel.locator(".message")).to_contain_text("staff only")
    console.act_as(ELDER)
    panel.get_by_role("button", name="Refresh").click()
    expect(panel.locator(".message")).to_have_count(0)


def test_a_reminder_is_made_with_a_click_and_cancelled(open_console: OpenConsole) -> None:
    console = open_console()
    user = new_id()
    console.edit(ELDER, userId=str(user))
    panel = console.tab("reminders")
    panel.get_by_role("button", name=f"Remind user {user} in 5 seconds").click()
    expect(console.page.locator("#toast")).to_contain_text("It is due at 20")
    item = panel.locator(".item")
    expect(item.locator(".chip")).to_have_text("Pending")
    expect(console.card(ELDER)).to_contain_text(f"bound to {user}")
    item.get_by_role("button", name="Cancel reminder").click()
    expect(item.locator(".chip")).to_have_text("Cancelled")
    [task] = console.server.http("GET", f"/api/reminders?user_id={user}").body["items"]
    assert task["status"] == "CANCELLED"


def test_a_reminder_repeats_pauses_and_tells_its_next_times(open_console: OpenConsole) -> None:
    console = open_console()
    user = new_id()
    console.edit(ELDER, userId=str(user))
    panel = console.tab("reminders")
    panel.get_by_label("rrule").fill("FREQ=DAILY;COUNT=3")
    panel.get_by_label("timezone").fill("Europe/Berlin")
    expect(panel.locator("[name=repeat-missed] option[value=all]")).to_have_text("all: each one missed rings")
    panel.locator("[name=repeat-missed]").select_option("all")
    panel.get_by_role("button", name=f"Remind user {user} in 5 seconds").click()
    item = panel.locator(".item")
    expect(item).to_contain_text("FREQ=DAILY;COUNT=3")
    expect(item).to_contain_text("Europe/Berlin")
    expect(panel.get_by_label("rrule")).to_have_value("FREQ=DAILY;COUNT=3")
    item.get_by_role("button", name="Next times").click()
    expect(item.locator(".upcoming li")).to_have_count(3)
    item.get_by_role("button", name="Pause").click()
    expect(item.locator(".chip")).to_have_text(["Pending", "Paused"])
    [task] = console.server.http("GET", f"/api/reminders?user_id={user}").body["items"]
    assert (task["paused"], task["missed"]) == (True, "all")
    resume = item.get_by_role("button", name="Resume")
    expect(resume).to_have_accessible_name(f"Resume #{task['id']} {task['title']}")
    item.get_by_role("button", name="Cancel reminder").click()
    expect(item.get_by_role("button", name="Next times")).to_have_count(0)
    expect(item.locator(".chip")).to_have_text(["Cancelled"])


def test_reminders_that_fire_together_are_read_together(open_console: OpenConsole) -> None:
    console = open_console()
    user = new_id()
    console.edit(ELDER, userId=str(user))
    console.bind(ELDER)
    expect(console.tab("reminders")).to_contain_text("No reminders")
    readings: list[str] = []
    console.page.on("request", lambda request: readings.append(request.url))
    for number in range(20):
        console.server.make_reminder(user, in_seconds(-1), title=f"number {number}")
    expect(console.page.locator("#inbox-badge")).to_have_text("20")
    fired = console.page.locator("#panel-reminders .item .chip", has_text="Dispatched")
    expect(fired).to_have_count(20)
    assert len([url for url in readings if "/api/reminders?" in url]) <= 5


@pytest.mark.parametrize("language", ["en-GB", "zh-CN"])
@pytest.mark.parametrize("name", ["send", "questions", "reminders", "inbox", "log"])
def test_on_a_phone_a_chosen_tab_comes_into_view(
    open_console: OpenConsole, name: str, language: Literal["en-GB", "zh-CN"]
) -> None:
    console = open_console(language=language, size=PHONE)
    panel = console.tab(name)
    expect(panel).to_be_in_viewport()
    top: float = panel.evaluate("(panel) => panel.getBoundingClientRect().top")
    assert 0 <= top < PHONE[1] / 3


@pytest.mark.parametrize("language", ["en-GB", "zh-CN"])
def test_on_a_phone_every_tab_is_in_sight(open_console: OpenConsole, language: Literal["en-GB", "zh-CN"]) -> None:
    console = open_console(language=language, size=PHONE)
    console.page.locator("#inbox-badge").evaluate("""(badge) => {
      badge.hidden = false;
      badge.textContent = "128";
    }""")
    width: int = console.page.locator("#tabs").evaluate("(tabs) => tabs.scrollWidth - tabs.clientWidth")
    assert width == 0


def test_every_field_of_a_reminder_can_be_filled_in(open_console: OpenConsole) -> None:
    console = open_console()
    user = new_id()
    console.edit(ELDER, userId=str(user))
    console.tab("reminders").get_by_role("button", name="Fill in every field").click()
    expect(console.page.locator("#target")).to_have_value("POST /api/reminders")
    expect(console.page.locator("#target")).to_be_focused()
    console.field("title").fill("量血压")
    console.field("channel").select_option("SYSTEM_MESSAGE")
    console.send()
    expect(console.page.locator("#answer")).to_contain_text("201")
    panel = console.tab("reminders")
    expect(panel.locator(".item")).to_contain_text("量血压")
    expect(panel.locator(".item")).to_contain_text("SYSTEM_MESSAGE")


def test_the_inbox_lists_pushes_counts_and_marks_as_read(open_console: OpenConsole, server: Server) -> None:
    user = new_id()
    console = open_console()
    console.edit(ELDER, userId=str(user))
    console.edit(FAMILY, userId=str(user))
    server.make_reminder(user, in_seconds(-10), title="before the bind")
    console.act_as(ELDER)
    inbox = console.tab("inbox")
    expect(inbox.locator(".callout")).to_contain_text(f"User {user} isn't bound yet")
    inbox.get_by_role("button", name=f"Bind user {user}").click()
    badge = console.page.locator("#inbox-badge")
    expect(badge).to_have_text("1")
    console.connect(FAMILY)
    console.bind(FAMILY)
    console.tab("inbox")
    server.make_reminder(user, in_seconds(-1), title="pushed")
    expect(inbox.locator(".item-title")).to_have_text(["pushed", "before the bind"])
    expect(badge).to_have_text("2")  # once, though two connections were told
    expect(console.card(ELDER).locator(".badge")).to_have_text("2")
    inbox.get_by_role("button", name="Mark as read").first.click()
    expect(badge).to_have_text("1")
    inbox.get_by_role("checkbox").check()
    expect(inbox.locator(".item-title")).to_have_text(["before the bind"])
    read = server.http("GET", f"/api/users/{user}/notifications").body
    assert read["unread"] == 1
    assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", read["items"][0]["read_at"])
