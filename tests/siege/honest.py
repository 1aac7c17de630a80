"""The honest people of the siege: they talk, are reminded, page messages and look at /health, and measure it."""

from __future__ import annotations

import http.client
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

from tests.json_text import decode, encode
from tests.server import reminder
from tests.siege.besieged import Besieged
from tests.siege.found import Found
from tests.siege.lines import Gone, Line, PollingLine, WebsocketLine
from tests.siege.view import View
from tests.wire.raw import event

BETWEEN_MESSAGES: Final = 0.2  # seconds, of one client
BETWEEN_LOOKS: Final = 0.2  # at /health, and at a page
BETWEEN_REMINDERS: Final = 1.0
AHEAD: Final = 2  # seconds, until a reminder is due
LONGEST_WAIT: Final = 60.0  # for an answer, until it counts as lost
REST: Final = 0.05  # before a client that was cut off comes back


class Honest:
    """Something honest that goes on in a thread until it is told to stop."""

    def __init__(self, name: str, view: View, besieged: Besieged, found: Found) -> None:
        self.name = name
        self.view = view
        self.besieged = besieged
        self.found = found
        self.over = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """Stop, and wait until it has."""
        self.over.set()
        self._thread.join(LONGEST_WAIT)

    def _run(self) -> None:
        try:
            self.act()
        except BaseException as fault:  # a thread that ends in silence would measure nothing
            self.found.fault("the siege itself", f"{self.name}: {fault!r}")
            raise

    def act(self) -> None:
        """Go on until `over`."""
        raise NotImplementedError

    def every(self, seconds: float, act: Callable[[], None]) -> None:
        """Act in steps of so many seconds, without catching up on steps that were missed."""
        due = time.monotonic()
        while not self.over.wait(max(0.0, due - time.monotonic())):
            act()
            due = max(due + seconds, time.monotonic())

    def ask(self, method: str, path: str, **given: Any) -> tuple[int, Any, float]:
        """Ask over HTTP and give the status, the body and the seconds; status 0 where there is no answer. What is wrong
        with it is noted unless the server was down on purpose."""
        began = time.monotonic()
        status, body, fault = 0, None, ""
        try:
            answer = self.view.http(method, path, **given)
            status, body = answer.status, answer.body
        except (OSError, http.client.HTTPException) as caught:
            fault = repr(caught)
        ended = time.monotonic()
        if not self.besieged.was_down(began, ended):
            if status == 0:
                self.found.fault("an honest call has no answer", f"{self.name}: {method} {path}: {fault}")
            elif status >= 500:
                self.found.fault("5xx", f"{self.name}: {status} {method} {path}: {body}")
            elif status >= 400:
                self.found.fault("an honest call is refused", f"{self.name}: {status} {method} {path}: {body}")
        return status, body, ended - began


class HealthPoller(Honest):
    """Asks for /health, each time on a new connection."""

    def act(self) -> None:
        self.every(BETWEEN_LOOKS, self._look)

    def _look(self) -> None:
        began = time.monotonic()
        _, _, seconds = self.ask("GET", "/health")
        self.found.health.add(began, self.besieged.until_down(began, began + seconds), BETWEEN_LOOKS)


class Pager(Honest):
    """A front end that pages the messages of a question over HTTP."""

    def __init__(self, name: str, view: View, besieged: Besieged, found: Found, question_id: int) -> None:
        super().__init__(name, view, besieged, found)
        self._question_id = question_id
        self._after_id = 0

    def act(self) -> None:
        self.every(BETWEEN_LOOKS, self._page)

    def _page(self) -> None:
        began = time.monotonic()
        path = f"/api/questions/{self._question_id}/messages?after_id={self._after_id}&limit=50"
        status, page, seconds = self.ask("GET", path)
        self.found.pages.add(began, self.besieged.until_down(began, began + seconds), BETWEEN_LOOKS)
        if status == 200:
            self._after_id = page["items"][-1]["id"] if page["has_more"] else 0


class MachinePoller(Honest):
    """Sleeps for a moment again and again, and measures how much longer it takes: what is the machine's and not the
    server's."""

    STEP: Final = 0.02

    def act(self) -> None:
        while not self.over.is_set():
            began = time.monotonic()
            time.sleep(self.STEP)
            self.found.machine.add(began, max(1e-6, time.monotonic() - began - self.STEP))


@dataclass
class Due:
    """A reminder that was made, and what became of it."""

    title: str
    at: float  # when it is due, by the wall clock
    stored_at: float = 0.0  # when the server said that it is stored; 0 before
    task_id: int = 0


