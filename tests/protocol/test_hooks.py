"""Hooks as a receiver has them: what it is told, in which order, signed, and what becomes of it while it misbehaves."""

from __future__ import annotations

import signal
import sqlite3
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, Final

import pytest
from standardwebhooks import Webhook
from standardwebhooks.webhooks import WebhookVerificationError

from consult.contract.hooks import EVENTS
from tests import certificates
from tests.clients import message
from tests.clock import Clock
from tests.conftest import Enter, StartServer
from tests.files import content, get, said, upload
from tests.packets import Websocket
from tests.receiver import EVERY_EVENT, Delivery, Handler, Receiver, write_hooks
from tests.server import ROOT, Server, in_seconds, run, wait_until
from tests.store.file import rows, write_locked
from tests.torture.patches import patched

pytestmark = pytest.mark.direct

DAY: Final = 86_400


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    one = Receiver()
    yield one
    one.close()


def hooked(start_server: StartServer, folder: Path, *tables: str, **env: str) -> Server:
    return start_server("--hooks", str(write_hooks(folder, *tables)), env=env)


def say(server: Server, enter: Enter, question_id: int, count: int, text: str = "您好") -> list[int]:
    """Send messages; give their ids."""
    client = enter(Websocket, server)
    answers = client.call_all([["send_message", message(question_id, f"{text} {number}")] for number in range(count)])
    return [answer["data"]["id"] for answer in answers]


def of(server: Server, name: str = "gateway") -> dict[str, Any]:
    """The hook in `/health`."""
    return next(one for one in hooks_of(server) if one["name"] == name)


def hooks_of(server: Server) -> list[dict[str, Any]]:
    """The hooks in `/health`, as soon as it knows them."""
    known: list[list[dict[str, Any]]] = []

    def look() -> bool:
        hooks = server.http("GET", "/health").body["hooks"]
        known.append(hooks)
        return hooks is not None

    wait_until(look, "what is known of the hooks")
    return known[-1]


