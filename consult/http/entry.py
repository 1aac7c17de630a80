"""With tokens on: who asks, of every HTTP request, and whether it may, before any handler sees it."""

import re
from typing import Any

from sanic import Request, Sanic
from sanic.response import HTTPResponse

from consult.contract.call import Call
from consult.contract.faults import Fault
from consult.contract.permissions import PERMISSIONS, May, Permission, Role, Row
from consult.entry import audit, rights
from consult.entry.access import Access
from consult.entry.guard import Guard, told
from consult.entry.rights import Asker
from consult.entry.tokens import Refused
from consult.http.admission import read_no_more
from consult.http.answers import read_body, read_id, read_query
from consult.json_text import loads
from store import owners
from store.database import Database


def _template(path: str) -> str:
    """A path as the table and Sanic's router both have it, whatever they call what is in it."""
    return re.sub(r"[<{][^>}]*[>}]", "{}", path).rstrip("/")


# Files for everybody, and the sockets, whose token comes with their CONNECT.
_BESIDE = ("/static/{}", "/socket.io")
_ROWS = {_template(row.name): row for row in PERMISSIONS}


def install(app: Sanic[Any, Any], guard: Guard, database: Database, access: Access) -> None:
    """After `answers.install`, which looks at host and origin."""
    app.ctx.tokens = True

    @app.signal("http.routing.after")  # before its body is read, which would be for nothing
    async def enter(request: Request, **_: Any) -> None:
        assert request.route is not None
        path = _template(request.route.uri)
        if path in _BESIDE:
            return
        row = _ROWS.get(f"{request.method} {path}")
        identity = getattr(request.ctx, "identity", None)
        refused: Refused | None = getattr(request.ctx, "refused_token", None)
        if identity is None and refused is None and (row is None or rights.may(Role.NOBODY, row) is May.NO):
            try:
                guard.admit(None, "http", access.address(request.ip, request.headers))
            except Refused as missing:
                refused = missing
        if refused is not None:
            read_no_more(request)
            raise told(refused)
        request.ctx.row = row
        request.ctx.identity = identity
        if row is None:
            raise Fault("FORBIDDEN")
        request.ctx.asker = rights.asker(identity, row)

    @app.on_request
    async def hold_to_own(request: Request) -> None:
        asker: Asker | None = getattr(request.ctx, "asker", None)
        if asker is not None and asker.is_bounded and request.match_info:
            call: Call = request.ctx.row
            await _hold_to_own(asker, PERMISSIONS[call], _held_to_rules(request, call))

    def _held_to_rules(request: Request, call: Call) -> int:
        # A request that is wrong is told so first, whomever its object is of.
        (name,), (text,) = re.findall(r"{(\w+)}", call.path), request.match_info.values()
        wanted = read_id(name, text)
        if call.query:
            read_query(request, call.query)
        if call.body:
            read_body(request, call.body)
        return wanted

    async def _hold_to_own(asker: Asker, row: Permission, wanted: int) -> None:
        if row.of == "user":
            asker.refuse_other("user_id", wanted)
        elif asker.only_questions is not None:
            if wanted not in asker.only_questions:
                raise Fault("QUESTION_NOT_FOUND")
        elif await owners.owner(database, row.of, wanted) != asker.only_user:
            raise Fault("QUESTION_NOT_FOUND" if row.of == "question" else "NOT_FOUND")

    @app.on_response  # type: ignore[untyped-decorator]
    async def record(request: Request, answer: HTTPResponse) -> None:
        row: Row | None = getattr(request.ctx, "row", None)
        if row is not None and (of := PERMISSIONS[row].of) and request.ctx.identity is not None:
            address = access.address(request.ip, request.headers)
            # Sanic's own answer to a request whose client has gone has no code.
            result = audit.OK if answer.status < 400 else _told(answer).get("code", str(answer.status))
            guard.audit.record(request.ctx.identity, address, row.name, of, _object_id(request, answer), result)


def _object_id(request: Request, answer: HTTPResponse) -> int | None:
    """What the request was about: the id in its path, or that of what it has made."""
    for text in request.match_info.values():
        return int(text) if text.isascii() and text.isdigit() and len(text) < 20 else None
    made = _told(answer).get("id") if request.method == "POST" else None
    return made if isinstance(made, int) else None


def _told(answer: HTTPResponse) -> dict[str, Any]:
    told: dict[str, Any] = loads(answer.body or b"{}")
    return told
