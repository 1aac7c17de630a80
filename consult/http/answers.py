"""Writing answers, one way for every HTTP call; and the one place where a fault becomes one."""

import hashlib
import re
import sqlite3
from collections.abc import Callable
from contextlib import suppress
from email.utils import formatdate
from typing import Any, TypeVar

from msgspec import Struct
from sanic import Sanic
from sanic.compat import Header
from sanic.exceptions import MethodNotAllowed, NotFound, PayloadTooLarge, SanicException
from sanic.response import HTTPResponse, raw

from consult.contract import faults, replies
from consult.contract.confirm_links import CONFIRM_BY_LINK, CONFIRM_PAGE
from consult.contract.faults import Fault, invalid
from consult.contract.limits import LONGEST_KEY
from consult.entry.access import Access
from consult.http.request import Asked, Request, json_of, route_by
from consult.json_text import canonical, dumps
from consult.security_headers import HEADERS, HSTS
from store.clock import Clock
from store.database import Database
from store.idempotency_keys import Done, Keyed, OtherRequest, Repeated, once
from store.transaction import each

Wanted = TypeVar("Wanted")
Outcome = TypeVar("Outcome")
AnyReply = TypeVar("AnyReply", bound=Struct)

# Bytes that are no UTF-8 come as halves of surrogate pairs.
_IS_KEY = re.compile(rf"[^\x00\ud800-\udfff]{{1,{LONGEST_KEY}}}", re.DOTALL)
# Names of headers, as a browser lists those that a page wants to send.
_IS_LIST_OF_NAMES = re.compile(r"[-!#$%&'*+.^_`|~0-9A-Za-z]+(?:[ \t]*,[ \t]*[-!#$%&'*+.^_`|~0-9A-Za-z]+)*")
_OF_LINKS = (CONFIRM_PAGE, CONFIRM_BY_LINK)
_METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
_PREFLIGHT = {"access-control-allow-methods": ", ".join(_METHODS), "access-control-max-age": "600"}


class _Headers(Header):
    """An answer's headers without the empty alt-svc that Sanic puts among them as they go out. Where TOUCHUP is on it
    rewrites its own source not to; but a packaged Careline has no source."""

    def __setitem__(self, name: str, value: str) -> None:
        if name != "alt-svc":
            super().__setitem__(name, value)


def json_answer(body: bytes | Struct, status: int = 200) -> HTTPResponse:
    """An answer in JSON, encoded already or not."""
    return raw(body if isinstance(body, bytes) else dumps(body), status, content_type="application/json")


