"""Rules drawn by chance, compared with implementations that share nothing with ours: a model that is written out,
python-dateutil, and rrule and ical.js from npm.

The short form takes some thousands; TEST_RULES says how many, and TEST_SEED has a run again as it was.
"""

from __future__ import annotations

import json
import os
import random
import subprocess
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

import pytest
from dateutil.rrule import rrulestr

from reminders import rule
from reminders.budget import CREATION_STEPS, Budget
from reminders.recurrence import SEARCHED, Schedule, last_counted
from reminders.rule import Rule
from store.clock import in_milliseconds
from tests.reminders import model
from tests.reminders.differences import DATEUTIL, REASONS, SHORT, reason
from tests.reminders.random_rules import Case, case
from tests.server import ROOT

RULES: Final = int(os.environ.get("TEST_RULES") or 2000)
SEED: Final = int(os.environ.get("TEST_SEED") or random.SystemRandom().randrange(10**9))
BATCH: Final = 1000
REPORTED: Final = 10_000  # rules between two reports of a long run
SO_LONG: Final = SEARCHED * 366 * 86_400_000  # milliseconds
MOST: Final = 6  # occurrences of a rule that are compared
BY_DATEUTIL: Final = 0.1  # of the rules: it is slow
JUDGED_DAYS: Final = 100_000  # so far the model goes
# So far the model looks for an occurrence where ours gives none. The others search for hours then.
NONE_DAYS: Final = 800
NONE_STEPS: Final = 5_000
UTC_ZONE: Final = ZoneInfo("UTC")
# How far the model goes where it is compared by itself.
MODELLED: Final = {"YEARLY": 2500, "MONTHLY": 800, "WEEKLY": 500, "DAILY": 400, "HOURLY": 20, "MINUTELY": 1}  # days
NODE: Final = Path(__file__).with_name("rules.mjs")

Exchange = Callable[[list[Case], list[list[datetime]]], list[dict[str, list[float] | str]]]


def schedule(one: Case, read: Rule) -> Schedule:
    return Schedule(read, one.start, last_counted(read, one.start, Budget(CREATION_STEPS)), UTC_ZONE, frozenset())


def found(one: Case, read: Rule, most: int = MOST) -> list[datetime]:
    """Give the first occurrences, and see that they are the same from wherever one looks."""
    asked = schedule(one, read)
    begin = in_milliseconds(one.start.replace(tzinfo=UTC))
    moments = list(islice(asked.after(begin - 1, Budget(CREATION_STEPS)), most))
    for place, at in enumerate(moments[:MOST]):
        budget = Budget(CREATION_STEPS)
        assert asked.latest(at, budget) == at, one
        before = moments[place - 1] if place else None
        latest = asked.latest(at - 1, budget)
        # A search of more than a hundred years may end from one side and not from the other: each passes candidates
        # of its own.
        assert latest == before or (latest is None and before is not None and at - before > SO_LONG), one
        assert list(islice(asked.after(at, budget), len(moments) - place - 1))[:MOST] == moments[place + 1 :][:MOST], (
            one
        )
    return [datetime.fromtimestamp(at / 1000, UTC).replace(tzinfo=None) for at in moments]


def _asked(one: Case, ours: list[datetime]) -> tuple[str, float, float, int]:
    """Give the rule, its start, its first occurrence, and how many are asked for."""
    start, first = (time.replace(tzinfo=UTC).timestamp() for time in (one.start, ours[0]))
    # One more where COUNT has ended it, which they must not give.
    return one.text, start, first, len(ours) + (one.parts.get("COUNT") == str(len(ours)))


