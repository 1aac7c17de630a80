"""Reminder tasks, over HTTP."""

import asyncio
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any, TypeVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from sanic import Request, Sanic
from sanic.response import HTTPResponse
from tzlocal.windows_tz import win_tz

from consult.contract import faults, fields, replies
from consult.contract.faults import Fault, invalid
from consult.contract.payloads import must_be
from consult.contract.reminder_payloads import (
    HistoryQuery,
    NewReminder,
    OccurrenceQuery,
    ReminderChange,
    ReminderQuery,
)
from consult.contract.replies import Shape
from consult.contract.rule_parts import wrong_part
from consult.entry.limits import Limits
from consult.http.admission import account_of
from consult.http.answers import (
    Writing,
    asker_of,
    by_whom,
    json_answer,
    json_of,
    page_answer,
    read_body,
    read_id,
    read_query,
)
from consult.http.reads import Reads
from reminders import rule, tasks
from reminders.budget import BudgetExceeded, WorkStopped
from reminders.loop import ReminderLoop
from reminders.rule import NotARule, TooFast
from reminders.tasks import NoOccurrence, Timing, TooManyPast
from reminders.work import RuleWork, TooManyRequests
from store import history, reminders
from store.clock import Clock, WireTime, on_wall
from store.database import Database
from store.history import Entry
from store.reminders import Cancelling, Change, NotAsRead, ReminderTask, TooManyPending
from store.transaction import WriteRefused, each

T = TypeVar("T")

LOOKED_AGAIN = 100  # times that a change looks again at a task that is just firing
PAUSE = 0.02  # seconds between
# A date alone, and a moment as calendars write it. Not their times without a zone: two zones could be meant.
_DATE = re.compile(r"\d{4}-\d\d-\d\d|\d{8}", re.ASCII)
_IN_UTC = re.compile(r"\A(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z\Z", re.ASCII)


