"""With tokens on: who asks, of every HTTP request, whether it may, and whose things it is about."""

from typing import Any

from sanic import Sanic
from sanic.response import HTTPResponse

from consult.contract import faults
from consult.contract.faults import Fault
from consult.contract.messages import STAFF_ONLY
from consult.contract.permissions import PERMISSIONS, May, Role, Row
from consult.entry import audit, rights
from consult.entry.access import Access
from consult.entry.guard import Guard, token_fault
from consult.entry.rights import Asker
from consult.entry.tokens import Refused
from consult.http.admission import read_no_more
from consult.http.request import FILE, Request
from consult.json_text import loads
from store import owners
from store.database import Database
from store.file_folder import IS_HASH


def install(app: Sanic[Any, Any], guard: Guard, access: Access) -> None:
    """After `answers.install`, which looks at host and origin."""

    @app.signal("http.routing.after")  # before its body is read, which would be for nothing
    async def enter(request: Request, **_: Any) -> None:
        row, caller = _row(request), request.ctx
        if row is None:
            return
        refused = caller.refused_token
        if caller.identity is None and refused is None and rights.may(Role.NOBODY, row) is May.NO:
            try:
                guard.admit(None, "http", access.address(request.ip, request.headers))
            except Refused as missing:
                refused = missing
        if refused is not None:
            read_no_more(request)
            raise token_fault(refused)
        caller.asker = rights.asker(caller.identity, row)

    @app.on_response  # type: ignore[untyped-decorator]
    async def record(request: Request, answer: HTTPResponse) -> None:
        row, identity = _row(request), request.ctx.identity
        if row is not None and identity is not None and (of := PERMISSIONS[row].of):
            address = access.address(request.ip, request.headers)
            result = audit.OK if answer.status < 400 else _result(answer)
            guard.audit.record(identity, address, row.name, of, _object_id(request, answer), result)


async def hold_to_own(database: Database, row: Row, asker: Asker, wanted: int) -> None:
    """Refuse an object beyond the asker's reach, as if there were no such thing."""
    reach = asker.reach
    if reach is None:
        return
    of = PERMISSIONS[row].of
    if of == "file":
        return  # who may see it is asked with what it is, by its handler
    if of == "user":
        asker.refuse_other("user_id", wanted)
        return
    if of == "question" and wanted in reach.questions:
        return
    if not reach.users or await owners.owner(database, of, wanted) not in reach.users:
        raise Fault(faults.QUESTION_NOT_FOUND if of == "question" else faults.NOT_FOUND)


def _row(request: Request) -> Row | None:
    """Return what the request asks for. None where there is no such route, and for what is everybody's: the files of
    the page, and the sockets, whose token comes with their CONNECT."""
    row: Row | None = None if request.route is None else request.route.ctx.row
    return row


def _object_id(request: Request, answer: HTTPResponse) -> int | str | None:
    """Return what the request was about: the id or the hash in its path, or the id of what it has made."""
    file = request.match_info.get(FILE)
    if file is not None:
        return file if IS_HASH.fullmatch(file) else None
    for text in request.match_info.values():
        return int(text) if text.isascii() and text.isdigit() and len(text) < 20 else None
    made = _json_of(answer).get("id") if request.method == "POST" else None
    return made if isinstance(made, int) else None


def _result(answer: HTTPResponse) -> str:
    """Return what the audit says of a call that was refused."""
    body = _json_of(answer)
    if body.get("message") == STAFF_ONLY:
        return audit.STAFF_ONLY_REFUSED
    # Sanic's own answer to a request whose client has gone has no code.
    return str(body.get("code", answer.status))


def _json_of(answer: HTTPResponse) -> dict[str, Any]:
    body: dict[str, Any] = loads(answer.body or b"{}")
    return body
