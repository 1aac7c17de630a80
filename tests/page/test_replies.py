"""An elder closes the chat, and learns of the nurse's answers by one notification until the question is read."""

from __future__ import annotations

from playwright.sync_api import Locator, expect

from tests.page.conftest import PHONE, OpenConsole
from tests.page.console import NURSE, Console
from tests.page.test_inbox import badge, inbox_of
from tests.server import Server, new_id


def row(console: Console, question_id: int) -> Locator:
    """Give a question of the list of those in which the acting connection's user takes part."""
    panel = console.tab("questions")
    panel.get_by_role("button", name="Mine").click()
    return panel.locator(f".item[data-id='{question_id}']")


def test_the_elder_closes_the_chat_and_the_nurse_answers(open_console: OpenConsole, server: Server) -> None:
    elder_id, nurse_id = new_id(), new_id()
    body = {"title": "血压偏高", "elder_id": elder_id, "notify_replies": True}
    question_id = server.http("POST", "/api/questions", json=body).body["id"]
    desk, phone, ward = open_console(), open_console(size=PHONE), open_console()
    inbox_of(desk, elder_id)
    inbox_of(phone, elder_id)
    ward.edit(NURSE, userId=str(nurse_id))
    ward.connect(NURSE)
    ward.tab("questions")
    ward.join(NURSE, question_id)
    for number in range(1, 4):
        ward.say(NURSE, f"多喝水 {number}")
        for console in (desk, phone):
            expect(badge(console)).to_have_text("1")
    on_ward = row(ward, question_id)
    on_ward.get_by_role("button", name="Seen by").click()
    expect(on_ward.locator(".seen").filter(has_text=str(elder_id))).to_contain_text("has seen nothing")
    on_desk = row(desk, question_id)
    expect(on_desk.locator(".chip")).to_contain_text(["Open", "3 unread"])
    on_desk.get_by_role("button", name="Mark as read").click()
    for console in (desk, phone):
        expect(badge(console)).to_be_hidden()
    expect(on_desk.locator(".chip")).to_have_count(1)
    expect(on_ward.locator(".seen").filter(has_text=str(elder_id))).to_contain_text("has seen it all")
    desk.screenshot("replies")
