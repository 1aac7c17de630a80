"""The editor of a payload as JSON: what it completes, and what it marks while one types."""

from __future__ import annotations

import json
from typing import Any, Final, Literal

import pytest
from playwright.sync_api import expect

from tests.page.conftest import PHONE, OpenConsole
from tests.page.console import ELDER
from tests.page.test_accessibility import faults
from tests.server import Server

EDITOR: Final = "#json-editor"


def test_fields_and_values_are_completed_by_keyboard_and_mouse(open_console: OpenConsole) -> None:
    console = open_console()
    page = console.page
    console.target("send_message")
    console.write_json("")
    editor, options = page.locator(EDITOR), page.locator("#json-options [role=option]")
    editor.press_sequentially('{"se')
    expect(options).to_have_text(
        [
            "sender_typerequiredwhat the sender is · 1 to 32 of A-Z, 0-9 and _",
            "sender_idthe sender's id; only a SYSTEM message may leave it out · a positive integer",
        ]
    )
    expect(editor).to_have_attribute("aria-activedescendant", "json-option-0")
    expect(page.locator(".json [role=status]")).to_contain_text("Suggestions: 2")
    page.keyboard.press("ArrowDown")
    expect(editor).to_have_attribute("aria-activedescendant", "json-option-1")
    expect(options.nth(1)).to_have_attribute("aria-selected", "true")
    page.keyboard.press("Enter")
    expect(editor).to_have_value('{"sender_id": ')
    page.keyboard.type('456, "sen')
    page.keyboard.press("Tab")
    expect(options).to_have_text(['"ELDER"', '"FAMILY"', '"STAFF"', '"SYSTEM"'])
    options.nth(2).click()
    expect(editor).to_be_focused()
    expect(editor).to_have_value('{"sender_id": 456, "sender_type": "STAFF"')
    page.keyboard.type(', "att')
    page.keyboard.press("Enter")
    page.keyboard.press("Enter")
    page.keyboard.press("Alt+ArrowDown")
    expect(options.locator("code")).to_have_text(["url", "thumbnail_url", "duration", "size"])
    page.keyboard.press("Escape")
    expect(options).to_have_count(0)
    expect(editor).to_have_value('{"sender_id": 456, "sender_type": "STAFF", "attachments": [{}]')
    page.keyboard.press("Control+z")
    expect(editor).not_to_have_value('{"sender_id": 456, "sender_type": "STAFF", "attachments": [{}]')
    page.keyboard.press("Tab")
    expect(editor).not_to_be_focused()


def test_what_breaks_a_rule_is_marked_with_its_place(open_console: OpenConsole) -> None:
    console = open_console()
    page = console.page
    console.target("send_message")
    console.write_json(
        '{\n  "question_id": 9223372036854775808,\n  "sender_type": "elder",\n  "typo": 1,\n'
        '  "content_type": "TEXT",\n  "attachments": [{"url": "a", "size": -1}]\n}'
    )
    expect(page.locator("#json-problems button")).to_have_text(
        [
            "Line 2, column 18: question_id must be a positive integer",
            "Line 3, column 18: sender_type must be 1 to 32 of A-Z, 0-9 and _",
            "Line 4, column 3: There is no field typo; the server ignores it",
            "Line 6, column 40: attachments[0].size must be an integer of at least 0, or null",
        ]
    )
    expect(page.locator(".json-layer mark")).to_have_text(["9223372036854775808", '"elder"', '"typo"', "-1"])
    expect(page.locator(EDITOR)).to_have_attribute("aria-invalid", "true")
    page.locator("#json-problems button").nth(1).press("Enter")
    expect(page.locator(EDITOR)).to_be_focused()
    page.keyboard.type('"ELDER"')
    expect(page.locator("#json-problems button")).to_have_count(3)
    page.locator(EDITOR).fill('{\n  "question_id": 12,\n  "sender_type" "ELDER"\n}')
    expect(page.locator("#json-problems button")).to_have_text(["Line 3, column 17: This is not valid JSON"])
    page.locator(EDITOR).fill('{"sender_type": "SYSTEM", "content_type": "TEXT"}')
    expect(page.locator("#json-problems button")).to_have_text(
        ["Line 1, column 1: question_id is required: a positive integer"]
    )
    console.target("leave_question")
    console.write_json('{"question_id": 9223372036854775807}')
    expect(page.locator("#json-problems button")).to_have_count(0)
    expect(page.locator(EDITOR)).to_have_attribute("aria-invalid", "false")
    page.keyboard.press("Control+Enter")
    expect(page.locator("#answer")).to_contain_text('{"question_id":9223372036854775807}')
    console.expect_state(ELDER, "connected")


