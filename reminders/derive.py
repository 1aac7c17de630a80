"""Works the instants of reminders out again from their wall times, at a start: zone data or the zone may differ.

The wall time, the zone and the rule are what a person meant. A task without a zone of its own goes by the clinic's.
"""

import asyncio
from typing import Any, Final
from zoneinfo import ZoneInfo

from store import reminders
from store.clock import on_wall
from store.database import Database
from store.planned import moment_on
from store.reminders import Derived, ReminderTask
from store.transaction import each

CHUNK: Final = 2_000  # tasks read and written at a time: under a flood each turn of a thread is waited for


async def derive_all(database: Database, clinic: ZoneInfo) -> int:
    """Derive the instants of every pending task again; how many have changed."""
    changed, after_id = 0, -(2**63)
    while True:
        ids = await reminders.ids_by_wall(database, after_id, CHUNK)
        if not ids:
            return changed
        after_id = ids[-1]
        tasks = await reminders.all_of(database, ids)
        derived = await asyncio.to_thread(_derive_each, tasks, clinic)
        if derived:
            changed += await database.written(each(reminders.store_derived), derived)


def _derive_each(tasks: list[ReminderTask], clinic: ZoneInfo) -> list[Derived]:
    derived = []
    for task in tasks:
        try:
            one = derive(task, clinic)
        except Exception:  # noqa: S112 - it is parked when it is due
            continue
        if one is not None:
            derived.append(one)
    return derived


def derive(task: ReminderTask, clinic: ZoneInfo) -> Derived | None:
    """The columns of a task that differ by today's zone data and the clinic's zone; None when none does."""
    new: dict[str, Any] = {}
    zone = clinic
    if task.rrule is not None and task.timezone is not None and task.starts_on is not None:
        if task.zone_given:
            zone = ZoneInfo(task.timezone)
        new = {"timezone": zone.key, "remind_at": moment_on(task.starts_on, zone)}
        if task.next_at is not None:
            new["next_on"] = task.next_on or on_wall(task.next_at, zone).isoformat()
            new["next_at"] = moment_on(new["next_on"], zone)
    elif task.rrule is None and task.next_on is not None:
        moment = moment_on(task.next_on, zone)
        new = {"remind_at": moment, "next_at": None if task.next_at is None else moment}
        if task.timezone is not None and not task.zone_given:
            new["timezone"] = zone.key
    new = {name: value for name, value in new.items() if value != getattr(task, name)}
    return Derived(task.id, task.revision, new) if new else None
