"""The calls about occurrences: a user's day, the unanswered ones, withdrawal (section 12)."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from sanic.response import HTTPResponse

from consult.answering import Answering
from consult.contract import fields, replies
from consult.contract.faults import NOT_FOUND, RATE_LIMITED, TOO_COSTLY, Fault
from consult.contract.limits import MOST_OF_A_DAY
from consult.contract.occurrences import (
    LIST_UNANSWERED,
    USER_DAY,
    WITHDRAW_REMINDER,
    DayPage,
    DayQuery,
    UnansweredPage,
    UnansweredQuery,
    Withdrawal,
)
from consult.contract.payloads import must_be
from consult.contract.reminders import ReminderTask
from consult.http.answers import Writing
from consult.http.calls import Handlers
from consult.http.reads import Reads
from consult.http.request import Asked
from reminders import tasks
from reminders.budget import BudgetExceeded, WorkStopped
from reminders.work import RuleWork, TooManyRequests
from store import outcomes, reminders, withdrawal
from store.clock import ClinicTime, first_on_wall, in_milliseconds
from store.database import Database
from store.outcomes import OfDay
from store.transaction import WriteRefused
from store.withdrawal import Withdrawing, Withdrawn


@dataclass(frozen=True, slots=True)
class Occurrences:
    database: Database
    writing: Writing
    time: ClinicTime
    work: RuleWork
    reads: Reads
    answering: Answering

    def handlers(self) -> Handlers:
        """By their rows."""
        return {
            WITHDRAW_REMINDER: self.withdraw_reminder,
            USER_DAY: self.user_day,
            LIST_UNANSWERED: self.list_unanswered,
        }

    async def withdraw_reminder(self, asked: Asked[None, Withdrawal]) -> ReminderTask | HTTPResponse:
        def shape(outcome: Withdrawn | None) -> ReminderTask | Fault:
            return Fault(NOT_FOUND) if outcome is None else replies.reminder_task(outcome.task, self.time)

        def publish(outcome: Withdrawn | None) -> None:
            for answered in () if outcome is None else outcome.changed:
                self.answering.publish(answered)

        wanted = Withdrawing(asked.id, self.time.now(), asked.by, asked.body.reason)
        return await self.writing.post(asked, withdrawal.withdraw, wanted, shape, publish)

    async def user_day(self, asked: Asked[DayQuery, None]) -> DayPage:
        day = self._day(asked.query.date)
        begin, end = (_midnight(one, self.time.zone) for one in (day, day + timedelta(days=1)))
        came = await outcomes.of_day(self.database, asked.id, day, begin, end, MOST_OF_A_DAY + 1)
        coming: list[OfDay] = []
        pending = await reminders.due_before(self.database, asked.id, end)
        if pending:
            try:
                coming = await self.work.asked(
                    lambda budget: tasks.of_day(pending, begin, end, MOST_OF_A_DAY + 1, budget),
                    self.reads.client_of(asked.request),
                )
            except BudgetExceeded:
                raise Fault(TOO_COSTLY) from None
            except TooManyRequests:
                raise Fault(RATE_LIMITED) from None
            except WorkStopped:
                raise WriteRefused("the server stops") from None
        # What fires just now may be found on both sides.
        known = {(one.task_id, one.planned_at) for one in came}
        items = came + [one for one in coming if (one.task_id, one.planned_at) not in known]
        items.sort(key=lambda one: (one.planned_at, one.task_id))
        shown = [replies.day_occurrence(one, self.time) for one in items[:MOST_OF_A_DAY]]
        return DayPage(items=shown, has_more=len(items) > MOST_OF_A_DAY)

    async def list_unanswered(self, asked: Asked[UnansweredQuery, None]) -> UnansweredPage:
        items, has_more = await outcomes.unanswered(self.database, asked.query.after_id or 0, asked.query.limit)
        return UnansweredPage(items=[replies.unanswered(one, self.time) for one in items], has_more=has_more)

    def _day(self, text: str | None) -> date:
        try:
            day = date.fromisoformat(self.time.today() if text is None else text)
        except ValueError:
            raise must_be("date", fields.Day) from None
        # The days around it are looked at, too, and the calendar has an end.
        if not date.min + timedelta(days=2) <= day <= date.max - timedelta(days=3):
            raise must_be("date", fields.Day)
        return day


def _midnight(day: date, zone: ZoneInfo) -> int:
    """The first moment of the day."""
    try:
        return in_milliseconds(first_on_wall(datetime.combine(day, time()), zone))
    except OverflowError:
        raise must_be("date", fields.Day) from None
