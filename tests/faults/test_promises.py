"""`docs/reliability.md` names a test for each promise: each of them exists, and none is said to hold that is not."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from typing import Final

from tests.server import ROOT

DOCUMENT: Final = ROOT / "docs" / "reliability.md"


def named(text: str) -> list[str]:
    """Give the tests that a text names."""
    return re.findall(r"`(tests/[^`]*::[^`]*)`", text)


def parsed(file: str) -> list[ast.stmt]:
    """Give what a module consists of."""
    return ast.parse((ROOT / file).read_text()).body


def defined(body: list[ast.stmt], inside: str) -> Iterator[tuple[str, str]]:
    """Give the tests of a module or a class, as pytest names them, each with what decorates it."""
    for node in body:
        if isinstance(node, ast.ClassDef):
            yield from defined(node.body, f"{inside}::{node.name}")
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_"):
            yield f"{inside}::{node.name}", " ".join(ast.unparse(one) for one in node.decorator_list)


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
    found = named(DOCUMENT.read_text())
    assert len(found) > 50
    files = {name.partition("::")[0] for name in found}
    there = {test for file in files for test, _ in defined(parsed(file), file)}
    assert [name for name in found if name not in there] == []


def test_what_is_known_to_fail_is_said_to() -> None:
    promised, _, not_held = DOCUMENT.read_text().partition("\n## Not held yet\n")
    failing = {test for file in {name.partition("::")[0] for name in named(promised)} for test in known_to_fail(file)}
    assert set(named(not_held)) == failing


def test_each_promise_names_one() -> None:
    rows = [line for line in DOCUMENT.read_text().splitlines() if line.startswith("| ") and "Held by |" not in line]
    assert len(rows) > 30
    assert [row for row in rows if not named(row)] == []


def test_each_test_of_a_fault_is_named() -> None:
    """What is worth a test of its own here is worth a line there."""
    kept_elsewhere = {"test_backup", "test_promises"}
    files = [file for file in sorted((ROOT / "tests" / "faults").glob("test_*.py")) if file.stem not in kept_elsewhere]
    assert len(files) > 5
    found = set(named(DOCUMENT.read_text()))
    for file in files:
        path = str(file.relative_to(ROOT))
        assert {test for test, _ in defined(parsed(path), path)} <= found
