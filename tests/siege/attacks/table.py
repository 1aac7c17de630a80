"""Every attack, who makes it, and how often."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from tests.siege.attacks import calls, entering, frames, polls, rules, users
from tests.siege.attacks.attacker import Attacker

STRANGER: Final = "stranger"
USER: Final = "user"
BOTH: Final = (STRANGER, USER)


@dataclass(frozen=True)
class Attack:
    """One kind of attack."""

    run: Callable[[Attacker], None]
    made_by: tuple[str, ...]
    weight: int = 1  # how often it comes in a round of all

    @property
    def name(self) -> str:
        """The name that a report and SIEGE_ATTACKS give it, such as `frames.events`."""
        return f"{self.run.__module__.rsplit('.', 1)[-1]}.{self.run.__name__}"


ATTACKS: Final[dict[str, Attack]] = {
    attack.name: attack
    for attack in (
        Attack(frames.control_frames, BOTH, 4),
        Attack(frames.events, (USER,), 3),
        Attack(frames.floods_at_once, (USER,)),
        Attack(frames.slow_json, BOTH, 2),
        Attack(frames.large_frames, BOTH),
        Attack(frames.broken_frames, BOTH),
        Attack(frames.never_read, BOTH),
        Attack(frames.catch_ups, (USER,)),
        Attack(entering.half_open, (STRANGER,)),
        Attack(entering.byte_by_byte, (STRANGER,)),
        Attack(entering.long_heads, (STRANGER,)),
        Attack(entering.no_connect, (STRANGER,)),
        Attack(entering.bad_tokens, (STRANGER,), 2),
        Attack(entering.requests_refused, (STRANGER,)),
        Attack(polls.small_packets, BOTH, 2),
        Attack(polls.two_polls, BOTH),
        Attack(polls.polls_again_and_again, BOTH),
        Attack(polls.sessions, (STRANGER,)),
        Attack(polls.probes, BOTH),
        Attack(polls.unread_events, (USER,)),
        Attack(calls.pipelines, BOTH, 2),
        Attack(calls.unread_pipelines, BOTH),
        Attack(calls.hostile_paths, BOTH),
        Attack(calls.slow_bodies, BOTH),
        Attack(calls.lying_bodies, BOTH),
        Attack(calls.costly_bodies, BOTH),
        Attack(users.messages, (USER,)),
        Attack(users.pages_unread, (USER,), 2),
        Attack(users.pages_read, (USER,)),
        Attack(users.notification_answers, (USER,)),
        Attack(users.idempotency_keys, (USER,)),
        Attack(users.question_changes, (USER,)),
        Attack(rules.hostile, (USER,), 3),
        Attack(rules.closed_at_once, (USER,), 2),
        Attack(rules.costly_at_once, (USER,)),
        Attack(rules.due_at_once, (USER,), 2),
        Attack(rules.minutes_of_hours, (USER,), 2),
        Attack(rules.missed_all, (USER,)),
        Attack(rules.changes, (USER,)),
        Attack(rules.kept_due, (USER,)),
    )
}
