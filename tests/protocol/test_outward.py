"""What leaves by the hooks: reminders for SMS and PUSH, and confirm links in what is told."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest

from tests.clients import Clients
from tests.conftest import StartServer
from tests.links import PUBLIC_URL, link_of, opened, pressed
from tests.protocol.test_ladder import day
from tests.receiver import Receiver, write_hooks
from tests.server import Answer, Server, in_seconds, new_id, reminder, run, wait_until

pytestmark = pytest.mark.direct

REFUSED: Final = (400, {"code": "INVALID_PAYLOAD", "message": "channel 必须为 IN_APP 或 SYSTEM_MESSAGE"})
CREATED: Final = ("notification.created", "notification.answered")


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    one = Receiver()
    yield one
    one.close()


def make(server: Server, user_id: int, channel: str, **more: Any) -> Answer:
    return server.http("POST", "/api/reminders", json=reminder(user_id, in_seconds(-1), channel=channel, **more))


def told_of(receiver: Receiver, user_id: int, kind: str = "notification.created") -> list[dict[str, Any]]:
    events = [receiver.verified(one) for one in receiver.taken]
    return [one["data"] for one in events if one["type"] == kind and one["data"]["user_id"] == user_id]


def awaited(receiver: Receiver, user_id: int, kind: str = "notification.created") -> dict[str, Any]:
    return wait_until(lambda: told_of(receiver, user_id, kind), f"{kind} of user {user_id}")[0]


def test_a_channel_that_no_hook_lists_is_unknown(start_server: StartServer) -> None:
    server = start_server()
    for channel in ("SMS", "PUSH", "FAX"):
        answer = make(server, 5, channel)
        assert (answer.status, answer.body) == REFUSED
        # Of several faults the first in the document's order is told, as of any other channel.
        for wrong, text in (({"title": ""}, REFUSED[1]["message"]), ({"biz_id": 0}, "biz_id 必须为正整数")):
            assert make(server, 5, channel, **wrong).body["message"] == text
    assert server.http("GET", "/api/reminders?user_id=5").body["items"] == []
    assert "SMS" not in make(server, 5, "").body["message"]


def test_one_that_a_hook_lists_goes_to_it_and_rings_as_ever(
    start_server: StartServer, tmp_path: Path, clients: Clients, receiver: Receiver
) -> None:
    other = Receiver()
    hooks = write_hooks(
        tmp_path,
        receiver.table("sms", CREATED, channels='["SMS"]'),
        other.table("others", CREATED, channels='["IN_APP", "SYSTEM_MESSAGE"]'),
    )
    server = start_server("--hooks", str(hooks))
    user_id = new_id()
    client = clients.connect(to=server)
    client.bind(user_id)
    answer = make(server, user_id, "SMS", title="服药")
    assert (answer.status, answer.body["channel"]) == (201, "SMS")
    told = client.expect("notification:new")
    assert (told["title"], told["status"]) == ("服药", "UNREAD")
    sent = awaited(receiver, user_id)
    assert (sent["id"], sent["channel"], "confirm_url" in sent) == (told["id"], "SMS", False)
    assert (answer := make(server, user_id, "PUSH")).status == 400, answer
    assert make(server, user_id, "IN_APP").status == 201
    assert awaited(other, user_id)["channel"] == "IN_APP"
    assert [one["channel"] for one in told_of(receiver, user_id)] == ["SMS"]
    other.close()


def test_a_channel_that_is_listed_no_more(start_server: StartServer, tmp_path: Path, receiver: Receiver) -> None:
    """Its reminders ring as ever; new ones are refused."""
    both, one = '["SMS", "PUSH"]', '["PUSH"]'
    server = start_server("--hooks", str(write_hooks(tmp_path, receiver.table(events=CREATED, channels=both))))
    user_id = new_id()
    later = server.make_reminder(user_id, in_seconds(3600), channel="SMS")
    write_hooks(tmp_path, receiver.table(events=CREATED, channels=one))
    server.process.send_signal(signal.SIGHUP)
    wait_until(lambda: make(server, new_id(), "SMS").status == 400, "the file that was read again")
    assert make(server, user_id, "PUSH").status == 201
    assert awaited(receiver, user_id)["channel"] == "PUSH"
    changed = server.http("PATCH", f"/api/reminders/{later['id']}", json={"remind_at": in_seconds(-1), "title": "新的"})
    assert (changed.status, changed.body["channel"]) == (200, "SMS")
    wait_until(lambda: len(server.notifications(user_id)) == 2, "the ring")
    server.stop()
    server.start(["serve", "--port", "0", "--database", str(server.database)])
    assert server.http("GET", f"/api/reminders/{later['id']}").body["channel"] == "SMS"
    assert server.notifications(user_id)[0]["title"] == "新的"
    assert make(server, user_id, "PUSH").status == 400
    assert [one["channel"] for one in told_of(receiver, user_id)] == ["PUSH"]


def test_the_link_that_a_hook_is_told_confirms(start_server: StartServer, tmp_path: Path, receiver: Receiver) -> None:
    without = Receiver()
    hooks = write_hooks(
        tmp_path,
        receiver.table("with", CREATED, confirm_links="true", channels='["SMS", "IN_APP"]'),
        without.table("without", CREATED, content="true", channels='["SMS", "IN_APP"]'),
    )
    server = start_server("--hooks", str(hooks), "--public-url", f"{PUBLIC_URL}/")
    user_id, daughter = new_id(), new_id()
    make(server, user_id, "SMS", follow_up=[{"after": 60, "user_id": daughter}])
    told = awaited(receiver, user_id)
    assert told["confirm_url"] == link_of(server, told["id"])
    assert "confirm_url" not in awaited(without, user_id)
    assert opened(server, told["confirm_url"]).status == 200
    assert "谢谢" in pressed(server, told["confirm_url"]).body
    assert [(one["outcome"], one["outcome_by"]) for one in day(server, user_id)] == [("DONE", f"LINK:{user_id}")]
    answered = awaited(receiver, user_id, "notification.answered")
    assert (answered["outcome"], answered["outcome_by"]) == ("DONE", f"LINK:{user_id}")
    assert "confirm_url" not in answered
    opening = {"title": "血压偏高", "elder_id": user_id, "notify_replies": True}
    question_id = server.http("POST", "/api/questions", json=opening).body["id"]
    said = {"sender_type": "STAFF", "sender_id": new_id(), "content_type": "TEXT", "content_text": "再测一次"}
    assert server.http("POST", f"/api/questions/{question_id}/messages", json=said).status == 201
    wait_until(lambda: len(told_of(receiver, user_id)) == 2, "the notification of the reply")
    reply = told_of(receiver, user_id)[1]
    assert (reply["task_id"], "confirm_url" in reply) == (None, False)
    without.close()


@pytest.mark.parametrize("command", ["serve", "check"])
def test_links_without_a_public_address_are_refused_at_the_start(
    tmp_path: Path, receiver: Receiver, command: str
) -> None:
    hooks = write_hooks(tmp_path, receiver.table("first"), receiver.table("sms", confirm_links="true"))
    words = [command, "--database", str(tmp_path / "c.db"), "--port", "0", "--hooks", str(hooks)]
    done = run(*words, folder=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    (line,) = done.stderr.splitlines()
    assert line.startswith("careline: --hooks (CARELINE_HOOKS): ")
    assert line.endswith("hook 2 (sms): confirm_links needs --public-url (CARELINE_PUBLIC_URL)")
    if command == "check":
        assert run(*words, "--public-url", PUBLIC_URL, folder=tmp_path).returncode == 0


def test_links_without_a_public_address_are_refused_on_sighup(
    start_server: StartServer, tmp_path: Path, receiver: Receiver
) -> None:
    server = start_server("--hooks", str(write_hooks(tmp_path, receiver.table(events=CREATED, channels='["SMS"]'))))
    write_hooks(tmp_path, receiver.table(events=CREATED, channels='["PUSH"]', confirm_links="true"))
    server.process.send_signal(signal.SIGHUP)
    wait_until(lambda: "the hooks stay as they were" in server.stderr(), "the refusal")
    assert "confirm_links needs --public-url" in server.stderr()
    user_id = new_id()
    assert make(server, user_id, "SMS").status == 201
    assert "confirm_url" not in awaited(receiver, user_id)


@pytest.mark.parametrize(
    "text",
    [
        *(
            "clinic.example",
            "http://clinic.example",
            "https://",
            "https://u:p@clinic.example",
            "https://clinic.example?x",
        ),
        *("https://clinic.example/#x", "https://clinic.example:0", "https://clinic.example:65536", "ftp://127.0.0.1"),
        *("https://clinic..example", "https://clinic.example//x", "https://clinic.example/../x", "https://[::g]"),
        *("https://clinic.example/ x", "https://clinic.example/\n", "https://诊所.example", "javascript:alert(1)", "*"),
    ],
)
def test_a_public_address_that_is_none(tmp_path: Path, text: str) -> None:
    done = run("check", "--database", str(tmp_path / "c.db"), "--public-url", text, folder=tmp_path)
    assert done.returncode == 2
    assert done.stderr.startswith("careline: --public-url (CARELINE_PUBLIC_URL): must ")
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize(
    "text",
    [
        *("https://clinic.example", "https://clinic.example/", "https://clinic.example:8443/care-line/x_1/", ""),
        *(
            "http://127.0.0.1:8000",
            "http://localhost",
            "http://[::1]:8000",
            "https://192.168.1.5",
            "HTTPS://Clinic.Example",
        ),
    ],
)
def test_a_public_address(tmp_path: Path, text: str) -> None:
    done = run("check", "--database", str(tmp_path / "c.db"), "--public-url", text, folder=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
