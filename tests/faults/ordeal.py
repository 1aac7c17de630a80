"""A server whose file cannot be written for a while: what clients are told meanwhile, and what is true afterwards."""

from __future__ import annotations

import resource
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

from tests.clients import message
from tests.conftest import Enter
from tests.packets import Connection, Kind, Polling, Websocket
from tests.protocol.catching_up import everything, heard, join, settle
from tests.server import Server, in_seconds, new_id, wait_until

# Seconds within which every send is answered, whatever happens to the file; and what a busy machine may add.
ANSWERED_WITHIN: Final = 5.0
ALLOWANCE: Final = 0.5

NOT_STORED: Final = "发送失败：服务器内部错误"
NOT_KNOWN: Final = "发送失败：服务器未能确认是否已保存，请稍后核对"
SENDERS: Final[tuple[Kind, ...]] = (Websocket, Websocket, Websocket, Polling)


@contextmanager
def no_growth(server: Server) -> Iterator[None]:
    """Let no file of the server grow beyond what its WAL has now."""
    wal = server.database.with_name("careline.db-wal")
    _, hard = resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE, (wal.stat().st_size, hard))
    try:
        yield
    finally:
        resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE, (hard, hard))


@dataclass(frozen=True)
class Sent:
    """A message that was answered."""

    text: str
    answer: dict[str, Any]
    seconds: float


class Ordeal:
    """Senders that never pause, a listener, and reminders; and all that they saw."""

    def __init__(self, server: Server, enter: Enter) -> None:
        self.sent: list[Sent] = []
        self._server = server
        self._enter = enter
        self._question_id = server.open_question()
        self._user_id = new_id()
        self._made: list[str] = []
        self._listener = enter(Websocket, server)
        self._listener.call("bind_user", {"user_id": self._user_id})
        join(self._listener, self._question_id, 0, "STAFF")
        self._over = threading.Event()
        self._threads = [
            threading.Thread(target=self._send, args=(enter(kind, server), place)) for place, kind in enumerate(SENDERS)
        ]

    @contextmanager
    def traffic(self) -> Iterator[None]:
        """Let the senders send, before the block for long enough to know that all is well."""
        for thread in self._threads:
            thread.start()
        try:
            self._wait_for_success()
            yield
        finally:
            self._over.set()
            for thread in self._threads:
                thread.join()

    def remind(self, seconds: float) -> None:
        """Make a reminder due in so many seconds."""
        title = f"提醒 {len(self._made)}"
        self._server.make_reminder(self._user_id, in_seconds(seconds), title=title)
        self._made.append(title)

    def holds(self, seconds: float) -> None:
        """Hold the server to its promises while nothing can be written, for so many seconds."""
        first = len(self.sent)
        wait_until(lambda: any(not one.answer["success"] for one in self.sent[first:]), "the first failure")
        first, end = len(self.sent), time.monotonic() + seconds
        while time.monotonic() < end or len(self.sent) < first + len(SENDERS):
            assert self._server.http("GET", "/health").status == 503
            self._reads()
        refused = self._server.http("POST", "/api/questions", json={"title": "写不进", "elder_id": self._user_id})
        assert refused.status in (500, 503)
        assert refused.body["code"] == "INTERNAL_ERROR"

    def ends_well(self) -> None:
        """Wait until the server has come to itself, and look at what it has kept."""
        wait_until(lambda: self._server.http("GET", "/health").status == 200, "the good health")
        self._wait_for_success()
        self._over.set()
        for thread in self._threads:
            thread.join()
        wait_until(lambda: len(self._notifications()) >= len(self._made), "the notifications")
        settle(self._listener)
        stored = self.check_stored()
        assert heard(self._listener, self._question_id) == stored, (
            "nothing was told that is not stored, all that is was"
        )
        titles = [one["title"] for one in self._listener.named("notification:new")]
        assert sorted(titles) == sorted(self._made)

    def check_stored(self) -> list[dict[str, Any]]:
        """Give the stored messages: acknowledged ones once and as they were acknowledged, refused ones never."""
        stored = everything(self._server, self._question_id, user_type="STAFF")
        found = Counter(one["content_text"] for one in stored)
        by_text = {one["content_text"]: one for one in stored}
        for one in self.sent:
            if one.answer["success"]:
                assert by_text.get(one.text) == one.answer["data"]
                assert found.pop(one.text) == 1
            elif one.answer["message"] == NOT_KNOWN:
                assert found.pop(one.text, 0) in (0, 1)
            else:
                assert one.answer == {"success": False, "message": NOT_STORED}
                assert found[one.text] == 0
        assert not +found
        assert max(one.seconds for one in self.sent) < ANSWERED_WITHIN + ALLOWANCE
        assert sorted(one["title"] for one in self._notifications()) == sorted(self._made)
        tasks = self._server.http("GET", f"/api/reminders?user_id={self._user_id}&limit=200").body["items"]
        assert [task["status"] for task in tasks] == ["DISPATCHED"] * len(self._made)
        assert self._server.http("GET", f"/api/questions?elder_id={self._user_id}").body["items"] == []
        return stored

    def _send(self, connection: Connection, place: int) -> None:
        number = 0
        while not self._over.is_set():
            # Long enough to need new pages of the file for each.
            text = f"{place}-{number} " + "字" * 3000
            number += 1
            began = time.monotonic()
            answer = connection.call("send_message", message(self._question_id, text))
            self.sent.append(Sent(text, answer, time.monotonic() - began))
            self._over.wait(0.02)

    def _wait_for_success(self) -> None:
        first = len(self.sent)
        enough = 3 * len(SENDERS)
        wait_until(lambda: sum(one.answer["success"] for one in self.sent[first:]) >= enough, "sends that succeed")

    def _reads(self) -> None:
        """Reading goes on, over HTTP and on catch-up, for who was here and who comes now."""
        stored = everything(self._server, self._question_id)
        client = self._enter(Websocket, self._server)
        assert join(client, self._question_id, stored[-5]["id"])["latest_id"] == stored[-1]["id"]
        settle(client)
        assert heard(client, self._question_id) == stored[-4:]
        assert client.call("join_question", {"question_id": self._question_id, "user_id": 1, "user_type": "ELDER"}) == {
            "question_id": self._question_id
        }
        bound = client.call("bind_user", {"user_id": self._user_id, "after_id": 0})
        assert bound["latest_id"] == max((one["id"] for one in self._notifications()), default=0)
        client.close()
        for path in "/api/questions", f"/api/reminders?user_id={self._user_id}", f"/api/questions/{self._question_id}":
            assert self._server.http("GET", path).status == 200

    def _notifications(self) -> list[dict[str, Any]]:
        return self._server.notifications(self._user_id)
