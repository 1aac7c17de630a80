"""When a task that repeats is due: its rule expanded by wall-clock time in its zone.

A rule is expanded by days: the days that its BY parts allow (days.py) and the days that its periods fall on
(periods.py) are searched in turn until they meet. Every candidate costs a step of a budget. A search may begin anywhere
in a rule's life, in both directions, for the same few steps.
"""

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final, Literal
from zoneinfo import ZoneInfo

from reminders.budget import Budget
from reminders.days import LAST_DAY, Days
from reminders.periods import DAY, periods_of
from reminders.rule import MONTHLY, WEEKLY, YEARLY, Rule
from store.clock import first_on_wall, in_milliseconds, on_wall

# A rule has ended when a search of this many years finds nothing. It goes further while that takes few candidates.
SEARCHED: Final = 100  # years
_FEW: Final = 200  # candidates
# Finding the moment of a wall-clock time, and the days of one period for BYSETPOS, take as long as so many candidates.
_CONVERSION: Final = 5
_PERIOD: Final = 4


@dataclass(frozen=True, slots=True)
class Schedule:
    """A rule with its start, in its zone. Seconds are the grain: a fraction of the start is cut."""

    rule: Rule
    starts_on: datetime  # wall-clock time
    ends_on: datetime | None  # the last wall-clock time that COUNT leaves; None without a COUNT
    zone: ZoneInfo
    excluded: frozenset[int]  # moments
    excluded_days: frozenset[date] = frozenset()  # by the clocks of the zone

    def after(self, moment: int, budget: Budget) -> Iterator[int]:
        """Give the moments of the occurrences later than `moment`, each once, rising."""
        for at, _ in self.planned_after(moment, budget):
            yield at

    def planned_after(self, moment: int, budget: Budget) -> Iterator[tuple[int, datetime]]:
        """Give the same, each with the wall time that the rule gives: the first of those that mean the moment."""
        latest = self._last_wall()
        # Start after the wall time at `moment`: every earlier wall time has had its first occurrence already.
        beyond = _seconds(on_wall(moment, self.zone))
        until = self._until_moment()
        gap_end = 0
        last = moment
        for wall in _Expansion(self.rule, self.starts_on, budget).after(beyond, self._excluded_days()):
            if latest is not None and wall > latest:
                return
            if wall < gap_end:
                continue
            budget.spend(_CONVERSION)
            at, gap_end = self._moment(wall)
            if until is not None and at > until:
                return
            # Times that daylight saving skips all mean the end of the gap.
            if at > last:
                last = at
                if at not in self.excluded:
                    yield at, _wall(wall)

    def latest(self, moment: int, budget: Budget) -> int | None:
        """Return the moment of the last occurrence that is not later than `moment`, or None."""
        until = self._until_moment()
        if until is not None:
            moment = min(moment, until)
        shown = datetime.fromtimestamp(moment // 1000, self.zone)
        # While clocks show an hour for the second time, later wall times of that hour have been.
        repeated = (shown.replace(fold=0).utcoffset() or timedelta()) - (shown.utcoffset() or timedelta())
        last = _seconds(shown.replace(tzinfo=None) + repeated)
        latest = self._last_wall()
        if latest is not None:
            last = min(last, latest)
        for wall in _Expansion(self.rule, self.starts_on, budget).before(last, self._excluded_days()):
            budget.spend(_CONVERSION)
            at, _ = self._moment(wall)
            if at <= moment and at not in self.excluded:
                return at
        return None

    def _moment(self, wall: int) -> tuple[int, int]:
        """Return the moment of a wall-clock time, and the time that clocks show then if they skip the former."""
        moment = first_on_wall(_wall(wall), self.zone)
        return in_milliseconds(moment), _seconds(moment.astimezone(self.zone).replace(tzinfo=None))

    def _last_wall(self) -> int | None:
        """Return the last wall-clock time that COUNT or a local UNTIL leaves."""
        until = self.rule.until
        latest = self.ends_on if until is None or until.tzinfo else until
        return None if latest is None else _seconds(latest)

    def _until_moment(self) -> int | None:
        until = self.rule.until
        return in_milliseconds(until) if until is not None and until.tzinfo else None

    def _excluded_days(self) -> frozenset[int]:
        return frozenset(day.toordinal() for day in self.excluded_days)


def last_counted(rule: Rule, starts_on: datetime, budget: Budget) -> datetime | None:
    """Return the last wall-clock time that COUNT leaves; None without a COUNT, or when the calendar ends before it."""
    if rule.count is None:
        return None
    last = _Expansion(rule, starts_on, budget).counted(rule.count)
    return None if last is None else _wall(last)


def walls(rule: Rule, starts_on: datetime, beyond: datetime, budget: Budget) -> Iterator[datetime]:
    """Give the wall-clock times of the rule that are later than `beyond` and not before the start, without COUNT and
    UNTIL."""
    for wall in _Expansion(rule, starts_on, budget).after(_seconds(beyond)):
        yield _wall(wall)


def _seconds(wall: datetime) -> int:
    """Return a wall-clock time as days times DAY and the second of the day."""
    return wall.toordinal() * DAY + wall.hour * 3600 + wall.minute * 60 + wall.second


def _wall(seconds: int) -> datetime:
    return datetime.fromordinal(seconds // DAY) + timedelta(seconds=seconds % DAY)


class _Expansion:
    """One search in the occurrences of a rule: wall-clock times in seconds, without COUNT and UNTIL."""

    def __init__(self, rule: Rule, start: datetime, budget: Budget) -> None:
        self._start = _seconds(start)
        self._budget = budget
        completed = rule.completed(start)
        self._days = Days(completed, budget)
        self._periods = periods_of(completed, start, budget)
        # Of shorter periods BYSETPOS has been applied to their times already.
        self._positions = rule.positions if rule.freq <= WEEKLY else ()
        # With BYWEEKNO a year may have 53 weeks.
        most_days = {YEARLY: 371, MONTHLY: 31, WEEKLY: len(completed.weekdays)}
        held = most_days[rule.freq] * len(self._periods.times(0)) if self._positions else 0
        self._is_empty = bool(self._positions) and all(abs(place) > held for place in self._positions)

    def after(self, wall: int, excluded: frozenset[int] = frozenset()) -> Iterator[int]:
        """Give the times later than `wall`, rising; none on the excluded days."""
        first = max(wall + 1, self._start)
        for base, times in self._sets(first // DAY, excluded):
            for place in range(bisect_left(times, first - base), len(times)):
                yield base + times[place]

    def before(self, wall: int, excluded: frozenset[int] = frozenset()) -> Iterator[int]:
        """Give the times that are not later than `wall`, falling; none on the excluded days."""
        for base, times in self._sets_before(wall // DAY, excluded):
            for place in range(bisect_left(times, wall + 1 - base) - 1, -1, -1):
                if base + times[place] < self._start:
                    return
                yield base + times[place]

    def counted(self, count: int) -> int | None:
        """Return the time that is number `count` from the start, or None."""
        left = count
        for base, times in self._sets(self._start // DAY, frozenset()):
            passed = bisect_left(times, self._start - base)
            if left <= len(times) - passed:
                return base + times[passed + left - 1]
            left -= len(times) - passed
        return None

    def _sets(self, day: int, excluded: frozenset[int]) -> Iterator[tuple[int, Sequence[int]]]:
        """Give the times of one day (or, with BYSETPOS, of one period) after the other, from that of `day`."""
        return self._walk(day, LAST_DAY, 1, excluded)

    def _sets_before(self, day: int, excluded: frozenset[int]) -> Iterator[tuple[int, Sequence[int]]]:
        """Give the same from that of `day` back to the start."""
        first = max(self._periods.bounds(self._start // DAY)[0], 1) if self._positions else self._start // DAY
        if self._positions and day >= first:
            # The whole period that the day is in: `before` leaves out what is later.
            day = min(self._periods.bounds(day)[1], LAST_DAY)
        return self._walk(day, first, -1, excluded)

    def _walk(
        self, day: int, end: int, step: Literal[1, -1], excluded: frozenset[int]
    ) -> Iterator[tuple[int, Sequence[int]]]:
        """Give the times of each day (or period) from `day` to `end`; with step -1 `end` is the earlier one."""
        onwards = step == 1
        next_day = self._days.at_or_after if onwards else self._days.at_or_before
        next_in_period = self._periods.at_or_after if onwards else self._periods.at_or_before
        since, tried = day, 0
        while not self._is_empty and day * step <= end * step and (tried < _FEW or abs(day - since) <= SEARCHED * 366):
            self._budget.spend()
            tried += 1
            found = next_day(day)
            if found is None or found * step > end * step:
                return
            day = next_in_period(found)
            if day != found:
                continue
            base, times = self._set(day, excluded)
            if times:
                yield base, times
                since, tried = day, 0
            if self._positions:
                first, last = self._periods.bounds(day)
                day = last if onwards else first
            day += step

    def _set(self, day: int, excluded: frozenset[int]) -> tuple[int, Sequence[int]]:
        times = self._periods.times(day)
        if not self._positions:
            return day * DAY, () if day in excluded else times
        first, last = self._periods.bounds(day)
        days = self._days.between(max(first, 1), min(last, LAST_DAY))
        count = len(days) * len(times)
        places = {place - 1 if place > 0 else count + place for place in self._positions if abs(place) <= count}
        self._budget.spend(_PERIOD + len(places))
        walls = [(days[place // len(times)], times[place % len(times)]) for place in sorted(places)]
        return 0, [day * DAY + time for day, time in walls if day not in excluded]
