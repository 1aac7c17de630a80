"""One occurrence has one state: three devices with old screens answer over sockets and HTTP, twice and after a kill,
held against a model of their own."""

from __future__ import annotations

import random
import time
from dataclasses import dataclass, field
from typing import Any, Final

import pytest

from tests.conftest import Enter, StartServer
from tests.packets import Connection, Kind, Polling, Websocket
from tests.protocol.catching_up import settle
from tests.protocol.test_notification_answers import notified, post
from tests.server import Server, in_seconds, new_id, wait_until

STATE: Final = ("id", "status", "read_at", "confirmed_at", "snoozed_until")
SOON: Final = 0.3  # seconds
SEEDS: Final = (1, 2)
STEPS: Final = 20


def listed(server: Server, user_id: int) -> list[dict[str, Any]]:
    """Give what an answer can change of the user's notifications, oldest first."""
    items = server.notifications(user_id, "after_id=0&answers=true&limit=200")
    return [{name: one[name] for name in STATE} for one in items]


def unread(server: Server, user_id: int) -> int:
    count = server.http("GET", f"/api/users/{user_id}/notifications").body["unread"]
    assert isinstance(count, int)
    return count


def rings_again(server: Server, user_id: int, count: int) -> int:
    """Wait until the user has so many notifications and give the id of the newest."""
    wait_until(lambda: len(server.notifications(user_id)) == count, f"{count} notifications")
    newest = server.notifications(user_id)[0]["id"]
    assert isinstance(newest, int)
    return newest


def test_a_taken_dose_does_not_ring_from_an_old_screen(server: Server) -> None:
    """Snoozed, come again, snoozed from a screen that shows the first one still, and confirmed."""
    user_id = new_id()
    first = notified(server, user_id)
    post(server, first, "snooze", until=in_seconds(SOON))
    second = rings_again(server, user_id, 2)
    post(server, first, "snooze", until=in_seconds(SOON))
    answered = post(server, second, "confirm")
    time.sleep(3 * SOON)
    assert [one["id"] for one in listed(server, user_id)] == [first, second]
    assert unread(server, user_id) == 0
    for one in listed(server, user_id):
        assert (one["status"], one["snoozed_until"]) == ("READ", None)
        assert one["confirmed_at"] == answered["confirmed_at"]


def test_confirming_the_old_one_settles_the_newest(server: Server, enter: Enter) -> None:
    user_id = new_id()
    first = notified(server, user_id)
    post(server, first, "snooze", until=in_seconds(SOON))
    second = rings_again(server, user_id, 2)
    device = enter(Websocket, server)
    device.call("bind_user", {"user_id": user_id, "after_id": second})
    assert device.call("notification:confirm", {"id": first}) == {"success": True, "id": first}
    settle(device)
    updated = device.named("notification:updated")
    assert [(one["id"], one["status"], one["unread"]) for one in updated] == [(first, "READ", 0), (second, "READ", 0)]
    assert all(one["confirmed_at"] for one in updated)
    for one, what in ((first, ["confirmed"]), (second, ["read", "confirmed"])):
        entries = server.http("GET", f"/api/notifications/{one}/history").body["items"]
        assert [entry["what"] for entry in entries if entry["by"] == f"USER:{user_id}"] == what


def test_snoozing_what_has_come_again_moves_the_newest(server: Server) -> None:
    user_id = new_id()
    first = notified(server, user_id)
    post(server, first, "snooze", until=in_seconds(SOON))
    second = rings_again(server, user_id, 2)
    answer = post(server, first, "snooze", until=in_seconds(3600))
    assert (answer["id"], answer["snoozed_until"]) == (first, None)
    state = {one["id"]: one["snoozed_until"] for one in listed(server, user_id)}
    assert (state[first], bool(state[second])) == (None, True)
    post(server, first, "read")
    assert unread(server, user_id) == 0


@dataclass
class Occurrence:
    """An occurrence as its user thinks of it."""

    rings: list[int]
    unread: bool = True
    over: bool = False
    snoozed: bool = False


