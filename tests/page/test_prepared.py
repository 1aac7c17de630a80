"""An event that is prepared once: shared as a link, saved under a name, exported as a file and imported from one."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Final

import pytest
from playwright.sync_api import FilePayload, Page, expect

from tests.page.conftest import DESKTOP, PHONE, OpenConsole
from tests.page.console import ELDER, Console
from tests.server import Server

LARGE: Final = "9007199254740993"  # an id that a JavaScript number does not hold
PAYLOAD: Final = f'{{"question_id":{LARGE},"user_id":456,"user_type":"ELDER","role_display_name":"<b>张三</b>#&?=%"}}'


def open_saved(page: Page) -> None:
    page.locator("#saved > summary").click()
    page.locator("[name=saved-name]").wait_for()


def save(page: Page, name: str, collection: str | None = None) -> None:
    """Save into a collection, or into the one that is typed already."""
    page.locator("[name=saved-name]").fill(name)
    if collection is not None:
        page.locator("[name=saved-collection]").fill(collection)
    typed = page.locator("[name=saved-collection]").input_value()
    page.locator("[name=saved-name]").press("Enter")
    expect(page.locator("#toast")).to_have_text(f"Saved as {typed} / {name}" if typed else f"Saved as {name}")


def expect_saved(page: Page, *names: str) -> None:
    """Look at the whole list: the events' names, each collection's before its own."""
    expect(page.locator(".saved-list bdi")).to_have_text(list(names))


def shown_json(console: Console) -> str:
    console.page.locator("[data-mode=json]").click()
    return re.sub(r"\n *|(?<=:) ", "", console.page.locator("#json-editor").input_value())


def test_a_link_fills_in_the_event_and_sends_nothing(open_console: OpenConsole, server: Server) -> None:
    console = open_console()
    console.target("join_question")
    console.write_json(PAYLOAD)
    open_saved(console.page)
    console.page.locator("#share-link").click()
    link = console.clipboard()
    assert link.startswith(f"{server.url}/#try=join_question&payload=")
    other = open_console()
    asked: list[str] = []
    other.page.on("request", lambda request: asked.append(f"{request.url} {request.headers} {request.post_data}"))
    other.page.on("websocket", lambda socket: asked.append(f"socket {socket.url}"))
    other.visit(link.removeprefix(f"{server.url}/"))
    other.page.reload()
    expect(other.page.locator("#target")).to_have_value("join_question")
    assert shown_json(other) == PAYLOAD
    other.expect_state(ELDER, "idle")
    assert len(asked) > 10
    assert not [one for one in asked if LARGE in one or "socket" in one.split("/static/")[0] or " POST " in one]
    # Who acts connects by sending; what the link says of the sender stays.
    other.send()
    expect(other.page.locator("#answer")).to_contain_text("QUESTION_NOT_FOUND")
    assert shown_json(other) == PAYLOAD


def test_a_link_to_a_call_has_its_path_and_query(open_console: OpenConsole, server: Server) -> None:
    console = open_console()
    console.target("GET /api/questions/{question_id}/messages")
    console.page.locator(".place [name=question_id]").fill(LARGE)
    console.page.locator(".place [name=limit]").fill("7")
    open_saved(console.page)
    console.page.locator("#share-link").click()
    link = console.clipboard()
    console.visit(link.removeprefix(f"{server.url}/"))
    console.page.reload()
    expect(console.page.locator("#target")).to_have_value("GET /api/questions/{question_id}/messages")
    expect(console.page.locator(".place [name=question_id]")).to_have_value(LARGE)
    expect(console.page.locator(".place [name=limit]")).to_have_value("7")
    console.visit("#try=GET+/api/questions&payload=&place=[7]")
    console.page.reload()
    expect(console.page.locator("#toast")).to_have_text("This link is damaged: its path can't be read")


def test_saved_events_are_kept_by_all_tabs_together(open_console: OpenConsole) -> None:
    console = open_console()
    page = console.page
    tab = page.context.new_page()
    tab.goto(page.url)
    tab.locator("#send").wait_for()
    console.target("join_question")
    console.write_json(PAYLOAD)
    open_saved(page)
    save(page, "join <i>large</i>")
    open_saved(tab)
    save(tab, "another")
    for one in (page, tab):
        expect(one.locator(".saved-row bdi")).to_have_text(["another", "join <i>large</i>"])
    page.reload()
    open_saved(page)
    page.locator(".saved-name", has_text="<i>").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#target")).to_have_value("join_question")
    expect(page.locator(".saved-name", has_text="<i>")).to_be_focused()
    assert shown_json(console) == PAYLOAD
    page.get_by_role("button", name="Delete another").click()
    expect(tab.locator(".saved-row")).to_have_count(1)
    expect(page.get_by_role("button", name="Undo")).to_be_focused()
    page.keyboard.press("Enter")
    expect(tab.locator(".saved-row")).to_have_count(2)


def test_a_file_goes_out_and_comes_in_elsewhere(open_console: OpenConsole, tmp_path: Path) -> None:
    console = open_console()
    console.target("join_question")
    console.write_json(PAYLOAD)
    open_saved(console.page)
    save(console.page, "large")
    console.target("leave_question")
    console.write_json("")
    save(console.page, "no argument")
    with console.page.expect_download() as started:
        console.page.locator("#export-events").click()
    file = tmp_path / started.value.suggested_filename
    started.value.save_as(file)
    assert LARGE in file.read_text()
    assert [event["send"] for event in json.loads(file.read_text())["events"]] == ["join_question", "leave_question"]
    with console.page.expect_download() as started:
        console.page.locator("#export-event").click()
    single = tmp_path / started.value.suggested_filename
    started.value.save_as(single)

    other = open_console()
    open_saved(other.page)
    for times in (1, 2):  # twice the same is once
        other.page.locator("#saved [type=file]").set_input_files(file)
        expect(other.page.locator("#toast")).to_have_text("Events imported: 2")
        expect(other.page.locator(".saved-row"), str(times)).to_have_count(2)
    other.page.locator(".saved-name", has_text="large").click()
    assert shown_json(other) == PAYLOAD
    file.write_text(file.read_text().replace(LARGE, "1"))
    other.page.locator("#saved [type=file]").set_input_files(file)
    expect(other.page.locator(".saved-row bdi")).to_have_text(["large", "large (2)", "no argument"])
    other.page.locator("#saved [type=file]").set_input_files(single)
    expect(other.page.locator("#toast")).to_have_text("Events imported: 1")
    expect(other.page.locator("#target")).to_have_value("leave_question")
    expect(other.page.locator("#json-editor")).to_have_value("")


def test_a_name_is_free_in_every_collection(open_console: OpenConsole) -> None:
    console = open_console()
    page = console.page
    console.target("join_question")
    console.write_json('{"question_id":1}')
    # An entry as it was remembered before there were collections, named as if it were in one.
    trap = '["a","join"]'
    page.evaluate(
        "([key, value]) => localStorage.setItem(key, value)",
        [f"careline.saved.{trap}", json.dumps({"id": "bind_user", "text": "", "place": {}})],
    )
    open_saved(page)
    save(page, "join", "b")
    expect(page.locator("[name=saved-name]")).to_be_focused()
    save(page, "leave")  # into the same
    console.write_json('{"question_id":2}')
    save(page, "join", " a ")
    save(page, "join", "")
    expect_saved(page, trap, "join", "a", "join", "b", "join", "leave")
    expect(page.locator(".saved-collection h3")).to_have_text(["a", "b"])
    assert page.locator("#saved-collections option").evaluate_all("all => all.map((one) => one.value)") == ["a", "b"]
    page.reload()
    open_saved(page)
    expect_saved(page, trap, "join", "a", "join", "b", "join", "leave")
    for row, payload in ((3, '{"question_id":1}'), (2, '{"question_id":2}')):
        page.locator(".saved-name").nth(row).click()
        expect(page.locator(".saved-name").nth(row)).to_be_focused()
        assert shown_json(console) == payload
    page.get_by_role("button", name="Delete a / join").click()
    expect_saved(page, trap, "join", "b", "join", "leave")
    page.locator(".saved-name", has_text=trap).click()
    expect(page.locator("#target")).to_have_value("bind_user")
    page.locator("[name=saved-name]").fill("long")
    page.locator("[name=saved-collection]").fill("w" * 81)
    page.locator("[data-focus=saved-save]").click()
    expect(page.locator("#toast")).to_have_text("A collection's name has 80 characters at most")
    page.set_viewport_size({"width": PHONE[0], "height": PHONE[1]})
    save(page, "long", "w" * 80)
    assert not console.overflows()
    page.get_by_role("button", name="Delete the collection w").click()
    expect(page.get_by_role("button", name="Undo")).to_be_focused()
    assert not console.overflows()


def test_what_was_saved_over_is_brought_back(open_console: OpenConsole) -> None:
    console = open_console()
    page = console.page
    console.target("join_question")
    open_saved(page)
    for payload in ('{"question_id":1}', '{"question_id":1}', '{"question_id":2}'):
        console.write_json(payload)
        expect(page.get_by_role("button", name="Undo")).to_have_count(0)
        save(page, "join", "a")
    expect(page.locator("#saved")).to_contain_text("What was saved as a / join was replaced")
    page.get_by_role("button", name="Undo").click()
    page.locator(".saved-name").click()
    assert shown_json(console) == '{"question_id":1}'


def test_a_collection_is_exported_deleted_and_brought_back(open_console: OpenConsole, tmp_path: Path) -> None:
    console = open_console()
    page = console.page
    console.target("join_question")
    console.write_json(PAYLOAD)
    open_saved(page)
    save(page, "alone")
    save(page, "large", "<i>rooms</i>")
    save(page, "other")
    save(page, "large", "wards")
    everything = ["alone", "<i>rooms</i>", "large", "other", "wards", "large"]
    expect_saved(page, *everything)
    with page.expect_download() as started:
        page.get_by_role("button", name="Export <i>rooms</i>").click()
    assert started.value.suggested_filename == "-i-rooms-i-.json"
    file = tmp_path / "collection.json"
    started.value.save_as(file)
    with page.expect_download() as started:
        page.locator("#export-events").click()
    whole = tmp_path / "all.json"
    started.value.save_as(whole)
    with page.expect_download() as started:
        page.locator("#export-event").click()
    single = tmp_path / "single.json"
    started.value.save_as(single)

    page.get_by_role("button", name="Delete the collection <i>rooms</i>").click()
    expect_saved(page, "alone", "wards", "large")
    expect(page.locator("#saved [role=status]")).to_contain_text("Collection <i>rooms</i> deleted, with its events: 2")
    expect(page.get_by_role("button", name="Undo")).to_be_focused()
    page.keyboard.press("Enter")
    expect_saved(page, *everything)
    expect(page.locator(".saved-collection + ul .saved-name").first).to_be_focused()

    other = open_console()
    open_saved(other.page)
    for times in (1, 2):  # twice the same is once
        other.page.locator("#saved [type=file]").set_input_files(file)
        expect(other.page.locator("#toast"), str(times)).to_have_text("Events imported: 2")
        expect_saved(other.page, "<i>rooms</i>", "large", "other")
    other.page.locator(".saved-name", has_text="large").click()
    assert shown_json(other) == PAYLOAD
    file.write_text(file.read_text().replace(LARGE, "1"))
    other.page.locator("#saved [type=file]").set_input_files(file)
    expect_saved(other.page, "<i>rooms</i>", "large", "large (2)", "other", "other (2)")
    other.page.get_by_role("button", name="Delete the collection").click()
    expect_saved(other.page)
    other.page.locator("#saved [type=file]").set_input_files(whole)
    expect_saved(other.page, *everything)
    expect(other.page.get_by_role("button", name="Undo")).to_have_count(0)
    other.page.locator("#saved [type=file]").set_input_files(single)
    expect_saved(other.page, "alone", "<i>rooms</i>", "large", "other", "wards", "join_question", "large")


@pytest.mark.parametrize("size", [DESKTOP, PHONE])
def test_an_import_keeps_the_focus_and_a_long_list_its_place(open_console: OpenConsole, size: tuple[int, int]) -> None:
    console = open_console(size=size)
    page = console.page
    page.on("filechooser", lambda _: None)  # expect_file_chooser() alone may begin to listen too late
    open_saved(page)
    button = page.locator("#import-events")
    for count in (1, 20, 0):
        events = [{"name": f"event {number}", "send": "bind_user"} for number in range(count)]
        text = json.dumps({"careline_events": 1, "events": events}) if count else "bad"
        button.focus()
        with page.expect_file_chooser() as chooser:
            page.keyboard.press("Enter")
        chooser.value.set_files({"name": "a.json", "mimeType": "application/json", "buffer": text.encode()})
        expect(page.locator("#toast")).to_contain_text(f"Events imported: {count}" if count else "Can't import")
        expect(button).to_be_focused()
        expect(button).to_be_in_viewport()
    saved = page.locator(".saved-list")
    saved.evaluate("list => (list.scrollTop = list.scrollHeight)")
    before = saved.evaluate("list => list.scrollTop")
    page.get_by_role("button", name="Delete event 9").click()
    expect(page.locator(".saved-row")).to_have_count(19)
    expect(page.locator("[data-focus=saved-undo]")).to_be_focused()
    assert saved.evaluate("list => list.scrollTop") > before / 2


BAD_FILES: Final = {
    '{\n  "careline_events": 1,\n  "events": [}': "Line 3, column 14: This is not valid JSON",
    "": "Line 1, column 1: This is not valid JSON",
    "[]": "it is no file of events exported from this page",
    '{"careline_events": 2, "events": []}': "it is no file of events exported from this page",
    '{"careline_events": 1, "events": {}}': "it is no file of events exported from this page",
    '{"careline_events": 1, "events": [7]}': "event 1: its name must have 1 to 80 characters",
    '{"careline_events": 1, "events": [{"name": "a", "send": "<img src=x onerror=alert(1)>"}]}': (
        "event 1: this server has no <img src=x onerror=alert(1)>"
    ),
    '{"careline_events": 1, "events": [{"name": "a", "send": "bind_user"}, {"name": "", "send": "bind_user"}]}': (
        "event 2: its name must have 1 to 80 characters"
    ),
    '{"careline_events": 1, "events": [{"name": "a", "collection": " ", "send": "bind_user"}]}': (
        "event 1: its collection's name must have 1 to 80 characters"
    ),
    '{"careline_events": 1, "events": [{"name": "a", "collection": 7, "send": "bind_user"}]}': (
        "event 1: its collection's name must have 1 to 80 characters"
    ),
    '{"careline_events": 1, "events": [{"name": "a", "send": "bind_user", "path": {"id": 7}}]}': (
        "event 1: its path must be an object of texts"
    ),
    '{"careline_events": 1, "events": [' + "0," * 500 + "0]}": "it has more than 500 events",
    " " * 2_000_001: "the file is larger than 2000000 bytes",
}


@pytest.mark.usefixtures("server")
def test_a_bad_file_is_refused_whole(open_console: OpenConsole) -> None:
    console = open_console()
    open_saved(console.page)
    for text, why in BAD_FILES.items():
        file: FilePayload = {"name": "<b>.json", "mimeType": "application/json", "buffer": text.encode()}
        console.page.locator("#saved [type=file]").set_input_files(file)
        expect(console.page.locator("#toast")).to_have_text(f"Can't import <b>.json: {why}")
    expect(console.page.locator(".saved-row")).to_have_count(0)
    expect(console.page.locator("#toast b, #toast img")).to_have_count(0)
