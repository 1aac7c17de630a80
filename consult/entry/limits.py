"""Count what a connection, a user and a network address ask for, and refuse what is beyond the limits.

A user's budget spans all sockets and HTTP calls of that user. Without tokens no user is known, and the budget is that
of an address. Clients without a good token have a budget for each address, which takes nothing from users there.
"""

import asyncio
import ipaddress
import logging
import math
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from consult.contract import faults
from consult.contract.faults import Fault
from consult.contract.limits import (
    BAD_LINKS,
    SERVICE_FACTOR,
    USER_BYTES,
    USER_CHANGES,
    USER_EVENTS,
    USER_READS,
    USER_REMINDERS,
    USER_ROWS,
    WINDOW,
)
from consult.contract.permissions import Role
from consult.contract.rows import Work
from consult.entry.tokens import Identity

log = logging.getLogger("careline.limits")

DAY = 86_400.0
MOST_ADDRESSES = 10_000  # that are kept before the oldest are forgotten, as are users
MOST_PASSED_OVER = 16  # accounts in use, in the search for one to forget
FLOOD = 2  # times its events, at which even the packets of a long-polling client are refused
LEAST_READ = 4096  # bytes that a read costs, whatever it finds
LEAST_SEARCH = 65_536  # the same, of a read that looks at much more than it gives
LOGGED_EVERY = 60.0  # seconds, for each account and limit
MOST_LOGGED = 1_000  # accounts and limits that are remembered for this

A = TypeVar("A", bound="Usage")


# A member of an enumeration is slow to look up in its class, and this is done for every event.
_NONE, _READ, _SEARCH, _CHANGE = Work.NONE, Work.READ, Work.SEARCH, Work.CHANGE


class Usage:
    """The use within the current window."""

    __slots__ = ("bytes", "ends_at", "events")

    def __init__(self) -> None:
        self.ends_at = 0.0
        self.events = 0
        self.bytes = 0

    def add(self, now: float, size: int) -> None:
        """Counts an event of so many bytes."""
        if now >= self.ends_at:
            self.begin(now)
        self.events += 1
        self.bytes += size

    def begin(self, now: float) -> None:
        """Begins a new window."""
        self.ends_at = now + WINDOW
        self.events = self.bytes = 0


@dataclass(frozen=True, slots=True)
class Budget:
    """The limits of an account; 0 is no limit."""

    events: int = 0  # a second, as are the next two
    bytes: int = 0  # received
    reads: int = 0  # bytes of answers and of catch-up
    rows: int = 0  # a day, as is the next
    changes: int = 0
    reminders: int = 0  # pending at a time


class Account(Usage):
    """The use of one user; without tokens, of one address."""

    __slots__ = ("changes", "day_ends_at", "holders", "most", "name", "reads", "reminders", "rows")

    def __init__(self, name: str, most: "Most") -> None:
        super().__init__()
        self.name = name
        self.most = most
        self.reads = 0  # bytes
        self.day_ends_at = 0.0
        self.rows = 0
        self.changes = 0
        self.holders = 0  # connections

    def begin(self, now: float) -> None:
        super().begin(now)
        self.reads = 0

    def begin_day(self, now: float) -> None:
        self.day_ends_at = now + DAY
        self.rows = self.changes = 0


class Most:
    """A budget as it is compared: for a whole window, without a limit infinite."""

    __slots__ = ("bytes", "changes", "events", "reads", "reminders", "rows")

    def __init__(self, budget: Budget) -> None:
        self.events = _in_window(budget.events)
        self.bytes = _in_window(budget.bytes)
        self.reads = _in_window(budget.reads)
        self.rows = budget.rows or math.inf
        self.changes = budget.changes or math.inf
        self.reminders = budget.reminders  # 0 is no limit


@dataclass(frozen=True, slots=True)
class Allowance:
    """The limits; 0 is none. Those of events, bytes, requests and tokens are per second."""

    connection_events: int = 0
    connection_bytes: int = 0
    address_events: int = 0
    address_connections: int = 0  # at a time
    user: Budget = Budget()
    stranger_requests: int = 0
    stranger_tokens: int = 0  # that are no good
    stranger_connections: int = 0  # at a time


# Of one user with tokens, where no setting says otherwise.
USUAL = Budget(USER_EVENTS, USER_BYTES, USER_READS, USER_ROWS, USER_CHANGES, USER_REMINDERS)


