"""`python -m consult.contract` writes the protocol's documents, all made from the tables, to `docs/`."""

import json
from pathlib import Path

from consult.contract.asyncapi import asyncapi
from consult.contract.markdown import markdown
from consult.contract.openapi import openapi

DOCS = Path(__file__).parents[2] / "docs"
# What `careline protocol --format` calls each of the documents, and the name of its file.
FORMATS = {"markdown": "socket-events.md", "asyncapi": "asyncapi.json", "openapi": "openapi.json"}


def documents() -> dict[str, str]:
    """Each document's text by its file's name."""
    return {
        "socket-events.md": markdown(),
        "asyncapi.json": json.dumps(asyncapi(), ensure_ascii=False, indent=2) + "\n",
        "openapi.json": json.dumps(openapi(), ensure_ascii=False, indent=2) + "\n",
    }


def write(folder: Path) -> None:
    """Writes them all."""
    folder.mkdir(exist_ok=True)
    for name, text in documents().items():
        (folder / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    write(DOCS)