class TestEvents:
    def test_all_that_happens_is_told_in_order(
        self, start_server: StartServer, tmp_path: Path, receiver: Receiver, enter: Enter
    ) -> None:
        server = hooked(start_server, tmp_path, receiver.table(content="true"))
        question_id = server.open_question("头晕两天", 7)
        (message_id,) = say(server, enter, question_id, 1, "请多喝水")
        server.make_reminder(5, in_seconds(-1), title="服药", channel="SYSTEM_MESSAGE")
        receiver.awaited(3)
        notification_id = server.notifications(5)[0]["id"]
        body = {"outcome": "SKIPPED", "note": "不舒服"}
        assert server.http("POST", f"/api/notifications/{notification_id}/confirm", json=body).status == 200
        assert server.http("PATCH", f"/api/questions/{question_id}", json={"assignee_id": 9}).status == 200
        server.set_status(question_id, "CLOSED")
        told = [receiver.verified(one) for one in receiver.awaited(6)]
        assert [one["type"] for one in told] == [
            *("question.created", "message.created", "notification.created", "notification.answered"),
            *("question.updated", "question.updated"),
        ]
        opened, said, rung, answered, assigned, closed = (one["data"] for one in told)
        assert (opened["id"], opened["title"], opened["elder_id"], opened["status"]) == (
            question_id,
            "头晕两天",
            7,
            "OPEN",
        )
        assert (said["id"], said["content_text"], said["is_visible_to_patient"]) == (message_id, "请多喝水 0", True)
        assert said["sent_at"] == server.messages(question_id)[0]["sent_at"]
        assert (rung["id"], rung["user_id"], rung["title"], rung["rung"]) == (notification_id, 5, "服药", 0)
        assert rung["channel"] == answered["channel"] == "SYSTEM_MESSAGE"
        assert (answered["id"], answered["status"], answered["outcome"]) == (notification_id, "READ", "SKIPPED")
        assert answered["note"] == "不舒服"
        # Each tells the state that it is about, not the one by its delivery.
        assert (assigned["status"], assigned["assignee_id"]) == ("OPEN", 9)
        assert (closed["status"], closed["assignee_id"]) == ("CLOSED", 9)
        assert [one.path for one in receiver.taken] == ["/hooks?for=careline"] * 6

    def test_a_state_is_told_as_it_was_however_late(
        self, start_server: StartServer, tmp_path: Path, receiver: Receiver
    ) -> None:
        receiver.answer = receiver.refuse(500)
        server = hooked(start_server, tmp_path, receiver.table(events=["question.updated", "question.created"]))
        question_id = server.open_question()
        for status in "CLOSED", "OPEN":
            server.set_status(question_id, status)
        wait_until(lambda: receiver.all, "an attempt")
        receiver.answer = receiver.take
        assert [one.event["data"]["status"] for one in receiver.awaited(3)] == ["OPEN", "CLOSED", "OPEN"]

    def test_without_content_ids_and_kinds_alone(
        self, start_server: StartServer, tmp_path: Path, receiver: Receiver, enter: Enter
    ) -> None:
        server = hooked(start_server, tmp_path, receiver.table())
        body = {"title": "秘密标题", "elder_id": 1, "category": "秘密类别"}
        question_id = server.http("POST", "/api/questions", json=body).body["id"]
        say(server, enter, question_id, 1, "秘密内容")
        server.make_reminder(5, in_seconds(-1), title="秘密提醒", content="秘密正文")
        receiver.awaited(3)
        answer = {"outcome": "DONE", "note": "秘密备注"}
        server.http("POST", f"/api/notifications/{server.notifications(5)[0]['id']}/confirm", json=answer)
        everything = "".join(one.body.decode() for one in receiver.awaited(4))
        assert "秘密" not in everything
        assert '"user_id":5' in everything

    def test_a_missed_occurrence_is_told(
        self,
        start_server: StartServer,
        tmp_path: Path,
        receiver: Receiver,
        clock: Clock,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.setattr("tests.server.COMMAND", patched("clocks_from_file"))
        server = hooked(
            start_server, tmp_path, receiver.table(events=["occurrence.missed"]), TEST_CLOCK=str(clock.file)
        )
        task = server.make_reminder(5, in_seconds(-1), follow_up=[{"after": 60}], missed_after=120)
        wait_until(lambda: server.notifications(5), "the first ring")
        first = server.notifications(5)[0]["id"]
        clock.set_by(200)
        (told,) = receiver.awaited(1)
        data = told.event["data"]
        assert (told.event["type"], data["task_id"], data["user_id"]) == ("occurrence.missed", task["id"], 5)
        assert data["notification_id"] == first

    def test_a_hook_has_its_events_and_channels_alone(
        self, start_server: StartServer, tmp_path: Path, receiver: Receiver, enter: Enter
    ) -> None:
        table = receiver.table(events=["notification.created", "question.created"], channels='["SYSTEM_MESSAGE"]')
        server = hooked(start_server, tmp_path, table)
        server.make_reminder(5, in_seconds(-1), title="一")
        wait_until(lambda: server.notifications(5), "the first")
        server.make_reminder(5, in_seconds(-1), title="二", channel="SYSTEM_MESSAGE")
        wait_until(lambda: len(server.notifications(5)) == 2, "the second")
        say(server, enter, server.open_question(), 3)
        told = [one.event for one in receiver.awaited(2)]
        assert [one["type"] for one in told] == ["notification.created", "question.created"]
        assert told[0]["data"]["channel"] == "SYSTEM_MESSAGE"

    def test_a_file_can_be_fetched_by_the_address_that_is_told(
        self, start_server: StartServer, tmp_path: Path, receiver: Receiver
    ) -> None:
        server = hooked(start_server, tmp_path, receiver.table(events=["message.created"], content="true"))
        body = content()
        url = upload(server, body)["url"]
        path = f"/api/questions/{server.open_question()}/messages"
        assert server.http("POST", path, json=said(url, is_visible_to_patient=False)).status == 201
        (attachment,) = receiver.awaited(1)[0].event["data"]["attachments"]
        assert attachment["url"].startswith(f"{url}?expires=")
        assert get(server, url).status == 404, "without its signature"
        assert get(server, attachment["url"]).content == body

    def test_what_was_deleted_meanwhile_is_told_by_its_id(
        self, start_server: StartServer, tmp_path: Path, receiver: Receiver, enter: Enter
    ) -> None:
        receiver.answer = receiver.refuse(500)
        server = hooked(start_server, tmp_path, receiver.table(events=["message.created"], content="true"))
        (message_id,) = say(server, enter, server.open_question(), 1)
        wait_until(lambda: receiver.all, "an attempt")
        server.stop()
        with closing(sqlite3.connect(server.database, isolation_level=None)) as connection:
            connection.execute("DELETE FROM message")
        receiver.answer = receiver.take
        server.start()
        (told,) = receiver.awaited(1)
        assert told.event["data"] == {"id": message_id, "deleted": True}


class TestSignatures:
    def test_only_the_very_body_of_now_with_the_secret_is_good(
        self, start_server: StartServer, tmp_path: Path, receiver: Receiver
    ) -> None:
        server = hooked(start_server, tmp_path, receiver.table())
        server.open_question()
        (told,) = receiver.awaited(1)
        headers = dict(told.headers)
        webhook = Webhook(receiver.secret)
        assert webhook.verify(told.body, headers)["type"] == "question.created"
        wrong = {
            "altered": (webhook, told.body.replace(b"OPEN", b"open"), headers),
            "another secret": (Webhook(Receiver().secret), told.body, headers),
            "another id": (webhook, told.body, {**headers, "webhook-id": "evt_1"}),
            "old": (webhook, told.body, {**headers, "webhook-timestamp": str(int(time.time()) - 600)}),
            "a repeat, later": (webhook, told.body, {**headers, "webhook-timestamp": str(int(time.time()) + 1)}),
        }
        for what, (verifier, body, with_headers) in wrong.items():
            with pytest.raises(WebhookVerificationError):
                pytest.fail(f"{what} passed with {verifier.verify(body, with_headers)}")

    def test_no_proxy_of_the_environment_is_used(
        self, start_server: StartServer, tmp_path: Path, receiver: Receiver
    ) -> None:
        proxy = Receiver()
        names = ("http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY")
        server = hooked(start_server, tmp_path, receiver.table(), **dict.fromkeys(names, proxy.url), no_proxy="")
        server.open_question()
        receiver.awaited(1)
        assert proxy.all == []
        proxy.close()

    def test_tls_is_verified(self, start_server: StartServer, tmp_path: Path) -> None:
        pair = certificates.pair()
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(pair.certificate, pair.key)
        receiver = Receiver(tls=context)
        try:
            server = hooked(start_server, tmp_path, receiver.table())
            server.open_question()
            wait_until(lambda: of(server)["last_error"], "a failure")
            assert of(server)["last_error"].startswith("cannot be trusted: ")
            assert receiver.all == []
            server.stop()
            server.set_environment(SSL_CERT_FILE=str(certificates.authority().certificate))
            server.start()
            receiver.awaited(1)
        finally:
            receiver.close()


class TestFailures:
    @pytest.mark.parametrize("status", [302, 400, 404, 500, 503])
    def test_a_refused_event_is_told_again_before_those_behind_it(
        self, start_server: StartServer, tmp_path: Path, receiver: Receiver, enter: Enter, status: int
    ) -> None:
        receiver.answer = receiver.refuse(status, {"Location": f"http://127.0.0.1:{receiver.port}/elsewhere"})
        server = hooked(start_server, tmp_path, receiver.table(events=["message.created"]))
        ids = say(server, enter, server.open_question(), 3)
        wait_until(lambda: len(receiver.all) == 2, "a second attempt")
        first, second = receiver.all
        assert (first.id, first.body) == (second.id, second.body)
        assert second.at - first.at > 0.4
        hook = of(server)
        assert (hook["state"], hook["waiting"], hook["dead_letters"]) == ("failing", 3, 0)
        assert str(status) in hook["last_error"]
        receiver.answer = receiver.take
        told = receiver.awaited(3)
        assert [one.event["data"]["id"] for one in told] == ids
        assert len({one.id for one in told}) == 3
        assert {one.path for one in receiver.all} == {"/hooks?for=careline"}
        wait_until(lambda: of(server)["state"] == "ok" and of(server)["waiting"] == 0, "all is well")

    def test_a_connection_that_breaks_off(
        self, start_server: StartServer, tmp_path: Path, receiver: Receiver, enter: Enter
    ) -> None:
        receiver.answer = receiver.reset
        server = hooked(start_server, tmp_path, receiver.table(events=["message.created"]))
        ids = say(server, enter, server.open_question(), 2)
        wait_until(lambda: receiver.all, "an attempt")
        receiver.answer = receiver.take
        assert [one.event["data"]["id"] for one in receiver.awaited(2)] == ids

    @pytest.mark.parametrize(
        "answer",
        [
            *(b"\x16\x03\x01 secret words\r\n\r\n", b"HTTP/1.1 abc secret words\r\n\r\n", b"HTTP/9.9 200 OK\r\n\r\n"),
            *(
                b"HTTP/1.1 500 " + b"x" * 70_000 + b"\r\n\r\n",
                b"HTTP/1.1 500 Oh\r\n" + b"a: secret words\r\n" * 200 + b"\r\n",
            ),
            b"HTTP/1.1 500 Oh\r\n:secret words\r\n secret words\r\n\r\n",
            b"HTTP/1.1 500 Oh\r\nTransfer-Encoding: chunked\r\n\r\nsecret words\r\n",
        ],
    )
    def test_an_answer_that_is_none_is_a_failure_as_any_other(
        self, start_server: StartServer, tmp_path: Path, receiver: Receiver, answer: bytes
    ) -> None:
        receiver.answer = receiver.say_raw(answer)
        server = hooked(start_server, tmp_path, receiver.table())
        question_id = server.open_question()
        wait_until(lambda: len(receiver.all) == 2, "a second attempt")
        assert of(server)["state"] == "failing"
        receiver.answer = receiver.take
        assert receiver.awaited(3)[-1].event["data"]["id"] == question_id
        server.stop()
        assert "Traceback" not in server.stderr()
        assert "secret words" not in server.stderr()
        assert "for=careline" not in server.stderr(), "the receiver's address, which may hold a key"

    @pytest.mark.parametrize(
        "answer",
        [
            b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\ntaken",
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nno chunk\r\n",
            b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nConnection: close\r\nContent-Length: 5\r\n\r\ntaken",
            b"HTTP/1.0 200 OK\r\n\r\n",
        ],
    )
    def test_what_is_taken_is_taken_whatever_body_the_answer_has(
        self, start_server: StartServer, tmp_path: Path, receiver: Receiver, answer: bytes
    ) -> None:
        receiver.answer = receiver.say_raw(answer)
        server = hooked(start_server, tmp_path, receiver.table())
        ids = [server.open_question() for _ in range(3)]
        assert [one.event["data"]["id"] for one in receiver.awaited(3)] == ids
        assert len(receiver.all) == 3
        assert "cannot be told" not in server.stderr()

    def test_retry_after_is_waited_for(self, start_server: StartServer, tmp_path: Path, receiver: Receiver) -> None:
        receiver.answer = receiver.refuse(429, {"Retry-After": "3"})
        server = hooked(start_server, tmp_path, receiver.table())
        server.open_question()
        wait_until(lambda: len(receiver.all) == 2, "a second attempt")
        assert receiver.all[1].at - receiver.all[0].at > 2.9

    def test_an_answer_without_end_is_not_read(
        self, start_server: StartServer, tmp_path: Path, receiver: Receiver, enter: Enter
    ) -> None:
        receiver.answer = receiver.flood
        server = hooked(start_server, tmp_path, receiver.table(events=["message.created"]))
        begun = time.monotonic()
        say(server, enter, server.open_question(), 5)
        receiver.awaited(5)
        assert len(receiver.all) == 5, "none was read to its end"
        assert time.monotonic() - begun < 5

    def test_a_slow_and_a_silent_receiver_have_ten_seconds(
        self, start_server: StartServer, tmp_path: Path, receiver: Receiver
    ) -> None:
        silent, endless = Receiver(), Receiver()
        receiver.answer, silent.answer, endless.answer = receiver.drip, silent.hang, endless.drip_body
        tables = receiver.table("drips"), silent.table("silent"), endless.table("endless")
        server = hooked(start_server, tmp_path, *tables)
        server.open_question()
        for one in receiver, silent, endless:
            wait_until(lambda one=one: len(one.all) == 2, "a second attempt", 20.0)  # type: ignore[misc]
            assert 10 < one.all[1].at - one.all[0].at < 13
        assert of(server, "silent")["last_error"] == of(server, "drips")["last_error"] == "did not answer within 10 s"
        assert of(server, "endless")["last_error"] == "answers with 500"
        silent.close()
        endless.close()

    def test_a_silent_receiver_holds_up_no_one_else(
        self, start_server: StartServer, tmp_path: Path, receiver: Receiver, enter: Enter
    ) -> None:
        silent = Receiver()
        silent.answer = silent.hang
        server = hooked(start_server, tmp_path, silent.table("silent"), receiver.table("good"))
        question_id = server.open_question()
        wait_until(lambda: silent.all, "an attempt that hangs")
        begun = time.monotonic()
        say(server, enter, question_id, 200)
        server.make_reminder(5, in_seconds(0))
        wait_until(lambda: server.notifications(5), "a reminder")
        receiver.awaited(202)
        assert time.monotonic() - begun < 5
        assert len(silent.all) == 1
        assert server.stop() < 2
        silent.close()

    def test_an_idle_connection_that_was_closed_costs_no_attempt(
        self, start_server: StartServer, tmp_path: Path, receiver: Receiver
    ) -> None:
        def take_and_close(handler: Handler, delivery: Delivery) -> None:
            receiver.take(handler, delivery)
            handler.close_connection = True  # which the answer has not said

        receiver.answer = take_and_close
        server = hooked(start_server, tmp_path, receiver.table())
        for count in 1, 2, 3:
            server.open_question()
            receiver.awaited(count)
            time.sleep(0.1)  # the connection is closed by then
        assert "cannot be told" not in server.stderr()

    def test_an_event_that_cannot_be_read_holds_up_none(
        self, start_server: StartServer, tmp_path: Path, receiver: Receiver
    ) -> None:
        receiver.answer = receiver.refuse(500)
        server = hooked(start_server, tmp_path, receiver.table())
        question_id = server.open_question()
        server.set_status(question_id, "CLOSED")
        wait_until(lambda: receiver.all, "an attempt")
        server.stop()
        with closing(sqlite3.connect(server.database, isolation_level=None)) as connection:
            connection.execute("UPDATE outbox SET state = 'garbage' WHERE event = 'question.created'")
        receiver.answer = receiver.take
        server.start()
        assert receiver.awaited(1)[0].event["type"] == "question.updated"
        wait_until(lambda: of(server)["dead_letters"] == 1, "a dead letter")

    @pytest.mark.parametrize("how", ["refuses", "hangs"])
    def test_what_waits_is_bounded_and_the_newest_are_told(
        self, start_server: StartServer, tmp_path: Path, receiver: Receiver, monkeypatch: pytest.MonkeyPatch, how: str
    ) -> None:
        monkeypatch.setattr("tests.server.COMMAND", patched("few_wait_for_hooks"))
        receiver.answer = receiver.refuse(500) if how == "refuses" else receiver.hang
        server = hooked(start_server, tmp_path, receiver.table(events=["question.created"]))
        ids = [server.open_question() for _ in range(20)]
        wait_until(lambda: of(server)["waiting"] == 5, "dead letters of what is too much", 20.0)
        assert (of(server)["dead_letters"], of(server)["lost"]) == (7, 8)
        receiver.answer = receiver.take
        told = [one.event["data"]["id"] for one in receiver.awaited(5, 20.0)]
        assert told == ids[-5:]

    def test_410_switches_a_hook_off_until_sighup(
        self, start_server: StartServer, tmp_path: Path, receiver: Receiver
    ) -> None:
        receiver.answer = receiver.refuse(410)
        server = hooked(start_server, tmp_path, receiver.table())
        server.open_question()
        wait_until(lambda: of(server)["state"] == "off", "the end of it")
        server.open_question()
        time.sleep(2.5)  # it would have been asked again
        assert len(receiver.all) == 1
        receiver.answer = receiver.take
        server.process.send_signal(signal.SIGHUP)
        receiver.awaited(2)
        assert of(server)["state"] == "ok"


class TestThreeDays:
    @pytest.fixture
    def server(
        self,
        start_server: StartServer,
        tmp_path: Path,
        receiver: Receiver,
        clock: Clock,
        monkeypatch: pytest.MonkeyPatch,
    ) -> Server:
        monkeypatch.setattr("tests.server.COMMAND", patched("clocks_from_file"))
        receiver.answer = receiver.refuse(500)
        table = receiver.table(events=["question.created"])
        return hooked(start_server, tmp_path, table, TEST_CLOCK=str(clock.file))

    def test_what_fails_for_three_days_is_a_dead_letter_and_can_be_told_again(
        self, server: Server, receiver: Receiver, clock: Clock, tmp_path: Path
    ) -> None:
        old = [server.open_question() for _ in range(3)]
        wait_until(lambda: receiver.all, "an attempt")
        clock.set_by(2.9 * DAY)
        wait_until(lambda: len(receiver.all) > 2, "a further attempt")
        assert of(server)["dead_letters"] == 0
        new = server.open_question()
        clock.set_by(3.1 * DAY)
        wait_until(lambda: of(server)["dead_letters"] == 3, "three dead letters")
        assert of(server)["waiting"] == 1
        assert server.http("GET", "/health").status == 200
        receiver.answer = receiver.take
        clock.set_by(3.2 * DAY)
        (told,) = receiver.awaited(1)
        assert told.event["data"]["id"] == new
        hooks = ("--hooks", str(tmp_path / "hooks.toml"), "--database", str(server.database))
        now = {"TEST_CLOCK": str(clock.file)}
        listed = run("hooks", "list", *hooks, env=now, folder=tmp_path)
        assert listed.returncode == 0, listed.stderr
        first, *letters = listed.stdout.splitlines()
        assert first.startswith("gateway\t0 waiting\t3 dead letters")
        assert [line.split("\t")[1:3] for line in letters] == [["gateway", "question.created"]] * 3
        assert "answers with 500" in letters[0]
        dead_id = letters[0].split("\t")[0]
        assert dead_id == receiver.all[0].id
        replayed = run("hooks", "replay", dead_id, *hooks, env=now, folder=tmp_path)
        assert replayed.stdout == f"{dead_id} is told again to 1 hook\n", replayed.stderr
        again = receiver.awaited(2)[-1]
        assert (again.id, again.body) == (dead_id, receiver.all[0].body), "told as it happened then"
        assert again.event["data"]["id"] == old[0]
        wait_until(lambda: of(server)["dead_letters"] == 2, "one dead letter less")
        assert run("hooks", "replay", dead_id, *hooks, env=now, folder=tmp_path).returncode == 1

    def test_what_happened_while_it_was_gone_for_less_is_told_in_order(
        self, server: Server, receiver: Receiver, clock: Clock
    ) -> None:
        ids = [server.open_question()]
        for day in 1, 2:
            wait_until(lambda: receiver.all, "an attempt")
            clock.set_by(day * DAY)
            ids.append(server.open_question())
            server.restart()
        receiver.answer = receiver.take
        clock.set_by(2.9 * DAY)
        assert [one.event["data"]["id"] for one in receiver.awaited(3)] == ids


class TestRestarts:
    def test_what_waits_outlives_a_kill_with_its_id(
        self, start_server: StartServer, tmp_path: Path, receiver: Receiver, enter: Enter
    ) -> None:
        receiver.answer = receiver.hang
        server = hooked(start_server, tmp_path, receiver.table(events=["message.created"]))
        ids = say(server, enter, server.open_question(), 3)
        wait_until(lambda: receiver.all, "an attempt")
        server.kill()
        receiver.answer = receiver.take
        server.start()
        told = receiver.awaited(3)
        assert [one.event["data"]["id"] for one in told] == ids
        assert told[0].id == receiver.all[0].id

    def test_on_a_new_disk_a_hook_goes_on_at_once(
        self, start_server: StartServer, tmp_path: Path, receiver: Receiver
    ) -> None:
        """Ids are far above those of the backup then."""
        receiver.answer = receiver.refuse(500)
        server = hooked(start_server, tmp_path, receiver.table())
        ids = [server.open_question()]
        wait_until(lambda: receiver.all, "an attempt")
        copy = server.folder / "copy.db"
        assert run("backup", "--database", str(server.database), str(copy), folder=server.folder).returncode == 0
        server.stop()
        for one in server.folder.glob(f"{server.database.name}*"):
            one.unlink()
        restored = run("restore", "--database", str(server.database), "--yes", str(copy), folder=server.folder)
        assert restored.returncode == 0, restored.stderr
        receiver.answer = receiver.take
        server.start()
        ids.append(server.open_question())
        assert [one.event["data"]["id"] for one in receiver.awaited(2)] == ids
        assert of(server)["dead_letters"] == 0

    def test_a_hook_begins_with_what_happens_from_then_on(
        self, start_server: StartServer, tmp_path: Path, receiver: Receiver
    ) -> None:
        server = start_server()
        server.open_question("before")
        server.stop()
        server._arguments = ("--hooks", str(write_hooks(tmp_path, receiver.table(content="true"))))
        server.start()
        server.open_question("after")
        assert [one.event["data"]["title"] for one in receiver.awaited(1)] == ["after"]

    def test_sighup_takes_up_the_file_anew(self, start_server: StartServer, tmp_path: Path, receiver: Receiver) -> None:
        server = hooked(start_server, tmp_path, receiver.table("one"))
        server.open_question()
        receiver.awaited(1)
        second = Receiver()
        write_hooks(tmp_path, receiver.table("one"), second.table("two", events=["question.updated"]))
        server.process.send_signal(signal.SIGHUP)
        wait_until(lambda: len(hooks_of(server)) == 2, "the second hook")
        question_id = server.open_question()
        server.set_status(question_id, "CLOSED")
        assert [one.event["type"] for one in second.awaited(1)] == ["question.updated"]
        assert [one.event["type"] for one in receiver.awaited(3)][1:] == ["question.created", "question.updated"]
        second.close()

    def test_a_file_that_is_not_good_changes_nothing(
        self, start_server: StartServer, tmp_path: Path, receiver: Receiver
    ) -> None:
        server = hooked(start_server, tmp_path, receiver.table())
        write_hooks(tmp_path, receiver.table(events=["no.event"]))
        server.process.send_signal(signal.SIGHUP)
        wait_until(lambda: "the hooks stay as they were" in server.stderr(), "a line in the log")
        assert "hook 1 (gateway): events: 'no.event'" in server.stderr()
        assert receiver.secret not in server.stderr()
        server.open_question()
        receiver.awaited(1)

    def test_while_the_database_cannot_be_written_the_hooks_stay_as_they_were(
        self, start_server: StartServer, tmp_path: Path, receiver: Receiver
    ) -> None:
        server = hooked(start_server, tmp_path, receiver.table("one"))
        write_hooks(tmp_path, receiver.table("two"))
        with write_locked(server.database):
            server.process.send_signal(signal.SIGHUP)
            wait_until(lambda: "the hooks stay as they were" in server.stderr(), "a line in the log")
        question_id = server.open_question()
        assert receiver.awaited(1)[0].event["data"]["id"] == question_id
        assert [one["name"] for one in hooks_of(server)] == ["one"]
        server.process.send_signal(signal.SIGHUP)
        wait_until(lambda: "the hooks were read again" in server.stderr(), "the new file")
        wait_until(lambda: [one["name"] for one in hooks_of(server)] == ["two"], "its hook")


class TestCommands:
    def test_check_and_serve_refuse_a_file_that_is_not_good(self, tmp_path: Path, receiver: Receiver) -> None:
        path = write_hooks(tmp_path, receiver.table())
        path.chmod(0o644)
        for command in "check", "serve":
            refused = run(command, "--hooks", str(path), folder=tmp_path)
            assert refused.returncode == 2
            assert refused.stderr == (
                f"careline: --hooks (CARELINE_HOOKS): {path} can be read by others than its owner; `chmod 600 {path}`\n"
            )
        path.chmod(0o600)
        assert run("check", "--hooks", str(path), folder=tmp_path).returncode == 0

    def test_a_hook_can_be_tried(self, tmp_path: Path, receiver: Receiver) -> None:
        hooks = ("--hooks", str(write_hooks(tmp_path, receiver.table())))
        tried = run("hooks", "test", "gateway", *hooks, folder=tmp_path)
        assert tried.stdout == "hook gateway: its receiver took the event, with 204\n", tried.stderr
        (told,) = receiver.taken
        assert receiver.verified(told)["type"] == "hook.test"
        receiver.answer = receiver.refuse(500)
        assert run("hooks", "test", "gateway", *hooks, folder=tmp_path).returncode == 1
        assert run("hooks", "test", "nobody", *hooks, folder=tmp_path).returncode == 1
        assert run("hooks", "sing", *hooks, folder=tmp_path).returncode == 2
        assert run("hooks", "list", folder=tmp_path).returncode == 2

    def test_a_try_ends_after_ten_seconds_as_well(self, tmp_path: Path, receiver: Receiver) -> None:
        receiver.answer = receiver.drip
        hooks = ("--hooks", str(write_hooks(tmp_path, receiver.table())))
        tried = run("hooks", "test", "gateway", *hooks, folder=tmp_path)
        assert tried.stderr == "careline: hook gateway: its receiver did not answer within 10 s\n"

    def test_status_and_metrics_name_what_waits(
        self, start_server: StartServer, tmp_path: Path, receiver: Receiver
    ) -> None:
        receiver.answer = receiver.refuse(500)
        server = hooked(start_server, tmp_path, receiver.table())
        server.open_question()
        wait_until(lambda: of(server)["last_error"], "a failure")
        shown = run("status", "--port", str(server.port), folder=tmp_path)
        assert shown.returncode == 0, shown.stderr
        (line,) = [line for line in shown.stdout.splitlines() if line.startswith("hook gateway ")]
        assert "failing; 1 waiting since " in line
        assert line.endswith("its receiver answers with 500")
        metrics = server.http("GET", "/metrics").body
        assert 'careline_hook_events_waiting{hook="gateway"} 1.0' in metrics

    def test_without_hooks_their_client_is_not_loaded(self) -> None:
        asked = "import main, sys; main.main(['version']); sys.exit('urllib3' in sys.modules)"
        assert subprocess.run([sys.executable, "-c", asked], cwd=ROOT, check=False).returncode == 0

    def test_without_hooks_nothing_is_noted(self, start_server: StartServer) -> None:
        server = start_server()
        server.open_question()
        assert server.http("GET", "/health").body["hooks"] == []
        server.stop()
        assert rows(server.database, "SELECT count(*) FROM outbox") == [0]


def test_every_event_has_a_test() -> None:
    assert EVENTS == EVERY_EVENT