class ReminderMaker(Honest):
    """Makes a reminder each second, for one talker after the other."""

    def __init__(self, name: str, view: View, besieged: Besieged, found: Found, talkers: list[Talker]) -> None:
        super().__init__(name, view, besieged, found)
        self._talkers = talkers
        self._made = 0

    def act(self) -> None:
        self.every(BETWEEN_REMINDERS, self._make)

    def _make(self) -> None:
        talker = self._talkers[self._made % len(self._talkers)]
        self._made += 1
        due = Due(f"reminder {self._made}", float(int(time.time()) + AHEAD))
        talker.reminders[due.title] = due
        at = datetime.fromtimestamp(due.at, UTC).isoformat()
        body = reminder(talker.user_id, at, title=due.title)
        while not self.over.is_set() or self.besieged.was_down(time.monotonic(), time.monotonic()):
            began = time.monotonic()
            status, task, seconds = self.ask(
                "POST", "/api/reminders", json=body, headers={"Idempotency-Key": due.title}
            )
            self.found.posts.add(began, self.besieged.until_down(began, began + seconds), BETWEEN_REMINDERS)
            if status in (200, 201):
                due.task_id, due.stored_at = task["id"], time.time()
                return
            if status:
                del talker.reminders[due.title]
                return
            time.sleep(REST)


@dataclass
class Saw:
    """What a talker was sent."""

    messages: list[int] = field(default_factory=list)
    notifications: list[int] = field(default_factory=list)
    titles: list[str] = field(default_factory=list)


class Talker(Honest):
    """A front end that talks in a question and is reminded. It follows with cursors, sends again what was not
    acknowledged, and comes back when it is cut off."""

    def __init__(
        self,
        name: str,
        view: View,
        besieged: Besieged,
        found: Found,
        *,
        user_id: int,
        user_type: str,
        question_id: int,
        over_polling: bool,
    ) -> None:
        super().__init__(name, view, besieged, found)
        self.user_id = user_id
        self.user_type = user_type
        self.question_id = question_id
        self.over_polling = over_polling
        self.reminders: dict[str, Due] = {}
        self.acknowledged: dict[str, int] = {}  # ids of messages, by their texts
        self.saw = Saw()
        self.silent = threading.Event()  # set: it sends no more, and goes on to listen
        self._changed = threading.Condition()
        self._answers: dict[str, Any] = {}
        self._line: Line | None = None
        self._fault = ""
        self._bound_at = 0.0

    def act(self) -> None:
        number = 0
        while not self.over.is_set():
            began = time.monotonic()
            try:
                line = self._come()
                while not self.over.wait(BETWEEN_MESSAGES):
                    if self.silent.is_set():
                        self._check(line)
                    else:
                        number = self._say(line, number)
            except Gone as gone:
                if not self.over.is_set() and not self.besieged.was_down(began, time.monotonic()):
                    self.found.fault("an honest connection is cut", f"{self.name}: {gone}")
            finally:
                if self._line is not None:
                    self._line.end()
            self.over.wait(REST)

    def stop(self) -> None:
        self.over.set()
        if self._line is not None:
            self._line.end()
        super().stop()

    def _come(self) -> Line:
        self._answers, self._fault, self._line = {}, "", None
        line: Line = PollingLine(self.view) if self.over_polling else WebsocketLine(self.view)
        self._line = line
        threading.Thread(target=self._listen, args=(line,), daemon=True).start()
        shown = {"token": self.view.bearer} if self.view.bearer else None
        line.send(b"40" + (encode(shown) if shown else b""))
        self._wait(line, "CONNECT")
        after = {"after_id": self.saw.messages[-1] if self.saw.messages else 0}
        asked = {"question_id": self.question_id, "user_id": self.user_id, "user_type": self.user_type, **after}
        line.send(event("join_question", asked))
        joined = self._wait(line, "joined_question")
        if joined["has_more"]:
            self.found.fault("an honest client missed more than a catch-up brings", f"{self.name}: {joined}")
        after = {"after_id": self.saw.notifications[-1] if self.saw.notifications else 0}
        line.send(event("bind_user", {"user_id": self.user_id, **after}))
        self._wait(line, "bind_user:ack")
        return line

    def _say(self, line: Line, number: int) -> int:
        """Send the next message until it is acknowledged, and give the number of the one after it."""
        words = f"{self.name} {number}"
        asked = {
            "question_id": self.question_id,
            "sender_type": self.user_type,
            "sender_id": self.user_id,
            "content_type": "TEXT",
            "content_text": words,
            "client_msg_id": words,
        }
        self._answers.pop("send_message:ack", None)
        began, worked = time.monotonic(), self.besieged.worked()
        try:
            line.send(event("send_message", asked))
            ack = self._wait(line, "send_message:ack")
        finally:
            # Of what a stop cuts off, the wait until then counts.
            seconds = self.besieged.until_down(began, time.monotonic())
            self.found.work.add(began, self.besieged.worked() - worked)
            self.found.acks.add(began, seconds, BETWEEN_MESSAGES)
            if self.over_polling:
                self.found.acks_over_polling.add(began, seconds, BETWEEN_MESSAGES)
        if not ack["success"]:
            self.found.fault("an honest message is refused", f"{self.name}: {ack}")
            return number + 1
        self.acknowledged[words] = ack["data"]["id"]
        return number + 1

    def _check(self, line: Line) -> None:
        if self._line is line and self._fault:
            raise Gone(self._fault)

    def _wait(self, line: Line, name: str) -> Any:
        """Wait for the answer of that name."""
        with self._changed:
            if not self._changed.wait_for(lambda: name in self._answers or self._fault, LONGEST_WAIT):
                line.end()
                raise Gone(f"no {name} within {LONGEST_WAIT} s")
            if name not in self._answers:
                raise Gone(self._fault)
            return self._answers.pop(name)

    def _listen(self, line: Line) -> None:
        try:
            while True:
                self._hear(line, line.receive())
        except Gone as gone:
            with self._changed:
                if self._line is line:
                    self._fault = str(gone) or "gone"
                    self._changed.notify_all()
        finally:
            line.release()

    def _hear(self, line: Line, packet: bytes) -> None:
        if packet == b"2":
            line.send(b"3")
        elif packet.startswith(b"40"):
            self._answer("CONNECT", None)
        elif packet.startswith(b"42"):
            name, payload = decode(packet[2:].decode())
            if name == "new_message":
                self._see(self.saw.messages, payload["id"], name)
            elif name == "notification:new":
                self._be_reminded(payload)
            elif name == "error":
                self.found.fault("an honest client is told of an error", f"{self.name}: {payload}")
            else:
                if name == "bind_user:ack":
                    self._bound_at = time.time()
                self._answer(name, payload)
        elif packet in (b"1", b"41") or packet.startswith(b"44"):
            raise Gone(packet.decode())

    def _answer(self, name: str, payload: Any) -> None:
        with self._changed:
            self._answers[name] = payload
            self._changed.notify_all()

    def _see(self, seen: list[int], number: int, name: str) -> None:
        if seen and number <= seen[-1]:
            self.found.fault("an honest client is sent something twice or late", f"{self.name}: {name} {number}")
        seen.append(number)

    def _be_reminded(self, payload: dict[str, Any]) -> None:
        now = time.time()
        self._see(self.saw.notifications, payload["id"], "notification:new")
        self.saw.titles.append(payload["title"])
        due = self.reminders.get(payload["title"])
        if due is not None:
            seconds = now - max(due.at, due.stored_at, self._bound_at)
            self.found.reminders.add(time.monotonic() - max(0.0, seconds), max(0.001, seconds))


