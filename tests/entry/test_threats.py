"""`docs/SECURITY.md` names a test for each threat: each of them exists, and no hostile deed is tested and not told."""

from __future__ import annotations

from typing import Final

from tests.named_tests import defined, missing, named, parsed, rows
from tests.server import ROOT

DOCUMENT: Final = ROOT / "docs" / "SECURITY.md"


def test_each_test_that_is_named_exists() -> None:
    text = DOCUMENT.read_text()
    assert len(named(text)) > 50
    assert missing(text) == []


def test_each_threat_names_one() -> None:
    threats = rows(DOCUMENT.read_text())
    assert len(threats) > 30
    assert [row for row in threats if not named(row)] == []
    assert [row for row in threats if row.count(" | ") != 2] == [], "threat, defence, tests"


def test_each_hostile_deed_is_told() -> None:
    """What is worth a test there is a threat."""
    path = "tests/entry/test_hostile.py"
    welcome = {"test_a_page_that_is_let_in_may_show_a_token_and_reads_its_faults", "test_who_has_entered_may"}
    tests = {test for test, _ in defined(parsed(path), path) if test.rpartition("::")[2] not in welcome}
    assert len(tests) > 20
    assert tests <= set(named(DOCUMENT.read_text()))
