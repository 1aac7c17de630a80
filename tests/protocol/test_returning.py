"""Official clients that bind once and join once, through kills of the server and cuts of the network: in the end they
have seen everything. RECOVERY_ROUNDS=200 makes the long form."""

from __future__ import annotations

import os
import random
import time
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any, Final

import pytest

from tests.conftest import StartServer
from tests.protocol.catching_up import everything
from tests.returning import CLIENTS, TRANSPORTS, FrontEnd, Network, Person, Traffic
from tests.server import COMMAND, Server, wait_until
from tests.torture.doomed import Doomed
from tests.torture.patches import patched

pytestmark = pytest.mark.direct

ROUNDS: Final = int(os.environ.get("RECOVERY_ROUNDS", "3"))
LONGEST_LIFE: Final = 1.5  # seconds between two kills or cuts
# Cut in the middle of an upgrade, an official client hears nothing until its heartbeat ends after 45 s.
PATIENCE: Final = 60.0  # seconds
OLDEST_REPEAT: Final = 2.0  # seconds before the end of a connection


BOTH = pytest.mark.parametrize(("client", "transport"), [(one, way) for one in CLIENTS for way in TRANSPORTS])


@BOTH
def test_a_front_end_that_joins_once_misses_nothing(tmp_path: Path, client: str, transport: str) -> None:
    chance = random.Random(f"{client} {transport}")
    server = Doomed(tmp_path, COMMAND)
    server.begin()
    server.listens()
    network = Network(lambda: server.port)
    person = Person(server.open_question())
    front_end = FrontEnd(network.url, [person], client=client, transport=transport)
    front_end.is_there()
    traffic = Traffic(server, person.question_id, person.user_id)
    ends: list[float] = []
    try:
        for number in range(ROUNDS):
            came = front_end.count("connect")
            time.sleep(chance.uniform(0, LONGEST_LIFE))
            if number % 3 == 1:
                ends.append(time.time())
                network.cut_off(front_end)
            else:
                with traffic.opening:
                    ends.append(time.time())
                    server.kill()
                    server.begin()
                    server.listens()
            wait_until(partial(_counts, front_end, "connect", came + 1), "its return", PATIENCE)
        traffic.finish()
        messages = {one["id"] for one in everything(server, person.question_id)}
        notifications = {one["id"] for one in server.notifications(person.user_id)}
        for kind, there in ("message", messages), ("notification", notifications):
            with suppress(AssertionError):  # what is missing is told by the next line
                wait_until(partial(_has_seen, front_end, kind, there), kind, PATIENCE)
            missing = sorted(there - set(front_end.told(kind)))
            assert not missing, (kind, missing, front_end.saw)
        assert len(messages) > 10
        assert front_end.told("connect")[1:] == [True] * (front_end.count("connect") - 1)
        for kind in "message", "notification":
            repeats = front_end.repeats(kind, ends)
            assert max(repeats, default=0.0) <= OLDEST_REPEAT, repeats
        assert not front_end.told("error")
    finally:
        traffic.finish()
        front_end.close()
        network.close()
        server.close()


def strange_to(server: Server, client: str, transport: str) -> list[list[Any]]:
    """Let two people log in and out on one connection object, and give what came to one of them that is the other's."""
    first, second = Person(server.open_question()), Person(server.open_question())
    front_end = FrontEnd(server.url, [first, second, first], client=client, transport=transport)
    traffic = [Traffic(server, one.question_id, one.user_id) for one in (first, second)]
    try:
        for number in range(3):
            wait_until(partial(_counts, front_end, "joined", number + 1), "joined_question")
            wait_until(partial(_hears, front_end, len(front_end.saw)), "traffic")
            front_end.say("log out")
            wait_until(partial(_counts, front_end, "disconnect", number + 1), "the end")
            if number < 2:
                front_end.say("{}")
        for one in traffic:
            one.finish()
        strange = []
        logins = [place for place, (name, *_) in enumerate(front_end.saw) if name == "connect"]
        for number, person in enumerate((first, second, first)):
            own = {("message", one["id"]) for one in everything(server, person.question_id)}
            own |= {("notification", one["id"]) for one in server.notifications(person.user_id)}
            saw = front_end.saw[logins[number] : [*logins, len(front_end.saw)][number + 1]]
            strange += [told for told in saw if told[0] in ("message", "notification") and tuple(told[:2]) not in own]
        return strange
    finally:
        for one in traffic:
            one.finish()
        front_end.close()


def _has_seen(front_end: FrontEnd, kind: str, there: set[int]) -> bool:
    return there <= set(front_end.told(kind))


def _counts(front_end: FrontEnd, kind: str, count: int) -> bool:
    return front_end.count(kind) >= count


def _hears(front_end: FrontEnd, since: int) -> bool:
    return {"message", "notification"} <= {one[0] for one in front_end.saw[since:]}


@BOTH
def test_two_people_on_one_connection_object_see_nothing_of_each_other(
    start_server: StartServer, client: str, transport: str
) -> None:
    assert strange_to(start_server(), client, transport) == []


def test_a_build_that_brings_back_after_a_disconnect_is_caught(
    start_server: StartServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tests.server.COMMAND", patched("back_after_disconnect"))
    assert strange_to(start_server(), CLIENTS[-1], "websocket")
