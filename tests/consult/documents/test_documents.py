"""The documents are those that the tables make, and hold everything that stands in the tables."""

from __future__ import annotations

import ast
import importlib
import json
import re
import tomllib
from dataclasses import asdict
from pathlib import Path

import msgspec
import pytest
from msgspec import structs

from consult.contract import faults
from consult.contract import limits as told
from consult.contract.faults import CODES, TEXTS, Fault
from consult.contract.fields import Limit
from consult.contract.messages import MessageQuery
from consult.contract.notifications import USER_ROOM
from consult.contract.payloads import Payload, meaning_of, must_be, struct_within
from consult.contract.questions import QUESTION_ROOM
from consult.contract.sandbox import SANDBOX_CALLS
from consult.contract.tables import CALLS, CLIENT_EVENTS, EVENTS, PAGES
from consult.contract.words import Words
from consult.documents import rules
from consult.documents.__main__ import DOCS, write
from consult.documents.formats import documents
from consult.documents.markdown import markdown
from consult.documents.protocol import protocol
from consult.documents.rules import LIMITS
from consult.entry import limits
from consult.process.settings import SETTINGS
from consult.process.version import VERSION
from tests.consult.contract.tables import PAYLOADS, speaks_chinese
from tests.server import ROOT


@pytest.mark.parametrize("name", ["socket-events.md", "asyncapi.json", "openapi.json", "careline.d.ts"])
def test_docs_are_what_the_tables_make(name: str) -> None:
    assert (DOCS / name).read_text(encoding="utf-8") == documents()[name], "stale: run `make docs` and commit docs/"


def test_all_documents_are_written(tmp_path: Path) -> None:
    write(tmp_path / "docs")
    assert {path.name: path.read_text() for path in (tmp_path / "docs").iterdir()} == documents()
    assert DOCS == ROOT / "docs"


def test_the_version_stands_in_one_place() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    assert project["project"]["dynamic"] == ["version"]
    module, name = project["tool"]["setuptools"]["dynamic"]["version"]["attr"].rsplit(".", 1)
    assert getattr(importlib.import_module(module), name) == VERSION
    rooms = [
        ROOT / "main.py",
        *(path for room in ("consult", "reminders", "store") for path in (ROOT / room).rglob("*.py")),
    ]
    literal = [str(path.relative_to(ROOT)) for path in rooms if f'"{VERSION}"' in path.read_text()]
    assert literal == [f"{module.replace('.', '/')}.py"]


def test_every_event_code_call_and_text_is_told() -> None:
    document = markdown()
    for event in EVENTS:
        assert f"#### `{event.name}`\n" in document
        assert event.about.zh in document
        assert event.about.en in document
    for call in (*CALLS, *SANDBOX_CALLS):
        assert f"### `{call.method} {call.path}`\n" in document
        assert call.about.zh in document
        assert call.about.en in document
        assert json.dumps(call.answer, ensure_ascii=False, indent=2) in document
    for page in PAGES:
        assert f"`{page.name}`" in document
    for code in CODES.values():
        assert f"| `{code.name}` | {code.status} | {code.about.zh}<br>{code.about.en} |" in document
    for text in TEXTS:
        assert f"`{text.text}`" in document
        assert f"{text.about.zh}<br>{text.about.en}" in document
    for limit in LIMITS:
        assert limit.most.zh in document
        assert limit.most.en in document
    for room in QUESTION_ROOM, USER_ROOM:
        assert f"`{room}`" in document


def told_fields(of: type[msgspec.Struct], path: str, refused: str) -> list[tuple[str, str]]:
    """Give each field's place in a table and the text that it is refused with."""
    found = []
    for field in structs.fields(of):
        found.append((path + field.name, must_be(refused + field.name, field.type).message))
        item_type = struct_within(field.type)
        if item_type is not None:
            found += told_fields(item_type, f"{path}{field.name}[].", f"{refused}{field.name}[0].")
    return found


@pytest.mark.parametrize("payload_type", PAYLOADS.values(), ids=PAYLOADS)
def test_every_field_is_told_with_its_fault(payload_type: type[Payload]) -> None:
    rows = [row for row in markdown().splitlines() if row.startswith("| `")]
    for place, text in told_fields(payload_type, "", ""):
        assert any(row.startswith(f"| `{place}` | ") and f"`{text}`" in row for row in rows), place
    for check in payload_type.checks:
        assert any(row.startswith(f"| `{check.field}` | ") and f"`{check.text}`" in row for row in rows), check.text


def meanings(of: type[msgspec.Struct]) -> list[Words]:
    """Give what the documents say of each field, and of each field within."""
    found = []
    for field in structs.fields(of):
        found.append(meaning_of(field.type))
        item_type = struct_within(field.type)
        found += meanings(item_type) if item_type is not None else []
    return found


