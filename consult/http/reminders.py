"""Reminder tasks, over HTTP."""

from typing import Any

from sanic import Request, Sanic
from sanic.response import HTTPResponse

from consult.contract import faults, replies
from consult.contract.faults import Fault, invalid
from consult.contract.fields import Moment
from consult.contract.payloads import NewReminder, ReminderQuery, must_be
from consult.http.answers import Writing, asker_of, json_answer, page_answer, read_body, read_id, read_query
from reminders.loop import ReminderLoop
from store import reminders
from store.clock import Clock, WireTime
from store.database import Database
from store.transaction import each


def add_routes(
    app: Sanic[Any, Any], database: Database, writing: Writing, time: WireTime, clock: Clock, loop: ReminderLoop
) -> None:
    @app.post("/api/reminders")
    async def add_reminder(request: Request) -> HTTPResponse:
        body = read_body(request, NewReminder)
        asker_of(request).refuse_other("user_id", body.user_id)
        try:
            remind_at = time.moment(body.remind_at)
        except ValueError:
            raise must_be("remind_at", Moment) from None
        new = reminders.NewTask(
            user_id=body.user_id,
            biz_type=body.biz_type,
            biz_id=body.biz_id,
            channel=body.channel,
            title=body.title,
            content=body.content,
            remind_at=remind_at,
            created_at=clock(),
        )
        answer = await writing.post(request, reminders.add, new, lambda task: replies.reminder_task(task, time), 201)
        loop.wake()
        return answer

    @app.get("/api/reminders")
    async def list_reminders(request: Request) -> HTTPResponse:
        query = read_query(request, ReminderQuery)
        asker = asker_of(request)
        user_id = query.user_id or asker.only_user
        if user_id is not None:
            asker.refuse_other("user_id", user_id)
        items, has_more = await reminders.page(
            database, user_id=user_id, status=query.status, before_id=query.before_id, limit=query.limit
        )
        return page_answer([replies.reminder_task(task, time) for task in items], has_more)

    @app.get("/api/reminders/<task_id>")
    async def get_reminder(_: Request, task_id: str) -> HTTPResponse:
        task = await reminders.get(database, read_id("id", task_id))
        if task is None:
            raise Fault("NOT_FOUND")
        return json_answer(replies.reminder_task(task, time))

    @app.delete("/api/reminders/<task_id>")
    async def cancel_reminder(_: Request, task_id: str) -> HTTPResponse:
        task = await database.written(each(reminders.cancel), read_id("id", task_id))
        if task is None:
            raise Fault("NOT_FOUND")
        if task.status == "DISPATCHED":
            raise invalid(faults.ALREADY_DISPATCHED, 409)
        return json_answer(replies.reminder_task(task, time))