def reckon(view: View, talkers: list[Talker], found: Found) -> None:
    """Hold what the talkers were told and sent against what is stored. The server runs, and nothing is under way."""
    stored: dict[int, list[dict[str, Any]]] = {}
    for talker in talkers:
        if talker.question_id not in stored:
            stored[talker.question_id] = _everything(view, talker.question_id)
        rows = stored[talker.question_id]
        ids = {row["content_text"]: row["id"] for row in rows}
        found.messages += len(talker.acknowledged)
        lost = [words for words, number in talker.acknowledged.items() if ids.get(words) != number]
        if lost:
            found.fault("acknowledged and not stored", f"{talker.name}: {lost[:5]}")
        if len(ids) != len(rows):
            found.fault("stored twice", f"{len(rows)} rows of {len(ids)} messages in question {talker.question_id}")
        if talker.saw.messages != [row["id"] for row in rows]:
            missing = sorted({row["id"] for row in rows} - set(talker.saw.messages))
            found.fault("not sent to an honest client", f"{talker.name}: messages {missing[:5]} of {len(rows)}")
        titles = talker.saw.titles
        found.notifications += len(titles)
        never = [due.title for due in talker.reminders.values() if due.stored_at and due.title not in titles]
        if never:
            found.fault("a reminder did not come", f"{talker.name}: {len(never)}: {never[:5]}")
        if len(set(titles)) != len(titles):
            found.fault("a reminder came twice", f"{talker.name}: {len(titles)} of {len(set(titles))}")


def _everything(view: View, question_id: int) -> list[dict[str, Any]]:
    """Page all messages of a question."""
    rows: list[dict[str, Any]] = []
    has_more = True
    while has_more:
        after_id = rows[-1]["id"] if rows else 0
        path = f"/api/questions/{question_id}/messages?limit=200&after_id={after_id}"
        with suppress(OSError):
            answer = view.http("GET", path)
            assert answer.status == 200, answer
            rows += answer.body["items"]
            has_more = answer.body["has_more"]
    return rows