def test_every_rule_is_told_in_both_languages() -> None:
    pairs = [
        *(rule for section in rules.RULES.values() for rule in section),
        *(meaning for one in PAYLOADS.values() for meaning in meanings(one)),
        *(Words(check.text, check.en) for one in PAYLOADS.values() for check in one.checks),
        *(text.about for text in TEXTS),
    ]
    for zh, en in pairs:
        assert speaks_chinese(zh), zh
        assert not speaks_chinese(en), en


def test_every_note_has_its_section() -> None:
    document = markdown()
    for name, section in rules.RULES.items():
        for zh, en in section if name != "elsewhere" else ():
            assert zh in document
            assert en in document
    calls = {name for name in rules.RULES if " " in name}
    assert calls <= {one.name for one in (*CALLS, *SANDBOX_CALLS)} | {one.name for one in PAGES}


def test_links_lead_to_headings() -> None:
    document = markdown()
    # As GitHub makes them: lower case, without punctuation, a dash for each space.
    anchors = {
        re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")
        for heading in re.findall(r"^#+ (.*)$", document, re.MULTILINE)
    }
    links = re.findall(r"\]\(([^)]*)\)", document)
    assert len(links) > 10
    for link in links:
        if link.startswith("#"):
            assert link[1:] in anchors
        else:
            assert (DOCS / link).is_file()


def test_every_table_is_whole() -> None:
    """A cell that holds a bar, or a row that misses a cell, would shift what stands beside it."""
    for block in markdown().split("\n\n"):
        if block.startswith("| "):
            widths = {len(re.findall(r"(?<!\\)\|", row)) for row in block.splitlines()}
            assert len(widths) == 1, block


def test_limits_are_enforced() -> None:
    """Each is used by code that is no document, or comes from the room below that enforces it."""
    from_below = {
        alias.name
        for node in ast.walk(ast.parse((ROOT / "consult/contract/limits.py").read_text()))
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    enforcing = [
        path.read_text()
        for path in (ROOT / "main.py", *(ROOT / "consult").rglob("*.py"))
        if path.name != "limits.py" or path.parent.name != "contract"
        if path.parent.name != "documents"
    ]
    of_days = {"KEYS_KEPT", "SNOOZE_DAYS", "LINK_DAYS"}
    names = {name for name in vars(told) if name.isupper()} - from_below - of_days
    assert len(names) > 40
    assert not [name for name in names if not any(re.search(rf"\b{name}\b", source) for source in enforcing)]


def test_limits_are_those_that_are_told() -> None:
    settings = {setting.option: int(setting.default) for setting in SETTINGS if setting.default.isdigit()}
    page = msgspec.json.schema(Limit)
    assert (page["minimum"], page["maximum"]) == (1, told.LONGEST_PAGE)
    assert MessageQuery().limit == told.USUAL_PAGE
    assert settings["--outbox-bytes"] == told.OUTBOX_BYTES
    assert {name: getattr(told, f"USER_{name.upper()}") for name in asdict(limits.USUAL)} == asdict(limits.USUAL)
    assert not [cell for limit in LIMITS for cell in (*limit.about, *limit.most, *limit.beyond) if "{" in cell]


def test_every_text_and_code_is_in_the_table() -> None:
    rows = {value for value in vars(faults).values() if isinstance(value, faults.Text)}
    assert len(rows) > 10
    assert rows <= set(TEXTS)
    assert {text.code for text in TEXTS} == set(CODES)
    for text in TEXTS:
        assert text.on_socket or text.status is not None
        fault = Fault(text)
        assert (fault.code, fault.message) == (text.code, text.text)
        assert fault.status == (text.status or 400)


def test_the_page_is_given_every_table() -> None:
    """`/protocol.json`: the page's forms are made of it."""
    given = protocol()
    assert not [call for call in given["calls"] if call["path"].startswith("/sandbox")]
    of_sandbox = protocol(SANDBOX_CALLS)["calls"][len(CALLS) :]
    assert [f"{call['method']} {call['path']}" for call in of_sandbox] == [call.name for call in SANDBOX_CALLS]
    assert [event["name"] for event in given["events"]] == [event.name for event in EVENTS]
    assert [(call["method"], call["path"]) for call in given["calls"]] == [(call.method, call.path) for call in CALLS]
    assert [code["code"] for code in given["codes"]] == list(CODES)
    for event, told_event in zip(CLIENT_EVENTS, given["events"], strict=False):
        names = [field.name for field in structs.fields(event.payload)]
        assert [field["name"] for field in told_event["fields"]] == names
