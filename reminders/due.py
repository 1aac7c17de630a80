"""One tick of the loop: claim what is due, write the notifications, hand them on after the commit."""

from collections.abc import Callable

from store import reminders, snoozes
from store.database import Database
from store.notifications import Notification
from store.snoozes import CameAgain
from store.transaction import each

# A transaction of more would keep messages waiting for their acknowledgement.
CHUNK = 500

HandOn = Callable[[list[Notification]], None]
HandOnAgain = Callable[[list[CameAgain]], None]


async def dispatch(database: Database, now: int, hand_on: HandOn) -> int:
    """Writes the notifications of every task due at `now`; how many. Each chunk is handed on in commit order."""
    written = 0
    while True:
        chunk = await database.written(each(reminders.dispatch_due), reminders.Due(now, CHUNK), hand_on)
        written += len(chunk)
        if len(chunk) < CHUNK:
            return written


async def dispatch_snoozed(database: Database, now: int, hand_on: HandOnAgain) -> None:
    """The same for what was snoozed until `now`."""
    while True:
        chunk = await database.written(each(snoozes.dispatch_due), reminders.Due(now, CHUNK), hand_on)
        if len(chunk) < CHUNK:
            return