@dataclass
class Ordeal:
    """Three devices of one user, and what the model says of the user's occurrences."""

    server: Server
    enter: Enter
    user_id: int
    chance: random.Random
    occurrences: list[Occurrence] = field(default_factory=list)
    devices: list[Connection] = field(default_factory=list)
    screens: list[dict[int, dict[str, Any]]] = field(default_factory=list)
    counts: list[int] = field(default_factory=list)

    def open_devices(self) -> None:
        """Bind three devices, each with the list as it is now on its screen."""
        kinds: tuple[Kind, ...] = (Websocket, Polling, Websocket)
        self.devices = [self.enter(kind, self.server) for kind in kinds]
        rows = listed(self.server, self.user_id)
        for device in self.devices:
            device.call("bind_user", {"user_id": self.user_id, "after_id": max(one["id"] for one in rows)})
        self.screens = [{one["id"]: dict(one) for one in rows} for _ in self.devices]
        self.counts = [unread(self.server, self.user_id)] * 3

    def answer(self, what: str, notification_id: int, **more: Any) -> bool:
        """Answer on one of the devices or over HTTP, maybe twice, maybe with the server killed between; say whether it
        was accepted."""
        outcomes = []
        for number in range(1 + self.chance.randrange(2)):
            if number and self.chance.random() < 0.2:
                self.restart()
            way = self.chance.randrange(4)
            if way == 3:
                asked: dict[str, Any] = {"json": more} if more else {}
                answer = self.server.http("POST", f"/api/notifications/{notification_id}/{what}", **asked)
                outcomes.append(answer.status == 200)
            else:
                reply = self.devices[way].call(f"notification:{what}", {"id": notification_id, **more})
                outcomes.append(reply.get("success", False))
        assert len(set(outcomes)) == 1, "the same again is answered alike"
        return bool(outcomes[0])

    def restart(self) -> None:
        """Hold the screens to the server, then kill it."""
        self.check_screens()
        self.server.kill()
        self.server.start()
        self.open_devices()

    def step(self) -> None:
        one = self.chance.choice(self.occurrences)
        shown = self.chance.choice(one.rings)
        what = self.chance.choice(["read", "confirm", "snooze", "snooze", "snooze", "later", "both"])
        if what == "read":
            assert self.answer("read", shown)
            one.unread = False
        elif what == "confirm":
            assert self.answer("confirm", shown)
            one.unread, one.over, one.snoozed = False, True, False
        elif what == "later":
            assert self.answer("snooze", shown, until=in_seconds(3600)) is not one.over
            one.snoozed = not one.over
        else:
            self.come_again(one, shown, confirmed=what == "both")

    def come_again(self, one: Occurrence, shown: int, *, confirmed: bool) -> None:
        """Snooze for a moment, and wait for it, or confirm before it is over."""
        before = len(self.server.notifications(self.user_id))
        reply = self.devices[0].call("notification:snooze", {"id": shown, "until": in_seconds(SOON)})
        assert reply.get("success", False) is not one.over
        if confirmed:
            assert self.answer("confirm", self.chance.choice(one.rings))
            # Where the machine was slow it has come again before it was confirmed.
            one.rings += [row["id"] for row in self.server.notifications(self.user_id)][: -before or None]
            one.unread, one.over, one.snoozed = False, True, False
        elif not one.over:
            one.rings.append(rings_again(self.server, self.user_id, before + 1))
            one.unread, one.snoozed = True, False

    def check(self) -> None:
        """Hold what the server has to the model."""
        rows = {one["id"]: one for one in listed(self.server, self.user_id)}
        assert sorted(rows) == sorted(number for one in self.occurrences for number in one.rings)
        for one in self.occurrences:
            *older, newest = (rows[number] for number in one.rings)
            assert [row["status"] for row in older] == ["READ"] * len(older)
            assert newest["status"] == ("UNREAD" if one.unread else "READ")
            assert [row["snoozed_until"] is not None for row in (*older, newest)] == [False] * len(older) + [
                one.snoozed
            ]
            assert {row["confirmed_at"] is not None for row in (*older, newest)} == {one.over}
        assert unread(self.server, self.user_id) == sum(one.unread for one in self.occurrences)

    def check_screens(self) -> None:
        """Hold each device's screen, kept by what it was told, to what the server has."""
        rows = listed(self.server, self.user_id)
        for number, device in enumerate(self.devices):
            settle(device)
            screen = self.screens[number]
            for name, payload in device.events:
                if name == "notification:new":
                    screen[payload["id"]] = {**dict.fromkeys(STATE), **{k: payload[k] for k in STATE if k in payload}}
                elif name == "notification:updated":
                    screen[payload["id"]].update({key: payload[key] for key in STATE})
                    self.counts[number] = payload["unread"]
            assert [screen[key] for key in sorted(screen)] == rows
            last = [name for name, _ in device.events if name.startswith("notification:")][-1:]
            if last == ["notification:updated"]:
                assert self.counts[number] == unread(self.server, self.user_id)


@pytest.mark.parametrize("seed", SEEDS)
def test_three_devices_with_old_screens(start_server: StartServer, enter: Enter, seed: int) -> None:
    server = start_server()
    ordeal = Ordeal(server, enter, new_id(), random.Random(seed))
    for _ in range(3):
        ordeal.occurrences.append(Occurrence([notified(server, ordeal.user_id)]))
    ordeal.open_devices()
    for number in range(STEPS):
        ordeal.step()
        ordeal.check()
        if number % 10 == 5:
            ordeal.restart()
    time.sleep(3 * SOON)  # what was confirmed before its time does not come
    ordeal.check()
    ordeal.check_screens()
