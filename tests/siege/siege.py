"""Honest people use a server while others attack it in every way there is; what the honest ones notice is measured."""

from __future__ import annotations

import json
import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from tests.server import wait_until
from tests.siege.attackers import AttackerProcess
from tests.siege.attacks.table import ATTACKS, STRANGER, USER
from tests.siege.besieged import Besieged
from tests.siege.found import Bounds, Found
from tests.siege.honest import AHEAD, HealthPoller, Honest, MachinePoller, Pager, ReminderMaker, Talker, reckon
from tests.siege.view import View
from tests.tokens import key_file, token

# Whatever is measured of honest people comes from other addresses than the attacks do.
HONEST_ADDRESS: Final = "127.0.1."
HOSTILE_ADDRESS: Final = "127.0.66."
ADDRESSES: Final = 3  # of each attacker
QUESTIONS: Final = 10  # of each hostile user
HOUR: Final = 3600.0
LENIENCE: Final = 4.0
LATE: Final = "TimeoutError"  # in an error's line: what the server found late itself
LOOK: Final = 0.25  # seconds between two looks at the server's memory and watchdog
SETTLING: Final = 0.5  # seconds in which a message that comes twice would come
QUIET: Final = 10.0  # seconds after the attacks within which the last reminder has to come

ELDER, STAFF, SECOND_ELDER, SECOND_STAFF, CLINIC = 101, 102, 103, 104, 105
HOSTILE_ELDER, HOSTILE_FAMILY = 901, 902


def unwatched(_: Found, __: float) -> None:
    """Report no progress."""


def never(_: Found) -> bool:
    """Go on to the end."""
    return False


@dataclass(frozen=True)
class Plan:
    """What a siege is made of."""

    seconds: float
    seed: str
    tokens: bool
    stops: int  # by SIGTERM, at random moments
    lenient: bool = False  # on a machine that does other things too: wider bounds
    attacks: Sequence[str] = tuple(ATTACKS)
    lengths: tuple[float, float] = (1.0, 5.0)  # seconds of one attack, the shortest and the longest
    arguments: Sequence[str] = ()
    enough: Callable[[Found], bool] = never  # when it ends before its time, and looks no further


