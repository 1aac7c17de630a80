"""Counts every HTTP request before its body is read and before a handler works for it, and refuses what is beyond.

With tokens a request counts for the user whose token it shows, without a good one for its address. The requests of a
long-polling session count for the user who has entered on it.
"""

from typing import Any, cast

from sanic import Sanic
from sanic.http import Http

from consult.connection import Connection
from consult.contract.faults import Fault
from consult.contract.rows import Call, Work
from consult.entry.access import Access
from consult.entry.guard import Guard
from consult.entry.limits import Account, Limits
from consult.entry.rights import ANYBODY
from consult.entry.tokens import Refused
from consult.http.request import Request, route_by
from consult.wire.door import HttpBehindDoor
from consult.wire.polling import Polling

_READERS = ("GET", "HEAD")
_NOT_BEARER = "not a bearer token"  # which is never a good one


def install(app: Sanic[Any, Any], limits: Limits, access: Access, polling: Polling, guard: Guard | None) -> None:
    """Before `entry.install`, which asks for the identity that is found here."""

    @app.signal("http.routing.before")
    async def count(request: Request) -> None:
        connection = cast(HttpBehindDoor, cast(Http, request.stream).protocol)
        connection.account = None
        address = access.address(request.ip, request.headers)
        carried = _carried(request)
        try:
            account = _account(request, connection, address) if carried is None else carried.account
            await connection.turn(address if account is None else account.name)
            if carried is None:
                _count(request, connection, address, account)
            elif account is not None:
                limits.spend_poll(account, request.method == "POST")
        except Fault:
            if cast(Http, request.stream).request_body:
                read_no_more(request)
            raise

    def _carried(request: Request) -> Connection | None:
        """Return the connection whose long-polling session the request belongs to, once that has entered."""
        if not request.path.startswith("/socket.io"):
            return None
        session = polling.session(request.args.get("sid", ""))
        carried = None if session is None else session.connection
        return carried if carried is not None and carried.connected else None

    def _account(request: Request, connection: HttpBehindDoor, address: str) -> Account | None:
        if guard is None:
            request.ctx.asker = ANYBODY
            return limits.account(None, address)
        return None if request.path.startswith("/socket.io") else _enter(request, connection, address, guard)

    def _count(request: Request, connection: HttpBehindDoor, address: str, account: Account | None) -> None:
        if account is not None:
            work = _work(request)
            # The bytes of a file are counted by the day, as they come.
            limits.spend_request(account, 0 if work is Work.FILE else body_bytes(request))
            limits.spend_work(account, work)
            connection.account = request.ctx.account = account
        elif guard is not None and request.ctx.identity is None:
            limits.spend_stranger_request(address)
            connection.is_stranger_of(address)

    def _enter(request: Request, connection: HttpBehindDoor, address: str, guard: Guard) -> Account | None:
        """Find out who asks. An invalid token is refused later, by the entry, where one is required."""
        shown = shown_token(request)
        if shown is None:
            return None
        try:
            request.ctx.identity = guard.admit(shown, "http", address)
        except Refused as refused:
            request.ctx.refused_token = refused
            limits.spend_bad_token(address)
            return None
        connection.is_no_stranger()
        return limits.account(request.ctx.identity, address)


def read_no_more(request: Request) -> None:
    """The answer ends the connection: the body is neither kept nor waited for."""
    http = cast(Http, request.stream)
    http.keep_alive = False
    http.request_body = None


def shown_token(request: Request) -> str | None:
    """The token that a request shows; None when it shows none."""
    shown = request.headers.get_all("authorization")
    if not shown:
        return None
    scheme, _, token = shown[0].strip().partition(" ")
    if len(shown) > 1 or scheme.lower() != "bearer" or not token.strip():
        return _NOT_BEARER
    return str(token.strip())


def _work(request: Request) -> Work:
    if not request.path.startswith("/api/") or request.method == "OPTIONS":
        return Work.NONE
    route = route_by(request, request.method)
    if route is not None and isinstance(route.ctx.row, Call) and route.ctx.row.work is not None:
        return route.ctx.row.work
    # What is not found, or not allowed, costs as much.
    return Work.READ if request.method in _READERS else Work.WRITE


def body_bytes(request: Request) -> int:
    text = request.headers.get("content-length", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0