class Kept(Generic[A]):
    """Usages by name, the oldest first. Beyond MOST_ADDRESSES the first that no connection holds is forgotten."""

    def __init__(self) -> None:
        self._kept: dict[str, A] = {}

    def __len__(self) -> int:
        return len(self._kept)

    def get(self, name: str) -> A | None:
        return self._kept.get(name)

    def put(self, name: str, usage: A, now: float) -> A:
        """Keeps a new one."""
        if len(self._kept) >= MOST_ADDRESSES:
            self._forget_one(now)
        self._kept[name] = usage
        return usage

    def _forget_one(self, now: float) -> None:
        # Those in use go to the end, so that they are not passed over again and again.
        for _ in range(MOST_PASSED_OVER):
            name = next(iter(self._kept))
            usage = self._kept.pop(name)
            if usage.ends_at <= now and not getattr(usage, "holders", 0):
                return
            self._kept[name] = usage
        name = next(iter(self._kept))
        if not getattr(self._kept[name], "holders", 0):
            del self._kept[name]


class Limits:
    def __init__(self, allowance: Allowance) -> None:
        self._allowance = allowance
        self._most_events = _in_window(allowance.connection_events)
        self._most_bytes = _in_window(allowance.connection_bytes)
        self._most_of_address = _in_window(allowance.address_events)
        self._most_requests = _in_window(allowance.stranger_requests)
        self._most_tokens = _in_window(allowance.stranger_tokens)
        self._of_user = Most(allowance.user)
        # A program of the clinic imports and tidies up: nothing of it is bounded by the day.
        user = allowance.user
        self._of_service = Most(
            Budget(user.events * SERVICE_FACTOR, user.bytes * SERVICE_FACTOR, user.reads * SERVICE_FACTOR)
        )
        self._has_budgets = allowance.user != Budget()
        self._loop = asyncio.get_running_loop()
        self._time = self._loop.time
        self._connections: Counter[str] = Counter()
        self._strangers: dict[str, dict[object, Callable[[], None]]] = {}  # the oldest first, with what cuts it
        self._addresses: Kept[Usage] = Kept()
        self._requests: Kept[Usage] = Kept()
        self._tokens: Kept[Usage] = Kept()
        self._links: Kept[Usage] = Kept()
        self._accounts: Kept[Account] = Kept()
        self._logged: dict[tuple[str, str], float] = {}  # when, by account or address and limit
        self.refused: Counter[str] = Counter()  # by the limit that refused

    def account(self, identity: Identity | None, address: str) -> Account | None:
        """The account of a user, or without tokens of an address; None where neither has a budget."""
        if not self._has_budgets:
            return None
        if identity is None:
            name, most = network(address), self._of_user
        else:
            name = f"{identity.user_type}:{identity.user_id}"
            most = self._of_service if identity.role is Role.SERVICE else self._of_user
        return self._accounts.get(name) or self._accounts.put(name, Account(name, most), self._time())

    def admits_event(self, usage: Usage, address: str, size: int, account: Account | None = None) -> bool:
        """Counts an event of a connection; False when the connection, its user or its address has asked too much."""
        now = self._time()
        usage.add(now, size)
        beyond = None
        if usage.events > self._most_events:
            beyond = "connection_events"
        elif usage.bytes > self._most_bytes:
            beyond = "connection_bytes"
        if account is not None:
            account.add(now, size)
            if beyond is None and account.events > account.most.events:
                beyond = "user_events"
                self._log(account.name, beyond, now)
            elif beyond is None and account.bytes - size >= account.most.bytes:
                beyond = "user_bytes"
                self._log(account.name, beyond, now)
        if self._allowance.address_events:
            of_address = self._usage(self._addresses, network(address), now)
            of_address.add(now, size)
            if beyond is None and of_address.events > self._most_of_address:
                beyond = "address_events"
        if beyond is not None:
            self.refused[beyond] += 1
        return beyond is None

    def spend_request(self, account: Account, size: int) -> None:
        """Counts an HTTP request with a body of so many bytes; raises RATE_LIMITED when its user has asked too much."""
        now, most = self._time(), account.most
        if now >= account.ends_at:
            account.begin(now)
        account.events += 1
        if account.events > most.events:
            raise self._beyond(account.name, "user_events", now, account.ends_at)
        if account.bytes >= most.bytes:
            raise self._beyond(account.name, "user_bytes", now, account.ends_at)
        if account.reads >= most.reads:
            raise self._beyond(account.name, "user_reads", now, account.ends_at)
        account.bytes += size

    def spend_poll(self, account: Account, is_post: bool) -> None:
        """Counts a request of a long-polling client. What its packets ask is refused one by one, and polls bring the
        answers; so a POST is refused only in a flood."""
        now = self._time()
        if now >= account.ends_at:
            account.begin(now)
        if is_post:
            account.events += 1
            if account.events > FLOOD * account.most.events:
                raise self._beyond(account.name, "user_events", now, account.ends_at)

    def spend_work(self, account: Account, work: Work) -> None:
        """Counts what an event or a call costs; raises RATE_LIMITED when its user has none left."""
        if work is _NONE:
            return
        now = self._time()
        if work is _READ or work is _SEARCH:
            if now >= account.ends_at:
                account.begin(now)
            if account.reads >= account.most.reads:
                raise self._beyond(account.name, "user_reads", now, account.ends_at)
            account.reads += LEAST_SEARCH if work is _SEARCH else LEAST_READ
        else:
            if now >= account.day_ends_at:
                account.begin_day(now)
            if account.rows >= account.most.rows:
                raise self._beyond(account.name, "user_rows", now, account.day_ends_at)
            if work is _CHANGE:
                if account.changes >= account.most.changes:
                    raise self._beyond(account.name, "user_changes", now, account.day_ends_at)
                account.changes += 1
            account.rows += 1

    def beyond_reminders(self, account: Account) -> None:
        """Counts and logs a reminder that was refused, since its user has so many that are pending."""
        self.refused["user_reminders"] += 1
        self._log(account.name, "user_reminders", self._time())

    def spend_stranger_request(self, address: str) -> None:
        """Counts an HTTP request without a good token; raises RATE_LIMITED when its address has made too many."""
        self._spend(self._requests, address, "stranger_requests", self._most_requests)

    def spend_bad_token(self, address: str) -> None:
        """Count an invalid token. Fault RATE_LIMITED when its address has shown too many."""
        self._spend(self._tokens, address, "stranger_tokens", self._most_tokens)

    def spend_bad_link(self, address: str) -> None:
        """Count a confirm link that is not ours. Fault RATE_LIMITED when its address has shown too many."""
        self._spend(self._links, address, "bad_links", BAD_LINKS * WINDOW)

    def admits_connection(self, address: str) -> bool:
        """False when the address has as many connections as it may."""
        most = self._allowance.address_connections
        if not most or self._connections[address] < most:
            return True
        self.refused["address_connections"] += 1
        return False

    def enter(self, address: str) -> None:
        """A socket's connection has begun."""
        self._connections[address] += 1

    def leave(self, address: str) -> None:
        """The connection has ended."""
        self._connections[address] -= 1
        if not self._connections[address]:
            del self._connections[address]

    def stranger_came(self, address: str, stranger: object, cut: Callable[[], None]) -> None:
        """A connection has begun that has shown no good token. Where its address has too many of them, the oldest is
        cut: a client that has a token shows it soon."""
        most, name = self._allowance.stranger_connections, network(address)
        if not most:
            return
        strangers = self._strangers.setdefault(name, {})
        strangers[stranger] = cut
        if len(strangers) > most:
            oldest = next(iter(strangers))
            self._loop.call_soon(strangers.pop(oldest))  # not from within the step of another connection
            self.refused["stranger_connections"] += 1
            self._log(name, "stranger_connections", self._time())

    def stranger_left(self, address: str, stranger: object) -> None:
        """It has ended, or shown a good token."""
        name = network(address)
        strangers = self._strangers.get(name)
        if strangers is not None:
            strangers.pop(stranger, None)
            if not strangers:
                del self._strangers[name]

    def _usage(self, kept: Kept[Usage], name: str, now: float) -> Usage:
        return kept.get(name) or kept.put(name, Usage(), now)

    def _spend(self, kept: Kept[Usage], address: str, limit: str, most: float) -> None:
        if most == math.inf:
            return
        now, name = self._time(), network(address)
        usage = self._usage(kept, name, now)
        usage.add(now, 0)
        if usage.events > most:
            raise self._beyond(name, limit, now, usage.ends_at)

    def _beyond(self, name: str, limit: str, now: float, until: float) -> Fault:
        self.refused[limit] += 1
        self._log(name, limit, now)
        return Fault(faults.RATE_LIMITED, retry_after=max(1, math.ceil(until - now)))

    def _log(self, name: str, limit: str, now: float) -> None:
        key = (name, limit)
        if now < self._logged.get(key, -math.inf) + LOGGED_EVERY:
            return
        if len(self._logged) >= MOST_LOGGED:
            self._logged = {one: at for one, at in self._logged.items() if now < at + LOGGED_EVERY}
            if len(self._logged) >= MOST_LOGGED:
                return  # the metrics go on counting
        self._logged[key] = now
        log.warning("%s is beyond the limit %s; logged once a minute", name, limit)


def network(address: str) -> str:
    """Return what an address is counted as: of IPv6 the /64, of which one client has all."""
    if ":" not in address:
        return address
    try:
        return str(ipaddress.IPv6Network((address.partition("%")[0], 64), strict=False))
    except ValueError:
        return address


def _in_window(per_second: int) -> float:
    return per_second * WINDOW or math.inf