def add_routes(
    app: Sanic[Any, Any],
    database: Database,
    reads: Reads,
    writing: Writing,
    time: WireTime,
    clock: Clock,
    loop: ReminderLoop,
    work: RuleWork,
    limits: Limits,
) -> None:
    async def worked_out(function: Callable[..., T], *given: Any) -> T:
        """Work on a rule within its budget; its faults in the protocol's words."""
        try:
            return await work.asked(lambda budget: function(*given, budget))
        except TooFast:
            raise invalid(faults.TOO_FAST) from None
        except NotARule as fault:
            raise _rule_fault(fault) from None
        except NoOccurrence:
            raise invalid(faults.NO_OCCURRENCE) from None
        except TooManyPast:
            raise invalid(faults.TOO_MANY_PAST) from None
        except BudgetExceeded:
            raise invalid(faults.TOO_COSTLY) from None
        except TooManyRequests:
            raise Fault("RATE_LIMITED") from None
        except WorkStopped:
            raise WriteRefused("the server stops") from None

    @app.post("/api/reminders")
    async def add_reminder(request: Request) -> HTTPResponse:
        body, account = read_body(request, NewReminder), account_of(request)
        asker_of(request).refuse_other("user_id", body.user_id)
        zone = _zone(body.timezone) or time.zone
        starts_on = _wall(time, "remind_at", body.remind_at, zone)
        columns: dict[str, Any] = {"remind_at": time.moment(body.remind_at)}
        if _repeats(body):
            if body.exdates and body.rrule is None:
                raise invalid(faults.EXDATES_ALONE)
            exdates = _exdates(time, body.exdates or [], zone)
            missed = body.missed or tasks.LATEST
            timing = Timing(zone, columns["remind_at"], starts_on, None, exdates, missed)
            if body.rrule is not None:
                timing = _repeating(timing, body.rrule)
            columns = await worked_out(tasks.made, timing, clock())
        if body.rrule is None:
            columns["next_on"] = _once_on(time, body.remind_at)
        columns["zone_given"] = body.timezone is not None
        new = reminders.NewTask(
            user_id=body.user_id,
            biz_type=body.biz_type,
            biz_id=body.biz_id,
            channel=body.channel or "IN_APP",
            title=body.title,
            content=body.content,
            created_at=clock(),
            by=by_whom(request),
            timing=columns,
            most_pending=0 if account is None else account.most.reminders,
        )

        def shape(added: ReminderTask | TooManyPending) -> Shape | Fault:
            if isinstance(added, ReminderTask):
                return replies.reminder_task(added, time)
            return Fault("RATE_LIMITED", faults.TOO_MANY_PENDING)

        def count(added: ReminderTask | TooManyPending) -> None:
            if account is not None and isinstance(added, TooManyPending):
                limits.beyond_reminders(account)

        answer = await writing.post(request, reminders.add_within_quota, new, shape, 201, count)
        loop.wake()
        return answer

    @app.get("/api/reminders")
    @reads.bounded
    async def list_reminders(request: Request) -> HTTPResponse:
        query = read_query(request, ReminderQuery)
        asker = asker_of(request)
        user_id = query.user_id or asker.only_user
        if user_id is not None:
            asker.refuse_other("user_id", user_id)
        parked = query.parked == "true"
        items, has_more = await reminders.page(
            database,
            user_id=user_id,
            status=query.status,
            parked=parked,
            before_id=query.before_id,
            limit=query.limit,
        )
        shape = replies.parked_task if parked else replies.reminder_task
        return page_answer([shape(task, time) for task in items], has_more)

    async def found(task_id: int) -> ReminderTask:
        task = await reminders.get(database, task_id)
        if task is None:
            raise Fault("NOT_FOUND")
        return task

    @app.get("/api/reminders/<task_id>")
    async def get_reminder(_: Request, task_id: str) -> HTTPResponse:
        return json_answer(replies.reminder_task(await found(read_id("id", task_id)), time))

    @app.get("/api/reminders/<task_id>/occurrences")
    async def list_occurrences(request: Request, task_id: str) -> HTTPResponse:
        wanted = read_id("id", task_id)
        query = read_query(request, OccurrenceQuery)
        coming, has_more = await worked_out(tasks.coming, await found(wanted), time.zone, clock(), query.limit)
        return page_answer([replies.occurrence(planned_at, time) for planned_at in coming], has_more)

    @app.get("/api/reminders/<task_id>/history")
    @reads.bounded
    async def get_history(request: Request, task_id: str) -> HTTPResponse:
        wanted = read_id("id", task_id)
        query = read_query(request, HistoryQuery)
        page = await history.of_task(database, wanted, before_id=query.before_id, limit=query.limit)
        if page is None:
            raise Fault("NOT_FOUND")
        return page_answer([replies.history_entry(entry, time) for entry in page[0]], page[1])

    @app.patch("/api/reminders/<task_id>")
    async def change_reminder(request: Request, task_id: str) -> HTTPResponse:
        wanted = read_id("id", task_id)
        body = read_body(request, ReminderChange)
        cleared = _cleared(request, body)
        given = {name: value for name in body.__struct_fields__ if (value := getattr(body, name)) is not None}
        given |= dict.fromkeys(cleared)
        for _ in range(LOOKED_AGAIN):
            task = await found(wanted)
            if task.status != "PENDING":
                raise invalid(faults.NOT_PENDING, 409)
            if not given:
                return json_answer(replies.reminder_task(task, time))
            asked = await changes(task, body, given, by_whom(request))
            changed = await database.written(each(reminders.change), asked)
            loop.wake()
            if isinstance(changed, ReminderTask) and changed.revision > task.revision:
                return json_answer(replies.reminder_task(changed, time))
            if isinstance(changed, NotAsRead):
                await asyncio.sleep(PAUSE)
        raise WriteRefused("the reminder task did not come to rest")

    async def changes(task: ReminderTask, body: ReminderChange, given: Shape, by: str) -> Change:
        columns: dict[str, Any] = {name: given[name] for name in ("title", "content") if name in given}
        timing = _timing_of(task, time, clock())
        if "timezone" in given:
            timing = timing.moved(_zone(body.timezone) or time.zone)
            columns["zone_given"] = body.timezone is not None
        if "rrule" in given and body.rrule is None:
            # What comes once goes on with the occurrence that was next.
            moment = timing.moment if task.next_at is None else task.next_at
            wall = on_wall(moment, timing.zone)
            timing = replace(timing, rrule=None, exdates=(), moment=moment, starts_on=wall)
            columns["next_on"] = on_wall(moment, time.zone).isoformat()
        if body.remind_at is not None:
            starts_on = _wall(time, "remind_at", body.remind_at, timing.zone)
            timing = replace(timing, moment=time.moment(body.remind_at), starts_on=starts_on)
        missed = (body.missed or tasks.LATEST) if "missed" in given else timing.missed
        timing = replace(timing, missed=missed)
        if body.rrule is not None:
            timing = _repeating(timing, body.rrule)
        if "exdates" in given:
            timing = replace(timing, exdates=_exdates(time, body.exdates or [], timing.zone))
            if body.exdates and timing.rrule is None:
                raise invalid(faults.EXDATES_ALONE)
        timing = timing.to_the_second()
        is_rescheduled = bool(given.keys() & {"remind_at", "rrule", "exdates", "timezone"})
        if is_rescheduled:
            columns |= await worked_out(tasks.rescheduled, timing, clock())
        if body.remind_at is not None and timing.rrule is None:
            columns["next_on"] = _once_on(time, body.remind_at)
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
        entry = Entry(clock(), "changed", by, task.id, detail=given)
        return Change(task.id, task.revision, columns, is_rescheduled, entry)

    @app.delete("/api/reminders/<task_id>")
    async def cancel_reminder(request: Request, task_id: str) -> HTTPResponse:
        asked = Cancelling(read_id("id", task_id), clock(), by_whom(request))
        task = await database.written(each(reminders.cancel), asked)
        if task is None:
            raise Fault("NOT_FOUND")
        if task.status == "DISPATCHED":
            raise invalid(faults.ALREADY_DISPATCHED, 409)
        return json_answer(replies.reminder_task(task, time))


