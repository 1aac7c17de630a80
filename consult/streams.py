"""What rooms are told, as it lies in the file: the messages of a question, the notifications of a user."""

from dataclasses import dataclass, field

from consult.catch_up import PAGE_BYTES
from consult.connection import Connection
from consult.contract import faults
from consult.contract.faults import Fault
from consult.contract.limits import MOST_REPLAYED
from consult.contract.notifications import BoundUser
from consult.contract.questions import JoinedQuestion
from consult.push import Push
from store import messages, notifications
from store.backlog import Backlog
from store.database import Database
from store.messages import Message, Visibility
from store.notifications import Notification
from store.owners import Reach
from store.participants import Reader


@dataclass(frozen=True, slots=True)
class Messages:
    """A question's messages, as the connection sees them."""

    database: Database
    push: Push
    question_id: int
    visibility: Visibility
    within: Reach | None  # what the question must be in
    updates: bool
    who: Reader | None  # the user as which the connection joined
    since: int | None = None  # the last one before the connection joined without a cursor, for the room to remember

    @property
    def reply(self) -> JoinedQuestion:
        return JoinedQuestion(question_id=self.question_id)

    @property
    def last_id(self) -> int:
        return self.push.last_message_id

    async def backlog(self, after_id: int, up_to: int) -> Backlog:
        backlog = await messages.backlog(
            self.database,
            self.question_id,
            self.visibility,
            after_id=after_id,
            up_to=up_to,
            most=MOST_REPLAYED,
            within=self.within,
        )
        if backlog is None:
            raise Fault(faults.QUESTION_NOT_FOUND)
        return backlog

    async def read(self, above: int, up_to: int, limit: int) -> tuple[list[Message], bool]:
        return await messages.between(
            self.database,
            self.question_id,
            self.visibility,
            after_id=above,
            up_to=up_to,
            limit=limit,
            most_bytes=PAGE_BYTES,
        )

    def replay(self, connection: Connection, item: Message) -> int:
        return self.push.replay_message(connection, item)


@dataclass(frozen=True, slots=True)
class Notifications:
    """A user's notifications."""

    database: Database
    push: Push
    user_id: int
    visibility = None
    updates = False
    since = None
    who = None

    @property
    def reply(self) -> BoundUser:
        return BoundUser(success=True, user_id=self.user_id)

    @property
    def last_id(self) -> int:
        return self.push.last_notification_id

    async def backlog(self, after_id: int, up_to: int) -> Backlog:
        return await notifications.backlog(
            self.database, self.user_id, after_id=after_id, up_to=up_to, most=MOST_REPLAYED
        )

    async def read(self, above: int, up_to: int, limit: int) -> tuple[list[Notification], bool]:
        return await notifications.between(
            self.database, self.user_id, after_id=above, up_to=up_to, limit=limit, most_bytes=PAGE_BYTES
        )

    def replay(self, connection: Connection, item: Notification) -> int:
        return self.push.replay_notification(connection, item)


@dataclass(frozen=True, slots=True)
class Unpushed(Notifications):
    """Those that no connection has read yet, for a connection without a cursor."""

    known: set[int]  # that it need not be sent, although the file may say that none has read them

    async def read(self, above: int, up_to: int, limit: int) -> tuple[list[Notification], bool]:
        return await notifications.unpushed(
            self.database,
            self.user_id,
            known=self.known,
            after_id=above,
            up_to=up_to,
            limit=limit,
            most_bytes=PAGE_BYTES,
        )


@dataclass(frozen=True, slots=True)
class MissedMessages(Messages):
    """What a client that is brought back has missed."""

    read_up_to: int = field(kw_only=True)

    async def read(self, above: int, up_to: int, limit: int) -> tuple[list[Message], bool]:
        # Not by `super()`, which does not work in a class with slots.
        return await Messages.read(self, max(above, self.read_up_to), up_to, limit)


@dataclass(frozen=True, slots=True)
class MissedNotifications(Unpushed):
    """What a client that is brought back has missed: what no connection has read, and all that came since."""

    read_up_to: int

    async def read(self, above: int, up_to: int, limit: int) -> tuple[list[Notification], bool]:
        if above < self.read_up_to:
            unpushed, _ = await Unpushed.read(self, above, min(self.read_up_to, up_to), limit)
            if unpushed:
                return unpushed, True  # the next page begins where these end
        return await Notifications.read(self, max(above, self.read_up_to), up_to, limit)
