"""Reminder tasks, over HTTP."""

import asyncio
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

import orjson
from msgspec import to_builtins
from sanic.response import HTTPResponse
from tzlocal.windows_tz import win_tz

from consult.contract import faults, fields, replies
from consult.contract.faults import Fault, wrong_part
from consult.contract.history import HistoryPage, HistoryQuery
from consult.contract.limits import UNTIL_MISSED
from consult.contract.payloads import must_be
from consult.contract.reminders import (
    ADD_REMINDER,
    CANCEL_REMINDER,
    CHANGE_REMINDER,
    GET_REMINDER,
    LIST_OCCURRENCES,
    LIST_REMINDERS,
    REMINDER_HISTORY,
    NewReminder,
    Occurrence,
    OccurrencePage,
    OccurrenceQuery,
    ReminderChange,
    ReminderPage,
    ReminderQuery,
    ReminderTask,
)
from consult.entry.limits import Limits
from consult.http.answers import Writing
from consult.http.calls import Handlers
from consult.http.reads import Reads
from consult.http.request import Asked, json_of
from consult.http.zones import zone_named
from reminders import rule, tasks
from reminders.budget import BudgetExceeded, WorkStopped
from reminders.loop import ReminderLoop
from reminders.rule import NotARule, TooFast
from reminders.tasks import NoOccurrence, Timing, TooManyPast
from reminders.work import RuleWork, TooManyRequests
from store import history, reminders
from store.clock import ClinicTime, WireTime, on_wall
from store.database import Database
from store.history import Entry
from store.reminders import Cancelling, Change, NotAsRead, TooManyPending
from store.transaction import WriteRefused, each

T = TypeVar("T")
Rungs = list[tuple[int, Any]]  # milliseconds after the planned time, and a user

LOOKED_AGAIN = 100  # times that a change looks again at a task that is just firing
PAUSE = 0.02  # seconds between
# A date alone, and a moment as calendars write it. Not their times without a zone: two zones could be meant.
_DATE = re.compile(r"\d{4}-\d\d-\d\d|\d{8}", re.ASCII)
_IN_UTC = re.compile(r"\A(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z\Z", re.ASCII)


