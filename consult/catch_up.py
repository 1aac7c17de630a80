"""A connection that comes back: what it missed, then what is said, without a gap or a repeat."""

from collections.abc import Callable, Sequence
from typing import Protocol, TypeVar

from consult.connection import Connection
from consult.contract.limits import MOST_REPLAYED
from consult.contract.notifications import BoundUser
from consult.contract.questions import JoinedQuestion
from consult.json_text import dumps
from consult.push import Push
from consult.rooms import Room
from store.backlog import Backlog
from store.messages import Message, Visibility
from store.notifications import Notification
from store.participants import Reader

FIRST_PAGE = 5
MOST_IN_PAGE = 100
PAGE_BYTES = 262_144  # of JSON in a page: a message can be a hundred of them or half a million
MOST_UNREAD = 65_536  # bytes that are sent before the client must have read most of them

Item = TypeVar("Item", Message, Notification)
Page = tuple[Sequence[Item], bool]  # oldest first; whether there are more


class Stream(Protocol[Item]):
    """What a room is told: in the file as it was published."""

    @property
    def visibility(self) -> Visibility | None:
        """Return what the connection sees of it once it is live; None where all may see all."""

    @property
    def updates(self) -> bool:
        """Return whether it then gets the changes of the question."""

    @property
    def since(self) -> int | None:
        """The last id before the connection entered without a cursor, where that is remembered for it; else None."""

    @property
    def who(self) -> Reader | None:
        """Return the user as which the connection joined the question, or None where it named none."""

    @property
    def reply(self) -> JoinedQuestion | BoundUser:
        """A new reply to the client, without the backlog."""

    @property
    def last_id(self) -> int:
        """The highest id that was published."""

    async def backlog(self, after_id: int, up_to: int) -> Backlog:
        """Return what lies above the cursor, up to the fence."""

    async def read(self, above: int, up_to: int, limit: int) -> Page[Item]:
        """Return the items above an id, up to the fence: at most `limit`, and at most PAGE_BYTES of them."""

    def replay(self, connection: Connection, item: Item) -> int:
        """Send one of them; return how many bytes that took."""


async def follow(
    push: Push,
    connection: Connection,
    room: Room,
    stream: Stream[Item],
    after_id: int | None,
    answer: Callable[[bytes], None],
) -> bool:
    """Bring the connection into the room, with all that it missed. Return True once it is live.

    In one step it is held in the room and the fence is noted, which is the last id that was published. Up to the fence
    the file is read, beyond it the room is heard: the two meet without a gap or a repeat. When the first page is read
    the client is answered, then it is sent what it missed. In the step in which it is sent the last item it is also
    sent what was held, and goes live.

    Where that fails, or the connection or the room ends meanwhile, the connection is where it was before.

    Without `after_id` there is no backlog to answer with: the stream alone decides what it replays.
    """
    if not connection.connected:
        return False  # it would stay in the room for ever
    room.hold(connection)
    connection.holds += 1
    fence = stream.last_id
    is_live = False
    try:
        backlog = None if after_id is None else await stream.backlog(after_id, fence)
        page = await stream.read(after_id or 0, fence, FIRST_PAGE)
        reply = stream.reply
        if backlog is not None:
            reply.latest_id, reply.has_more = backlog.latest_id, backlog.has_more
        answer(dumps(reply))
        await _replay(connection, stream, fence, page)
        is_live = room.holds(connection)
    finally:
        connection.holds -= 1
        if is_live:
            held = room.go_live(connection, stream.visibility, stream.updates, stream.since, stream.who)
            push.held(connection, held)
        else:
            push.held(connection, room.undo(connection))
    return is_live


async def _replay(connection: Connection, stream: Stream[Item], fence: int, page: Page[Item]) -> None:
    """Send the first page, of at most FIRST_PAGE, and read and send those after it, no faster than the client reads.

    It returns in the step in which the last item was sent, so that the caller can go live in the same one. The client
    has its answer by now: where reading fails, only a new connection can keep it from missing something unnoticed.
    """
    (items, has_more), left, unread = page, MOST_REPLAYED, 0
    try:
        while connection.connected:
            for item in items:
                if unread > MOST_UNREAD:
                    await connection.carrier.drained()
                    unread = 0
                size = stream.replay(connection, item)
                unread += size
                if connection.account is not None:
                    connection.account.reads += size
            left -= len(items)
            if not has_more or not left:
                return
            items, has_more = await stream.read(items[-1].id, fence, min(left, MOST_IN_PAGE))
    except Exception:
        connection.carrier.cut("catch-up failed")
        raise
