"""A reminder without an answer rings again: who is told next, who answers, and what the day says then."""

from __future__ import annotations

from playwright.sync_api import Locator, expect

from tests.clock import Clock
from tests.page.conftest import PHONE, OpenConsole
from tests.page.console import SCREENSHOTS
from tests.page.test_accessibility import faults
from tests.page.test_inbox import badge, inbox_of
from tests.server import Server, new_id, wait_until


def list_of(panel: Locator, name: str) -> Locator:
    """Choose a list in the panel of reminders, and give its items."""
    panel.get_by_role("group").get_by_role("button", name=name).click()
    return panel.locator(".item")


def test_the_daughter_is_told_and_answers_for_the_elder(
    open_console: OpenConsole, clocked_server: Server, clock: Clock
) -> None:
    elder, daughter = new_id(), new_id()
    at_home, away = open_console(clocked_server), open_console(clocked_server, size=PHONE)
    his, hers = inbox_of(at_home, elder), inbox_of(away, daughter)
    panel = at_home.tab("reminders")
    panel.get_by_role("button", name="Add a rung").click()
    panel.get_by_label("after", exact=True).fill("60")
    panel.get_by_label("user_id").fill(str(daughter))
    panel.get_by_label("missed_after").fill("7200")
    panel.get_by_label("critical").check()
    panel.get_by_role("button", name=f"Remind user {elder} in 5 seconds").click()
    expect(badge(at_home)).to_have_text("1")
    expect(badge(away)).to_be_hidden()
    [task] = clocked_server.http("GET", f"/api/reminders?user_id={elder}").body["items"]
    assert (task["follow_up"], task["missed_after"], task["critical"]) == (
        *([{"after": 60, "user_id": daughter}], 7200, True),
    )
    unanswered = list_of(panel, "Unanswered")
    expect(unanswered).to_contain_text(f"user {elder}")

    clock.set_by(61)
    expect(badge(away)).to_have_text("1")
    expect(hers.locator(".item")).to_have_count(1)
    away.page.screenshot(path=SCREENSHOTS / "follow-up-daughter.png")
    hers.get_by_role("button", name="Confirm").click()
    expect(hers.locator(".item .chip").last).to_contain_text("Done")
    expect(badge(away)).to_be_hidden()
    expect(badge(at_home)).to_be_hidden()
    expect(unanswered).to_have_count(0)
    day = list_of(panel, "Day")
    expect(day.locator(".chip")).to_have_text("Done")
    expect(day).to_contain_text(f"USER:{daughter}")
    at_home.page.screenshot(path=SCREENSHOTS / "follow-up-day.png")
    assert faults(at_home.page) == []
    at_home.tab("inbox")
    expect(his.locator(".item .chip")).to_have_text(["Read", f"Done · USER:{daughter}"])


def test_a_dose_is_skipped_and_a_rung_is_taken_away(open_console: OpenConsole, server: Server) -> None:
    user = new_id()
    console = open_console(size=PHONE)
    inbox = inbox_of(console, user)
    panel = console.tab("reminders")
    for _ in range(2):
        panel.get_by_role("button", name="Add a rung").click()
    expect(panel.get_by_label("after", exact=True).last).to_have_value("120")
    panel.get_by_role("button", name="Remove this rung").first.click()
    console.page.screenshot(path=SCREENSHOTS / "follow-up-form.png")
    assert faults(console.page) == []
    panel.get_by_role("button", name=f"Remind user {user} in 5 seconds").click()
    [task] = wait_until(
        lambda: server.http("GET", f"/api/reminders?user_id={user}").body["items"],
        "the reminder",
    )
    assert task["follow_up"] == [{"after": 120, "user_id": user}]
    console.tab("inbox")
    inbox.get_by_role("button", name="Skip").click()
    expect(inbox.locator(".item .chip").last).to_contain_text("Skipped")
    [occurrence] = server.http("GET", f"/api/users/{user}/day").body["items"]
    assert occurrence["outcome"] == "SKIPPED"