@dataclass(frozen=True, slots=True)
class Reminders:
    database: Database
    writing: Writing
    time: ClinicTime
    loop: ReminderLoop
    work: RuleWork
    reads: Reads
    limits: Limits

    def handlers(self) -> Handlers:
        """By their rows."""
        return {
            ADD_REMINDER: self.add_reminder,
            LIST_REMINDERS: self.list_reminders,
            GET_REMINDER: self.get_reminder,
            CHANGE_REMINDER: self.change_reminder,
            LIST_OCCURRENCES: self.list_occurrences,
            REMINDER_HISTORY: self.reminder_history,
            CANCEL_REMINDER: self.cancel_reminder,
        }

    async def add_reminder(self, asked: Asked[None, NewReminder]) -> ReminderTask | HTTPResponse:
        body, account = asked.body, asked.request.ctx.account
        asked.asker.refuse_other("user_id", body.user_id)
        _refuse_other_users(asked, body.user_id)
        columns = await self._columns_of(asked)
        new = reminders.NewTask(
            user_id=body.user_id,
            biz_type=body.biz_type,
            biz_id=body.biz_id,
            channel=body.channel or "IN_APP",
            title=body.title,
            content=body.content,
            created_at=self.time.now(),
            by=asked.by,
            timing=columns,
            follow_up=_ladder(_rungs(body.follow_up, body.user_id), body.missed_after),
            critical=body.critical,
            most_pending=0 if account is None else account.most.reminders,
        )

        def shape(added: reminders.ReminderTask | TooManyPending) -> ReminderTask | Fault:
            if isinstance(added, reminders.ReminderTask):
                return replies.reminder_task(added, self.time)
            return Fault(faults.TOO_MANY_PENDING)

        def count(added: reminders.ReminderTask | TooManyPending) -> None:
            if account is not None and isinstance(added, TooManyPending):
                self.limits.beyond_reminders(account)

        reply = await self.writing.post(asked, reminders.add_within_quota, new, shape, count)
        self.loop.wake()
        return reply

    async def _columns_of(self, asked: Asked[None, NewReminder]) -> dict[str, Any]:
        """Return when a new task is due, as its row keeps it."""
        body = asked.body
        zone = zone_named(body.timezone) or self.time.zone
        starts_on = _wall(self.time, "remind_at", body.remind_at, zone)
        columns: dict[str, Any] = {"remind_at": self.time.moment(body.remind_at)}
        if _repeats(body):
            if body.exdates and body.rrule is None:
                raise Fault(faults.EXDATES_ALONE)
            exdates = _exdates(self.time, body.exdates or [], zone)
            missed = body.missed or tasks.LATEST
            timing = Timing(zone, columns["remind_at"], starts_on, None, exdates, missed)
            if body.rrule is not None:
                timing = _repeating(timing, body.rrule)
            columns = await self._worked_out(asked, tasks.made, timing, self.time.now())
        if body.rrule is None:
            columns["next_on"] = _once_on(self.time, body.remind_at)
        columns["zone_given"] = body.timezone is not None
        return columns

    async def list_reminders(self, asked: Asked[ReminderQuery, None]) -> ReminderPage:
        query, asker = asked.query, asked.asker
        user_ids = None if asker.reach is None else asker.reach.users
        if query.user_id is not None:
            asker.refuse_other("user_id", query.user_id)
            user_ids = frozenset((query.user_id,))
        parked = query.parked == "true"
        items, has_more = await reminders.page(
            self.database,
            user_ids=user_ids,
            status=query.status,
            parked=parked,
            before_id=query.before_id,
            limit=query.limit,
        )
        shape = replies.parked_task if parked else replies.reminder_task
        return ReminderPage(items=[shape(task, self.time) for task in items], has_more=has_more)

    async def get_reminder(self, asked: Asked[None, None]) -> ReminderTask:
        return replies.reminder_task(await self._found(asked.id), self.time)

    async def list_occurrences(self, asked: Asked[OccurrenceQuery, None]) -> OccurrencePage:
        task = await self._found(asked.id)
        coming, has_more = await self._worked_out(
            asked, tasks.coming, task, self.time.zone, self.time.now(), asked.query.limit
        )
        items = [Occurrence(planned_at=self.time.text(planned_at)) for planned_at in coming]
        return OccurrencePage(items=items, has_more=has_more)

    async def reminder_history(self, asked: Asked[HistoryQuery, None]) -> HistoryPage:
        page = await history.of_task(self.database, asked.id, before_id=asked.query.before_id, limit=asked.query.limit)
        if page is None:
            raise Fault(faults.NOT_FOUND)
        return replies.history_page(page, self.time)

    async def change_reminder(self, asked: Asked[None, ReminderChange]) -> ReminderTask:
        body = asked.body
        cleared = _cleared(asked)
        given = {name: value for name in body.__struct_fields__ if (value := getattr(body, name)) is not None}
        given = to_builtins(given) | dict.fromkeys(cleared)
        for _ in range(LOOKED_AGAIN):
            task = await self._found(asked.id)
            if task.status != "PENDING":
                raise Fault(faults.NOT_PENDING)
            if not given:
                return replies.reminder_task(task, self.time)
            _refuse_other_users(asked, task.user_id)
            change = await self._change(asked, task, given)
            changed = await self.database.written(each(reminders.change), change)
            self.loop.wake()
            if isinstance(changed, reminders.ReminderTask) and changed.revision > task.revision:
                return replies.reminder_task(changed, self.time)
            if isinstance(changed, NotAsRead):
                await asyncio.sleep(PAUSE)
        raise WriteRefused("the reminder task did not come to rest")

    async def _change(
        self, asked: Asked[None, ReminderChange], task: reminders.ReminderTask, given: dict[str, Any]
    ) -> Change:
        body = asked.body
        columns: dict[str, Any] = {name: given[name] for name in ("title", "content") if name in given}
        columns |= _ladder_columns(task, body, given)
        timing = _timing_of(task, self.time, self.time.now())
        if "timezone" in given:
            timing = timing.moved(zone_named(body.timezone) or self.time.zone)
            columns["zone_given"] = body.timezone is not None
        if "rrule" in given and body.rrule is None:
            # What comes once goes on with the occurrence that was next.
            moment = timing.moment if task.next_at is None else task.next_at
            wall = on_wall(moment, timing.zone)
            timing = replace(timing, rrule=None, exdates=(), moment=moment, starts_on=wall)
            columns["next_on"] = on_wall(moment, self.time.zone).isoformat()
        if body.remind_at is not None:
            starts_on = _wall(self.time, "remind_at", body.remind_at, timing.zone)
            timing = replace(timing, moment=self.time.moment(body.remind_at), starts_on=starts_on)
        missed = (body.missed or tasks.LATEST) if "missed" in given else timing.missed
        timing = replace(timing, missed=missed)
        if body.rrule is not None:
            timing = _repeating(timing, body.rrule)
        if "exdates" in given:
            timing = replace(timing, exdates=_exdates(self.time, body.exdates or [], timing.zone))
            if body.exdates and timing.rrule is None:
                raise Fault(faults.EXDATES_ALONE)
        timing = timing.to_the_second()
        is_rescheduled = bool(given.keys() & {"remind_at", "rrule", "exdates", "timezone"})
        if is_rescheduled:
            columns |= await self._worked_out(asked, tasks.rescheduled, timing, self.time.now())
        if body.remind_at is not None and timing.rrule is None:
            columns["next_on"] = _once_on(self.time, body.remind_at)
        if given.keys() & RECURRENCE or body.paused is not None:
            columns |= timing.columns()
        elif task.timezone is None:
            # It was asked for in the first protocol's words, and is answered in them.
            columns = {name: value for name, value in columns.items() if name not in timing.columns()}
        is_paused = task.paused if body.paused is None else body.paused
        columns["paused"] = is_paused
        if timing.rrule is None:
            # A rule's times go by while it is paused; what comes once waits for its time to go on.
            columns["next_at"] = None if is_paused else timing.moment
        entry = Entry(self.time.now(), "changed", asked.by, task.id, detail=given)
        return Change(task.id, task.revision, columns, is_rescheduled, entry)

    async def cancel_reminder(self, asked: Asked[None, None]) -> ReminderTask:
        task = await self.database.written(each(reminders.cancel), Cancelling(asked.id, self.time.now(), asked.by))
        if task is None:
            raise Fault(faults.NOT_FOUND)
        if task.status == "DISPATCHED":
            raise Fault(faults.ALREADY_DISPATCHED)
        return replies.reminder_task(task, self.time)

    async def _found(self, task_id: int) -> reminders.ReminderTask:
        task = await reminders.get(self.database, task_id)
        if task is None:
            raise Fault(faults.NOT_FOUND)
        return task

    async def _worked_out(self, asked: Asked[Any, Any], function: Callable[..., T], *given: Any) -> T:
        """Work on a rule within its budget; its faults in the protocol's words."""
        try:
            return await self.work.asked(lambda budget: function(*given, budget), self.reads.client_of(asked.request))
        except TooFast:
            raise Fault(faults.TOO_FAST) from None
        except NotARule as fault:
            raise _rule_fault(fault) from None
        except NoOccurrence:
            raise Fault(faults.NO_OCCURRENCE) from None
        except TooManyPast:
            raise Fault(faults.TOO_MANY_PAST) from None
        except BudgetExceeded:
            raise Fault(faults.TOO_COSTLY) from None
        except TooManyRequests:
            raise Fault(faults.RATE_LIMITED) from None
        except WorkStopped:
            raise WriteRefused("the server stops") from None


