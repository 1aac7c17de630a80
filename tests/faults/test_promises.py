"""`docs/reliability.md` names a test for each promise: each of them exists."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from typing import Final

from tests.server import ROOT

DOCUMENT: Final = ROOT / "docs" / "reliability.md"


def named() -> list[str]:
    """Give the tests that the document names."""
    return re.findall(r"`(tests/[^`]*::[^`]*)`", DOCUMENT.read_text())


def defined(body: list[ast.stmt], inside: str) -> Iterator[str]:
    """Give the tests of a module or a class, as pytest names them."""
    for node in body:
        if isinstance(node, ast.ClassDef):
            yield from defined(node.body, f"{inside}::{node.name}")
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_"):
            yield f"{inside}::{node.name}"


def test_each_test_that_is_named_exists() -> None:
    found = named()
    assert len(found) > 50
    files = {name.partition("::")[0] for name in found}
    there = {test for file in files for test in defined(ast.parse((ROOT / file).read_text()).body, file)}
    assert [name for name in found if name not in there] == []


def test_each_promise_names_one() -> None:
    rows = [line for line in DOCUMENT.read_text().splitlines() if line.startswith("| ") and "Held by |" not in line]
    assert len(rows) > 30
    assert [row for row in rows if not re.search(r"`tests/[^`]*::[^`]*`", row)] == []


def test_each_test_of_a_fault_is_named() -> None:
    """What is worth a test of its own here is worth a line there."""
    kept_elsewhere = {"test_backup", "test_fuzz", "test_promises"}
    files = [file for file in sorted((ROOT / "tests" / "faults").glob("test_*.py")) if file.stem not in kept_elsewhere]
    assert len(files) > 5
    for file in files:
        path = str(file.relative_to(ROOT))
        assert set(defined(ast.parse(file.read_text()).body, path)) <= set(named())
