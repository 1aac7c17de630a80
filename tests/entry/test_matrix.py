"""Every event, call and page, asked by every role, about its own things, a stranger's, and such as there are not.

The answers are written down here once more, by hand; a row or cell that is missing fails.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import ExitStack, closing
from typing import Any, Final

import pytest

from consult.contract.confirm_links import LINK_PATH
from consult.contract.permissions import PERMISSIONS
from consult.contract.tables import CLIENT_EVENTS
from tests.clients import message
from tests.entry.world import FOREIGN, MISSING, NONE_SUCH, OWN, ROLES, STRANGER, TYPES, WHOSE, World, payload, reminder
from tests.packets import Connection, Kind, Polling, Websocket
from tests.server import Answer, Server, in_seconds
from tests.tokens import token

OK, EMPTY = "ok", "empty"  # an empty list, as when there is nothing
NO, NOT, NONE = "FORBIDDEN", "QUESTION_NOT_FOUND", "NOT_FOUND"
OUT = "UNAUTHENTICATED"

ANYBODY: Final = "NOBODY"  # without a token
COLUMNS: Final = (*ROLES, ANYBODY)

Cells = dict[str, tuple[str, str, str]]


def row(staff: str, elder: str, family: str, relative: str, service: str, monitor: str, anybody: str) -> Cells:
    """Each role's answers for its own things, a stranger's, and such as there are not."""
    cells = {"STAFF": staff, "ELDER": elder, "FAMILY": family, "RELATIVE": relative, "SERVICE": service}
    cells |= {"MONITOR": monitor, ANYBODY: anybody}
    split = {role: tuple(told.split()) for role, told in cells.items()}
    assert all(len(told) == len(WHOSE) for told in split.values())
    return {role: (told[0], told[1], told[2]) for role, told in split.items()}


def same(told: str) -> str:
    return f"{told} {told} {told}"


ITS_QUESTION: Final = f"{OK} {NOT} {NOT}"
QUESTION: Final = row(
    f"{OK} {OK} {NOT}", ITS_QUESTION, ITS_QUESTION, ITS_QUESTION, f"{OK} {OK} {NOT}", same(NO), same(OUT)
)
OWN_ALONE: Final = f"{OK} {NONE} {NONE}"
ANY: Final = f"{OK} {OK} {NONE}"
# What a relative may see of an elder's, and what is the elder's own to do.
SEEN: Final = row(ANY, OWN_ALONE, OWN_ALONE, OWN_ALONE, ANY, same(NO), same(OUT))
DONE: Final = row(ANY, OWN_ALONE, OWN_ALONE, same(NONE), ANY, same(NO), same(OUT))
LINK: Final = row(ANY, ANY, ANY, ANY, ANY, ANY, ANY)  # of whichever user it is
OPEN: Final = row(same(OK), same(OK), same(OK), same(OK), same(OK), same(OK), same(OK))
ANSWERED: Final = row(OWN_ALONE, OWN_ALONE, OWN_ALONE, same(NONE), same(NO), same(NO), same(OUT))
REFUSED: Final = f"{OK} {NO} {NO}"
LISTED: Final = f"{OK} {OK} {EMPTY}"
QUIET_HOURS: Final = row(same(OK), REFUSED, REFUSED, REFUSED, same(OK), same(NO), same(OUT))
ITS_LIST: Final = f"{OK} {EMPTY} {EMPTY}"

PARTICIPANTS: Final = row(f"{OK} {OK} {NOT}", same(NO), same(NO), same(NO), f"{OK} {OK} {NOT}", same(NO), same(OUT))

EXPECTED: Final[dict[str, Cells]] = {
    "join_question": {**QUESTION, "SERVICE": (NO, NO, NO)},
    "leave_question": row(same(OK), same(OK), same(OK), same(OK), same(OK), same(NO), same(OUT)),
    "send_message": QUESTION,
    "read_question": {**QUESTION, "SERVICE": (NO, NO, NO)},
    "bind_user": row(REFUSED, REFUSED, REFUSED, same(NO), same(NO), same(NO), same(OUT)),
    "notification:read": ANSWERED,
    "notification:confirm": ANSWERED,
    "notification:snooze": ANSWERED,
    "POST /api/questions": row(same(OK), REFUSED, same(NO), REFUSED, same(OK), same(NO), same(OUT)),
    "GET /api/questions": row(LISTED, ITS_LIST, ITS_LIST, ITS_LIST, LISTED, same(NO), same(OUT)),
    "GET /api/questions/{question_id}": QUESTION,
    "PATCH /api/questions/{question_id}": QUESTION,
    "GET /api/questions/{question_id}/messages": QUESTION,
    "POST /api/questions/{question_id}/messages": QUESTION,
    "POST /api/files": row(same(OK), same(OK), same(OK), same(OK), same(OK), same(NO), same(OUT)),
    "GET /files/{file}": SEEN,
    "GET /api/questions/{question_id}/participants": QUESTION,
    "POST /api/questions/{question_id}/participants": PARTICIPANTS,
    "DELETE /api/questions/{question_id}/participants": PARTICIPANTS,
    "POST /api/reminders": row(same(OK), REFUSED, REFUSED, same(NO), same(OK), same(NO), same(OUT)),
    "GET /api/reminders": row(LISTED, REFUSED, REFUSED, REFUSED, LISTED, same(NO), same(OUT)),
    "GET /api/reminders/{id}": SEEN,
    "PATCH /api/reminders/{id}": DONE,
    "GET /api/reminders/{id}/occurrences": SEEN,
    "GET /api/reminders/{id}/history": SEEN,
    "DELETE /api/reminders/{id}": DONE,
    "POST /api/reminders/{id}/withdraw": DONE,
    "GET /api/reminders/unanswered": row(same(OK), same(NO), same(NO), same(NO), same(OK), same(NO), same(OUT)),
    "GET /api/users/{user_id}/day": row(LISTED, REFUSED, REFUSED, REFUSED, LISTED, same(NO), same(OUT)),
    "PUT /api/users/{user_id}/quiet-hours": QUIET_HOURS,
    "GET /api/users/{user_id}/quiet-hours": QUIET_HOURS,
    "DELETE /api/users/{user_id}/quiet-hours": QUIET_HOURS,
    "GET /api/users/{user_id}/notifications": row(LISTED, REFUSED, REFUSED, REFUSED, LISTED, same(NO), same(OUT)),
    "POST /api/notifications/{id}/read": DONE,
    "POST /api/notifications/{id}/confirm": DONE,
    "POST /api/notifications/{id}/snooze": DONE,
    "GET /api/notifications/{id}/history": SEEN,
    "GET /health": OPEN,
    "GET /metrics": row(same(OK), same(NO), same(NO), same(NO), same(OK), same(OK), same(OUT)),
    "GET /": OPEN,
    "GET /docs": OPEN,
    "GET /protocol.json": OPEN,
    "GET /openapi.json": OPEN,
    "GET /asyncapi.json": OPEN,
    "GET /c/{link}": LINK,
    "POST /c/{link}": LINK,
}
OF: Final = {row.name: permission.of for row, permission in PERMISSIONS.items()}  # what each is about
EVENTS: Final = [event.name for event in CLIENT_EVENTS]
CALLS: Final = [name for name in EXPECTED if name not in EVENTS]


@pytest.fixture(scope="module")
def world(server: Server) -> World:
    return World(server)


@pytest.fixture(scope="module")
def entered(world: World) -> Iterator[dict[tuple[str, str], Connection]]:
    """A connection for each role over each transport, bound to its user where it may be."""
    connections: dict[tuple[str, str], Connection] = {}
    with ExitStack() as open_ones:
        for kind in (Websocket, Polling):
            for role, shown in world.tokens.items():
                connection = open_ones.enter_context(closing(kind(world.server)))
                connection.enter(shown)
                connection.call("bind_user", {"user_id": ROLES[role]})
                connections[role, kind.__name__] = connection
        yield connections


def told(answer: Any) -> str:
    """What an event was answered with, as a word of the table."""
    if isinstance(answer, dict) and "code" in answer:
        assert set(answer) == {"code", "message"}
        return str(answer["code"])
    if answer.get("success") is False:
        assert set(answer) == {"success", "message"}
        text = answer["message"]
        if text == "发送失败：咨询问题不存在":
            return NOT
        assert re.fullmatch(r"发送失败：(\w+ 与令牌不符|令牌无权执行此操作)", text), text
        return NO
    return OK


def told_over_http(answer: Answer) -> str:
    """The same for a call."""
    if answer.headers["content-type"].startswith("text/html"):
        return {200: OK, 404: NONE}[answer.status]
    if answer.status >= 400:
        assert set(answer.body) == {"code", "message"}
        status = {NO: 403, NOT: 404, NONE: 404, OUT: 401}[answer.body["code"]]
        assert answer.status == status
        return str(answer.body["code"])
    if isinstance(answer.body, dict) and answer.body.get("items") == []:
        assert answer.body == {"items": [], "has_more": False, **({"unread": 0} if "unread" in answer.body else {})}
        return EMPTY
    return OK


def asked(world: World, name: str, role: str, whose: str) -> Answer:
    """Make a call of the table."""
    shown = world.tokens.get(role)
    owner = "ELDER" if role == ANYBODY else role
    user_id = world.user(owner, whose)
    # What is made for nobody is not to be found by the lists of nobody's.
    made_for = user_id + 1 if whose == MISSING else user_id
    match name:
        case "POST /api/questions":
            return world.ask("POST", "/api/questions", shown, {"title": "新的", "elder_id": made_for})
        case "GET /api/questions":
            elder_id = ROLES["ELDER"] if (role, whose) == ("FAMILY", OWN) else user_id
            return world.ask("GET", f"/api/questions?elder_id={elder_id}", shown)
        case "POST /api/reminders":
            return world.ask("POST", "/api/reminders", shown, reminder(made_for))
        case "GET /api/reminders":
            return world.ask("GET", f"/api/reminders?user_id={user_id}", shown)
    method, path = name.split(" ")
    of = OF[name]
    if of:
        thing = {
            "question": world.question,
            "user": world.user,
            "reminder": world.reminder,
            "notification": world.notification,
            "file": world.file,
        }[of](owner, whose)
        path = re.sub(r"{\w+}", str(thing), path)
    if path == LINK_PATH:
        return world.ask(method, LINK_PATH.replace("{link}", world.link(owner, whose)), shown)
    if name == "POST /api/questions/{question_id}/messages":
        said = payload(world, "send_message", owner, OWN)
        return world.ask(method, path, shown, {field: said[field] for field in said if field != "question_id"})
    if name.endswith("/participants") and method != "GET":
        named = {"user_id": STRANGER, "user_type": "FAMILY"}
        if method == "DELETE":
            world.ask("POST", path, world.clinic, named)
        return world.ask(method, path, shown, named)
    if name == "POST /api/files":
        return world.ask(method, path, shown, "a file")
    body = {"PATCH": {"status": "OPEN"} if of == "question" else {"title": "新的"}}.get(method)
    if method == "PUT":
        body = {"from": "22:00", "to": "07:00"}
    if path.endswith("/withdraw"):
        body = {"reason": "停药"}
    if path.endswith("/snooze"):
        body = {"until": in_seconds(3600)}
    return world.ask(method, path, shown, body)


def test_no_cell_is_left_out() -> None:
    assert set(EXPECTED) == set(OF)
    for name, cells in EXPECTED.items():
        assert set(cells) == set(COLUMNS), name
    assert set(EVENTS) | set(CALLS) == set(EXPECTED)


@pytest.mark.parametrize("kind", [Websocket, Polling])
@pytest.mark.parametrize("event", EVENTS)
def test_events(world: World, entered: dict[tuple[str, str], Connection], event: str, kind: Kind) -> None:
    wrong = {}
    for role in ROLES:
        connection = entered[role, kind.__name__]
        answers = [connection.call(event, payload(world, event, role, whose)) for whose in WHOSE]
        found = tuple(map(told, answers))
        if found != EXPECTED[event][role]:
            wrong[role] = (found, EXPECTED[event][role])
        if OK not in found[1:]:
            assert answers[1] == answers[2], "a stranger's is as if there were none"
    assert not wrong


@pytest.mark.parametrize("kind", [Websocket, Polling])
def test_events_without_a_token(world: World, kind: Kind) -> None:
    assert {EXPECTED[event][ANYBODY] for event in EVENTS} == {(OUT, OUT, OUT)}
    with closing(kind(world.server)) as connection:
        connection.send("40")
        assert f'"code":"{OUT}"' in connection.receive()


@pytest.mark.parametrize("name", CALLS)
def test_calls(world: World, name: str) -> None:
    wrong = {}
    for role in COLUMNS:
        answers = [asked(world, name, role, whose) for whose in WHOSE]
        found = tuple(map(told_over_http, answers))
        if found != EXPECTED[name][role]:
            wrong[role] = (found, EXPECTED[name][role])
        if OK not in found[1:]:
            assert answers[1].body == answers[2].body
    assert not wrong


CLAIMS: Final[dict[str, dict[str, list[Any]]]] = {
    "join_question": {
        "user_id": [STRANGER, NONE_SUCH],
        "user_type": ["STAFF", "ELDER", "FAMILY", "SYSTEM", "SERVICE", "X"],
        "role_display_name": ["医生王五", ""],
    },
    "send_message": {
        "sender_id": [STRANGER, NONE_SUCH],
        "sender_type": ["STAFF", "ELDER", "FAMILY", "SYSTEM", "SERVICE", "X"],
        "role_display_name": ["医生王五", ""],
    },
    "bind_user": {"user_id": [STRANGER, NONE_SUCH]},
    "leave_question": {},
    "read_question": {},
    "notification:read": {},
    "notification:confirm": {},
    "notification:snooze": {},
}


@pytest.mark.parametrize("kind", [Websocket, Polling])
def test_what_clients_say_of_themselves(world: World, entered: dict[tuple[str, str], Connection], kind: Kind) -> None:
    assert set(CLAIMS) == set(EVENTS)
    for event, fields in CLAIMS.items():
        for role in ROLES:
            for field, values in fields.items():
                for value in values:
                    may_be = {TYPES[role]} if role != "SERVICE" else {"SERVICE", "SYSTEM"}
                    if field.endswith("_type") and value in may_be:
                        continue
                    # About a question that one may see, and one that one may not, alike.
                    for whose in (OWN, FOREIGN, MISSING):
                        claim = payload(world, event, role, whose, **{field: value})
                        answer = entered[role, kind.__name__].call(event, claim)
                        assert told(answer) == NO, (event, role, claim)


def test_what_callers_say_of_themselves(world: World) -> None:
    for role in ("STAFF", "ELDER", "FAMILY", "RELATIVE", "SERVICE"):
        path = f"/api/questions/{world.question(role, OWN)}/messages"
        for field, values in CLAIMS["send_message"].items():
            for value in values:
                if not (field == "sender_type" and value in (TYPES[role], "SYSTEM" if role == "SERVICE" else "")):
                    claim = payload(world, "send_message", role, OWN, **{field: value})
                    assert told_over_http(world.ask("POST", path, world.tokens[role], claim)) == NO, (role, claim)


@pytest.mark.parametrize("kind", [Websocket, Polling])
def test_one_s_own_name(world: World, entered: dict[tuple[str, str], Connection], kind: Kind) -> None:
    for role in ("STAFF", "ELDER", "FAMILY", "RELATIVE"):
        connection = entered[role, kind.__name__]
        for name in (f"{role} 王", None):
            claim = payload(world, "send_message", role, OWN, role_display_name=name)
            assert connection.call("send_message", claim)["data"]["role_display_name"] == name
    with closing(kind(world.server)) as nameless:
        nameless.enter(token(ROLES["ELDER"], "ELDER"))
        claim = payload(world, "send_message", "ELDER", OWN, role_display_name="张三")
        assert told(nameless.call("send_message", claim)) == OK, "the token leaves the name open"


def test_only_service_speaks_as_the_system(world: World, entered: dict[tuple[str, str], Connection]) -> None:
    service = entered["SERVICE", "Websocket"]
    for sender_type in ("SYSTEM", "SERVICE"):
        claim = payload(world, "send_message", "SERVICE", OWN, sender_type=sender_type)
        assert service.call("send_message", claim)["data"]["sender_type"] == sender_type


class TestWhatIsNotSeen:
    """Beyond single answers: lists, counts, cursors, live messages and internal ones."""

    def test_lists_hold_what_is_within_reach(self, world: World) -> None:
        own = world.make_reminder(ROLES["RELATIVE"])
        for role in ("ELDER", "FAMILY", "RELATIVE"):
            listed = world.ask("GET", "/api/questions?limit=200", world.tokens[role]).body["items"]
            assert {item["elder_id"] for item in listed} == {ROLES["ELDER"]}
            if role == "FAMILY":
                assert [item["id"] for item in listed] == [world.questions["ELDER"]]
            else:
                assert {world.questions["ELDER"], world.questions["RELATIVE"]} <= {item["id"] for item in listed}
            reminders = world.ask("GET", "/api/reminders?limit=200", world.tokens[role]).body["items"]
            elders = {ROLES["ELDER"]} if role == "RELATIVE" else set()
            assert {item["user_id"] for item in reminders} == {ROLES[role], *elders}
            assert (own in [item["id"] for item in reminders]) is (role == "RELATIVE")
        for role in ("STAFF", "SERVICE"):
            listed = world.ask("GET", "/api/questions?limit=200", world.tokens[role]).body["items"]
            assert {item["elder_id"] for item in listed} > {STRANGER, ROLES["ELDER"]}

    def test_a_page_ends_at_what_is_within_reach(self, world: World) -> None:
        """`has_more` does not tell of others' questions."""
        family = world.tokens["FAMILY"]
        answer = world.ask("GET", "/api/questions?limit=1", family).body
        assert (len(answer["items"]), answer["has_more"]) == (1, False)
        before = f"/api/questions?limit=1&before_id={NONE_SUCH}"
        assert world.ask("GET", before, family).body == answer

    @pytest.mark.parametrize("kind", [Websocket, Polling])
    def test_cursors_into_foreign_questions(self, world: World, kind: Kind) -> None:
        with closing(kind(world.server)) as connection:
            connection.enter(world.tokens["ELDER"])
            for whose in (FOREIGN, MISSING):
                claim = payload(world, "join_question", "ELDER", whose, after_id=0)
                assert told(connection.call("join_question", claim)) == NOT
            claim = payload(world, "join_question", "ELDER", OWN, after_id=0)
            assert set(connection.call("join_question", claim)) == {"question_id", "latest_id", "has_more"}

    @pytest.mark.parametrize("kind", [Websocket, Polling])
    def test_nothing_of_a_foreign_question_is_heard(self, world: World, kind: Kind) -> None:
        with ExitStack() as open_ones:
            elder, staff = (open_ones.enter_context(closing(kind(world.server))) for _ in range(2))
            elder.enter(world.tokens["ELDER"])
            staff.enter(world.tokens["STAFF"])
            for whose in (OWN, FOREIGN):
                elder.call("join_question", payload(world, "join_question", "ELDER", whose))
            foreign = world.foreign_question
            for question_id in (foreign, world.questions["ELDER"]):
                assert (
                    told(
                        staff.call(
                            "send_message", payload(world, "send_message", "STAFF", OWN, question_id=question_id)
                        )
                    )
                    == OK
                )
            elder.call("leave_question", {"question_id": foreign})
            assert {heard["question_id"] for heard in elder.named("new_message")} == {world.questions["ELDER"]}

    def test_internal_messages_go_by_the_token(self, world: World, entered: dict[tuple[str, str], Connection]) -> None:
        question_id = world.open_question(ROLES["ELDER"])
        claim = payload(world, "send_message", "STAFF", OWN, question_id=question_id, is_visible_to_patient=False)
        sent = entered["STAFF", "Websocket"].call("send_message", claim)["data"]["id"]
        path = f"/api/questions/{question_id}"
        for role in ("ELDER", "RELATIVE", "SERVICE", "STAFF"):
            for query in ("", "?user_type=STAFF", "?user_type=ELDER"):
                messages = world.ask("GET", f"{path}/messages{query}", world.tokens[role]).body["items"]
                latest = world.ask("GET", path + query, world.tokens[role]).body["latest_message_id"]
                if role == "STAFF":
                    assert ([one["id"] for one in messages], latest) == ([sent], sent)
                else:
                    assert (messages, latest) == ([], None)

    def test_faults_come_before_what_there_is(self, world: World) -> None:
        """A request that is wrong is told so, whomever its object is of."""
        for whose in WHOSE:
            path = f"/api/questions/{world.question('ELDER', whose)}"
            for method, asked_path, body in (
                ("PATCH", path, {"status": "X"}),
                ("GET", f"{path}/messages?limit=0", None),
                ("GET", "/api/questions/0", None),
                ("GET", "/api/questions/x", None),
                ("GET", "/api/reminders/0", None),
            ):
                answer = world.ask(method, asked_path, world.tokens["ELDER"], body)
                assert (answer.status, answer.body["code"]) == (400, "INVALID_PAYLOAD"), asked_path

    def test_a_key_is_one_s_own(self, world: World) -> None:
        """The same `Idempotency-Key` in two hands is two keys."""
        notification_id = world.notification("ELDER", OWN)
        path, key = f"/api/notifications/{notification_id}/read", {"Idempotency-Key": "the same"}
        assert world.ask("POST", path, world.tokens["ELDER"], **key).status == 200
        assert told_over_http(world.ask("POST", path, world.tokens["FAMILY"], **key)) == NONE
        for role in ("ELDER", "STAFF"):
            new = {"title": "一样的", "elder_id": ROLES[role]}
            answer = world.ask("POST", "/api/questions", world.tokens[role], new, **{"Idempotency-Key": "another"})
            assert (answer.status, answer.body["elder_id"]) == (201, ROLES[role])