@pytest.mark.parametrize(
    ("size", "language", "words"),
    [((1280, 900), "en-GB", "This is not valid JSON"), (PHONE, "zh-CN", "不是有效的 JSON")],
)
def test_what_is_wrong_stands_in_view_beside_the_button_to_send(
    open_console: OpenConsole, size: tuple[int, int], language: Literal["en-GB", "zh-CN"], words: str
) -> None:
    console = open_console(size=size, language=language)
    page = console.page
    console.target("send_message")
    console.write_json("\n".join('{"question_id": 1,' for _ in range(12)))
    page.locator(EDITOR).press("End")
    problem = page.locator("#json-problems button")
    expect(problem).to_contain_text(words)
    expect(problem).to_be_in_viewport(ratio=1)
    expect(page.locator("#send")).to_be_in_viewport(ratio=1)
    console.send()
    expect(page.locator("#toast")).to_contain_text(words)
    expect(page.locator(EDITOR)).to_be_focused()
    expect(problem).to_be_in_viewport(ratio=1)
    console.screenshot(f"json-problem-{language}")
    page.locator(EDITOR).fill(json.dumps({f"unknown_{number}": number for number in range(9)}))
    expect(page.locator("#json-problems li")).to_have_count(7)
    expect(page.locator("#send")).to_be_in_viewport(ratio=1)
    assert faults(page) == []
    page.locator(EDITOR).fill("{}")
    expect(problem).to_have_count(3)
    page.locator("[data-mode=form]").click()
    expect(problem.first).to_be_hidden()


def test_it_reads_as_json_is_read(open_console: OpenConsole) -> None:
    """What a browser reads as JSON, and nothing else; what is wrong has its place."""
    console = open_console()
    good = [
        "0",
        "-0.5e+7",
        '"\\u00e9\\n"',
        '"\x7f\u2028"',
        "[]",
        "{}",
        ' [1, {"a": [null, true]}] ',
        "1e999",
        '{"a":1,"a":2}',
    ]
    bad = {"": 0, "01": 0, "1.": 0, "+1": 0, "[1,]": 3, '{"a" 1}': 5, "{a: 1}": 1, '{"a": 1,}': 8, "[1 2]": 3}
    bad |= {'"\\x"': 0, '"a\nb"': 0, '["a': 1, "{} {}": 3, "[": 1, '{"a":': 5, "\u00a01": 0, "nul": 0, '{"a":1': 6}
    told = console.page.evaluate(
        """async (texts) => {
          const { readJson } = await import("/static/kit/json_reader.js");
          const browser = (text) => { try { JSON.parse(text); return true; } catch { return false; } };
          const ours = (text) => { try { readJson(text); return null; } catch (fault) { return fault.at; } };
          return texts.map((text) => [browser(text), ours(text)]);
        }""",
        [*good, *bad],
    )
    assert told == [[True, None]] * len(good) + [[False, at] for at in bad.values()]


def test_its_rules_are_the_servers(open_console: OpenConsole, server: Server) -> None:
    """No example of the protocol has a problem; each value that the protocol tries out as a mistake in a field has."""
    protocol = server.http("GET", "/protocol.json").body
    cases: list[tuple[Any, list[dict[str, Any]], bool]] = []
    for row in [event for event in protocol["events"] if event["from"] == "client"] + protocol["calls"]:
        examples = [row["example"], *(row["others"] if isinstance(row["others"], list) else [])]
        if row["fields"]:
            cases += [(example, row["fields"], False) for example in examples if example is not None]
        # Whether a text is a time, and one to come, is for the server to say.
        of_fields = {field["fault"] for field in row["fields"] if field["kind"] != "time"}
        for mistake in row.get("mistakes", ()):
            message = mistake["answer"]["payload"]["message"].removeprefix("发送失败：")
            checked = {check["text"] for field in row["fields"] for check in field["checks"]}
            if message in of_fields - checked:
                cases.append((mistake["payload"], row["fields"], True))
    assert sum(wrong for *_, wrong in cases) >= 10
    console = open_console()
    told = console.page.evaluate(
        """async (cases) => {
          const { problemsOf } = await import("/static/console/json_checks.js");
          return cases.map(([text, fields]) => problemsOf(text, fields).some(({ doubtful }) => !doubtful));
        }""",
        [[json.dumps(payload), fields] for payload, fields, _ in cases],
    )
    assert [(payload, found) for (payload, *_), found in zip(cases, told, strict=True)] == [
        (payload, wrong) for payload, _, wrong in cases
    ]
