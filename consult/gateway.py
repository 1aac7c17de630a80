"""The Socket.IO server: every event of every connection passes here, and a fault becomes an answer here alone.

Both doors (websocket and long-polling) hand their packets to `Gateway.received`. In which order a connection's events
are handled is ruled in event_order.py.
"""

import asyncio
import logging
from collections import Counter
from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any

from consult import packets
from consult.connection import Connection
from consult.contract import faults, messages, payloads, replies
from consult.contract.faults import Fault
from consult.contract.payloads import Payload
from consult.contract.rows import ClientEvent, Work
from consult.entry import audit, rights
from consult.entry.guard import Guard, shown, token_fault
from consult.entry.limits import Limits
from consult.entry.tokens import Identity, Refused
from consult.json_text import dumps
from consult.push import Push
from consult.recovery import Recovery
from consult.recovery import shown as shown_pid

log = logging.getLogger("careline.gateway")

Handle = Callable[[Connection, Any, "Answer"], Coroutine[Any, Any, None] | None]


class Handler:
    """What is done about one event. It answers once, at once or later, or raises."""

    __slots__ = ("answered", "event", "faults", "handle", "reply")

    def __init__(self, event: ClientEvent, handle: Handle) -> None:
        self.event = event
        self.handle = handle
        self.reply = event.reply.encode()  # once, not for every answer
        self.answered = 0  # events that went well
        self.faults: Counter[str] = Counter()  # the others, by their code


class Answer:
    """What is owed for one event that a client sent. It goes out as the reply event and to the acknowledgement callback
    alike."""

    __slots__ = ("_connection", "_gateway", "ack_id", "handler", "is_late", "may_overlap", "request")

    def __init__(
        self,
        gateway: "Gateway",
        connection: Connection,
        handler: Handler | None,
        request: Payload | Fault,
        ack_id: bytes | None,
    ) -> None:
        self._gateway = gateway
        self._connection = connection
        self.handler = handler
        self.request = request
        self.ack_id = ack_id
        self.is_late = False  # the event is over when it is answered, not when its handler returns
        self.may_overlap = handler is not None and handler.event.is_send and not isinstance(request, Fault)

    def __call__(self, payload: bytes) -> None:
        """Send the reply; its payload is JSON already."""
        handler = self.handler
        assert handler is not None
        handler.answered += 1
        if self._connection.identity is not None:
            self._record(self._connection.identity, audit.OK)
        self._gateway.answer(self._connection, self, handler.reply, payload)

    def comes_later(self) -> None:
        """The event is answered in a later step, and no other event starts before. The last that its handler does."""
        self.is_late = True
        self._connection.order.started_alone()

    def fault(self, fault: Fault) -> None:
        if self._connection.identity is not None:
            self._record(self._connection.identity, fault.code)
        handler = self.handler
        (self._gateway.unknown if handler is None else handler.faults)[fault.code] += 1
        if handler is not None and handler.event.is_send:
            name, payload = handler.reply, dumps(replies.not_sent(fault))
        else:
            name, payload = b"error", dumps(replies.error(fault))
        self._gateway.answer(self._connection, self, name, payload)

    def failed(self, fault: Exception) -> None:
        """Answer with what the client is told of any exception."""
        self.fault(faults.told(fault))

    def _record(self, identity: Identity, result: str) -> None:
        if self.handler is not None and isinstance(self.request, Payload):
            assert self._gateway.guard is not None
            event = self.handler.event
            self._gateway.guard.audit.event(identity, self._connection.address, event, self.request, result)