class Siege:
    """One server, the honest people in it, and its attackers."""

    def __init__(self, folder: Path, plan: Plan) -> None:
        self.plan = plan
        self.found = Found()
        self.folder = folder
        arguments = ["--log-level", "warning", *plan.arguments]
        if plan.tokens:
            arguments += ["--auth-secret-file", str(key_file(folder))]
        self.besieged = Besieged(folder, arguments, self.found)
        self._addresses = 0
        self.talkers: list[Talker] = []
        self.honest: list[Honest] = []
        self.attackers: list[AttackerProcess] = []

    def view(self, user_id: int = 0, user_type: str = "") -> View:
        """Give an honest person's view of the server."""
        self._addresses += 1
        shown = token(user_id, user_type, ttl=100 * HOUR) if self.plan.tokens and user_id else ""
        return View(self.folder, self.besieged.port, f"{HONEST_ADDRESS}{self._addresses}", shown)

    def settle_in(self) -> None:
        """Open the questions, and make the honest people and the attackers."""
        clinic = self.view(CLINIC, "SERVICE")
        first, second = clinic.open_question("一", ELDER), clinic.open_question("二", SECOND_ELDER)
        for name, user_id, user_type, question_id, over_polling in (
            ("elder", ELDER, "ELDER", first, False),
            ("staff", STAFF, "STAFF", first, False),
            ("polling elder", SECOND_ELDER, "ELDER", second, True),
            ("polling staff", SECOND_STAFF, "STAFF", second, True),
        ):
            view = self.view(user_id, user_type)
            talker = Talker(
                *(name, view, self.besieged, self.found),
                user_id=user_id,
                user_type=user_type,
                question_id=question_id,
                over_polling=over_polling,
            )
            self.talkers.append(talker)
        maker = ReminderMaker("clinic", clinic, self.besieged, self.found, self.talkers)
        self.honest = [
            *self.talkers,
            maker,
            HealthPoller("monitor", self.view(), self.besieged, self.found),
            Pager("pager", self.view(STAFF, "STAFF"), self.besieged, self.found, first),
            MachinePoller("machine", self.view(), self.besieged, self.found),
        ]
        for name, user_id, user_type in (
            ("elder", HOSTILE_ELDER, "ELDER"),
            ("family", HOSTILE_FAMILY, "FAMILY"),
            ("stranger", 0, ""),
            ("second stranger", 0, ""),
        ):
            self._send_for(name, user_id, user_type, clinic)

    def _send_for(self, name: str, user_id: int, user_type: str, clinic: View) -> None:
        questions = [clinic.open_question(f"围攻 {number}", user_id) for number in range(QUESTIONS)] if user_id else []
        shown = ""
        if self.plan.tokens and user_id:
            more: dict[str, Any] = {"elders": [HOSTILE_FAMILY], "questions": questions} if user_type == "FAMILY" else {}
            shown = token(user_id, user_type, ttl=100 * HOUR, **more)
        number = len(self.attackers)
        role = USER if user_id else STRANGER
        if not any(role in ATTACKS[attack].made_by for attack in self.plan.attacks):
            return
        given = {
            "seed": f"{self.plan.seed} {name}",
            "role": role,
            "attacks": list(self.plan.attacks),
            "lengths": self.plan.lengths,
            "attacker": {
                "port": self.besieged.port,
                "user_id": user_id or 999,
                "user_type": user_type or "ELDER",
                "token": shown,
                "enters": bool(user_id),
                "addresses": [f"{HOSTILE_ADDRESS}{10 * number + place + 1}" for place in range(ADDRESSES)],
                "questions": questions or [1],
            },
        }
        self.attackers.append(AttackerProcess(name, json.dumps(given), self.found))

    def run(self, progress: Callable[[Found, float], None] = unwatched) -> Found:
        """Hold the siege, then look at what is left."""
        chance = random.Random(self.plan.seed)
        self.besieged.start()
        try:
            self.settle_in()
            for one in self.honest:
                one.start()
            for attacker in self.attackers:
                attacker.start()
            began = time.monotonic()
            moments = sorted(chance.uniform(0.1, 0.9) * self.plan.seconds for _ in range(self.plan.stops))
            while (passed := time.monotonic() - began) < self.plan.seconds and not self.plan.enough(self.found):
                self.besieged.look()
                if moments and passed >= moments[0]:
                    del moments[0]
                    self.besieged.stop()
                    self.besieged.start()
                progress(self.found, passed)
                time.sleep(LOOK)
            if not self.plan.enough(self.found):
                self.besieged.stop()  # once more, in the middle of it
                self.besieged.start()
                self._end()
        finally:
            for attacker in self.attackers:
                attacker.stop()
            for one in self.honest:
                one.over.set()
            self.besieged.close()
        self._look_back()
        self.found.hold_to(lenient(self.found) if self.plan.lenient else Bounds())
        return self.found

    def _end(self) -> None:
        """Call the attackers off, let the honest people hear what is under way, and compare."""
        for attacker in self.attackers:
            attacker.call_off()
        for attacker in self.attackers:
            attacker.stop()
        for one in self.honest:
            if not isinstance(one, Talker):
                one.stop()
        for talker in self.talkers:
            talker.silent.set()
        view = self.view(STAFF, "STAFF")
        limit = time.monotonic() + QUIET + AHEAD

        def all_came() -> bool:
            self.besieged.look()
            return time.monotonic() > limit or not any(
                due.stored_at and due.title not in talker.saw.titles
                for talker in self.talkers
                for due in talker.reminders.values()
            )

        wait_until(all_came, "the last reminder", limit=10 * QUIET)
        time.sleep(SETTLING)
        reckon(view, self.talkers, self.found)
        for talker in self.talkers:
            talker.stop()

    def _look_back(self) -> None:
        """Note what the log and the attackers tell."""
        self.found.log_bytes = (self.folder / "stderr.log").stat().st_size
        self.found.file_bytes = sum(path.stat().st_size for path in self.folder.glob("careline.db*"))
        for line in self.besieged.server.stderr().splitlines():
            if not line.startswith("{"):  # what the program had no say in
                self.found.fault("the log", line[:600])
                continue
            told = json.loads(line)
            if "traceback" in told:
                last = told["traceback"].strip().rsplit("\n", 1)[-1][:80]
                self.found.fault(f"a traceback, {told['message']}, {last}", told["traceback"][-700:])
            elif told["level"] not in ("info", "warning") and not (self.plan.lenient and LATE in line):
                self.found.fault("an error in the log", line[:600])
        for made in self.found.attacks:
            for taken in made.taken:
                self.found.fault("an attack is not refused", f"{made.attacker} {made.attack}: {taken}")
            for broken in made.broken:
                if not self.besieged.was_down(made.began, made.ended):
                    self.found.fault("5xx", f"{made.attacker} {made.attack}: {broken}")


def lenient(found: Found) -> Bounds:
    """Give the bounds on a machine that does other things: everything takes longer by as much."""
    return Bounds().wider(LENIENCE * found.crowding, found.machine.worst)


def siege(folder: Path, plan: Plan, progress: Callable[[Found, float], None] = unwatched) -> Found:
    """Hold one siege."""
    return Siege(folder, plan).run(progress)
