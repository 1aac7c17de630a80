"""Notify participants who leave a question with something unread, though no new message comes: when a participant's
last connection has left the room, when `notify_replies` is turned on, and after a start, for all who do not come back.
"""

import asyncio
import logging
from functools import partial

from consult.push import Push
from consult.rooms import Rooms
from store import away
from store.away import Looking
from store.clock import Clock
from store.database import Database
from store.notifications import Notification
from store.transaction import each

log = logging.getLogger("careline.away")

GATHER_S = 0.5  # a page that is loaded anew is back by then
AFTER_START_S = 15.0  # clients have come back by then
RETRY_AFTER_S = 5.0
MOST_AT_ONCE = 20  # questions that are looked at, between which messages are written


class Away:
    def __init__(self, database: Database, rooms: Rooms, push: Push, clock: Clock) -> None:
        self._database = database
        self._rooms = rooms
        self._push = push
        self._clock = clock
        self._loop = asyncio.get_running_loop()
        self._telling: set[int] = set()
        self._to_look: dict[int, None] = {}
        self._under_way = 0
        self._timer: asyncio.TimerHandle | None = None
        self._start_timer: asyncio.TimerHandle | None = None
        rooms.gone = self.gone

    async def open(self) -> None:
        """To be called before the first client comes."""
        self._telling.update(await away.telling(self._database))
        if self._telling:
            self._start_timer = self._loop.call_later(AFTER_START_S, self._look_at, list(self._telling))

    def close(self) -> None:
        """Look no more; the next start looks at all of them."""
        self._to_look.clear()
        for timer in (self._timer, self._start_timer):
            if timer is not None:
                timer.cancel()

    def tells(self, question_id: int, *, is_new: bool = False) -> None:
        """The question tells of replies from now on. In a new one nothing has been said."""
        if question_id not in self._telling:
            self._telling.add(question_id)
            if not is_new:
                self.gone(question_id)

    def tells_no_more(self, question_id: int) -> None:
        self._telling.discard(question_id)

    def gone(self, question_id: int) -> None:
        """A user may be away from a question: its last connection has left the room, or it takes part from now on."""
        if question_id in self._telling:
            self._to_look[question_id] = None
            self._look_within(GATHER_S)

    def _look_at(self, question_ids: list[int]) -> None:
        self._to_look.update(dict.fromkeys(question_ids))
        self._look_within(0)

    def _look_within(self, seconds: float) -> None:
        if self._timer is None and not self._under_way and self._to_look:
            self._timer = self._loop.call_later(seconds, self._look)

    def _look(self) -> None:
        self._timer = None
        for question_id in list(self._to_look)[:MOST_AT_ONCE]:
            del self._to_look[question_id]
            self._under_way += 1
            looking = Looking(question_id, self._rooms.question(question_id).present, self._clock())
            published, failed = partial(self._told, question_id), partial(self._failed, question_id)
            self._database.write(each(away.tell), looking, published, failed)

    def _told(self, question_id: int, told: list[Notification] | None) -> None:
        self._under_way -= 1
        if told is None:
            self._telling.discard(question_id)
        else:
            self._push.published(told)
        self._look_within(0)

    def _failed(self, question_id: int, fault: Exception) -> None:
        self._under_way -= 1
        log.warning("who is away from question %d is looked up again: %s", question_id, fault)
        self._to_look[question_id] = None
        self._look_within(RETRY_AFTER_S)
