"""Putting events and calls together: forms, examples and mistakes from the protocol, JSON, code to take along."""

from __future__ import annotations

import json
import re
from typing import Any

from playwright.sync_api import expect

from tests.page.conftest import OpenConsole
from tests.page.console import ELDER, NURSE, Console
from tests.server import Server


def client_events(server: Server) -> list[dict[str, Any]]:
    protocol = server.http("GET", "/protocol.json").body
    return [event for event in protocol["events"] if event["from"] == "client"]


def test_every_event_has_a_form_filled_with_the_protocols_example(open_console: OpenConsole, server: Server) -> None:
    console = open_console()
    events = client_events(server)
    assert [event["name"] for event in events] == [
        *("join_question", "leave_question", "send_message", "bind_user"),
        *("notification:read", "notification:confirm", "notification:snooze", "read_question"),
    ]
    for event in events:
        console.target(event["name"])
        shown = console.page.locator("[data-field]").evaluate_all("all => all.map(one => one.dataset.field)")
        assert shown == [field["name"] for field in event["fields"]]
        console.page.locator("#fill").select_option("example")
        for name, value in event["example"].items():
            text = console.field(name).input_value()
            assert value == (text if isinstance(value, str) else json.loads(text))
        console.page.locator("[data-mode=json]").click()
        assert json.loads(console.page.locator("#json-editor").input_value()) == event["example"]


def test_every_deliberate_mistake_is_answered_as_the_protocol_says(open_console: OpenConsole, server: Server) -> None:
    console = open_console()
    console.connect(ELDER)
    tried = 0
    for event in client_events(server):
        console.target(event["name"])
        for index, mistake in enumerate(event["mistakes"]):
            console.page.locator("#fill").select_option(f"mistake {index}")
            expect(console.page.locator("#expected")).to_contain_text(mistake["answer"]["payload"]["message"])
            console.send()
            expect(console.page.locator("#expected .verdict")).to_have_text("The reply is as the protocol says")
            tried += 1
    assert tried >= 4
    console.expect_state(ELDER, "connected")


def test_the_form_speaks_for_who_acts_and_the_question_at_hand(open_console: OpenConsole) -> None:
    console = open_console()
    question = console.open_and_join()
    console.target("send_message")
    console.field("content_text").fill("my own words")
    for name, kind, user in ((ELDER, "ELDER", "456"), (NURSE, "STAFF", "1001")):
        console.act_as(name)
        expect(console.field("sender_type")).to_have_value(kind)
        expect(console.field("sender_id")).to_have_value(user)
        expect(console.field("role_display_name")).to_have_value(name)
        expect(console.field("question_id")).to_have_value(str(question))
        expect(console.field("content_text")).to_have_value("my own words")


def test_json_that_is_no_object_can_be_sent(open_console: OpenConsole) -> None:
    console = open_console()
    console.target("leave_question")
    console.show("sent")
    for text in ("[1,2]", '"text"', "null", "17", ""):
        console.target("leave_question")
        console.write_json(text)
        console.send()
        expect(console.page.locator("#answer")).to_contain_text("INVALID_PAYLOAD")
        console.lines("leave_question").last.click()
        packet = f'42["leave_question",{text}]' if text else '42["leave_question"]'
        expect(console.page.locator("#log-raw")).to_have_text(packet)
        console.page.locator("[data-mode=form]").click()
        expect(console.page.locator("#composer-hint")).to_have_text("This payload can only be edited as JSON.")


def test_an_example_stays_json_where_that_was_chosen(open_console: OpenConsole) -> None:
    console = open_console()
    page = console.page
    console.target("send_message")
    console.write_json("{}")
    page.locator("#fill").select_option("example")
    expect(page.locator("#json-editor")).to_be_visible()
    expect(page.locator("#json-editor")).to_have_value(re.compile("content_text"))
    page.locator("[data-mode=form]").click()
    page.locator("#fill").select_option("example")
    expect(console.field("content_text")).to_be_visible()


