"""`docs/reliability.md` names a test for each promise: each of them exists, and none is said to hold that is not."""

from __future__ import annotations

import ast
import re
from typing import Final

from tests.named_tests import defined, missing, named, parsed, rows
from tests.server import ROOT

DOCUMENT: Final = ROOT / "docs" / "reliability.md"


def known_to_fail(file: str) -> set[str]:
    """Give the tests of a module that carry pytest's mark for that, or a name that the module gives to one."""
    body = parsed(file)
    marks = {"xfail"} | {
        node.target.id
        for node in body
        if isinstance(node, ast.AnnAssign)
        and isinstance(node.target, ast.Name)
        and node.value is not None
        and "xfail" in ast.unparse(node.value)
    }
    return {test for test, decorated in defined(body, file) if any(mark in decorated for mark in marks)}


def test_each_test_that_is_named_exists() -> None:
    text = DOCUMENT.read_text()
    assert len(named(text)) > 50
    assert missing(text) == []


def test_what_is_known_to_fail_is_said_to() -> None:
    promised, _, not_held = DOCUMENT.read_text().partition("\n## Not held yet\n")
    failing = {test for file in {name.partition("::")[0] for name in named(promised)} for test in known_to_fail(file)}
    assert set(named(not_held)) == failing


def test_each_promise_names_one() -> None:
    # One table tells where other implementations of recurrence rules differ, and promises nothing.
    promises = [
        row for row in rows(DOCUMENT.read_text()) if not re.match(r"\| (Of|python-dateutil|rrule|ical\.js)\b", row)
    ]
    assert len(promises) > 30
    assert [row for row in promises if not named(row)] == []


def test_each_test_of_a_fault_is_named() -> None:
    """What is worth a test of its own here is worth a line there."""
    kept_elsewhere = {"test_backup", "test_promises"}
    files = [file for file in sorted((ROOT / "tests" / "faults").glob("test_*.py")) if file.stem not in kept_elsewhere]
    assert len(files) > 5
    found = set(named(DOCUMENT.read_text()))
    for file in files:
        path = str(file.relative_to(ROOT))
        assert {test for test, _ in defined(parsed(path), path)} <= found
