"""The rows of the protocol's tables: events of clients and of the server, HTTP calls, pages."""

from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Any, ClassVar

from msgspec import Struct

from consult.contract.faults import Fault
from consult.contract.payloads import Payload
from consult.contract.words import Words

JsonObject = dict[str, Any]

ANOTHER_ID = 9_007_199_254_740_991  # of nothing in the examples: the highest integer that JavaScript counts to


class Work(Enum):
    """The kind of work that a user's budget counts for an event or a call, besides the event or call itself."""

    NONE = auto()
    READ = auto()
    SEARCH = auto()  # a read that looks at much more than it gives
    WRITE = auto()
    CHANGE = auto()  # a write that makes a history longer


@dataclass(frozen=True, slots=True)
class Mistake:
    """A payload that is refused, for who wants to see how. `fault` is given where the payload alone does not tell."""

    about: Words
    payload: Any
    fault: Fault | None = None


@dataclass(frozen=True, slots=True, eq=False)
class ClientEvent:
    name: str
    section: str
    about: Words
    payload: type[Payload]
    example: JsonObject
    reply: str  # the event that answers when all is well
    mistakes: tuple[Mistake, ...] = ()
    others: tuple[JsonObject, ...] = ()  # further examples
    # Of a send: further sends of the same connection need not wait for its answer, and its errors come in its
    # own reply.
    is_send: bool = False
    work: Work = Work.NONE  # what one costs its user

    @property
    def failure(self) -> str:
        """The event that answers when something is wrong."""
        return self.reply if self.is_send else "error"


@dataclass(frozen=True, slots=True)
class ServerEvent:
    name: str
    section: str
    about: Words
    example: JsonObject
    others: tuple[JsonObject, ...] = field(default=())  # further forms that it comes in
    shapes: tuple[type[Struct], ...] = field(kw_only=True)  # of the example and of each of the others


@dataclass(frozen=True, slots=True, eq=False)
class Call:
    name: str  # the method and the path as the documents have it, with {id}; the route is made of it
    about: Words
    answer: JsonObject
    shape: type[Struct]  # of the answer
    status: int = 200
    query: type[Payload] | None = None
    body: type[Payload] | None = None
    example: JsonObject | None = None  # of the body
    has_optional_body: bool = False  # an empty one stands for all its fields left out
    faults: tuple[int, ...] = ()
    others: dict[int, JsonObject] = field(default_factory=dict)  # answers of the same shape, by status
    work: Work | None = None  # what one costs its user, where that is not what its method costs
    takes_turns: bool = False  # a client has a few of them worked on at a time

    @property
    def method(self) -> str:
        return self.name.partition(" ")[0]

    @property
    def path(self) -> str:
        return self.name.partition(" ")[2]


@dataclass(frozen=True, slots=True, eq=False)
class Page:
    """A page: not JSON of the protocol, or for the people and programs that look after a server."""

    path: str  # what it has in braces is text
    kind: str  # its media type
    about: Words
    method: str = "GET"
    others: tuple[int, ...] = ()  # further statuses that it comes with

    status: ClassVar[int] = 200
    query: ClassVar[None] = None
    body: ClassVar[None] = None
    takes_turns: ClassVar[bool] = False

    @property
    def name(self) -> str:
        """The method and the path."""
        return f"{self.method} {self.path}"