RECURRENCE = {"rrule", "exdates", "timezone", "missed"}
# What null clears in a change; null in any other field is a fault.
CLEARED = {*RECURRENCE, "content", "follow_up", "missed_after", "critical"}


def _cleared(asked: Asked[None, ReminderChange]) -> set[str]:
    """The fields that a change clears with null; Fault where null clears nothing."""
    body, sent = asked.body, json_of(asked.request)
    nulls = {name for name in body.__struct_fields__ if name in sent and sent[name] is None}
    for name in body.__struct_fields__:
        if name in nulls - CLEARED:
            raise must_be(name, NOT_NULL[name])
    return nulls


NOT_NULL = {"title": fields.Title, "remind_at": fields.Moment, "paused": fields.Flag}


def _timing_of(task: reminders.ReminderTask, time: WireTime, now: int) -> Timing:
    """The timing of a stored task. Of one that is not sound what is changed counts alone."""
    try:
        return tasks.timing_of(task, time.zone)
    except (ValueError, OverflowError, OSError):
        return Timing(time.zone, now, on_wall(now, time.zone), None, (), tasks.LATEST)


def _once_on(time: WireTime, text: str) -> str | None:
    """The wall time that what comes once keeps; None where the client named a moment by its offset."""
    return _wall(time, "remind_at", text, time.zone).isoformat() if time.is_local(text) else None


