"""Reading requests, one way for every HTTP call: who asks, and its path, query and body by the types of its row."""

from codecs import BOM_UTF8
from collections.abc import Callable, Collection
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any, Generic, TypeVar

import sanic
from sanic import Sanic
from sanic.exceptions import MethodNotAllowed, NotFound
from sanic.headers import parse_content_header

from consult.contract import faults, fields, payloads
from consult.contract.faults import Fault
from consult.contract.limits import MAX_ID
from consult.contract.payloads import Payload
from consult.contract.rows import Call, Page
from consult.entry.limits import Account
from consult.entry.rights import Asker
from consult.entry.tokens import Identity, Refused
from consult.json_text import loads
from store.history import API, user
from store.reminders import OUTWARD

P = TypeVar("P", bound=Payload)
Query = TypeVar("Query")
Body = TypeVar("Body")

# The channels that leave by a hook of this server.
Served = Callable[[], Collection[str]]
# What stands for a channel that no hook serves: it is refused as any other that is unknown.
_UNKNOWN = ""
# RFC 8259 knows one charset for JSON; ASCII is a part of it.
_CHARSETS = ("utf-8", "utf8", "us-ascii", "ascii")


class Caller(SimpleNamespace):
    """Who makes a request, found out before its body is read."""

    is_refused: bool = False  # for its host or origin
    is_of_link: bool = False  # from whichever origin, which is told nothing of it
    identity: Identity | None = None  # of a good token
    refused_token: Refused | None = None  # why the token that it shows is none
    account: Account | None = None  # what the user may use, where that is limited
    asker: Asker  # by the time that a handler sees the request


class Request(sanic.Request[Sanic[Any, Any], Caller]):
    __slots__ = ()

    @staticmethod
    def make_context() -> Caller:
        """Return what will be known of the caller."""
        return Caller()


@dataclass(frozen=True, slots=True)
class Asked(Generic[Query, Body]):
    """A request that may be made, and that is well-formed."""

    request: Request
    id: int  # in the path of a call; 0 where it has none
    query: Query
    body: Body

    @property
    def asker(self) -> Asker:
        """Return who asks, and how far that reaches."""
        return self.request.ctx.asker

    @property
    def by(self) -> str:
        """Return who asks, as a history tells it."""
        identity = self.asker.identity
        return API if identity is None else user(identity.user_id, identity.user_type)


def read(request: Request, row: Call | Page, in_path: dict[str, str], served: Served) -> Asked[Any, Any]:
    """Return what the request asks for; Fault with the first thing that is wrong in its path, query or body."""
    ids = [read_id(name, text) for name, text in in_path.items()] if isinstance(row, Call) else []
    return Asked(
        request,
        ids[0] if ids else 0,
        read_query(request, row.query) if row.query else None,
        _body(request, row, served),
    )


def _body(request: Request, row: Call | Page, served: Served) -> Payload | None:
    if row.body is None:
        return None
    if isinstance(row, Call) and row.has_optional_body and not request.body:
        return row.body()
    return read_body(request, row.body, served)


def read_id(name: str, text: str) -> int:
    """An id out of a path."""
    value = _value(text)
    if not isinstance(value, int) or not 1 <= value <= MAX_ID:
        raise payloads.must_be(name, fields.Id)
    return value


def read_query(request: Request, query_type: type[P]) -> P:
    """Return the query string as its type. An empty parameter is one left out. Digits are a number where a number is
    meant, and text where text is."""
    numbers = payloads.numbers_of(query_type)
    given = {name: values[0] for name, values in request.args.items() if values[0]}
    return payloads.read(query_type, {name: _value(text) if name in numbers else text for name, text in given.items()})


def read_body(request: Request, payload_type: type[P], served: Served) -> P:
    """The request's body as its type; Fault when it is not JSON (415) or not what the call takes (400)."""
    kind, options = parse_content_header(request.headers.get("content-type", "application/json"))
    charset = str(options.get("charset", "utf-8")).lower()
    if kind != "application/json" or charset not in _CHARSETS:
        raise Fault(faults.NOT_JSON)
    try:
        body = json_of(request)
    except ValueError:
        raise Fault(faults.NOT_JSON) from None
    if isinstance(body, dict) and body.get("channel") in OUTWARD and body["channel"] not in served():
        body = {**body, "channel": _UNKNOWN}
    return payloads.read(payload_type, body)


def json_of(request: Request) -> Any:
    """Return the body's JSON, with or without the mark that Windows puts before UTF-8. ValueError when it is none."""
    return loads(request.body.removeprefix(BOM_UTF8))


def route_by(request: Request, method: str) -> Any:
    """Return Sanic's route for the request's path with a method, or None."""
    try:
        route, _, _ = request.app.router.get(request.path, method, request.headers.getone("host", None))
    except (NotFound, MethodNotAllowed):
        return None
    return route


def _value(text: str) -> str | int:
    return int(text) if text.isascii() and text.removeprefix("-").isdigit() and len(text) <= 20 else text
