"""HTTP requests that hypothesis draws from the schemas of docs/openapi.json: what they allow, and what they do not."""

from __future__ import annotations

import json
import random
from typing import Any, Final
from urllib.parse import quote, urlencode

import hypothesis
from hypothesis import HealthCheck, Phase
from hypothesis import strategies as st

from tests.fuzz.http_line import HttpLine
from tests.fuzz.operations import OPERATIONS, Operation, resolved
from tests.fuzz.thrower import Thrower
from tests.server import Server

# Requests of one example.
_BATCH: Final = 5
# Up to here there is something for an id to stand for.
_SMALL: Final = 1000

_ANYTHING: Final = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=50),
    lambda within: st.lists(within, max_size=3) | st.dictionaries(st.text(max_size=10), within, max_size=3),
    max_leaves=5,
)
# No deadline, since a request takes as long as the machine is busy. Nothing is kept and nothing shrunk: a fault names
# the request itself.
_FAST: Final = hypothesis.settings(
    deadline=None, database=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck), print_blob=False
)


def allowed(schema: Any) -> st.SearchStrategy[Any]:
    """Give values that a schema of the document allows."""
    schema = resolved(schema)
    if "anyOf" in schema:
        return st.one_of(*map(allowed, schema["anyOf"]))
    if "enum" in schema:
        return st.sampled_from(schema["enum"])
    match schema.get("type"):
        case "null":
            return st.none()
        case "boolean":
            return st.booleans()
        case "integer":
            low, high = schema.get("minimum", 0), schema.get("maximum", _SMALL)
            return st.integers(low, high) | st.integers(low, min(high, _SMALL))
        case "number":
            return st.floats(schema.get("minimum"), schema.get("maximum"), allow_nan=False, allow_infinity=False)
        case "array":
            return st.lists(allowed(schema["items"]), max_size=min(schema.get("maxItems", 3), 3))
        case "string" if "pattern" in schema:
            longest = schema.get("maxLength", 1000)
            return st.from_regex(schema["pattern"].replace("$", r"\Z")).filter(lambda text: len(text) <= longest)
        case "string":
            return st.text(min_size=schema.get("minLength", 0), max_size=schema.get("maxLength", 50))
        case "object":
            required = {name: allowed(schema["properties"][name]) for name in schema.get("required", ())}
            optional = {name: allowed(one) for name, one in schema["properties"].items() if name not in required}
            return st.fixed_dictionaries(required, optional=optional)
    return _ANYTHING


@st.composite
def one_request(draw: st.DrawFn) -> tuple[Operation, str, dict[str, str], bytes | None]:
    """Give a request; about one part in four of it is not what the document allows."""
    operation = draw(st.sampled_from(OPERATIONS))
    target, query, headers = operation.path, {}, {}
    for parameter in operation.parameters:
        name = parameter["name"]
        if parameter["in"] != "path" and not draw(st.booleans()):
            continue
        value = draw(_part(allowed(parameter["schema"])))
        match parameter["in"]:
            case "path":
                target = target.replace(f"{{{name}}}", quote(str(value), safe="") or "x")
            case "query":
                query[name] = str(value)
            case _:
                headers[name] = str(value).encode().decode("latin-1").replace("\n", " ").replace("\r", " ")
    body = None
    if operation.body is not None:
        said = draw(_part(allowed(operation.body["schema"])))
        if isinstance(said, dict) and said and draw(st.integers(0, 3)) == 3:
            said = {**said, draw(st.sampled_from(sorted(said))): draw(_ANYTHING)}
        body = json.dumps(said, ensure_ascii=False).encode()
        headers["Content-Type"] = "application/json"
    return operation, target + (f"?{urlencode(query)}" if query else ""), headers, body


def _part(strategy: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.integers(0, 3).flatmap(lambda roll: strategy if roll < 3 else _ANYTHING)


_BATCHES: Final = st.lists(one_request(), min_size=_BATCH, max_size=_BATCH)


class DrawnByHypothesis(Thrower):
    """Asks what hypothesis draws, and holds each answer to the document."""

    def __init__(self, server: Server, chance: random.Random) -> None:
        super().__init__(server, chance)
        self._line = HttpLine(server)

    def throw(self, most: int) -> int:
        thrown = 0

        @hypothesis.seed(self.chance.getrandbits(64))
        @hypothesis.settings(_FAST, max_examples=max(1, most // _BATCH))
        @hypothesis.given(_BATCHES)
        def ask(requests: list[tuple[Operation, str, dict[str, str], bytes | None]]) -> None:
            nonlocal thrown
            for operation, target, headers, body in requests[: most - thrown]:
                got = self._line.ask(operation.method, target, body, headers)
                try:
                    operation.check(got)
                except AssertionError as fault:
                    fault.add_note(f"{got} after {operation.method} {target} {headers} {body!r}")
                    raise
                self.outcomes[f"answered {got.status}"] += 1
                thrown += 1

        ask()
        return thrown

    def close(self) -> None:
        self._line.close()
