"""Budgets by the clock of the loop: what is told to wait is true, and what is remembered has an end."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from consult.contract.faults import Fault
from consult.contract.limits import WINDOW
from consult.contract.permissions import Role
from consult.contract.rows import Work
from consult.entry import limits
from consult.entry.limits import Account, Allowance, Budget, Limits, Usage, network
from consult.entry.tokens import Identity

EVENTS, BYTES = 10, 1000


class Clock:
    """The loop's time, which stands until it is moved."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def identity(user_id: int, user_type: str = "ELDER") -> Identity:
    return Identity(user_id, user_type, None, (), 0, None, b"", b"", Role[user_type])


def told_to_wait(spend: Callable[..., Any], *given: Any) -> int | None:
    """Give the seconds that a refusal says to wait; None where there is none."""
    try:
        spend(*given)
    except Fault as refused:
        fault = refused
    else:
        return None
    assert fault.code == "RATE_LIMITED"
    return fault.retry_after


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """Stands in for the clock of the loop that the limits are built in."""
    clock = Clock()

    class Loop:
        time = clock

        def call_soon(self, work: Callable[[], None]) -> None:
            work()

    monkeypatch.setattr(asyncio, "get_running_loop", Loop)
    return clock


def account(tested: Limits, user_id: int = 7, user_type: str = "ELDER") -> Account:
    found = tested.account(identity(user_id, user_type), "127.0.0.1")
    assert found is not None
    return found


@pytest.mark.parametrize("begun", [0.0, 0.4, 3.999, 9.5, 9.999])
def test_waiting_as_long_as_told_is_enough(clock: Clock, begun: float) -> None:
    tested = Limits(Allowance(user=Budget(events=EVENTS)))
    user = account(tested)
    for _ in range(EVENTS * WINDOW):
        assert told_to_wait(tested.spend_request, user, 0) is None
    clock.now += begun
    seconds = told_to_wait(tested.spend_request, user, 0)
    assert seconds is not None
    clock.now += seconds - 1.001
    assert told_to_wait(tested.spend_request, user, 0) is not None, "and no more than a second too long"
    clock.now += 1.001
    assert told_to_wait(tested.spend_request, user, 0) is None


@pytest.mark.parametrize("work", [Work.WRITE, Work.CHANGE])
def test_of_a_day_too(clock: Clock, work: Work) -> None:
    tested = Limits(Allowance(user=Budget(rows=3, changes=3)))
    user = account(tested)
    for _ in range(3):
        assert told_to_wait(tested.spend_work, user, work) is None
        clock.now += 100
    seconds = told_to_wait(tested.spend_work, user, work)
    assert seconds == 86_100
    clock.now += seconds
    assert told_to_wait(tested.spend_work, user, work) is None


def test_bytes_and_reads_are_counted_before_they_are_compared(clock: Clock) -> None:
    """One request alone always passes, however large: or waiting would not help."""
    tested = Limits(Allowance(user=Budget(bytes=BYTES, reads=BYTES)))
    user = account(tested)
    assert told_to_wait(tested.spend_request, user, 900_000) is None
    assert told_to_wait(tested.spend_request, user, 1) == WINDOW
    clock.now += WINDOW
    assert told_to_wait(tested.spend_request, user, 1) is None
    user.reads += 900_000
    assert told_to_wait(tested.spend_request, user, 1) == WINDOW
    assert told_to_wait(tested.spend_work, user, Work.READ) == WINDOW
    assert told_to_wait(tested.spend_work, user, Work.WRITE) is None


def test_a_program_of_the_clinic(clock: Clock) -> None:  # noqa: ARG001 - it stands
    tested = Limits(Allowance(user=Budget(events=1, rows=1, changes=1, reminders=1)))
    service = account(tested, 1, "SERVICE")
    assert service.most.reminders == 0
    for _ in range(10 * WINDOW):
        assert told_to_wait(tested.spend_request, service, 0) is None
        assert told_to_wait(tested.spend_work, service, Work.CHANGE) is None
    assert told_to_wait(tested.spend_request, service, 0) == WINDOW


def test_users_are_told_apart_by_type_and_id(clock: Clock) -> None:  # noqa: ARG001
    tested = Limits(Allowance(user=Budget(events=1)))
    assert account(tested, 7) is account(tested, 7)
    assert len({id(account(tested, number, kind)) for number in (7, 8) for kind in ("ELDER", "STAFF")}) == 4
    assert Limits(Allowance()).account(identity(7), "127.0.0.1") is None, "without a limit there is no account"


def test_addresses_are_forgotten(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    """And users, but not those who are connected."""
    monkeypatch.setattr(limits, "MOST_ADDRESSES", 50)
    tested = Limits(Allowance(address_events=1, user=Budget(events=1), stranger_requests=1, stranger_tokens=1))
    held = account(tested, 7)
    held.holders = 1
    held.events = 3
    for number in range(1, 1000):
        address = f"10.0.{number // 250}.{number % 250}"
        tested.spend_stranger_request(address)
        tested.spend_bad_token(address)
        tested.admits_event(Usage(), address, 1)
        account(tested, 1000 + number)
        clock.now += 0.001
    kept = (tested._addresses, tested._requests, tested._tokens, tested._accounts)
    assert max(len(one) for one in kept) <= 50
    assert account(tested, 7) is held
    assert len(tested._logged) <= limits.MOST_LOGGED


def test_an_address_is_a_network_of_ipv6() -> None:
    assert network("192.168.1.7") == "192.168.1.7"
    assert network("2001:db8:1:2:3:4:5:6") == network("2001:db8:1:2::1") == "2001:db8:1:2::/64"
    assert network("2001:db8:1:3::1") != network("2001:db8:1:2::1")
    assert network("fe80::1%eth0") == "fe80::/64"
    assert network("not an address: at all") == "not an address: at all"


def test_of_too_many_strangers_the_oldest_goes(clock: Clock) -> None:  # noqa: ARG001
    tested = Limits(Allowance(stranger_connections=2))
    gone: list[int] = []
    for number in range(5):
        tested.stranger_came(f"2001:db8::{number}", number, lambda number=number: gone.append(number))  # type: ignore[misc]
        tested.stranger_came("192.0.2.1", -1, lambda: gone.append(-1))
    assert gone == [0, 1, 2]
    tested.stranger_left("2001:db8::9", 3)
    tested.stranger_came("2001:db8::9", 9, lambda: gone.append(9))
    assert gone == [0, 1, 2]
    for number in (3, 4, 9):
        tested.stranger_left("2001:db8::1", number)
    tested.stranger_left("192.0.2.1", -1)
    assert not tested._strangers
