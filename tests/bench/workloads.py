"""What is measured: who comes, in which rooms, who sends how much; and one run of it against a fresh server."""

from __future__ import annotations

import json
import subprocess
from collections import Counter
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from tests.bench import servers
from tests.bench.servers import BUILD, BenchError, Running, Server

WARM_UP: Final = 1.5
# What must be zero in every run.
FAULTS: Final = ("failed", "errors", "lost_acks", "lost", "doubled", "out_of_order", "wrong", "cut", "refused")


class Client(NamedTuple):
    """Somebody who connects. The first is user 1, the next user 2."""

    room: int  # its question's place, from 0
    user_type: str


@dataclass(frozen=True)
class Chat:
    """A workload of messages: `rooms` of `members`, of whom `senders` each keep `in_flight` messages unanswered."""

    rooms: int
    members: int
    senders: int
    in_flight: int

    def clients(self) -> list[Client]:
        """Give them in the load generator's order: in each room staff, who send, the elder, and family."""
        listeners = ["ELDER", *["FAMILY"] * (self.members - self.senders - 1)]
        return [Client(room, kind) for room in range(self.rooms) for kind in ["STAFF"] * self.senders + listeners]

    def arguments(self, seconds: float) -> list[str]:
        """Give the load generator's."""
        return ["chat", *map(str, (self.rooms, self.members, self.senders, self.in_flight, WARM_UP, seconds))]


@dataclass(frozen=True)
class Crowd:
    """A workload of clients that connect and join one of so many questions, four times."""

    size: int
    questions: int

    def clients(self) -> list[Client]:
        """Give them in the load generator's order: the elders, then family."""
        return [
            Client(number % self.questions, "ELDER" if number < self.questions else "FAMILY")
            for number in range(self.size)
        ]

    def arguments(self, _: float) -> list[str]:
        """Give the load generator's."""
        return ["connect", str(self.size)]


CHATS: Final = {
    "ward": Chat(1, 100, 4, 4),
    "pairs": Chat(50, 2, 1, 1),
    "manypairs": Chat(200, 2, 1, 1),
    "fives": Chat(10, 5, 1, 1),
    "manythrees": Chat(200, 3, 1, 1),
    "lecture": Chat(1, 1000, 1, 4),
    "seminar": Chat(1, 100, 1, 4),
    "busy": Chat(20, 50, 10, 1),
}
WORKLOADS: Final[dict[str, Chat | Crowd]] = {**CHATS, "connect": Crowd(4000, 200)}


def measure(server: Server, workload: Chat | Crowd, seconds: float) -> dict[str, float]:
    """Run one workload against a fresh server; give what the load generator reports, flat.

    Raises:
        BenchError: the server did not start or ended, or the load generator gave up.
    """
    with servers.running(server) as target:
        return load(target, workload, seconds)


def load(target: Running, workload: Chat | Crowd, seconds: float) -> dict[str, float]:
    """The same against a server that runs."""
    clients = workload.clients()
    elders = [user_id for user_id, client in enumerate(clients, 1) if client.user_type == "ELDER"]
    questions = target.open_questions(elders)
    if target.names_away:
        for room, members in Counter(client.room for client in clients).items():
            target.name_away(questions[room], members)
    people = target.database.with_name("people")
    people.write_text("".join(f"{line}\n" for line in introduced(target, clients, questions)))
    command = [str(BUILD / "load"), str(target.port), str(target.pid), *workload.arguments(seconds)]
    command += [",".join(map(str, questions)), f"@{people}"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=seconds + 300, check=False)
    except subprocess.TimeoutExpired as late:
        raise BenchError("the load generator did not end") from late
    if done.returncode:
        raise BenchError(done.stderr.strip()[:500])
    result: dict[str, Any] = json.loads(done.stdout)
    return _flat(result) if "waves" in result else result


def introduced(target: Running, clients: list[Client], questions: list[int]) -> list[str]:
    """Give for each client its type and, where the server asks for one, a token of its own, as load.c reads them."""
    lines = []
    for user_id, client in enumerate(clients, 1):
        listed = (questions[client.room],) if client.user_type == "FAMILY" else None
        token = target.token(user_id, client.user_type, listed)
        lines.append(client.user_type if token is None else f"{client.user_type} {token}")
    return lines


def _flat(result: dict[str, Any]) -> dict[str, float]:
    """One value for each quantity, of a report of four waves."""
    waves = result.pop("waves")
    values: dict[str, float] = dict(result)
    for name, wave in zip(("paced_1", "paced_2", "at_once_1", "at_once_2"), waves, strict=True):
        values[f"{name}_s"] = wave["seconds"]
    values["refused"] = sum(wave["refused"] for wave in waves)
    values["cut"] = sum(wave["cut"] for wave in waves)
    values["server_cpu_s"] = sum(wave["server_cpu_s"] for wave in waves)
    values["leave_cpu_s"] = max(wave["leave_cpu_s"] for wave in waves)
    values["generator_cpu"] = max(wave["generator_cpu"] for wave in waves)
    return values
