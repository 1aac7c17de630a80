"""Generated payloads and packets at a live server.

Every well-formed event is answered, never with INTERNAL_ERROR; a packet that is none ends at most its own connection;
no traceback is logged; and a normal client works afterwards.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any, Final

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.clients import Clients
from tests.conftest import Enter, StartServer
from tests.json_text import Literal
from tests.packets import SEPARATOR, Closed, Connection, Kind, Polling, Websocket
from tests.server import Server

# How many events one example sends without waiting, and how many are sent altogether.
BATCH: Final = 20
EVENTS: Final = {Websocket: 14_000, Polling: 2_000}
PACKETS: Final = {Websocket: 3_000, Polling: 1_000}

QUESTIONS: Final = 3
# Closes a batch: with its answer, everything before it is here.
LAST: Final[list[Any]] = ["leave_question", {"question_id": 5}]
REPLIES: Final = ("joined_question", "left_question", "send_message:ack", "bind_user:ack", "error")


@pytest.fixture
def server(start_server: StartServer) -> Server:
    """A server that logs warnings and worse, with questions 1 to 3, of which the last is closed."""
    server = start_server("--log-level", "warning")
    assert [server.open_question() for _ in range(QUESTIONS)] == [1, 2, 3]
    server.set_status(QUESTIONS, "CLOSED")
    return server


def texts() -> st.SearchStrategy[Any]:
    """Texts, among them every kind that has a limit or a rule of its own."""
    edges = ["", " ", "\x00", "\ud83d", "\udc00x", "STAFF", "ELDER", "TEXT", "A" * 32, "A" * 33, "文" * 64, "文" * 65]
    return st.one_of(st.sampled_from(edges), st.text(max_size=20), st.characters())


def numbers() -> st.SearchStrategy[Any]:
    """Numbers as JSON knows them, which is more than Python's encoder writes."""
    written = ["1e400", "-1e400", "-0", "-0.0", "1E2", "1.0", "1" * 20, "1" * 400, "1" * 4400, "0.1e-400"]
    return st.one_of(
        st.integers(-1, QUESTIONS + 1),
        st.sampled_from([2**31, 2**53, 2**63 - 1, 2**63, 2**64, -(2**63) - 1]),
        st.integers(),
        st.floats(allow_nan=False, allow_infinity=False),
        st.sampled_from(written).map(Literal),
    )


SCALARS: Final = st.one_of(st.none(), st.booleans(), numbers(), texts())
VALUES: Final = st.one_of(
    SCALARS,
    SCALARS,
    st.lists(SCALARS, max_size=3),
    st.dictionaries(texts(), SCALARS, max_size=2),
    st.lists(st.dictionaries(texts(), st.lists(SCALARS, max_size=1), max_size=1), max_size=2),
)
# What a client that means well sends.
JOIN: Final = {"question_id": 1, "user_id": 5, "user_type": "ELDER", "role_display_name": "张三"}
SEND: Final = {
    "question_id": 1,
    "sender_type": "STAFF",
    "sender_id": 5,
    "role_display_name": "医生王五",
    "content_type": "TEXT",
    "content_text": "您好",
    "attachments": [{"url": "https://example.com/a", "thumbnail_url": None, "duration": 1.5, "size": 9}],
    "is_visible_to_patient": True,
}
WELL_MEANT: Final[list[tuple[str, dict[str, Any]]]] = [
    *(("join_question", {**JOIN, "question_id": question_id}) for question_id in range(1, QUESTIONS + 2)),
    *(("send_message", {**SEND, "question_id": question_id}) for question_id in range(1, QUESTIONS + 2)),
    ("join_question", {**JOIN, "user_type": "STAFF"}),
    ("send_message", {**SEND, "is_visible_to_patient": False}),
    ("send_message", {**SEND, "sender_type": "ELDER", "attachments": []}),
    ("leave_question", {"question_id": 1}),
    ("bind_user", {"user_id": 5}),
]
EVENTS_KNOWN: Final = sorted({event for event, _ in WELL_MEANT})
OTHER_NAMES: Final = ["connect", "disconnect", "connect_error", "error", "message", "new_message", "*", "__proto__", ""]
LEFT_OUT: Final = object()
SPOILT: Final = st.one_of(
    st.tuples(st.sampled_from([*SEND, "user_id", "user_type", "x"]), st.one_of(VALUES, st.just(LEFT_OUT))),
    st.tuples(
        st.just("attachments"),
        st.lists(
            st.dictionaries(st.sampled_from(["url", "thumbnail_url", "duration", "size", "x"]), SCALARS, max_size=3),
            max_size=2,
        ),
    ),
)


