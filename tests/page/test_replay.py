"""A log is exported, imported elsewhere, and replayed against a fresh sandbox; the way of one message is shown."""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, Literal

import pytest
from playwright.sync_api import expect

from tests.page.conftest import PHONE, OpenConsole
from tests.page.console import ELDER, FAMILY, NURSE, Console
from tests.page.test_accessibility import faults
from tests.sandbox.conftest import Sandbox, start_sandbox

__all__ = ["start_sandbox"]

LARGE: Final = 2**62  # what a double does not hold apart from its neighbours
WIDE: Final = str.maketrans("（）", "()")

# What people and reminders leave behind. Columns with times are left out: a replay is at another time.
TABLES: Final = {
    "question": "id, title, elder_id, status, assignee_id, priority, category, notify_replies, answer_within",
    "message": "id, question_id, sender_type, sender_id, role_display_name, content_type, content_text, attachments,"
    " is_visible_to_patient, client_msg_id",
    "participant": "question_id, user_id, user_type, takes_part, read_up_to",
    "reminder_task": "id, user_id, biz_type, biz_id, channel, title, content, status, rrule, missed, paused, follow_up,"
    " critical",
    "occurrence": "task_id, outcome, notification_id, settled, settled_by, note",
    "user_notification": "id, user_id, biz_type, biz_id, title, content, status, task_id",
}


def rows(sandbox: Sandbox) -> dict[str, list[tuple[Any, ...]]]:
    """Give what the sandbox has in its file, times apart."""
    [folder] = sandbox.left_behind()
    [path] = folder.glob("*.db")
    with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as file:
        return {
            table: sorted(file.execute(f"SELECT {columns} FROM {table}").fetchall(), key=repr)
            for table, columns in TABLES.items()
        }


def export(console: Console, folder: Path) -> Path:
    """Export the log as a user does."""
    with console.page.expect_download() as download:
        console.page.locator("#log-actions [data-focus=export]").click()
    path = folder / "log.json"
    download.value.save_as(path)
    return path


def use(console: Console) -> None:
    """Talk, leave, be reminded, and answer; the question, the reminder and its notifications get ids of the server."""
    page = console.page
    for name in (ELDER, NURSE, FAMILY):
        console.connect(name)
    console.bind(ELDER)
    console.target("POST /api/questions")
    console.write_json('{"title":"头晕","elder_id":456,"notify_replies":true}')
    with page.expect_response(lambda response: response.request.method == "POST") as answer:
        console.send()
    question = answer.value.json()["id"]
    console.target("send_message")
    for name in (ELDER, NURSE, FAMILY):
        console.join(name, question)
    console.say(ELDER, "早上头晕")
    console.say(NURSE, '"先坐下", <b>\\u0041</b>')
    console.card(ELDER).locator("[data-focus$=toggle]").click()
    console.expect_state(ELDER, "idle")
    console.say(NURSE, "量一下血压")
    console.card(ELDER).locator("[data-focus$=toggle]").click()
    console.expect_state(ELDER, "connected")
    console.bind(ELDER)
    console.tab("reminders").get_by_role("button", name="Remind user 456 in 5 seconds").click()
    page.locator("#sandbox [data-focus=hour]").click()
    expect(page.locator("#toast")).to_contain_text("Notifications on the way")
    inbox = console.tab("inbox")
    ring = inbox.locator(".item").filter(has_text="服药提醒").first
    ring.get_by_role("button", name="Snooze 10 min").click()
    expect(ring).to_contain_text("Snoozed until")
    page.locator("#sandbox [data-focus=hour]").click()
    expect(inbox.locator(".item").filter(has_text="服药提醒")).to_have_count(2)
    again = inbox.locator(".item").filter(has_text="服药提醒").first
    again.get_by_role("button", name="Confirm").click()
    expect(again).to_contain_text("Done")


def with_large_ids(text: str) -> str:
    """Give an exported log as if a server with ids of 64 bits had given every id in it."""
    ids = r'"(?:id|question_id|task_id|notification_id|latest_message_id|latest_id|after_id|up_to_id)":'

    def larger(found: re.Match[str]) -> str:
        return f"{found[1]}{int(found[2]) + LARGE}"

    told = json.loads(text)
    for entry in told["entries"]:
        entry["text"] = re.sub(rf"({ids})([1-9]\d*)\b", larger, entry["text"])
        if "path" in entry.get("about", {}):
            path = re.sub(r"(/api/(?:questions|notifications|reminders)/)(\d+)", larger, entry["about"]["path"])
            entry["name"] = entry["name"].replace(entry["about"]["path"], path)
            entry["about"]["path"] = path
        elif entry["kind"] == "http":
            entry["name"] = re.sub(r"(/api/(?:questions|notifications|reminders)/)(\d+)", larger, entry["name"])
    return json.dumps(told)


