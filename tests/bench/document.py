"""Figures in a document: tables, what they were measured on, and the marks that tell what makes them."""

from __future__ import annotations

import os
import platform
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path


@dataclass(frozen=True)
class Table:
    """A titled table of finished cells."""

    title: str
    header: list[str]
    rows: list[list[str]]

    def markdown(self) -> str:
        """Give it without its title."""
        return rows_in_markdown([self.header, ["---"] + ["---:"] * (len(self.header) - 1), *self.rows])


def rows_in_markdown(lines: Sequence[Sequence[str]]) -> str:
    """Give the rows, of which the second says how columns are aligned."""
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def machine() -> str:
    """Say when and on what machine this is."""
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    model = next((line.partition(": ")[2] for line in lines if line.startswith("model name")), platform.machine())
    return (
        f"{date.today():%Y-%m-%d}, {os.cpu_count()} cores of {model}, Linux {platform.release()}, "
        f"Python {platform.python_version()}"
    )


def load_average(before: float, after: float) -> str:
    """Say how busy the machine was, and whether with other work."""
    shared = "shared with other work" if before > 1 else "otherwise idle"
    return f"the machine's load average was {before:.1f} and {after:.1f} before and after: it was {shared}"


def put_between_marks(document: Path, mark: str, text: str) -> None:
    """Replace what stands between `<!-- mark: from here -->` and the next `<!-- to here -->`."""
    begin, end = f"<!-- {mark}: from here -->", "<!-- to here -->"
    old = document.read_text()
    made, count = re.subn(f"{re.escape(begin)}.*?{end}", lambda _: f"{begin}\n\n{text}\n\n{end}", old, flags=re.DOTALL)
    assert count == 1, f"not once in {document}: {begin}"
    document.write_text(made)
