"""Quiet hours of users, over HTTP (section 12)."""

from dataclasses import dataclass
from typing import Any

from msgspec import Struct

from consult.contract import replies
from consult.contract.quiet_hours import END_QUIET_HOURS, GET_QUIET_HOURS, SET_QUIET_HOURS
from consult.http.calls import Handlers
from consult.http.request import Asked
from consult.http.zones import zone_named
from reminders.loop import ReminderLoop
from store import quiet_hours
from store.clock import ClinicTime
from store.database import Database
from store.quiet_hours import Change, QuietHours
from store.transaction import each


@dataclass(frozen=True, slots=True)
class QuietHoursOfUsers:
    database: Database
    time: ClinicTime
    loop: ReminderLoop

    def handlers(self) -> Handlers:
        """By their rows."""
        return {
            SET_QUIET_HOURS: self.set_quiet_hours,
            GET_QUIET_HOURS: self.get_quiet_hours,
            END_QUIET_HOURS: self.end_quiet_hours,
        }

    async def set_quiet_hours(self, asked: Asked[None, Any]) -> Struct:
        body = asked.body
        zone = zone_named(body.timezone)
        timezone = (zone or self.time.zone).key
        quiet = QuietHours(asked.id, getattr(body, "from"), body.to, timezone, zone is not None)
        return await self._change(asked, quiet)

    async def get_quiet_hours(self, asked: Asked[None, None]) -> Struct:
        return replies.quiet_hours_of(asked.id, await quiet_hours.of_user(self.database, asked.id))

    async def end_quiet_hours(self, asked: Asked[None, None]) -> Struct:
        return await self._change(asked, None)

    async def _change(self, asked: Asked[None, Any], quiet: QuietHours | None) -> Struct:
        change = Change(asked.id, quiet, self.time.now())
        await self.database.written(each(quiet_hours.change), change)
        self.loop.wake()  # what was held may be due
        return replies.quiet_hours_of(asked.id, quiet)