class Gateway:
    def __init__(
        self, handlers: dict[str, Handler], push: Push, recovery: Recovery, limits: Limits, guard: Guard | None
    ) -> None:
        """Without a guard every client may enter, and its claims are believed."""
        self.recovery = recovery
        self.limits = limits
        self.guard = guard
        self.handlers = handlers
        self._push = push
        self._loop = asyncio.get_running_loop()
        self._tasks: set[asyncio.Task[None]] = set()
        self.connections: set[Connection] = set()
        self.unknown: Counter[str] = Counter()  # events of no name that is known, by the fault's code

    def received(self, connection: Connection, packet: bytes) -> None:
        """Takes in one Socket.IO packet. Malformed when it is none, or none that may come now: cut the connection."""
        read = packets.read(packet)
        if type(read) is packets.Event:
            if not connection.connected:
                raise packets.Malformed("an event before its CONNECT")
            self._received_event(connection, read, len(packet))
        elif type(read) is packets.Connect:
            self._received_connect(connection, read, len(packet))
        elif type(read) is packets.Disconnect:
            connection.has_left = True
            self.recovery.left(connection)
            self.ended(connection)
            if self.guard is not None:
                connection.carrier.close()  # so that no client comes back on it with another token

    def arrived(self, connection: Connection) -> None:
        """A client has come that has not entered."""
        if self.guard is not None:
            cut = partial(_cut_stranger, connection)
            self.limits.stranger_came(connection.address, connection, cut)

    def ended(self, connection: Connection) -> None:
        """The client is gone, or has left the namespace. The messages that it has sent are still stored and broadcast;
        the rest is dropped."""
        self.limits.stranger_left(connection.address, connection)
        if connection.account is not None:
            connection.account.holders -= 1
            connection.account = None
        connection.connected = False
        connection.order.client_gone()
        connection.leave_all()
        self._push.ended(connection)
        self.recovery.ended(connection)
        self.connections.discard(connection)

    def asked(self, connection: Connection) -> None:
        """The client was asked just now to show what it has read."""
        connection.asked()
        self.recovery.asked(connection)

    def read_by(self, connection: Connection) -> None:
        """The client has answered what it was asked: it has read all that it was sent before."""
        self.recovery.read_by(connection)
        self._push.read_by(connection)

    @property
    def unanswered(self) -> int:
        """Events of all connections that are not answered yet."""
        return sum(connection.order.unanswered for connection in self.connections)

    def send_away(self) -> None:
        """Ends the connections whose token is not good any more."""
        assert self.guard is not None
        now = self.guard.now()
        for connection in list(self.connections):
            assert connection.identity is not None
            over = self.guard.over(connection.identity, now)
            if over is not None:
                fault = token_fault(Refused(over))
                self._push.answer(connection, b"error", dumps(replies.error(fault)), None)
                connection.carrier.close(f"token {over}")

    async def close(self) -> None:
        """Waits for the handlers that are under way."""
        while self._tasks:
            await asyncio.wait(self._tasks)

    def answer(self, connection: Connection, answer: Answer, name: bytes, payload: bytes) -> None:
        """Sends an answer, and goes on with what waited for it."""
        if connection.connected:
            self._push.answer(connection, name, payload, answer.ack_id)
        if answer.is_late:
            connection.order.ended()
            self._loop.call_soon(self._proceed, connection)
        elif answer.may_overlap and connection.order.send_answered():
            self._loop.call_soon(self._proceed, connection)

    def _received_connect(self, connection: Connection, connect: packets.Connect, size: int) -> None:
        is_first = not connection.connected and connect.namespace == "/"
        if (self.guard is not None or not is_first) and not self.limits.admits_event(
            connection.usage, connection.address, size, connection.account
        ):
            raise packets.Malformed("too many CONNECTs")
        if connect.namespace != "/":
            connection.send(packets.refused(connect.namespace, "Invalid namespace"))
            return
        if connection.connected:
            self._push.connected(connection, None)  # it has its pid
            return
        if connection.order.unanswered:
            # What it asked before it left must not be answered, nor put it into a room, as if it had asked just now.
            raise packets.Malformed("a CONNECT before the events of before are answered")
        if self.guard is not None:
            try:
                connection.identity = self.guard.admit(shown(connect.auth), "socket", connection.address)
            except Refused as refused:
                self._spend_bad_token(connection)
                fault = token_fault(refused)
                data = {"code": fault.code, "reason": refused.why}
                connection.send(packets.refused("/", fault.message, data))
                return
            self.guard.audit.record(connection.identity, connection.address, "connect")
            self.limits.stranger_left(connection.address, connection)
        if connection.account is None:
            connection.account = self.limits.account(connection.identity, connection.address)
            if connection.account is not None:
                connection.account.holders += 1
        connection.connected, connection.has_left = True, False
        connection.carrier.entered()
        self.connections.add(connection)
        pid = shown_pid(connect.auth)
        if pid is None:
            self._push.connected(connection, self.recovery.begin(connection))
        else:
            connection.order.started_alone()
            self._keep(asyncio.create_task(self._take_up(connection, pid)))

    async def _take_up(self, connection: Connection, pid: str) -> None:
        """Bring back the client that shows the pid, before its first event is handled. Where there is nothing to come
        back to, it begins anew. Where its user may not read now, or reading fails, it is cut: it comes again, and must
        not believe that it is back."""
        try:
            if connection.account is not None:
                self.limits.spend_work(connection.account, Work.READ)
            rooms = await self.recovery.take_up(connection, pid)
            if not connection.connected:
                pass
            elif rooms is None:
                self._push.connected(connection, self.recovery.begin(connection))
            else:
                if self.guard is not None:
                    self.guard.audit.record(connection.identity, connection.address, "recover")
                self._push.connected(connection, pid)
                await self.recovery.bring_back(connection, rooms)
        except Fault:
            connection.carrier.cut("user_reads")
        except Exception:
            log.exception("a client could not be brought back")
            connection.carrier.cut("recovery failed")
        connection.order.ended()
        self._proceed(connection)

    def _spend_bad_token(self, connection: Connection) -> None:
        """Ends the connection where its address has shown too many."""
        try:
            self.limits.spend_bad_token(connection.address)
        except Fault:
            raise packets.Malformed("too many bad tokens") from None

    def _received_event(self, connection: Connection, event: packets.Event, size: int) -> None:
        handler = self.handlers.get(event.name)
        account = connection.account
        if self.limits.admits_event(connection.usage, connection.address, size, account):
            request = _request(handler, event.arguments)
        else:
            request = Fault(faults.RATE_LIMITED)
        if connection.identity is not None and isinstance(request, Fault) and request.message == messages.STAFF_ONLY:
            self._record_staff_only(connection, connection.identity, event)
        if connection.identity is not None and handler is not None and not isinstance(request, Fault):
            refusal = rights.refusal(connection.identity, handler.event, request)
            if refusal is not None:
                assert self.guard is not None
                self.guard.audit.event(connection.identity, connection.address, handler.event, request, refusal.code)
                request = refusal
        if account is not None and handler is not None and not isinstance(request, Fault):
            try:
                self.limits.spend_work(account, handler.event.work)
            except Fault as fault:
                request = fault
        answer = Answer(self, connection, handler, request, event.ack_id)
        if connection.order.take(answer):
            self._start(connection, answer)
        if connection.order.pauses():
            connection.carrier.pause()

    def _record_staff_only(self, connection: Connection, identity: Identity, event: packets.Event) -> None:
        """Audit a staff-only send of another type, which is a payload fault to the client."""
        assert self.guard is not None
        question_id = event.arguments[0]["question_id"]  # valid: it comes before the check that has failed
        result = audit.STAFF_ONLY_REFUSED
        self.guard.audit.record(identity, connection.address, event.name, "question", question_id, result)

    def _proceed(self, connection: Connection) -> None:
        """Does what may be done now of what the client asked."""
        while (answer := connection.order.next()) is not None:
            self._start(connection, answer)
        if connection.order.resumes():
            connection.carrier.resume()

    def _start(self, connection: Connection, answer: Answer) -> None:
        if isinstance(answer.request, Fault):
            answer.fault(answer.request)
            return
        assert answer.handler is not None
        try:
            rest = answer.handler.handle(connection, answer.request, answer)
        except Exception as fault:
            answer.failed(fault)
            return
        if rest is not None:
            connection.order.started_alone()
            self._keep(asyncio.create_task(self._finish(connection, rest, answer)))

    def _keep(self, task: asyncio.Task[None]) -> None:
        """Wait for the task when the server ends."""
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _finish(self, connection: Connection, rest: Coroutine[Any, Any, None], answer: Answer) -> None:
        try:
            await rest
        except Exception as fault:
            answer.failed(fault)
        if not answer.is_late:
            connection.order.ended()
            self._proceed(connection)


def _cut_stranger(connection: Connection) -> None:
    if not connection.connected:
        connection.carrier.cut("too many that do not enter")


def _request(handler: Handler | None, arguments: list[Any]) -> Payload | Fault:
    if handler is None:
        return Fault(faults.UNKNOWN_EVENT)
    if len(arguments) > 1:
        return Fault(faults.ONE_PAYLOAD)
    try:
        return payloads.read(handler.event.payload, arguments[0] if arguments else None)
    except Fault as fault:
        return fault.with_traceback(None)  # which would keep what was sent for as long as the answer waits