class TestElders:
    """The claim `elders`: what becomes of an elder's things after the token was made."""

    @pytest.mark.parametrize("kind", [Websocket, Polling])
    def test_a_question_that_is_opened_later_is_followed_at_once(self, world: World, kind: Kind) -> None:
        shown = token(21, "FAMILY", elders=[31, 32], questions=[world.questions["STAFF"]])
        with ExitStack() as open_ones:
            relative, staff = (open_ones.enter_context(closing(kind(world.server))) for _ in range(2))
            relative.enter(shown)
            staff.enter(world.tokens["STAFF"])
            for elder_id in (31, 32):
                question_id = world.open_question(elder_id)
                for joining in ({"question_id": question_id}, {"question_id": question_id, "after_id": 0}):
                    assert relative.call("join_question", joining)["question_id"] == question_id
                sent = staff.call("send_message", payload(world, "send_message", "STAFF", OWN, question_id=question_id))
                relative.call("leave_question", {"question_id": NONE_SUCH})  # by now all is here
                assert relative.named("new_message")[-1] == sent["data"]
                said = message(question_id, sender_type="FAMILY", sender_id=21)
                assert told(relative.call("send_message", said)) == OK
            made = world.ask("POST", "/api/questions", shown, {"title": "新的", "elder_id": 32})
            assert (made.status, made.body["elder_id"]) == (201, 32)
            listed = world.ask("GET", "/api/questions?limit=200", shown).body["items"]
            assert {item["elder_id"] for item in listed} == {31, 32, ROLES["STAFF"]}, "`questions` goes on beside it"
            assert made.body["id"] in [item["id"] for item in listed]
            foreign = world.open_question(33)
            for event, claim in (
                ("join_question", {"question_id": foreign}),
                ("join_question", {"question_id": foreign, "after_id": 0}),
                ("send_message", message(foreign, sender_type="FAMILY", sender_id=21)),
            ):
                assert told(relative.call(event, claim)) == NOT

    def test_pages_hold_no_other_elder_s(self, world: World) -> None:
        shown = token(22, "FAMILY", elders=[41])
        mine = []
        for _ in range(5):
            mine.append(world.open_question(41))
            world.open_question(42)
        found: list[int] = []
        query = ""
        while True:
            page = world.ask("GET", f"/api/questions?limit=2{query}", shown).body
            found += [item["id"] for item in page["items"]]
            if not page["has_more"]:
                break
            query = f"&before_id={found[-1]}"
        assert found == mine[::-1]
        assert world.ask("GET", "/api/questions?elder_id=42", shown).body["items"] == []

    def test_who_has_entered_a_room_lets_no_other_in(self, world: World) -> None:
        """A room that others are in needs no look-up for those who may enter every room, and for them alone."""
        question_id = world.open_question(51)
        with ExitStack() as open_ones:
            staff, relative, stranger = (open_ones.enter_context(closing(Websocket(world.server))) for _ in range(3))
            staff.enter(world.tokens["STAFF"])
            relative.enter(token(23, "FAMILY", elders=[51]))
            stranger.enter(token(24, "FAMILY", elders=[52], questions=[1]))
            for connection, answer in ((staff, OK), (relative, OK), (stranger, NOT), (relative, OK)):
                assert told(connection.call("join_question", {"question_id": question_id})) == answer

    @pytest.mark.parametrize("user_type", ["ELDER", "STAFF", "SERVICE", "MONITOR"])
    def test_to_other_types_it_means_nothing(self, world: World, user_type: str) -> None:
        elders = [ROLES["ELDER"]]
        for path in ("/api/questions", f"/api/users/{ROLES['ELDER']}/notifications"):
            with_it, without = (world.ask("GET", path, token(25, user_type, elders=claim)) for claim in (elders, None))
            assert (with_it.status, with_it.body) == (without.status, without.body)

    @pytest.mark.parametrize("elders", [[], None])
    def test_none_of_them(self, world: World, elders: list[int] | None) -> None:
        shown = token(26, "FAMILY", elders=elders)
        assert world.ask("GET", "/api/questions", shown).body == {"items": [], "has_more": False}
        assert told_over_http(world.ask("POST", "/api/questions", shown, {"title": "新", "elder_id": 26})) == NO

    @pytest.mark.parametrize("wrong", ["1001", [0], ["x"], [True], {}, [1.5], 1001])
    def test_one_that_is_malformed(self, world: World, wrong: object) -> None:
        answer = world.ask("GET", "/api/questions", token(27, "FAMILY", elders=wrong))
        assert (answer.status, answer.body["message"]) == (401, "令牌无效（bad）")
