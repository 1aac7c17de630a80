"""Connections side by side: who they are, how they are connected, how they come back."""

from __future__ import annotations

from typing import Final

from playwright.sync_api import expect

from tests.conftest import StartServer
from tests.page.conftest import OpenConsole
from tests.page.console import ELDER, FAMILY, NURSE, Console
from tests.server import Server

# Drives cursor.js through a replay of 500 with more behind it; gives what was read over HTTP and where the cursor was.
REPLAY: Final = """async () => {
  const { Cursor } = await import("/static/socket/cursor.js");
  const cursor = new Cursor(10);
  const read = [];
  let told = null;
  const page = async (after) => {
    read.push(after);
    const items = [];
    for (let id = after + 1; id <= Math.min(after + 200, 950); id += 1) items.push({ id });
    return { items, has_more: after + 200 < 950 };
  };
  const done = new Promise((resolve) => cursor.answered(900, true, page, (count, latest) => resolve([count, latest])));
  cursor.arrived(905);
  for (let id = 11; id <= 510; id += 1) cursor.arrived(id);
  const during = cursor.id;
  return { caughtUp: await done, read, during, end: cursor.id };
}"""


def test_three_people_talk_over_three_transports(open_console: OpenConsole) -> None:
    console = open_console()
    transports = {ELDER: "websocket", NURSE: "websocket", FAMILY: "long-polling"}  # the nurse's is upgraded
    for name, transport in transports.items():
        console.connect(name)
        expect(console.card(name).locator(".card-state")).to_have_text(f"Connected · {transport}")
    question = console.open_and_join(*transports)
    for name in transports:
        console.say(name, f"from {name}")
    console.show("received")
    expect(console.lines("new_message")).to_have_count(9)
    colours = console.lines("new_message").evaluate_all("all => all.map(one => one.dataset.colour)")
    assert {colour: colours.count(colour) for colour in colours} == {"blue": 3, "violet": 3, "amber": 3}
    assert [one["sender_type"] for one in console.server.messages(question)] == ["ELDER", "STAFF", "FAMILY"]
    console.card(FAMILY).get_by_role("button", name="Disconnect").click()
    console.expect_state(FAMILY, "idle")


def test_connections_are_added_changed_removed_and_remembered(open_console: OpenConsole) -> None:
    console = open_console()
    page = console.page
    page.get_by_role("button", name="Add a connection").click()
    page.locator("#connection-dialog [name=name]").fill("医生王五")
    page.locator("#connection-dialog [name=userType]").select_option("STAFF")
    page.locator("#connection-dialog [name=userId]").fill("5005")
    page.locator("#connection-dialog [value=rose]").check()
    page.locator("#connection-dialog .primary").click()
    expect(console.card("医生王五")).to_contain_text("Staff · user 5005")
    expect(console.card("医生王五")).to_have_attribute("data-colour", "rose")
    console.edit(FAMILY, name="女儿", transport="websocket")
    console.card(NURSE).locator("[data-focus$=edit]").click()
    page.get_by_role("button", name="Remove").click()
    expect(page.locator(".card")).to_have_count(3)
    console.visit()
    names = page.locator(".card-name").all_text_contents()
    assert names == [ELDER, "女儿", "医生王五"]


def test_a_lost_line_comes_back_by_itself_and_joins_again(open_console: OpenConsole) -> None:
    console = open_console()
    console.connect(ELDER)
    question = console.open_and_join(ELDER)
    console.bind(ELDER)
    console.card(ELDER).get_by_role("button", name="Simulate connection loss").click()
    console.expect_state(ELDER, "waiting")
    console.expect_state(ELDER, "connected")
    expect(console.card(ELDER)).to_contain_text(f"question {question}")
    expect(console.card(ELDER)).to_contain_text("bound to 456")
    console.say(ELDER, "back again")
    console.show("received")
    expect(console.lines("new_message")).to_have_count(1)


def test_a_server_that_goes_away_is_tried_again(open_console: OpenConsole, start_server: StartServer) -> None:
    server = start_server()
    console = open_console(server)
    console.connect(ELDER)
    console.connect(FAMILY)
    server.stop()
    console.expect_state(ELDER, "waiting")
    console.expect_state(FAMILY, "waiting")
    expect(console.lines("reconnecting in").first).to_be_visible()
    server.start(["serve", "--port", str(server.port), "--database", str(server.database)])
    console.expect_state(ELDER, "connected")
    console.expect_state(FAMILY, "connected")


def test_the_cursor_waits_until_the_gap_is_read_over_http(open_console: OpenConsole) -> None:
    console = open_console()
    assert console.page.evaluate(REPLAY) == {
        "caughtUp": [890, 900],
        "read": [510, 710],
        "during": 510,
        "end": 905,
    }


def test_catch_up_is_offered_where_the_protocol_has_it(open_console: OpenConsole, server: Server) -> None:
    console = open_console()
    console.connect(ELDER)
    question = console.open_and_join(ELDER)
    console.say(ELDER, "before")
    console.visit()
    console.expect_state(ELDER, "idle")
    catch_up = console.card(ELDER).get_by_role("button", name="Reconnect and catch up")
    events = {event["name"]: event for event in server.http("GET", "/protocol.json").body["events"]}
    if "after_id" not in [field["name"] for field in events["join_question"]["fields"]]:
        expect(catch_up).to_have_count(0)
        return
    missed(console, question)
    catch_up.click()
    expect(console.lines(f"question {question}: caught up, 2 received")).to_be_visible()
    console.show("received")
    expect(console.lines("new_message")).to_have_count(2)


def missed(console: Console, question: int) -> None:
    """Let the nurse write two messages while the elder is away."""
    console.connect(NURSE)
    console.join(NURSE, question)
    for text in ("one", "two"):
        console.say(NURSE, text)
    console.card(NURSE).get_by_role("button", name="Disconnect").click()
    console.page.locator("#log-actions [data-focus=clear]").click()
