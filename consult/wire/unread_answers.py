"""HTTP answers that clients do not take from the network: held for a while, a few at a time, then cut."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from typing import Any

from sanic.server.protocols.http_protocol import HttpProtocol

from consult.contract.limits import ANSWER_SECONDS, MOST_UNREAD_ANSWERS, MOST_UNREAD_BYTES, STILL_SECONDS
from consult.entry.access import Access
from consult.wire.carriers import Carriers

REASON = "answer not read"


def oldest_of_largest(held: Sequence[tuple["TakenAnswers", str, int]]) -> "TakenAnswers":
    """Return the oldest connection of the client that holds most. `held` has each connection, the oldest first, with
    its client and the bytes that it holds."""
    clients: Counter[str] = Counter()
    for _, client, size in held:
        clients[client] += size
    ((largest, _),) = clients.most_common(1)
    return next(connection for connection, client, _ in held if client == largest)


class UnreadAnswers:
    """The answers that the network has not taken. Of too many, the oldest of the client with the most bytes is cut."""

    def __init__(self, carriers: Carriers, access: Access) -> None:
        self.access = access
        self._carriers = carriers
        self._clients: dict[TakenAnswers, str] = {}  # in the order in which they began

    def began(self, answer: "TakenAnswers") -> None:
        """The network did not take all of it at once."""
        self._clients[answer] = answer.client
        while len(self._clients) > MOST_UNREAD_ANSWERS or sum(one.left for one in self._clients) > MOST_UNREAD_BYTES:
            self.cut(oldest_of_largest([(one, client, one.left) for one, client in self._clients.items()]))

    def ended(self, answer: "TakenAnswers") -> None:
        """It was taken, or its connection has ended."""
        self._clients.pop(answer, None)

    def cut(self, answer: "TakenAnswers") -> None:
        """End the connection at once: what it holds is let go."""
        self.ended(answer)
        self._carriers.cuts[REASON] += 1
        if answer.transport is not None:
            answer.transport.abort()


class TakenAnswers(HttpProtocol):
    """Sanic's HTTP protocol for clients that may not read.

    An answer is in the transport's buffer until the network takes it; the transport says when most of it has gone.
    """

    __slots__ = ("_began", "_left", "_look", "_unread", "gives_file")

    def __init__(self, unread: UnreadAnswers, **sanic: Any) -> None:
        super().__init__(**sanic)
        self._unread = unread
        self._look: asyncio.Handle | None = None
        self._began = 0.0
        self._left = 0
        self.gives_file = False  # piece by piece, of which it holds one: bounded by the downloads at once

    @property
    def client(self) -> str:
        """The user, as far as the request has shown one, or the address."""
        request = None if self._http is None else self._http.request
        if request is None:
            return ""
        identity = request.ctx.identity
        address = self._unread.access.address(request.ip, request.headers)
        return address if identity is None else f"user {identity.user_id}"

    @property
    def left(self) -> int:
        """Return how many bytes the network has not taken."""
        return 0 if self.transport is None else self.transport.get_write_buffer_size()

    def pause_writing(self) -> None:
        """Called when an answer is too long for the transport, which tries to send it at the end of this turn."""
        super().pause_writing()  # type: ignore[no-untyped-call]
        self._look = self.loop.call_soon(self._begin)

    def resume_writing(self) -> None:
        """Called when the network has taken most of it, and when the connection is lost."""
        super().resume_writing()  # type: ignore[no-untyped-call]
        self.forget_answer()

    def forget_answer(self) -> None:
        """Forget what this connection holds."""
        if self._look is not None:
            self._look.cancel()
            self._look = None
            self._unread.ended(self)

    def _begin(self) -> None:
        self._began = self.loop.time()
        self._watch()
        if not self.gives_file:
            self._unread.began(self)

    def _watch(self) -> None:
        self._left = self.left
        self._look = self.loop.call_later(STILL_SECONDS, self._look_again)

    def _look_again(self) -> None:
        if self.left >= self._left or self.loop.time() - self._began >= ANSWER_SECONDS:
            self._unread.cut(self)
        else:
            self._watch()
