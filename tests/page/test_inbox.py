"""Notifications on several devices of one user: what is answered on one shows on the others."""

from __future__ import annotations

import re

from playwright.sync_api import Locator, expect

from tests.page.conftest import PHONE, OpenConsole
from tests.page.console import ELDER, Console
from tests.server import Server, in_seconds, new_id, wait_until

DONE = re.compile("^Done")


def inbox_of(console: Console, user_id: int) -> Locator:
    """Open the inbox of a user that a new device is bound to, and give its panel."""
    console.edit(ELDER, userId=str(user_id))
    inbox = console.tab("inbox")
    inbox.get_by_role("button", name=f"Bind user {user_id}").click()
    expect(inbox.locator(".callout")).to_have_count(0)
    return inbox


def item(inbox: Locator, title: str) -> Locator:
    return inbox.locator(".item").filter(has=inbox.page.locator(".item-title", has_text=title))


def badge(console: Console) -> Locator:
    return console.page.locator("#inbox-badge")


def test_two_devices_of_a_user_stay_in_step(open_console: OpenConsole, server: Server) -> None:
    user = new_id()
    server.make_reminder(user, in_seconds(-1), title="before")
    desk, phone = open_console(), open_console(size=PHONE)
    on_desk, on_phone = inbox_of(desk, user), inbox_of(phone, user)
    for title in ("morning", "noon"):
        server.make_reminder(user, in_seconds(-1), title=title)
    for console in (desk, phone):
        expect(badge(console)).to_have_text("3")
    item(on_desk, "morning").get_by_role("button", name="Mark as read").click()
    for console, inbox in ((desk, on_desk), (phone, on_phone)):
        expect(badge(console)).to_have_text("2")
        expect(item(inbox, "morning").locator(".chip")).to_have_text(["Read"])
    item(on_phone, "before").get_by_role("button", name=re.compile("^Confirm")).click()
    for console, inbox in ((desk, on_desk), (phone, on_phone)):
        expect(badge(console)).to_have_text("1")
        expect(item(inbox, "before").locator(".chip")).to_have_text(["Read", DONE])
        expect(item(inbox, "before").get_by_role("button")).to_have_count(0)
    item(on_desk, "noon").get_by_role("button", name="Snooze 10 min").click()
    for inbox in (on_desk, on_phone):
        expect(item(inbox, "noon").locator(".chip").last).to_contain_text("Snoozed until")
    (noon,) = (one for one in server.notifications(user) if one["title"] == "noon")
    answer = server.http("POST", f"/api/notifications/{noon['id']}/snooze", json={"until": in_seconds(0.2)})
    assert answer.status == 200
    for console, inbox in ((desk, on_desk), (phone, on_phone)):
        expect(item(inbox, "noon")).to_have_count(2)
        expect(item(inbox, "noon").nth(1).locator(".chip")).to_have_text(["Read"])
        expect(badge(console)).to_have_text("1")  # the new one stands for the one before


def test_what_was_answered_is_there_after_a_reload(open_console: OpenConsole, server: Server) -> None:
    """Also without a bind, over HTTP, and when the answer came from elsewhere while the device was away."""
    user = new_id()
    for title in ("read", "confirmed", "snoozed", "elsewhere"):
        server.make_reminder(user, in_seconds(-1), title=title)
    wait_until(lambda: len(server.notifications(user)) == 4, "the notifications")
    console = open_console()
    console.edit(ELDER, userId=str(user))
    inbox = console.tab("inbox")
    for title, name in (("read", "Mark as read"), ("confirmed", "Confirm"), ("snoozed", "Snooze 10 s")):
        item(inbox, title).get_by_role("button", name=re.compile(f"^{name}")).click()
    expect(item(inbox, "snoozed").locator(".chip").last).to_contain_text("Snoozed until")
    (other,) = (one["id"] for one in server.notifications(user) if one["title"] == "elsewhere")
    server.http("POST", f"/api/notifications/{other}/confirm")
    console.visit()
    inbox = console.tab("inbox")
    inbox.get_by_role("button", name=f"Bind user {user}").click()
    expect(item(inbox, "confirmed").locator(".chip")).to_have_text(["Read", DONE])
    expect(item(inbox, "elsewhere").locator(".chip")).to_have_text(["Read", DONE])
    expect(item(inbox, "snoozed").locator(".chip").last).to_contain_text("Snoozed until")
    expect(badge(console)).to_have_text("1")


def test_a_second_press_answers_no_other_reminder(open_console: OpenConsole, server: Server) -> None:
    user = new_id()
    for title in ("first", "second"):
        server.make_reminder(user, in_seconds(-1), title=title)
    wait_until(lambda: len(server.notifications(user)) == 2, "the notifications")
    console = open_console()
    inbox = inbox_of(console, user)
    item(inbox, "second").get_by_role("button", name=re.compile("^Skip")).focus()
    console.page.keyboard.press("Enter")
    expect(item(inbox, "second").locator(".chip").last).to_contain_text("Skipped")
    expect(item(inbox, "second")).to_be_focused()
    console.page.keyboard.press("Enter")
    inbox.get_by_role("button", name="Refresh").focus()
    console.page.keyboard.press("Enter")
    expect(item(inbox, "second").locator(".chip").last).to_have_text(f"Skipped · USER:{user}")
    expect(item(inbox, "first").locator(".chip")).to_have_text(["Unread"])
