"""The protocol's documents by format: what `careline protocol --format` prints, and `docs/` holds."""

import json

from consult.documents.asyncapi import asyncapi
from consult.documents.markdown import markdown
from consult.documents.openapi import openapi
from consult.documents.typescript import typescript

# The file in docs/ of each format.
FORMATS = {
    "markdown": "socket-events.md",
    "asyncapi": "asyncapi.json",
    "openapi": "openapi.json",
    "typescript": "careline.d.ts",
}


def documents() -> dict[str, str]:
    """Return each document's text by its file's name."""
    return {
        "socket-events.md": markdown(),
        "asyncapi.json": json.dumps(asyncapi(), ensure_ascii=False, indent=2) + "\n",
        "openapi.json": json.dumps(openapi(), ensure_ascii=False, indent=2) + "\n",
        "careline.d.ts": typescript(),
    }
