"""`python -m consult.documents` writes the protocol's documents to `docs/`."""

from pathlib import Path

from consult.documents.formats import documents

DOCS = Path(__file__).parents[2] / "docs"


def write(folder: Path) -> None:
    """Write each document to its file in the folder."""
    folder.mkdir(exist_ok=True)
    for name, text in documents().items():
        (folder / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    write(DOCS)