def spoil(call: tuple[str, dict[str, Any]], fields: list[tuple[str, Any]]) -> list[Any]:
    """Give a well-meant call with some of its fields replaced or left out, and perhaps a field too many."""
    event, payload = call
    spoilt = {**payload, **dict(fields)}
    return [event, {name: value for name, value in spoilt.items() if value is not LEFT_OUT}]


MOSTLY_MEANT_WELL: Final = st.builds(spoil, st.sampled_from(WELL_MEANT), st.lists(SPOILT, max_size=3))
NAMES: Final = st.one_of(st.sampled_from([*EVENTS_KNOWN, *OTHER_NAMES]), texts())
EVENT: Final = st.one_of(
    MOSTLY_MEANT_WELL,
    MOSTLY_MEANT_WELL,
    st.builds(lambda name, argument: [name, argument], NAMES, VALUES),
    st.builds(lambda name, arguments: [name, *arguments], NAMES, st.lists(VALUES, max_size=3)),
)


def is_answer(event: str, answer: Any) -> bool:
    """Tell whether this is one of the answers that the event may have."""
    match answer:
        case {"code": "INVALID_PAYLOAD", "message": str(text), **rest}:
            return not rest and bool(text) and event != "send_message"
        case {"code": "QUESTION_NOT_FOUND", "message": "咨询问题不存在", **rest}:
            return not rest and event == "join_question"
        case {"success": False, "message": str(text), **rest}:
            return not rest and event == "send_message" and re.match("发送失败：(?!服务器内部错误).", text) is not None
        case {"success": True, "message": "发送成功", "data": dict(data), **rest}:
            return not rest and event == "send_message" and len(data) == 11
        case {"success": True, "user_id": int(), **rest}:
            return not rest and event == "bind_user"
        case {"question_id": int(), **rest}:
            return not rest and event in ("join_question", "leave_question")
    return False


def mutated(packet: str, cut: int, insert: str) -> str:
    """Give a packet with something put in the place of one of its characters."""
    place = cut % (len(packet) + 1)
    return packet[:place] + insert + packet[place + 1 :]


DEEP: Final = "[" * 5_000
LONG: Final = "9" * 5_000
SHORT_PACKETS: Final = ["40", "41", "42", "2", "3", "1", "5", "6", "2probe", "43", "44", "45", "40/x,", "4", "0", ""]
ODD_PACKETS: Final = [
    *('42["connect"]', '42["disconnect"]', "42[1]", "42[null,{}]", "42[{}]", "42[]", "42{}", '431["x"]', '42/a,["x"]'),
    *('4299999999999999999999["x"]', '451-["x",{"_placeholder":true,"num":0}]', "45999-[]", "45-1-[]", f"42{LONG}"),
    *(f"42{DEEP}", f'42["x",{DEEP}{DEEP.replace("[", "]")}]', f'42["x",{LONG}]', f'42{LONG}["x"]'),
]
WHOLE: Final = st.one_of(
    EVENT.map(lambda call: f"42{json.dumps([call[0], {'question_id': 1}])}"),
    st.sampled_from(SHORT_PACKETS),
    st.sampled_from(ODD_PACKETS),
)
PACKET: Final = st.one_of(
    st.builds(mutated, WHOLE, st.integers(0, 200), st.text(max_size=3)),
    WHOLE,
    st.text(max_size=30).map(lambda text: text.replace(SEPARATOR, "")),
    st.text(alphabet='0123456789-/,"[]{}:abe.', max_size=20).map(lambda tail: "4" + tail),
    st.binary(max_size=20),
)

