"""Count measured values in buckets."""

from bisect import bisect_left


class Histogram:
    """Counts what it observes by size. Costs a search among a few bounds, so it may be asked once a transaction."""

    __slots__ = ("bounds", "counts", "sum")

    def __init__(self, *bounds: float) -> None:
        self.bounds = bounds  # rising; each is the most that its count may hold
        self.counts = [0] * (len(bounds) + 1)  # the last for what is beyond them all
        self.sum = 0.0

    def observe(self, value: float) -> None:
        self.counts[bisect_left(self.bounds, value)] += 1
        self.sum += value

    @property
    def count(self) -> int:
        return sum(self.counts)