@contextmanager
def node() -> Iterator[Exchange]:
    """Run the packages from npm, each batch at once."""
    with subprocess.Popen(["node", NODE], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as running:
        stdin, stdout = running.stdin, running.stdout
        assert stdin is not None
        assert stdout is not None

        def exchange(cases: list[Case], ours: list[list[datetime]]) -> list[dict[str, list[float] | str]]:
            asked = [_asked(one, times) for one, times in zip(cases, ours, strict=True)]
            stdin.write(json.dumps(asked) + "\n")
            stdin.flush()
            answers: list[dict[str, list[float] | str]] = json.loads(stdout.readline())
            return answers

        yield exchange
        stdin.close()


class Comparison:
    """What the implementations give beside ours. A difference has a reason, and another one of them or the model is
    with ours, or it is a fault."""

    def __init__(self) -> None:
        self.equal: Counter[str] = Counter()
        self.explained: Counter[tuple[str, str]] = Counter()
        self.with_ours: dict[str, Counter[tuple[str, str]]] = {
            who: Counter() for who in ("another", "the model", "none")
        }
        self.none = 0
        self.faults: list[str] = []

    def add_none(self, one: Case) -> None:
        days = min(NONE_DAYS, NONE_STEPS // max(model.steps_of_a_day(one.parts), 1)) or 1
        self.none += 1
        if theirs := model.occurrences(one, days):
            self.faults.append(f"model: {one.text} from {one.start}: ours none, theirs {_shown(theirs[:MOST])}")

    def add(self, one: Case, ours: list[datetime], theirs: dict[str, list[datetime] | str]) -> None:
        if ours in theirs.values():
            with_ours: str | None = "another"
        else:
            right = by_model(one, ours)
            with_ours = None if right is False else "none" if right is None else "the model"
        for name, given in theirs.items():
            if given == ours:
                self.equal[name] += 1
                continue
            why = reason(name, one, given)
            if why is None or with_ours is None:
                self.faults.append(f"{name}: {one.text} from {one.start}: ours {_shown(ours)}, theirs {_shown(given)}")
            else:
                self.explained[name, why] += 1
                self.with_ours[with_ours][name, why] += 1

    def __str__(self) -> str:
        lines = [
            f"{RULES} rules, TEST_SEED={SEED}; none by ours and the model {self.none}; the same in {dict(self.equal)}"
        ]
        for key, count in self.explained.most_common():
            beside = ", ".join(f"{who} {counts[key]}" for who, counts in self.with_ours.items())
            lines.append(f"  {key[0]}: {count} (with ours: {beside}): {key[1]}")
        return "\n".join(lines)


def by_model(one: Case, ours: list[datetime]) -> bool | None:
    """Return whether the model agrees with ours; None where that would take it too long."""
    days = (ours[-1] - one.start).days + 1
    return model.occurrences(one, days)[: len(ours)] == ours if days <= JUDGED_DAYS else None


def _shown(times: list[datetime] | str) -> str:
    return times if isinstance(times, str) else ", ".join(f"{time:%a %Y-%m-%d %H:%M:%S}" for time in times)


def drawn(chance: random.Random, count: int) -> Iterator[tuple[Case, Rule]]:
    for _ in range(count):
        one = case(chance)
        yield one, rule.read(one.text)


def modelled(one: Case, read: Rule) -> tuple[list[datetime], list[datetime]]:
    """Give what ours and the model give in the days that the model looks at."""
    days = MODELLED.get(read.freq.name, 1)
    theirs = model.occurrences(one, days)[: read.count]
    ours = found(one, read, min(len(theirs) + 1, 400))
    return [time for time in ours if time < one.start + timedelta(days=days)], theirs[:400]


def by_dateutil(one: Case, most: int) -> list[datetime] | str:
    found: list[datetime] = []
    for time in rrulestr(one.text, dtstart=one.start):
        found.append(time)
        if len(found) == most:
            break
    return found


def test_ours_are_as_others_have_them(capsys: pytest.CaptureFixture[str]) -> None:
    chance = random.Random(SEED)
    beside_chance = random.Random(SEED)
    comparison = Comparison()
    with node() as exchange, ThreadPoolExecutor(1) as beside:
        waiting: tuple[list[Case], list[list[datetime]], Future[list[dict[str, list[float] | str]]]] | None = None
        for begin in range(0, RULES + BATCH, BATCH):
            if begin and begin % REPORTED == 0:
                with capsys.disabled():
                    print(f"\n{begin} of {comparison}, {len(comparison.faults)} faults")  # noqa: T201
            batch = [(one, found(one, read)) for one, read in drawn(chance, min(BATCH, RULES - begin))]
            for one, times in batch:
                if not times:
                    comparison.add_none(one)
            if waiting is not None:
                cases, ours, answers = waiting
                for one, times, answer in zip(cases, ours, answers.result(), strict=True):
                    theirs = {
                        name: given if isinstance(given, str) else _times(given) for name, given in answer.items()
                    }
                    if one.parts["FREQ"] not in SHORT and beside_chance.random() < BY_DATEUTIL:
                        theirs[DATEUTIL] = by_dateutil(one, _asked(one, times)[-1])
                    comparison.add(one, times, theirs)
            given = [(one, times) for one, times in batch if times]
            cases, ours = [one for one, _ in given], [times for _, times in given]
            waiting = (cases, ours, beside.submit(exchange, cases, ours)) if cases else None
    with capsys.disabled():
        print(f"\n{comparison}")  # noqa: T201
    assert not comparison.faults, "\n".join([str(comparison), *comparison.faults[:20], str(len(comparison.faults))])


def _times(given: list[float] | str) -> list[datetime] | str:
    return given if isinstance(given, str) else [datetime.fromtimestamp(one, UTC).replace(tzinfo=None) for one in given]


def test_ours_are_as_the_model_has_them() -> None:
    chance = random.Random(SEED)
    compared = Counter[str]()
    for one, read in drawn(chance, RULES // 4):
        ours, theirs = modelled(one, read)
        assert ours == theirs, f"TEST_SEED={SEED}: {one}"
        compared[read.freq.name] += len(ours)
    assert all(compared[name] for name in rule.Frequency.__members__)


def test_each_reason_is_in_the_document() -> None:
    text = (ROOT / "docs" / "reliability.md").read_text()
    assert [why for names, why, _ in REASONS if f"| {', '.join(names)} | {why} |" not in text] == []
