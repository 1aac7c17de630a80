"""What others wrote is shown as text, whatever it holds."""

from __future__ import annotations

import json
import re
from typing import Final

from playwright.sync_api import expect

from tests.page.conftest import PHONE, OpenConsole
from tests.page.console import ELDER, NURSE
from tests.server import Server

MARKUP: Final = '<img src=x onerror="document.title=1"><script>document.title=2</script><b>bold</b>&lt;&amp;'
RIGHT_TO_LEFT: Final = "\u202e\u2067abc שלום \u061c\u200f end"
LONG: Final = "长文本" * 3333 + "!"
UNBROKEN: Final = "w" * 10_000


def test_messages_are_shown_as_they_were_written(open_console: OpenConsole) -> None:
    console = open_console()
    console.connect(ELDER)
    question = console.open_and_join(ELDER)
    console.show("received")
    console.search("send_message:ack")
    texts = [MARKUP, RIGHT_TO_LEFT, LONG, UNBROKEN]
    for number, text in enumerate(texts, 1):
        console.say(ELDER, text)
        expect(console.lines()).to_have_count(number)
        assert console.detail(console.lines().last)["data"]["content_text"] == text
    panel = console.tab("questions")
    panel.locator(f".item[data-id='{question}']").get_by_role("button", name="History").click()
    expect(panel.locator(".message-text")).to_have_count(len(texts))
    assert panel.locator(".message-text").all_text_contents() == texts
    expect(panel.locator(".message :is(img, b, script)")).to_have_count(0)
    expect(console.page).to_have_title("Careline console")
    assert not console.overflows()
    console.page.set_viewport_size({"width": PHONE[0], "height": PHONE[1]})
    assert not console.overflows()


def test_names_and_titles_are_text_too(open_console: OpenConsole, server: Server) -> None:
    console = open_console()
    markup = "<i>王</i>\u202e<b>五"
    console.edit(NURSE, name=markup)
    console.connect(markup)
    question = console.open_and_join(markup, title=f"{MARKUP}{RIGHT_TO_LEFT}")
    console.say(markup, "hi")
    panel = console.tab("questions")
    item = panel.locator(f".item[data-id='{question}']")
    assert item.locator(".item-title").text_content() == f"{MARKUP}{RIGHT_TO_LEFT}"
    item.get_by_role("button", name="History").click()
    assert panel.locator(".message-name").text_content() == markup
    user = 1001
    answer = server.http(
        "POST",
        "/api/reminders",
        json={
            "user_id": user,
            "biz_type": "T",
            "biz_id": 1,
            "channel": "IN_APP",
            "title": MARKUP,
            "content": RIGHT_TO_LEFT,
            "remind_at": "2025-01-01 00:00:00",
        },
    )
    assert answer.status == 201
    console.bind(markup)
    inbox = console.tab("inbox")
    expect(inbox.locator(".item-title").first).to_have_text(re.compile(re.escape(MARKUP)))
    assert inbox.locator(".item-text").first.text_content() == RIGHT_TO_LEFT
    expect(console.page.locator(".items :is(img, b, i), .cards :is(b, i)")).to_have_count(0)


def test_large_ids_keep_every_digit(open_console: OpenConsole) -> None:
    console = open_console()
    console.connect(ELDER)
    console.target("leave_question")
    console.field("question_id").fill("9223372036854775807")
    console.send()
    expect(console.page.locator("#answer")).to_contain_text('{"question_id":9223372036854775807}')
    console.show("sent")
    console.lines("leave_question").click()
    expect(console.page.locator("#log-payload")).to_contain_text("9223372036854775807")
    assert json.loads(console.page.locator("#log-payload").inner_text()) == {"question_id": 9223372036854775807}


def test_a_user_with_a_long_id_is_that_user(open_console: OpenConsole, server: Server) -> None:
    """Many back ends give 19 digits; one more or less is another person."""
    console = open_console()
    elder = 1234567890123456789
    console.edit(ELDER, userId=str(elder))
    console.connect(ELDER)
    expect(console.card(ELDER)).to_contain_text(f"user {elder}")
    console.tab("questions").locator("[name=elder_id]").fill(str(elder))
    question = console.open_and_join(ELDER)
    assert server.http("GET", f"/api/questions/{question}").body["elder_id"] == elder
    expect(console.tab("questions").locator(f".item[data-id='{question}']")).to_contain_text(f"elder {elder}")
    console.say(ELDER, "hello")
    assert server.messages(question)[-1]["sender_id"] == elder
    console.bind(ELDER)
    expect(console.card(ELDER)).to_contain_text(f"bound to {elder}")
    console.visit()
    expect(console.card(ELDER)).to_contain_text(f"user {elder}")
