"""User notifications, over HTTP."""

from typing import Any

from sanic import Request, Sanic
from sanic.response import HTTPResponse

from consult.answering import Answering, fault_of
from consult.contract import replies
from consult.contract.faults import Fault
from consult.contract.payloads import NotificationQuery, Snooze
from consult.contract.reminder_payloads import HistoryQuery
from consult.contract.replies import Shape
from consult.http.answers import Writing, by_whom, page_answer, read_body, read_id, read_query
from consult.http.reads import Reads
from store import answers, history, notifications
from store.answers import Answered, Outcome
from store.clock import WireTime
from store.database import Database


def add_routes(
    app: Sanic[Any, Any], database: Database, reads: Reads, writing: Writing, time: WireTime, answering: Answering
) -> None:
    @app.get("/api/users/<user_id>/notifications")
    @reads.bounded
    async def list_notifications(request: Request, user_id: str) -> HTTPResponse:
        wanted = read_id("user_id", user_id)
        query = read_query(request, NotificationQuery)
        items, has_more, unread = await notifications.page(
            database,
            wanted,
            status=query.status,
            after_id=query.after_id,
            before_id=query.before_id,
            limit=query.limit,
        )
        shape = replies.answered_notification if query.answers == "true" else replies.notification
        return page_answer([shape(item, time) for item in items], has_more, unread=unread)

    @app.post("/api/notifications/<notification_id>/read")
    async def read_notification(request: Request, notification_id: str) -> HTTPResponse:
        def shape(outcome: Outcome) -> Shape | Fault:
            # As it was before there was anything to confirm.
            return (
                replies.notification(outcome.notification, time) if isinstance(outcome, Answered) else fault_of(outcome)
            )

        asked = answering.asked_over_http(read_id("id", notification_id), by_whom(request))
        return await writing.post(request, answers.read, asked, shape, 200, answering.publish)

    @app.post("/api/notifications/<notification_id>/confirm")
    async def confirm_notification(request: Request, notification_id: str) -> HTTPResponse:
        asked = answering.asked_over_http(read_id("id", notification_id), by_whom(request))
        return await writing.post(request, answers.confirm, asked, answered, 200, answering.publish)

    @app.post("/api/notifications/<notification_id>/snooze")
    async def snooze_notification(request: Request, notification_id: str) -> HTTPResponse:
        asked = answering.asked_over_http(read_id("id", notification_id), by_whom(request))
        asked_to_snooze = answering.until(asked, read_body(request, Snooze).until)
        return await writing.post(request, answers.snooze, asked_to_snooze, answered, 200, answering.publish)

    @app.get("/api/notifications/<notification_id>/history")
    @reads.bounded
    async def notification_history(request: Request, notification_id: str) -> HTTPResponse:
        wanted = read_id("id", notification_id)
        query = read_query(request, HistoryQuery)
        page = await history.of_notification(database, wanted, before_id=query.before_id, limit=query.limit)
        if page is None:
            raise Fault("NOT_FOUND")
        return page_answer([replies.history_entry(entry, time) for entry in page[0]], page[1])

    def answered(outcome: Outcome) -> Shape | Fault:
        if isinstance(outcome, Answered):
            return replies.answered_notification(outcome.notification, time)
        return fault_of(outcome)
