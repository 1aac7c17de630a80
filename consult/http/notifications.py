"""User notifications, over HTTP."""

from dataclasses import dataclass, replace

from sanic.response import HTTPResponse

from consult.answering import Answering, fault_of
from consult.contract import faults, replies
from consult.contract.faults import Fault
from consult.contract.history import HistoryPage, HistoryQuery
from consult.contract.notifications import (
    CONFIRM_NOTIFICATION,
    LIST_NOTIFICATIONS,
    NOTIFICATION_HISTORY,
    READ_NOTIFICATION,
    SNOOZE_NOTIFICATION,
    AnsweredNotification,
    Confirmation,
    Notification,
    NotificationPage,
    NotificationQuery,
    Snooze,
)
from consult.http.answers import Writing
from consult.http.calls import Handlers
from consult.http.request import Asked
from store import answers, history, notifications, outcomes
from store.answers import Answered, Outcome
from store.clock import WireTime
from store.database import Database


@dataclass(frozen=True, slots=True)
class Notifications:
    database: Database
    writing: Writing
    time: WireTime
    answering: Answering

    def handlers(self) -> Handlers:
        """By their rows."""
        return {
            LIST_NOTIFICATIONS: self.list_notifications,
            READ_NOTIFICATION: self.read_notification,
            CONFIRM_NOTIFICATION: self.confirm_notification,
            SNOOZE_NOTIFICATION: self.snooze_notification,
            NOTIFICATION_HISTORY: self.notification_history,
        }

    async def list_notifications(self, asked: Asked[NotificationQuery, None]) -> NotificationPage:
        query = asked.query
        items, has_more, unread = await notifications.page(
            self.database,
            asked.id,
            status=query.status,
            after_id=query.after_id,
            before_id=query.before_id,
            limit=query.limit,
        )
        if query.outcomes == "true":
            settled = await outcomes.of_notifications(self.database, [item.id for item in items])
            items = [replace(item, settled=settled.get(item.id)) for item in items]
        with_answers = query.answers == "true"
        listed = [replies.listed_notification(item, with_answers, self.time) for item in items]
        return NotificationPage(items=listed, has_more=has_more, unread=unread)

    async def read_notification(self, asked: Asked[None, None]) -> Notification | HTTPResponse:
        def shape(outcome: Outcome) -> Notification | Fault:
            # As it was before there was anything to confirm.
            if isinstance(outcome, Answered):
                return replies.notification(outcome.notification, self.time)
            return fault_of(outcome)

        wanted = self.answering.asked_over_http(asked.id, asked.by)
        return await self.writing.post(asked, answers.read, wanted, shape, self.answering.publish)

    async def confirm_notification(self, asked: Asked[None, Confirmation]) -> AnsweredNotification | HTTPResponse:
        wanted = self.answering.settling(self.answering.asked_over_http(asked.id, asked.by), asked.body)
        return await self.writing.post(asked, answers.confirm, wanted, self._answered, self.answering.publish)

    async def snooze_notification(self, asked: Asked[None, Snooze]) -> AnsweredNotification | HTTPResponse:
        wanted = self.answering.until(self.answering.asked_over_http(asked.id, asked.by), asked.body.until)
        return await self.writing.post(asked, answers.snooze, wanted, self._answered, self.answering.publish)

    async def notification_history(self, asked: Asked[HistoryQuery, None]) -> HistoryPage:
        page = await history.of_notification(
            self.database, asked.id, before_id=asked.query.before_id, limit=asked.query.limit
        )
        if page is None:
            raise Fault(faults.NOT_FOUND)
        return replies.history_page(page, self.time)

    def _answered(self, outcome: Outcome) -> AnsweredNotification | Fault:
        if isinstance(outcome, Answered):
            return replies.answered_notification(outcome.notification, self.time)
        return fault_of(outcome)