RECURRENCE = {"rrule", "exdates", "timezone", "missed"}
# What null clears in a change; null in any other field is a fault.
CLEARED = {*RECURRENCE, "content"}


def _cleared(request: Request, body: ReminderChange) -> set[str]:
    """The fields that a change clears with null; Fault where null clears nothing."""
    sent = json_of(request)
    nulls = {name for name in body.__struct_fields__ if name in sent and sent[name] is None}
    for name in body.__struct_fields__:
        if name in nulls - CLEARED:
            raise must_be(name, NOT_NULL[name])
    return nulls


NOT_NULL = {"title": fields.Title, "remind_at": fields.Moment, "paused": fields.Flag}


def _timing_of(task: ReminderTask, time: WireTime, now: int) -> Timing:
    """The timing of a stored task. Of one that is not sound what is changed counts alone."""
    try:
        return tasks.timing_of(task, time.zone)
    except (ValueError, OverflowError, OSError):
        return Timing(time.zone, now, on_wall(now, time.zone), None, (), tasks.LATEST)


def _once_on(time: WireTime, text: str) -> str | None:
    """The wall time that what comes once keeps; None where the client named a moment by its offset."""
    return _wall(time, "remind_at", text, time.zone).isoformat() if time.is_local(text) else None


def _repeats(body: NewReminder | ReminderChange) -> bool:
    """Whether the client speaks of recurrence; one that does not is answered as it always was."""
    return any(one is not None for one in (body.rrule, body.exdates, body.timezone, body.missed))


def _repeating(timing: Timing, text: str) -> Timing:
    """Return the timing with a rule. Its text is kept by itself: what stands around it in calendars is read, and left
    out."""
    try:
        read = rule.read(text)
    except NotARule as fault:
        raise _rule_fault(fault) from None
    except TooFast:
        raise invalid(faults.TOO_FAST) from None
    named = read.dtstart_zone
    is_of_zone = named is None or win_tz.get(named, named) == timing.zone.key
    if not is_of_zone or not read.starts_at(timing.starts_on, datetime.fromtimestamp(timing.moment // 1000, UTC)):
        raise wrong_part("DTSTART")
    return replace(timing, rrule=read.text)


def _rule_fault(fault: NotARule) -> Fault:
    return must_be("rrule", fields.Rrule) if fault.part is None else wrong_part(fault.part)


def _zone(name: str | None) -> ZoneInfo | None:
    """Return the zone by its IANA name, or by the name that Windows and Outlook have for it."""
    try:
        return None if name is None else ZoneInfo(win_tz.get(name, name))
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise must_be("timezone", fields.Zone) from None


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
