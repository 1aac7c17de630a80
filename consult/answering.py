"""A user answers a notification, by an event or over HTTP: that is written, then the user's devices are told."""

import sqlite3
from collections.abc import Callable
from typing import TypeVar

from consult.connection import Connection
from consult.contract import faults, notifications
from consult.contract.faults import Fault
from consult.contract.fields import Moment, Until
from consult.contract.notifications import Confirmation, ConfirmNotification
from consult.contract.payloads import must_be
from consult.gateway import Answer
from consult.json_text import dumps
from consult.push import Push
from store.answers import (
    Answered,
    Asked,
    AskedToConfirm,
    AskedToSnooze,
    HasOtherOutcome,
    IsConfirmed,
    NoNotification,
    Outcome,
    Refused,
    TooManySnoozes,
)
from store.clock import ClinicTime
from store.database import Database
from store.history import user
from store.transaction import each

AnyAsked = TypeVar("AnyAsked", bound=Asked)

AHEAD = 300_000  # milliseconds
NOBODY = 0  # no user has this id


class Answering:
    def __init__(self, database: Database, push: Push, time: ClinicTime, wake: Callable[[], None]) -> None:
        self._database = database
        self._push = push
        self._time = time
        self._wake = wake

    def asked_by_event(self, notification_id: int, connection: Connection) -> Asked:
        """Return the answer as the user gives it that the connection is bound to."""
        connection.follows = True
        user_id, identity = connection.user_id or NOBODY, connection.identity
        by = user(user_id) if identity is None else user(identity.user_id, identity.user_type)
        return Asked(notification_id, user_id, by, self._time.now())

    def asked_over_http(self, notification_id: int, by: str) -> Asked:
        """No owner check here: the HTTP entry has already checked that the caller may access this notification."""
        return Asked(notification_id, None, by, self._time.now())

    def settling(self, asked: Asked, said: Confirmation | ConfirmNotification) -> AskedToConfirm:
        """The same with what the client says of it."""
        was_at = None
        if said.at is not None:
            try:
                was_at = self._time.moment(said.at)
            except ValueError:
                raise must_be("at", Moment) from None
            # A phone's clock may be some minutes ahead.
            if was_at > asked.at + AHEAD:
                raise must_be("at", Moment)
        return AskedToConfirm(asked.notification_id, asked.user_id, asked.by, asked.at, said.outcome, said.note, was_at)

    def until(self, asked: Asked, text: str) -> AskedToSnooze:
        """Return the answer with the time to snooze until, which is written as clients write times."""
        try:
            until = self._time.moment(text)
        except ValueError:
            raise must_be("until", Until) from None
        return AskedToSnooze(asked.notification_id, asked.user_id, asked.by, asked.at, until)

    async def by_event(
        self, one: Callable[[sqlite3.Connection, AnyAsked], Outcome], asked: AnyAsked, answer: Answer
    ) -> None:
        """Acknowledges and tells in commit order."""

        def publish(outcome: Outcome) -> None:
            if isinstance(outcome, Answered):
                answer(dumps(notifications.Answered(success=True, id=asked.notification_id)))
                self.publish(outcome)
            else:
                answer.fault(fault_of(outcome))

        await self._database.written(each(one), asked, publish)

    def publish(self, outcome: Outcome) -> None:
        """To be called after the commit, in commit order."""
        if isinstance(outcome, Answered):
            self._push.updated(outcome)
            if any(one.snoozed_until is not None for one in outcome.changed):
                self._wake()  # it may come again before anything else is due


def fault_of(refused: Refused) -> Fault:
    """Return what the client is told where the notification could not be answered."""
    if isinstance(refused, NoNotification):
        return Fault(faults.NOT_FOUND)
    if isinstance(refused, IsConfirmed):
        return Fault(faults.IS_CONFIRMED)
    if isinstance(refused, HasOtherOutcome):
        return Fault(faults.HAS_OTHER_OUTCOME)
    if isinstance(refused, TooManySnoozes):
        return Fault(faults.TOO_MANY_SNOOZES)
    return must_be("until", Until)