def _refuse_other_users(asked: Asked[None, NewReminder] | Asked[None, ReminderChange], user_id: int) -> None:
    """Raise FORBIDDEN where the caller names a user on the ladder that it may not."""
    for index, rung in enumerate(asked.body.follow_up or ()):
        asked.asker.refuse_other(f"follow_up[{index}].user_id", rung.user_id or user_id)


def _rungs(follow_up: list[fields.Rung] | None, user_id: int) -> Rungs:
    """A ladder's rungs as a task's row keeps them."""
    return [(one.after * 1000, one.user_id or user_id) for one in follow_up or ()]


def _ladder(rungs: Rungs, missed_after: int | None) -> str | None:
    """A ladder as a task's row keeps it, the last rung its end; None without rungs and end."""
    if not rungs and missed_after is None:
        return None
    end = rungs[-1][0] + UNTIL_MISSED * 1000 if missed_after is None else missed_after * 1000
    return orjson.dumps([*rungs, (end, None)]).decode()


def _ladder_columns(task: reminders.ReminderTask, body: ReminderChange, given: dict[str, Any]) -> dict[str, Any]:
    """What a change says of the ladder and of `critical`. Fault where its end is not above the rungs that it has."""
    columns: dict[str, Any] = {"critical": body.critical} if "critical" in given else {}
    if given.keys() & {"follow_up", "missed_after"}:
        *rungs, (end, _) = task.ladder or [(0, None)]
        missed_after = body.missed_after
        if "follow_up" in given:
            rungs = _rungs(body.follow_up, task.user_id)
            # The end stays where it is, if it can.
            if "missed_after" not in given and rungs and end > rungs[-1][0]:
                missed_after = end // 1000
        elif missed_after is not None and rungs and missed_after * 1000 <= rungs[-1][0]:
            raise Fault(faults.MISSED_TOO_EARLY)
        columns["follow_up"] = _ladder(rungs, missed_after)
    return columns


def _repeats(body: NewReminder | ReminderChange) -> bool:
    """Return whether the client speaks of recurrence; one that does not is answered as it always was."""
    return any(one is not None for one in (body.rrule, body.exdates, body.timezone, body.missed))


def _repeating(timing: Timing, text: str) -> Timing:
    """Return the timing with a rule. Its text is kept by itself: what stands around it in calendars is read, and left
    out."""
    try:
        read = rule.read(text)
    except NotARule as fault:
        raise _rule_fault(fault) from None
    except TooFast:
        raise Fault(faults.TOO_FAST) from None
    named = read.dtstart_zone
    is_of_zone = named is None or win_tz.get(named, named) == timing.zone.key
    if not is_of_zone or not read.starts_at(timing.starts_on, datetime.fromtimestamp(timing.moment // 1000, UTC)):
        raise wrong_part("DTSTART")
    return replace(timing, rrule=read.text)


def _rule_fault(fault: NotARule) -> Fault:
    return must_be("rrule", fields.Rrule) if fault.part is None else wrong_part(fault.part)


def _wall(time: WireTime, name: str, text: str, zone: ZoneInfo) -> datetime:
    try:
        return time.wall(text, zone)
    except ValueError:
        raise must_be(name, fields.Moment) from None


def _exdates(time: WireTime, texts: list[str], zone: ZoneInfo) -> tuple[datetime | date, ...]:
    return tuple(_exdate(time, f"exdates[{index}]", text, zone) for index, text in enumerate(texts))


def _exdate(time: WireTime, name: str, text: str, zone: ZoneInfo) -> datetime | date:
    """Return an excluded time, or the day where a date stands alone; both also as calendars write them."""
    if _DATE.fullmatch(text):
        try:
            return date.fromisoformat(text)
        except ValueError:
            raise must_be(name, fields.Moment) from None
    return _wall(time, name, _IN_UTC.sub(r"\1-\2-\3 \4:\5:\6Z", text), zone)
