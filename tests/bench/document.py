"""Figures in a document, between marks that tell what makes them."""

from __future__ import annotations

import re
from pathlib import Path


def put_between_marks(document: Path, mark: str, text: str) -> None:
    """Replace what stands between `<!-- mark: from here -->` and the next `<!-- to here -->`."""
    begin, end = f"<!-- {mark}: from here -->", "<!-- to here -->"
    old = document.read_text()
    made, count = re.subn(f"{re.escape(begin)}.*?{end}", lambda _: f"{begin}\n\n{text}\n\n{end}", old, flags=re.DOTALL)
    assert count == 1, f"not once in {document}: {begin}"
    document.write_text(made)
