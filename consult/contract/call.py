"""HTTP calls and pages, as rows of their tables."""

from dataclasses import dataclass, field
from typing import ClassVar

from msgspec import Struct

from consult.contract.examples import JsonObject
from consult.contract.payloads import Payload
from consult.contract.work import Work


@dataclass(frozen=True, slots=True, eq=False)
class Call:
    method: str
    path: str  # as the documents have it, with {id}; the route is made of it
    zh: str
    en: str
    status: int
    answer: JsonObject
    query: type[Payload] | None = None
    body: type[Payload] | None = None
    example: JsonObject | None = None  # of the body
    faults: tuple[int, ...] = field(default=())
    others: dict[int, JsonObject] = field(default_factory=dict)  # answers of the same shape, by status
    work: Work | None = None  # what one costs its user, where that is not what its method costs
    takes_turns: bool = False  # a client has a few of them worked on at a time
    shape: type[Struct] = field(kw_only=True)  # of the answer

    @property
    def name(self) -> str:
        """The method and the path."""
        return f"{self.method} {self.path}"


@dataclass(frozen=True, slots=True, eq=False)
class Page:
    """What GET gives that is no JSON of the protocol, or for people and programs that look after a server."""

    path: str
    kind: str  # its media type
    zh: str
    en: str

    method: ClassVar[str] = "GET"
    status: ClassVar[int] = 200
    query: ClassVar[None] = None
    body: ClassVar[None] = None
    takes_turns: ClassVar[bool] = False

    @property
    def name(self) -> str:
        """The method and the path."""
        return f"{self.method} {self.path}"
