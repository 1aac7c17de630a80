"""Tests that a document names, and whether they are there."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from tests.server import ROOT


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


def missing(text: str) -> list[str]:
    """Give the tests that a text names and that nobody has written."""
    found = named(text)
    files = {name.partition("::")[0] for name in found}
    there = {test for file in files for test, _ in defined(parsed(file), file)}
    return [name for name in found if name not in there]


def rows(text: str) -> list[str]:
    """Give the rows of the text's tables in which tests are named, without their heads."""
    return [line for line in text.splitlines() if line.startswith("| ") and "Held by |" not in line]
