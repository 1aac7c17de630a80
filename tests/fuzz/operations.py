"""The HTTP calls as docs/openapi.json has them: what goes into each, and what may come of it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

from jsonschema import Draft202012Validator

from tests.fuzz.http_line import Got
from tests.json_text import decode
from tests.server import ROOT

DOCUMENT: Final[Mapping[str, Any]] = json.loads((ROOT / "docs" / "openapi.json").read_text())


def resolved(part: Mapping[str, Any]) -> Mapping[str, Any]:
    """Follow a reference within the document."""
    found: Any = part
    if "$ref" in part:
        found = DOCUMENT
        for name in part["$ref"].removeprefix("#/").split("/"):
            found = found[name]
    given: Mapping[str, Any] = found
    return given


@dataclass(frozen=True)
class Operation:
    """A method of a path."""

    method: str
    path: str
    told: Mapping[str, Any]  # by the document

    @cached_property
    def parameters(self) -> list[Mapping[str, Any]]:
        """What goes into the path, the query and the headers."""
        return [resolved(parameter) for parameter in self.told.get("parameters", ())]

    @cached_property
    def body(self) -> Mapping[str, Any] | None:
        """The body's schema and example, for a call that takes one."""
        taken: Mapping[str, Any] | None = self.told.get("requestBody", {}).get("content", {}).get("application/json")
        return taken

    @property
    def takes_file(self) -> bool:
        """Whether its body is a file, of any type."""
        return self.body is None and "requestBody" in self.told

    @cached_property
    def _answers(self) -> dict[int, dict[str, Draft202012Validator]]:
        """By status and media type, what holds a body to its schema."""
        return {
            int(status): {
                kind: Draft202012Validator({**content.get("schema", {}), "components": DOCUMENT["components"]})
                for kind, content in resolved(response).get("content", {}).items()
            }
            for status, response in self.told["responses"].items()
        }

    def check(self, got: Got) -> None:
        """Hold an answer to the document."""
        assert got.status in self._answers, f"{got.status} is not told of {self.method} {self.path}"
        kinds = self._answers[got.status]
        assert got.kind in kinds or "*/*" in kinds or not (kinds or got.body), (
            f"{got.kind} is not told of {self.method} {self.path}"
        )
        if got.kind == "application/json" and got.kind in kinds:
            faults = [
                fault.message for fault in self._answers[got.status][got.kind].iter_errors(decode(got.body.decode()))
            ]
            assert not faults, faults


OPERATIONS: Final = [
    Operation(method.upper(), path, told)
    for path, methods in DOCUMENT["paths"].items()
    for method, told in methods.items()
]