# No deadline, since a batch takes as long as the machine is busy; nothing is kept from run to run. What fails names the
# payload or packet itself, so nothing is shrunk: an event without an answer would be waited for again and again.
FAST: Final = settings(
    deadline=None,
    database=None,
    print_blob=True,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)


class Line:
    """A connection that is opened again when the server has ended it."""

    def __init__(self, server: Server, kind: Kind) -> None:
        self._server = server
        self._kind = kind
        self._connection: Connection | None = None

    def connection(self) -> Connection:
        """Give the connection, open and in the namespace."""
        if self._connection is None:
            self._connection = self._kind(self._server)
            self._connection.enter()
        return self._connection

    def close(self) -> None:
        """End the connection, so that the next one is new."""
        if self._connection is not None:
            self._connection.close()
        self._connection = None


@pytest.fixture(params=[Websocket, Polling])
def line(server: Server, request: pytest.FixtureRequest) -> Iterator[tuple[Line, Kind]]:
    """A line of each transport."""
    line = Line(server, request.param)
    yield line, request.param
    line.close()


def test_every_event_is_answered(server: Server, line: tuple[Line, Kind], clients: Clients) -> None:
    connections, kind = line
    sent = 0

    @settings(FAST, max_examples=EVENTS[kind] // BATCH)
    @given(st.lists(EVENT, min_size=BATCH, max_size=BATCH))
    def throw(calls: list[list[Any]]) -> None:
        nonlocal sent
        connection = connections.connection()
        connection.events.clear()
        try:
            *answers, last = connection.call_all([*calls, LAST])
        except BaseException:
            connections.close()
            raise
        sent += len(calls)
        assert last == LAST[1]
        for call, answer in zip(calls, answers, strict=True):
            assert is_answer(call[0], answer), (call, answer)
        replies = [payload for event, payload in connection.events if event in REPLIES]
        assert replies[: len(calls)] == answers, "each answer also comes as an event, in the same order"

    throw()
    assert sent >= EVENTS[kind]
    check_alive(server, clients)


def test_a_broken_packet_ends_at_most_its_own_connection(
    server: Server, enter: Enter, line: tuple[Line, Kind], clients: Clients
) -> None:
    connections, kind = line
    bystander = enter(Websocket, server)
    sent = 0

    @settings(FAST, max_examples=PACKETS[kind] // BATCH)
    @given(st.lists(PACKET, min_size=BATCH, max_size=BATCH))
    def throw(packets: list[str | bytes]) -> None:
        nonlocal sent
        for packet in packets:
            connection = connections.connection()
            connection.events.clear()
            try:
                connection.send(packet)
                if packet in ("1", "41"):
                    raise Closed("by this side")
                fence(connection)
            except Closed:
                connections.close()
            except BaseException as fault:
                fault.add_note(f"after {packet!r}")
                connections.close()
                raise
            sent += 1
        assert bystander.call("leave_question", {"question_id": 5}) == {"question_id": 5}

    throw()
    assert sent >= PACKETS[kind]
    check_alive(server, clients)


def fence(connection: Connection) -> None:
    """Make a round trip past whatever the packet before it was answered with."""
    connection.send(f"42987654{json.dumps(LAST)}")
    while connection.next_packet() != '43987654[{"question_id":5}]':
        pass


def check_alive(server: Server, clients: Clients) -> None:
    """Hold the server to working as ever for a normal client, without a fault in its log."""
    assert server.http("GET", "/health").body["status"] == "ok"
    for transport in "websocket", "polling", "upgrade":
        question_id = server.open_question()
        client = clients.connect(transport, server)
        client.join(question_id)
        stored = client.send(question_id)
        assert client.expect("new_message") == stored
        assert server.messages(question_id) == [stored]
    server.check_log()
