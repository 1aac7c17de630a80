"""What clients send about reminder tasks, over HTTP."""

from consult.contract.fields import (
    BizType,
    Channel,
    Content,
    Exdates,
    Flag,
    Id,
    Limit,
    Missed,
    Moment,
    Rrule,
    TaskStatus,
    Title,
    YesNo,
    Zone,
)
from consult.contract.payloads import Payload


class NewReminder(Payload, kw_only=True, gc=False):
    user_id: Id
    biz_type: BizType
    biz_id: Id
    channel: Channel | None = None
    title: Title
    content: Content | None = None
    remind_at: Moment
    rrule: Rrule | None = None
    exdates: Exdates | None = None
    timezone: Zone | None = None
    missed: Missed | None = None


class ReminderChange(Payload, kw_only=True, gc=False):
    title: Title | None = None
    content: Content | None = None
    remind_at: Moment | None = None
    rrule: Rrule | None = None
    exdates: Exdates | None = None
    timezone: Zone | None = None
    missed: Missed | None = None
    paused: Flag | None = None


class ReminderQuery(Payload, kw_only=True, gc=False):
    user_id: Id | None = None
    status: TaskStatus | None = None
    parked: YesNo | None = None
    before_id: Id | None = None
    limit: Limit = 50


class OccurrenceQuery(Payload, kw_only=True, gc=False):
    limit: Limit = 50


class HistoryQuery(Payload, kw_only=True, gc=False):
    before_id: Id | None = None
    limit: Limit = 50