def test_a_log_replayed_against_a_fresh_sandbox_leaves_the_same_rows(
    open_console: OpenConsole, start_sandbox: Callable[[], Sandbox], tmp_path: Path
) -> None:
    first = start_sandbox()
    console = open_console(first)
    use(console)
    path = export(console, tmp_path)
    left = rows(first)
    first.close()
    path.write_text(with_large_ids(path.read_text()))

    elsewhere = start_sandbox()
    other = open_console(elsewhere)
    other.page.locator("#log-file").set_input_files(path)
    banner = other.page.locator("#log-imported")
    expect(banner).to_contain_text("Imported log")
    expect(banner).to_contain_text("log.json")
    assert rows(elsewhere) != left
    banner.locator("[data-focus=replay]").press("Enter")
    expect(other.page.locator("#replay-counts")).to_contain_text("0 answered otherwise, 0 left out", timeout=30_000)
    assert rows(elsewhere) == left
    other.screenshot("replayed")
    assert faults(other.page) == []


@pytest.mark.parametrize(
    ("size", "language", "words"),
    [
        ((1280, 900), "en-GB", ("cuts every connection", "In the log:", "This time:", "clock forward")),
        (PHONE, "zh-CN", ("断开此沙盒的所有连接", "日志中：", "这次：", "拨快沙盒的时钟")),
    ],
)
def test_a_replay_warns_of_what_it_cuts_and_tells_what_was_answered_otherwise(
    open_console: OpenConsole,
    start_sandbox: Callable[[], Sandbox],
    tmp_path: Path,
    size: tuple[int, int],
    language: Literal["en-GB", "zh-CN"],
    words: tuple[str, str, str, str],
) -> None:
    console = open_console(start_sandbox())
    page = console.page
    console.connect(ELDER)
    console.bind(ELDER)
    page.locator("#sandbox [data-focus=cut]").click()
    expect(page.locator("#toast")).to_contain_text("Connections cut: 1")
    console.expect_state(ELDER, "connected")
    path = export(console, tmp_path)
    told = json.loads(path.read_text())
    [answer, *_] = [entry for entry in told["entries"] if entry["name"] == "bind_user:ack"]
    answer.update(name="error", text='{"code":"INTERNAL_ERROR","message":"<b>"}', failed=True)
    path.write_text(json.dumps(told))

    other = open_console(start_sandbox(), size=size, language=language)
    if size == PHONE:
        other.tab("log")
    other.page.locator("#log-file").set_input_files(path)
    bar = other.page.locator("#log-imported")
    warning = bar.locator("#replay-cuts")
    expect(warning).to_contain_text(words[0])
    expect(warning).to_be_in_viewport()
    expect(bar).to_contain_text(words[3])
    bar.locator("[data-focus=replay]").press("Enter")
    difference = bar.locator(".replayed details").first
    difference.locator("summary").click(timeout=30_000)
    sent = next(entry for entry in told["entries"] if entry["name"] == "bind_user")
    at = other.page.evaluate("async (at) => (await import('/static/console/log.js')).clock(at)", sent["at"])
    expect(difference.locator("li")).to_have_count(1)
    expect(difference.locator("li")).to_contain_text(f"{at} bind_user")
    expect(difference.locator("li p")).to_contain_text(
        [f'{words[1]} error {{"code":"INTERNAL_ERROR","message":"<b>"}}', f'{words[2]} bind_user:ack {{"success":true']
    )
    expect(warning).to_be_visible()  # for the next time
    assert faults(other.page) == []
    assert not other.overflows()
    other.screenshot(f"replay-differs-{language}")


