"""What a siege measures, and the bounds that it is held to."""

from __future__ import annotations

import math
import threading
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

MEGABYTE: Final = 1 << 20
LENIENT_WORK: Final = 1.5
MOST_TOLD: Final = 2  # examples of one kind of fault


@dataclass(frozen=True)
class Bounds:
    """The most that is allowed, in seconds and bytes."""

    ack_p99: float = 0.25
    work_p99: float = 0.25
    health: float = 1.0
    reminder: float = 2.0
    stop: float = 2.0
    memory: int = 256 * MEGABYTE

    def wider(self, factor: float, seconds: float) -> Bounds:
        """Give bounds whose times are so many times as long, and longer by so many seconds; but for work, which takes
        as much processor time on every machine."""
        return Bounds(
            self.ack_p99 * factor + seconds,
            self.work_p99 * LENIENT_WORK,
            self.health * factor + seconds,
            self.reminder * factor + seconds,
            self.stop * factor + seconds,
            self.memory,
        )


@dataclass
class Times:
    """Measured times in seconds, each with the moment at which it began. Several threads may add."""

    taken: list[tuple[float, float]] = field(default_factory=list)

    def add(self, began: float, seconds: float, every: float = math.inf) -> None:
        """Note one. With `every`, also those that would have been measured meanwhile, so that a client that had to wait
        counts as often as one that did not."""
        while seconds > 0:
            self.taken.append((began, seconds))
            began, seconds = began + every, seconds - every

    @property
    def worst(self) -> float:
        """Give the longest, or 0."""
        return max((seconds for _, seconds in self.taken), default=0.0)

    @property
    def worst_at(self) -> float:
        """Give when the longest began."""
        return max(self.taken, key=lambda one: one[1], default=(0.0, 0.0))[0]

    def share(self, part: float) -> float:
        """Give the time that this part of all stays within, such as 0.99 of them; 0 when there is none."""
        ordered = sorted(seconds for _, seconds in self.taken)
        return ordered[min(len(ordered) - 1, math.ceil(part * len(ordered)) - 1)] if ordered else 0.0

    def __len__(self) -> int:
        return len(self.taken)


@dataclass(frozen=True)
class Made:
    """One attack that is over, as its process reports it."""

    attacker: str
    attack: str
    began: float
    ended: float
    sent: int  # bytes
    done: int  # connections and calls
    statuses: dict[str, int]
    broken: list[str]
    taken: list[str]


class Found:
    """What one siege came to."""

    def __init__(self) -> None:
        self.acks = Times()  # over websockets and long-polling
        self.acks_over_polling = Times()
        self.work = Times()  # of the server's loop from a message to its acknowledgement, in processor time
        self.health = Times()
        self.pages = Times()
        self.posts = Times()  # of reminders
        self.reminders = Times()
        self.machine = Times()  # how much later than asked for the measuring process itself wakes up
        self.stops: list[float] = []
        self.memory = 0  # bytes, the most
        self.memory_at = 0.0  # when it came to that
        self.log_bytes = 0
        self.file_bytes = 0  # of the database, at the end
        self.longest_feeding = 0.0  # seconds between two feedings of the watchdog
        self.restarts = 0  # by the watchdog
        self.ran = 0.0  # seconds of a processor that the server's loop had
        self.waited = 0.0  # seconds that it could have run, and other processes did
        self.messages = 0  # that were acknowledged
        self.notifications = 0
        self.attacks: list[Made] = []
        self.faults: list[str] = []
        self._counted: Counter[str] = Counter()
        self._lock = threading.Lock()

    def fault(self, kind: str, told: str) -> None:
        """Note what should not be; of each kind the first few are told."""
        with self._lock:
            self._counted[kind] += 1
            if self._counted[kind] <= MOST_TOLD:
                self.faults.append(f"{kind}: {told}")

    @property
    def kinds(self) -> Counter[str]:
        """Give how often each kind of fault came."""
        return Counter(self._counted)

    @property
    def crowding(self) -> float:
        """Give by how much longer everything took in the server because the machine did other things."""
        return (self.ran + self.waited) / self.ran if self.ran else 1.0

    def under_way(self, moment: float) -> str:
        """Name the attacks that were made at that moment or within two seconds before it."""
        names = sorted(
            {f"{made.attacker} {made.attack}" for made in self.attacks if made.began <= moment <= made.ended + 2}
        )
        return ", ".join(names) or "no attack"

    def hold_to(self, bounds: Bounds) -> None:
        """Note as faults the measures that are over their bounds."""
        for kind, times, seconds, most in (
            ("acknowledgements are late", self.acks, self.acks.share(0.99), bounds.ack_p99),
            ("the loop does too much else", self.work, self.work.share(0.99), bounds.work_p99),
            ("/health is late", self.health, self.health.worst, bounds.health),
            ("reminders are late", self.reminders, self.reminders.worst, bounds.reminder),
        ):
            if not len(times):
                self.fault(kind, "none was measured")
            elif seconds > most:
                self.fault(kind, f"{seconds:.3f} s of {most:.3f} s, the worst during {self.under_way(times.worst_at)}")
        if self.stops and max(self.stops) > bounds.stop:
            self.fault("a stop is late", f"{max(self.stops):.2f} s of {bounds.stop:.2f} s")
        if self.memory > bounds.memory:
            told = f"{self.memory / MEGABYTE:.0f} MB of {bounds.memory / MEGABYTE:.0f} MB"
            self.fault("memory", f"{told}, reached during {self.under_way(self.memory_at)}")

    def report(self) -> list[str]:
        """Give the lines that tell the worst of each."""
        lines = [f"{len(self.attacks)} attacks, {sum(made.sent for made in self.attacks) / MEGABYTE:,.0f} MB sent"]
        for name, times in (
            ("acknowledgements", self.acks),
            ("over long-polling", self.acks_over_polling),
            ("the loop's work for one", self.work),
            ("reminders", self.reminders),
            ("/health", self.health),
            ("pages", self.pages),
            ("POSTs of reminders", self.posts),
            ("the machine itself", self.machine),
        ):
            measures = [times.share(0.5), times.share(0.99), times.worst]
            told = " ".join(
                f"{name} {seconds * 1000:9,.1f} ms"
                for name, seconds in zip(("p50", "p99", "max"), measures, strict=True)
            )
            lines.append(f"{name:24} {len(times):7,} {told}")
        lines += [
            f"log {self.log_bytes / MEGABYTE:.1f} MB, database {self.file_bytes / MEGABYTE:.1f} MB",
            f"memory {self.memory / MEGABYTE:.0f} MB",
            f"{len(self.stops)} stops, the longest {max(self.stops, default=0.0):.2f} s",
            f"watchdog: fed after {self.longest_feeding:.1f} s at the longest, {self.restarts} restarts",
            f"the server's loop ran for {self.ran:.1f} s, and waited for a processor for {self.waited:.1f} s",
            f"{self.messages:,} messages acknowledged, {self.notifications:,} notifications",
        ]
        return lines

    def per_attack(self) -> list[str]:
        """Give a line for each kind of attack: how often, how much, and how it was answered."""
        lines = []
        for name in sorted({made.attack for made in self.attacks}):
            those: Sequence[Made] = [made for made in self.attacks if made.attack == name]
            statuses: Counter[str] = Counter()
            for made in those:
                statuses.update(made.statuses)
            answers = " ".join(f"{status}:{count:,}" for status, count in sorted(statuses.items()))
            sent = sum(made.sent for made in those) / MEGABYTE
            lines.append(f"  {name:28} {len(those):4} {sum(made.done for made in those):8,} {sent:8,.1f} MB  {answers}")
        return lines