class Writing:
    """Makes the changes that requests ask for, at most once for each `Idempotency-Key`."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def post(
        self,
        asked: Asked[Any, Any],
        one: Callable[[sqlite3.Connection, Wanted], Outcome],
        wanted: Wanted,
        shape: Callable[[Outcome], AnyReply | Fault],
        publish: Callable[[Outcome], None] = lambda _: None,
    ) -> AnyReply | HTTPResponse:
        """Does `one` and replies with its shape, or raises the fault that it was. The same key and request again is 200
        with the first result, another request under the key 409. `publish` is called in commit order. With tokens on
        everybody has keys of their own."""
        request = asked.request
        key = request.headers.get("idempotency-key")
        if key is None:
            shaped = shape(await self._database.written(each(one), wanted, publish))
            if isinstance(shaped, Fault):
                raise shaped
            return shaped
        if not _IS_KEY.fullmatch(key):
            raise Fault(faults.KEY_LENGTH)

        def render(outcome: Outcome) -> str | None:
            shaped = shape(outcome)
            return None if isinstance(shaped, Fault) else dumps(shaped).decode()

        def publish_if_done(answer: Done[Outcome] | Repeated | OtherRequest) -> None:
            if isinstance(answer, Done):
                publish(answer.outcome)

        identity = asked.asker.identity
        if identity is not None:
            key = f"{identity.user_type} {identity.user_id} {key}"
        fingerprint, as_sent = _fingerprint(request, _said(request)), _fingerprint(request, request.body)
        keyed = Keyed(key, fingerprint, self._clock(), wanted, as_sent)
        answer = await self._database.written(each(once(one, render)), keyed, publish_if_done)
        if isinstance(answer, OtherRequest):
            raise Fault(faults.KEY_REUSED)
        if isinstance(answer, Repeated):
            return json_answer(answer.text.encode())
        shaped = shape(answer.outcome)
        if isinstance(shaped, Fault):
            raise shaped
        return shaped


def _fingerprint(request: Request, body: bytes) -> str:
    return hashlib.sha256(b"\0".join((request.method.encode(), request.raw_url, body))).hexdigest()


def _said(request: Request) -> bytes:
    """Return what the body says, however it is spelled: a retry may be encoded anew."""
    with suppress(ValueError):  # a call without a body takes any
        return canonical(json_of(request))
    return request.body


def install(app: Sanic[Any, Any], access: Access) -> None:
    """Admission before every request, headers on every answer, and faults as the table of faults has them."""
    security_headers = {**HEADERS, **HSTS} if access.tls else HEADERS

    # Sanic knows of each request whether it asks for the head alone, and leaves the body out by itself.
    @app.signal("http.routing.before")
    async def answer_head_as_get(request: Request) -> None:
        if request.method == "HEAD" and _has_head(request.path):
            request.method = "GET"

    @app.on_request
    async def admit(request: Request) -> HTTPResponse | None:
        if request.route is not None and request.route.ctx.row in _OF_LINKS:
            request.ctx.is_of_link = True
            refusal = access.refusal_of_link(request.ip, request.headers)
        else:
            refusal = access.refusal(request.ip, request.headers, "HTTP")
        if refusal is not None:
            request.ctx.is_refused = True
            return fault_answer(refusal)
        if request.method == "OPTIONS" and "access-control-request-method" in request.headers:
            return _preflight(request.headers.get("access-control-request-headers", ""))
        return None

    @app.on_response  # type: ignore[untyped-decorator]
    async def add_headers(request: Request, answer: HTTPResponse) -> None:
        answer.headers = _Headers({**security_headers, **answer.headers, "date": formatdate(usegmt=True)})
        origin = request.headers.get("origin")
        if origin is not None and not request.ctx.is_refused and not request.ctx.is_of_link:
            answer.headers["access-control-allow-origin"] = origin
            answer.headers["access-control-allow-credentials"] = "true"
            answer.headers["access-control-expose-headers"] = "retry-after"
            answer.headers["vary"] = "Origin"

    @app.exception(Exception)
    async def tell(request: Request, exception: Exception) -> HTTPResponse:
        answer = fault_answer(_fault_from(exception))
        if isinstance(exception, MethodNotAllowed):
            # Sanic knows the methods of a path only where it has no parameter.
            methods = list(exception.allowed_methods or _methods(request))
            if "GET" in methods and "HEAD" not in methods and _has_head(request.path):
                methods.append("HEAD")
            answer.headers["allow"] = ", ".join(methods)
        return answer


def _preflight(wanted: str) -> HTTPResponse:
    """Return the answer that lets an allowed origin send any headers: front ends add their own, such as X-Client-Id."""
    names = wanted if _IS_LIST_OF_NAMES.fullmatch(wanted) else "authorization, content-type, idempotency-key"
    return HTTPResponse(status=204, headers={**_PREFLIGHT, "access-control-allow-headers": names})


def _has_head(path: str) -> bool:
    # A poll consumes the packets that it returns, so HEAD must not run it as a GET.
    return not path.startswith("/socket.io")


def _methods(request: Request) -> list[str]:
    return [method for method in _METHODS if route_by(request, method) is not None]


def fault_answer(fault: Fault) -> HTTPResponse:
    answer = json_answer(replies.error(fault), fault.status)
    if fault.retry_after is not None:
        answer.headers["retry-after"] = str(fault.retry_after)
    if fault.status == 401:
        answer.headers["www-authenticate"] = "Bearer"
    return answer


def _fault_from(exception: Exception) -> Fault:
    """Sanic's own faults in the protocol's words; the others as everywhere."""
    if isinstance(exception, NotFound):
        return Fault(faults.NOT_FOUND)
    if isinstance(exception, MethodNotAllowed):
        return Fault(faults.METHOD_NOT_ALLOWED)
    if isinstance(exception, PayloadTooLarge):
        return Fault(faults.BODY_TOO_LARGE)
    if isinstance(exception, SanicException):
        return invalid(str(exception), exception.status_code)
    return faults.told(exception)