def test_what_is_no_json_is_not_sent(open_console: OpenConsole) -> None:
    console = open_console()
    console.target("leave_question")
    console.write_json('{"question_id": }')
    console.send()
    expect(console.page.locator("#toast")).to_have_text("Line 1, column 17: This is not valid JSON")
    expect(console.page.locator("#json-editor")).to_be_focused()
    console.expect_state(ELDER, "idle")


def test_sending_connects_first_and_the_last_ones_are_remembered(open_console: OpenConsole) -> None:
    console = open_console()
    console.target("leave_question")
    for question in ("31", "32"):
        console.field("question_id").fill(question)
        console.send()
        expect(console.page.locator("#answer")).to_contain_text(f'{{"question_id":{question}}}')
    console.visit()
    console.target("leave_question")
    console.page.locator("#fill").select_option(label='{"question_id":31}')
    expect(console.field("question_id")).to_have_value("31")


def test_an_acknowledgement_callback_can_be_asked_for(open_console: OpenConsole) -> None:
    console = open_console()
    console.target("leave_question")
    console.page.locator("#with-ack").check()
    console.send()
    console.show("received")
    expect(console.lines("left_question")).to_have_count(1)
    expect(console.lines("leave_question (callback 0)").locator(".log-latency")).to_contain_text("ms")


def test_calls_are_made_from_the_same_place(open_console: OpenConsole, server: Server) -> None:
    console = open_console()
    question = server.open_question("read me")
    console.target("GET /api/questions/{question_id}")
    console.page.locator(".place [name=question_id]").fill(str(question))
    console.send()
    expect(console.page.locator("#answer")).to_contain_text("200")
    expect(console.page.locator("#answer")).to_contain_text("read me")
    console.page.locator(".place [name=question_id]").fill("")
    console.send()
    expect(console.page.locator("#toast")).to_have_text("Fill in question_id, which is part of the path")
    expect(console.page.locator(".place [name=question_id]")).to_be_focused()
    console.target("GET /api/questions")
    console.page.locator(".place [name=status]").select_option("CLOSED")
    console.page.locator(".place [name=limit]").fill("0")
    console.send()
    expect(console.page.locator("#answer")).to_contain_text("400")
    console.show("http")
    expect(console.lines("GET /api/questions?status=CLOSED&limit=0").first).to_be_visible()


def test_what_is_typed_stays_when_another_event_is_chosen(open_console: OpenConsole) -> None:
    console = open_console()
    console.target("send_message")
    console.field("content_text").fill("half a sentence")
    console.target("join_question")
    console.write_json('{"question_id": 9007199254740993')
    console.target("GET /api/questions/{question_id}")
    console.page.locator(".place [name=question_id]").fill("77")
    console.target("send_message")
    expect(console.field("content_text")).to_have_value("half a sentence")
    console.act_as(NURSE)
    console.target("join_question")
    expect(console.page.locator("#json-editor")).to_have_value('{"question_id": 9007199254740993')
    console.target("send_message")
    expect(console.field("content_text")).to_have_value("half a sentence")
    expect(console.field("sender_type")).to_have_value("STAFF")
    console.page.locator("#fill").select_option("own")
    console.target("bind_user")
    console.target("send_message")
    expect(console.field("content_text")).not_to_have_value("half a sentence")


def test_a_link_opens_the_console_filled_in(open_console: OpenConsole) -> None:
    console = open_console()
    console.visit("#try=send_message&payload=" + '{"question_id":5,"content_text":"from the document"}')
    expect(console.page.locator("#target")).to_have_value("send_message")
    expect(console.field("content_text")).to_have_value("from the document")
    console.visit("#try=no_such_event")
    console.page.reload()  # another fragment alone loads nothing anew
    expect(console.page.locator("#toast")).to_contain_text("this server has no no_such_event")


def copied(console: Console, button: str) -> str:
    console.page.locator(button).click()
    text: str = console.clipboard()
    return text
