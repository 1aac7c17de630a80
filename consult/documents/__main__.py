"""`python -m consult.documents` writes the protocol's documents to `docs/`."""

from pathlib import Path

from consult.documents.formats import documents
from consult.documents.hooks import with_events

DOCS = Path(__file__).parents[2] / "docs"


def write(folder: Path) -> None:
    """Write each document to its file in the folder, and into docs/hooks.md the part of it that is made."""
    folder.mkdir(exist_ok=True)
    for name, text in documents().items():
        (folder / name).write_text(text, encoding="utf-8")
    hooks = folder / "hooks.md"
    if hooks.exists():
        hooks.write_text(with_events(hooks.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    write(DOCS)
