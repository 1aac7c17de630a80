"""User notifications, over HTTP."""

from typing import Any

from sanic import Request, Sanic
from sanic.response import HTTPResponse

from consult.contract import replies
from consult.contract.payloads import NotificationQuery
from consult.contract.replies import Shape
from consult.http.answers import Writing, page_answer, read_id, read_query
from store import notifications
from store.clock import Clock, WireTime
from store.database import Database
from store.notifications import Notification


def add_routes(app: Sanic[Any, Any], database: Database, writing: Writing, time: WireTime, clock: Clock) -> None:
    @app.get("/api/users/<user_id>/notifications")
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
        return page_answer([replies.notification(item, time) for item in items], has_more, unread=unread)

    @app.post("/api/notifications/<notification_id>/read")
    async def read_notification(request: Request, notification_id: str) -> HTTPResponse:
        read = notifications.Read(read_id("id", notification_id), clock())

        def shape(notification: Notification | None) -> Shape | None:
            return None if notification is None else replies.notification(notification, time)

        return await writing.post(request, notifications.mark_read, read, shape, 200)