SHAPED: Final = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJlLXRoYXQtaXMtc2VjcmV0"  # as a token is
ADD: Final = """async (token) => {
  const { log } = await import("/static/console/main.js");
  const event = { connection: null, kind: "event", direction: "in", name: "new_message", raw: "" };
  log.add({ ...event, text: JSON.stringify({ id: 5, content_text: "<img src=x onerror=alert(1)>" }) });
  const url = `/files/${"a".repeat(64)}?expires=9&signature=ff`;
  log.add({ ...event, text: JSON.stringify({ content_text: token, url }) });
  const wire = { connection: null, kind: "wire", name: "connect" };
  for (const text of [`40{"token":"short","more":"hidden"}`]) log.add({ ...wire, direction: "out", text, raw: text });
  for (const text of [`40{"sid":"abc-sid","pid":"abc-pid"}`]) log.add({ ...wire, direction: "in", text, raw: text });
}"""


def test_a_log_goes_without_secrets_and_what_comes_is_checked(open_console: OpenConsole, tmp_path: Path) -> None:
    console = open_console(size=PHONE, language="zh-CN", theme="dark")
    page = console.page
    page.evaluate(ADD, SHAPED)
    console.tab("log")
    path = export(console, tmp_path)
    text = path.read_text()
    for secret in (SHAPED, "short", "hidden", "abc-sid", "abc-pid", "signature"):
        assert secret not in text
    told = json.loads(text)
    told["entries"][-1]["answers"] = 0
    path.write_text(json.dumps(told))
    page.locator("#log-file").set_input_files(path)
    expect(page.locator("#log-imported")).to_contain_text("只能在沙盒中重放")
    assert page.locator("#log-imported [data-focus=replay]").count() == 0
    expect(console.lines("<img src=x").first).to_be_visible()
    assert page.locator(".log-line img").count() == 0
    assert faults(page) == []
    assert not console.overflows()
    console.screenshot("imported-zh-phone")
    page.locator("#log-imported [data-focus=own]").press("Enter")
    expect(page.locator("#log-imported")).to_be_hidden()

    def refused(change: Callable[[dict[str, Any]], Any]) -> str:
        broken = json.loads(text)
        change(broken)
        path.write_text(json.dumps(broken))
        page.locator("#log-file").set_input_files(path)
        toast = page.locator("#toast.shown.bad")
        expect(toast).to_contain_text("不是导出的日志")
        said = toast.inner_text()
        toast.evaluate("toast => { toast.className = 'toast'; toast.textContent = ''; }")
        return said

    def last(file: dict[str, Any]) -> Any:
        return file["entries"][-1]

    assert "(format)" in refused(lambda file: file.update(format="other")).translate(WIDE)
    assert ".about" in refused(
        lambda file: last(file).update(about={"method": "GET", "path": "/https://evil.example/"})
    )
    assert ".text" in refused(lambda file: last(file).update(kind="event", direction="out", text="{broken"))
    assert "entries[" in refused(lambda file: last(file).update(at="now"))
    path.write_text("no JSON")
    page.locator("#log-file").set_input_files(path)
    expect(page.locator("#toast.shown.bad")).to_contain_text("JSON")
    expect(page.locator("#log-imported")).to_be_hidden()


def test_the_way_of_a_message_is_shown_over_all_connections(open_console: OpenConsole) -> None:
    console = open_console()
    page = console.page
    for name in (ELDER, NURSE, FAMILY):
        console.connect(name)
    question = console.open_and_join(ELDER, NURSE, FAMILY)
    console.say(ELDER, "where does it go")
    console.act_as(NURSE)
    console.target("read_question")
    stored = console.server.messages(question)[-1]["id"]
    console.write_json(json.dumps({"question_id": question, "up_to_id": stored}))
    console.show("sent")
    console.lines("send_message").last.click()
    timeline = page.locator("#timeline")
    timeline.locator("summary").press("Enter")
    steps = timeline.locator("li")
    expect(timeline.locator("[data-step=delivered]")).to_have_count(3)
    console.send()
    expect(timeline.locator("[data-step=read]").first).to_be_visible()
    names = steps.evaluate_all("steps => steps.map((step) => step.dataset.step)")
    assert (names[0], sorted(set(names))) == ("sent", ["acknowledged", "delivered", "read", "sent"])
    after = [float(text.split()[0]) for text in timeline.locator(".timeline-ms").all_inner_texts()]
    assert after[0] == 0
    assert after == sorted(after)
    for name in (ELDER, NURSE, FAMILY):
        expect(timeline.locator("[data-step=delivered]", has_text=name)).to_have_count(1)
    assert faults(page) == []
    console.screenshot("timeline")
