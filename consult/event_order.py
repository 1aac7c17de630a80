"""The order in which the events of one connection are handled.

An event waits, is under way, and is over. A send is under way until its commit is known.

- Events start in the order in which the client sent them: where one has to wait, all that came after it wait too.
- A send starts while nothing else than sends is under way. They are answered in the order of their commits.
- Any other event starts while nothing is under way, and nothing starts until it is over. A send that is refused before
  it is written is such an event: its answer must not overtake those of the sends before it.
- What waits for a send starts in a later step of the loop than that in which the send is answered: it must not overtake
  what is still done about the send, such as its broadcast.
- When MOST_OPEN sends are under way or events wait, the client is not read; at FEW_OPEN it is read again.
- When the client is gone, of what waits the sends are still handled. The rest is dropped.
"""

from collections import deque
from typing import Generic, Protocol, TypeVar

from consult.contract.limits import MOST_OPEN

FEW_OPEN = 32


class Ordered(Protocol):
    """An event, as far as its order depends on it."""

    may_overlap: bool  # a send that is not refused: it may be under way together with others


Event = TypeVar("Event", bound=Ordered)


class EventOrder(Generic[Event]):
    """The events of one connection that are not over yet."""

    __slots__ = ("_is_busy", "_open_sends", "_waiting", "is_paused")

    def __init__(self) -> None:
        self._waiting: deque[Event] | None = None
        self._open_sends = 0  # sends that are under way
        self._is_busy = False  # another event is under way
        self.is_paused = False  # the client is not read

    @property
    def unanswered(self) -> int:
        """Events that are under way or wait."""
        return self._open_sends + self._is_busy + len(self._waiting or ())

    def take(self, event: Event) -> bool:
        """Return True if the event starts now; otherwise it waits until `next` returns it."""
        if self._waiting or not self._may_start(event):
            if self._waiting is None:
                self._waiting = deque()
            self._waiting.append(event)
            return False
        self._open_sends += event.may_overlap
        return True

    def next(self) -> Event | None:
        """Return the next event that waits and starts now, or None."""
        if not self._waiting or not self._may_start(self._waiting[0]):
            return None
        event = self._waiting.popleft()
        self._open_sends += event.may_overlap
        return event

    def started_alone(self) -> None:
        """An event that is no send has started, and is not over in this step."""
        self._is_busy = True

    def ended(self) -> None:
        """The event that started alone is over."""
        self._is_busy = False

    def send_answered(self) -> bool:
        """A send is answered. Return True if something may wait for that."""
        self._open_sends -= 1
        return self.is_paused or bool(self._waiting)

    def pauses(self) -> bool:
        """Return True if from now on the client must not be read."""
        if self.is_paused or self._open_sends + len(self._waiting or ()) < MOST_OPEN:
            return False
        self.is_paused = True
        return True

    def resumes(self) -> bool:
        """Return True if from now on the client is read again."""
        if not self.is_paused or self._open_sends + len(self._waiting or ()) > FEW_OPEN:
            return False
        self.is_paused = False
        return True

    def client_gone(self) -> None:
        """Drop what waits, but for sends."""
        if self._waiting is not None:
            self._waiting = deque(event for event in self._waiting if event.may_overlap)

    def _may_start(self, event: Event) -> bool:
        """Return True if the event may start, where it is the next one."""
        return not self._is_busy and (event.may_overlap or not self._open_sends)
