"""The clock is set back or forward by minutes while the server runs: nothing stops, is lost or comes twice."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

import pytest

from tests.clients import Clients
from tests.clock import Clock
from tests.server import Server, in_seconds, new_id, wait_until

# A larger jump waits for a second look: tests/reminders/test_clock_watch.py.
JUMP: Final = 240.0
# Nobody waits longer for a reminder than for this after its time, whatever the clock has done.
SOON: Final = 3.0
SENT_AT: Final = "%Y-%m-%d %H:%M:%S"


@pytest.fixture
def server(clocked_server: Server) -> Server:
    return clocked_server


def check_sent_at(sent_at: str, seconds: float) -> None:
    """Hold a time on the wire to the clock that is set so far from the real time."""
    shown = datetime.strptime(sent_at, SENT_AT).replace(tzinfo=ZoneInfo("Asia/Shanghai"))
    assert abs(shown - datetime.now(shown.tzinfo) - timedelta(seconds=seconds)) < timedelta(seconds=5)


@pytest.mark.parametrize("set_by", [-JUMP, JUMP])
def test_messages_do_not_care(server: Server, clients: Clients, clock: Clock, set_by: float) -> None:
    """Ids rise, the order stays, cursors go on; only the time shown is the clock's."""
    question_id = server.open_question()
    sender, listener = clients.connect(), clients.connect()
    listener.join(question_id)
    sent = [sender.send(question_id, "之前", client_msg_id="甲")]
    clock.set_by(set_by)
    sent += [sender.send(question_id, f"之后 {number}") for number in range(3)]
    check_sent_at(sent[0]["sent_at"], 0)
    check_sent_at(sent[-1]["sent_at"], set_by)
    assert sender.send(question_id, "之前", client_msg_id="甲") == sent[0]
    del sent[0]["client_msg_id"]
    assert [one["id"] for one in sent] == sorted(one["id"] for one in sent)
    assert [listener.expect("new_message") for _ in sent] == sent == server.messages(question_id)
    comer = clients.connect()
    asked = {"question_id": question_id, "user_id": 1, "user_type": "ELDER", "after_id": sent[0]["id"]}
    assert comer.call("join_question", asked)["latest_id"] == sent[-1]["id"]
    assert [comer.expect("new_message") for _ in sent[1:]] == sent[1:]
    assert server.http("GET", "/health").status == 200


def test_set_back(server: Server, clients: Clients, clock: Clock) -> None:
    """What is due by the new time fires, what is not yet due again waits, and nothing fires a second time."""
    user_id = new_id()
    client = clients.connect()
    client.bind(user_id)
    server.make_reminder(user_id, in_seconds(-1), title="已经响过")
    assert client.expect("notification:new")["title"] == "已经响过"
    server.make_reminder(user_id, in_seconds(1.5), title="一小时后再响")
    clock.set_by(-JUMP)
    server.make_reminder(user_id, in_seconds(-JUMP + 0.3), title="马上响")
    fired = client.expect("notification:new", SOON)
    assert fired["title"] == "马上响"
    check_sent_at(fired["created_at"], -JUMP)
    server.make_reminder(user_id, in_seconds(-JUMP + 1), title="过一会响")
    assert client.expect("notification:new", 1 + SOON)["title"] == "过一会响"
    client.nothing("notification:new")
    clock.set_by(0)
    assert client.expect("notification:new", SOON)["title"] == "一小时后再响"
    assert [one["title"] for one in server.notifications(user_id)] == ["一小时后再响", "过一会响", "马上响", "已经响过"]
    client.nothing("notification:new")
    assert server.http("GET", "/health").status == 200


def test_set_forward(server: Server, clients: Clients, clock: Clock) -> None:
    """What the clock has skipped fires now, once, though the clock is set right again."""
    user_id = new_id()
    client = clients.connect()
    client.bind(user_id)
    for minutes in range(1, 4):
        server.make_reminder(user_id, in_seconds(minutes * 60), title=f"{minutes} 分钟")
    server.make_reminder(user_id, in_seconds(2 * JUMP), title="还早")
    clock.set_by(JUMP)
    titles = [client.expect("notification:new", SOON)["title"] for _ in range(1, 4)]
    assert titles == [f"{minutes} 分钟" for minutes in range(1, 4)]
    clock.set_by(0)
    server.make_reminder(user_id, in_seconds(0.3), title="接着响")
    assert client.expect("notification:new", SOON)["title"] == "接着响"
    client.nothing("notification:new")
    listed = server.http("GET", f"/api/reminders?user_id={user_id}&status=PENDING").body["items"]
    assert [task["title"] for task in listed] == ["还早"]
    assert len(server.notifications(user_id)) == len(titles) + 1


def test_a_clock_that_is_wrong_for_a_moment_costs_no_dose(server: Server, clock: Clock) -> None:
    """A day and more ahead, as after a bad answer of a time server, then right again: today's dose comes today."""
    user_id = new_id()
    task = server.make_reminder(user_id, in_seconds(5), rrule="FREQ=DAILY")
    planned = task["next_at"]
    clock.set_by(26 * 3600)
    wait_until(lambda: server.notifications(user_id) or "the clock jumped by" in server.stderr(), "the jump")
    clock.set_by(0)
    (fired,) = wait_until(lambda: server.notifications(user_id), "the dose")
    check_sent_at(fired["created_at"], 0)
    tomorrow = (datetime.fromisoformat(planned) + timedelta(days=1)).strftime(SENT_AT)
    assert server.http("GET", f"/api/reminders/{task['id']}").body["next_at"] == tomorrow
