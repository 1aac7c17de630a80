"""An HTTP call, as a row of the table of calls."""

from dataclasses import dataclass, field

from msgspec import Struct

from consult.contract.examples import JsonObject
from consult.contract.payloads import Payload


@dataclass(frozen=True, slots=True)
class Call:
    method: str
    path: str
    zh: str
    en: str
    status: int
    answer: JsonObject
    query: type[Payload] | None = None
    body: type[Payload] | None = None
    example: JsonObject | None = None  # of the body
    faults: tuple[int, ...] = field(default=())
    others: dict[int, JsonObject] = field(default_factory=dict)  # answers of the same shape, by status
    shape: type[Struct] = field(kw_only=True)  # of the answer
