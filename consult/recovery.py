"""Clients that do not come back by themselves: they show the pid of their last connection, and are where they were.

What is remembered of a client is its session: who it was, what it has bound and joined without a cursor, and up to
where it has read. What a client entered with `after_id` it asks for again itself.

- That a client has bound or joined is in the file before it is answered, in the hands of the operating system: the end
  of the server, however sudden, takes nothing from it. The disk has it with the next commit, within a second.
- A client has read what it was sent before it was asked, once it has answered (hand_overs.py says how). Once a second
  all are asked that were sent a message since. The file knows of the answer a moment later.
- A client is brought back after its CONNECT is answered and before its first event is handled. It is sent what its
  rooms were told since, by the one algorithm of catch_up.py, with the rights of the token that it shows now.
- A session ends with the client's DISCONNECT, with the time, and where there are too many of them; a client with
  another identity gets nothing of it. Of two connections that show the same pid the newer one has it, the older is cut.
"""

import asyncio
import hmac
import logging
import secrets
from collections.abc import Callable, Mapping
from hashlib import sha256
from itertools import islice
from typing import Any

from consult.catch_up import follow
from consult.connection import Connection, LiveSession
from consult.contract.limits import LONGEST_PID, MOST_REMEMBERED_ROOMS, MOST_SESSIONS
from consult.contract.notifications import BIND_USER, BindUser
from consult.contract.questions import JOIN_QUESTION, JoinQuestion
from consult.entry.limits import LEAST_READ
from consult.entry.rights import reach_of_event, reader, refusal
from consult.entry.tokens import Identity
from consult.push import Push
from consult.rooms import Room, Rooms
from consult.streams import MissedMessages, MissedNotifications
from store import sessions
from store.clock import Clock
from store.database import Database
from store.messages import STAFF, Visibility, visible_to
from store.participants import Reader
from store.questions import Lookup
from store.sessions import Joined, Owner, Session
from store.transaction import WriteRefused, WriteUnknown, each, touch

log = logging.getLogger("careline.recovery")

SECRET_BYTES = 18
SECRET_CHARACTERS = 24
LONGEST_NUMBER = 18  # digits of an id
MOST_UNSAVED = 10_000  # sessions of ended connections, while the file cannot be written; the oldest are lost
MOST_IN_WRITE = 500  # sessions
MOST_TURNS = 2  # of the loop, in which those come together that are written at once
ASKED_WITHIN_S = 0.2  # of the second's beat, those that were sent messages
SAVED_WITHIN_S = 0.1  # what a client has read, and that its connection has ended
SYNCED_WITHIN_S = 1.0  # that it has bound, joined or left
HELD_FOR_S = 1.0  # that an answer waits for the file at most, where it cannot be written
LOOKED_UP_WITHIN_S = 10.0  # so long what was read of a session may be of use, and a client that has left is known
RETRY_AFTER_S = 5.0


def shown(auth: Any) -> str | None:
    """The pid in what a Socket.IO client gives as `auth`, or None."""
    pid = auth.get("pid") if isinstance(auth, dict) else None
    return pid if isinstance(pid, str) and 0 < len(pid) <= LONGEST_PID else None


class Recovery:
    def __init__(
        self, database: Database, lookup: Lookup, rooms: Rooms, push: Push, clock: Clock, seconds: int
    ) -> None:
        """A session is good for so many seconds after its connection has ended; with 0 there is none."""
        self._database = database
        self._lookup = lookup
        self._rooms = rooms
        self._push = push
        push.ask = self._ask
        self._clock = clock
        self._seconds = seconds
        self._loop = asyncio.get_running_loop()
        # By their ids: those of connections, and those of which the file does not know all yet.
        self._sessions: dict[int, LiveSession] = {}
        self._last_id = clock()  # higher than those of before, also where the file does not tell
        self._unsaved: dict[LiveSession, None] = {}
        self._forgotten: list[int] = []
        self._held: dict[LiveSession, float] = {}  # whose clients' answers wait, with the loop's time
        self._is_saving = self._is_due = self._is_gathering = self._is_deleting = False
        self._changes = 0  # that were made
        self._timer: asyncio.TimerHandle | None = None
        self._sync_timer: asyncio.TimerHandle | None = None
        self._stored = 0  # sessions in the file, at most
        self.brought_back = 0  # clients
        self.not_found = 0  # clients that showed a pid that is not good, or no more

    async def open(self) -> None:
        """To be called before the first client comes."""
        try:
            ended = await self._database.written(each(sessions.end_all), self._clock())
            self._stored, self._last_id = ended
        except (WriteRefused, WriteUnknown) as fault:
            log.warning("the sessions of the time before could not be ended: %s", fault)

    def close(self) -> None:
        """Has all of it written. To be called when the last connection has ended, before the database is closed."""
        for timer in (self._timer, self._sync_timer):
            if timer is not None:
                timer.cancel()
        stored = [one.as_stored() for one in self._unsaved]
        self._unsaved.clear()
        if stored:
            self._database.write(each(sessions.save), stored, _ignore, _ignore)

    # A connection begins, and ends.

    def begin(self, connection: Connection) -> str | None:
        """Begin a session; return its pid. None where clients are not brought back."""
        if not self._seconds:
            return None
        secret = secrets.token_urlsafe(SECRET_BYTES)
        self._last_id += 1
        session = LiveSession(
            self._last_id,
            _hash(secret),
            _owner(connection.identity),
            self._push.last_message_id,
            self._push.last_notification_id,
        )
        self._sessions[session.id] = session
        _belongs(session, connection)
        return f"{secret}{session.id}"

    def ended(self, connection: Connection) -> None:
        """The connection has ended: its client may come back."""
        session, connection.session = connection.session, None
        if session is None:
            return
        session.follows = connection.follows
        session.connection = None
        session.ended_at = self._clock()
        self._answer(session)
        if session.is_stored or session.revision:
            self._save_later(session)
        else:
            del self._sessions[session.id]  # it was nowhere: there is nothing to come back to

    def left(self, connection: Connection) -> None:
        """End the session of a client that has left by a DISCONNECT: it cannot be recovered."""
        session, connection.session = connection.session, None
        if session is None:
            return
        session.connection = None
        session.is_forgotten = True
        self._answer(session)
        self._unsaved.pop(session, None)
        if session.is_stored:
            self._forgotten.append(session.id)
            self._loop.call_soon(self._forget)
        else:
            del self._sessions[session.id]

    # Where it is.

    def joins(
        self, connection: Connection, question_id: int, visibility: Visibility, updates: bool, who: Reader | None
    ) -> int | None:
        """The connection joins a question without a cursor. Return the last message before, for the room to remember;
        None where the client is not brought back to it."""
        session = connection.session
        if session is None:
            return None
        member = self._rooms.question(question_id).members.get(connection)
        since = None if member is None else member.since
        if since is None and len(connection.rooms or ()) >= MOST_REMEMBERED_ROOMS:
            return None
        now = (visibility, updates, who)
        if member is None or since is None or (member.visibility, member.updates, member.who) != now:
            since = self._push.last_message_id if since is None else since
            user_id, user_type = who or (None, None)
            self._change(session, question_id, Joined(visibility.staff, updates, since, user_id, user_type))
        return since

    def leaves(self, connection: Connection, question_id: int) -> None:
        """The connection has left a question that it had joined without a cursor, or joined it with one."""
        if connection.session is not None:
            self._change(connection.session, question_id, None)

    def binds(self, connection: Connection, user_id: int | None) -> tuple[int | None, int]:
        """The connection binds a user without a cursor; None: it is bound to none, or with a cursor. Return what
        `binds_again` takes."""
        session = connection.session
        if session is None:
            return None, 0
        before = session.user_id, session.notification_id
        if session.user_id != user_id:
            session.user_id, session.notification_id = user_id, self._push.last_notification_id
            self._save_now(session)
        return before

    def binds_again(self, connection: Connection, before: tuple[int | None, int]) -> None:
        """The binding came to nothing: it is bound as before."""
        session = connection.session
        if session is not None and session.user_id != before[0]:
            session.user_id, session.notification_id = before
            self._save_now(session)

    def when_kept(self, connection: Connection, then: Callable[[], None]) -> bool:
        """Have `then` called in a later step, when the end of the server takes nothing of this from the client. Return
        False where there is nothing to wait for: where it is kept by now, and where the file cannot be written."""
        session = connection.session
        if session is None or session.saved_revision == session.revision or self._database.fault is not None:
            return False
        session.kept = then
        self._held[session] = self._loop.time()
        return True

    async def kept(self, connection: Connection) -> None:
        """Wait for the same."""
        kept = asyncio.Event()
        if self.when_kept(connection, kept.set):
            await kept.wait()

    # What it has read.

    def asked(self, connection: Connection) -> None:
        """The client was asked just now to show what it has read."""
        session = connection.session
        if session is None:
            return
        if connection.holds:
            session.asked_message_id = session.asked_notification_id = 0
        else:
            session.asked_message_id = self._push.last_message_id
            session.asked_notification_id = self._push.last_notification_id

    def read_by(self, connection: Connection) -> None:
        """The client has answered: it has read all that it was sent before it was asked."""
        session = connection.session
        if session is None:
            return
        session.message_id = max(session.message_id, session.asked_message_id)
        session.notification_id = max(session.notification_id, session.asked_notification_id)
        session.asked_message_id = session.asked_notification_id = 0
        if connection.asked_about or session.saved_message_id < session.touched_id:
            self._save_later(session)
        if session.message_id < session.touched_id:
            connection.carrier.ask()

    def beat(self, now: float) -> None:
        """Once a second: ask those that were sent a message since, with the next one where it comes soon. Answer those
        that wait for a file that hangs."""
        if self._push.touched:
            self._push.to_ask |= self._push.touched
            self._push.touched = set()
            self._loop.call_later(ASKED_WITHIN_S, self._ask_all)
        while self._held:
            session, since = next(iter(self._held.items()))
            if now - since < HELD_FOR_S:
                break
            self._answer(session)

    def _ask_all(self) -> None:
        rooms, self._push.to_ask = self._push.to_ask, set()
        for room in rooms:
            self._ask(room)

    def _ask(self, room: Room) -> None:
        """Ask those in the room what they have read."""
        fence = self._push.last_message_id
        for connection, member in room.members.items():
            session = connection.session
            if session is not None and member.since is not None and session.touched_id < fence:
                session.touched_id = fence
                connection.carrier.ask()
                if session.saved_message_id < session.message_id:
                    self._save_later(session)

    # It comes back.

    async def take_up(self, connection: Connection, pid: str) -> dict[int, Joined] | None:
        """Let the connection have the session of this pid; return the questions that it had joined. None when there is
        none for it: it is another's, or not good any more."""
        secret, number = pid[:SECRET_CHARACTERS], pid[SECRET_CHARACTERS:]
        session_id = int(number) if number.isascii() and number.isdigit() and len(number) <= LONGEST_NUMBER else 0
        async with asyncio.timeout(LOOKED_UP_WITHIN_S):
            stored = await self._find(session_id)
        session = self._sessions.get(session_id)
        if session is None and stored is not None:
            session = _live(stored)
        has_ended = not (connection.connected or connection.has_left)
        if session is None or has_ended or not self._is_good(session, secret, connection):
            self.not_found += 1
            return None
        self._sessions[session.id] = session
        if session.connection is not None:
            older, session.connection.session = session.connection, None
            session.follows = older.follows
            self._answer(session)
            older.carrier.cut("taken up by another connection")
        rooms = {**({} if stored is None else stored.rooms), **(session.changes or {})}
        connection.follows = session.follows
        session.ended_at = None
        session.asked_message_id = session.asked_notification_id = 0  # what the older was asked, this one cannot answer
        _belongs(session, connection)
        if connection.has_left:
            self.left(connection)
            return None
        self._save_later(session)
        self.brought_back += 1
        return {question_id: joined for question_id, joined in rooms.items() if joined is not None}

    async def bring_back(self, connection: Connection, rooms: Mapping[int, Joined]) -> None:
        """Bind and join as before, and send what was missed. What its token does not allow any more is dropped."""
        session = connection.session
        connection.holds += 1  # what it has not been sent yet must not count as read
        try:
            if session is not None and session.user_id is not None:
                await self._bind(connection, session, session.user_id)
            for question_id, joined in rooms.items():
                if session is None or connection.session is not session:
                    return  # it has ended
                await self._join(connection, session, question_id, joined)
        finally:
            connection.holds -= 1
        if session is not None and connection.session is session:
            session.touched_id = self._push.last_message_id
            connection.carrier.ask()

    async def _bind(self, connection: Connection, session: LiveSession, user_id: int) -> None:
        identity = connection.identity
        if identity is not None and refusal(identity, BIND_USER, BindUser(user_id=user_id)) is not None:
            self.binds(connection, None)
            return
        known = self._push.known_to(connection, user_id)
        stream = MissedNotifications(self._database, self._push, user_id, known, session.notification_id)
        if await follow(self._push, connection, self._rooms.user(user_id), stream, None, _ignore):
            connection.user_id = user_id

    async def _join(self, connection: Connection, session: LiveSession, question_id: int, joined: Joined) -> None:
        identity = connection.identity
        if connection.account is not None:
            connection.account.reads += LEAST_READ  # as a join costs
        found = await self._lookup.elder_of(question_id)
        if connection.session is not session:
            return
        refused = None if identity is None else refusal(identity, JOIN_QUESTION, JoinQuestion(question_id=question_id))
        within = None if refused is not None else reach_of_event(identity, JOIN_QUESTION)
        is_beyond = found is None or (within is not None and not within.has_question(question_id, found))
        if refused is not None or is_beyond:
            self.leaves(connection, question_id)
            return
        claimed = STAFF if joined.is_staff else None
        visibility = visible_to(claimed if identity is None else identity.user_type)
        who = reader(identity, joined.user_id, joined.user_type)
        room, read_up_to = self._rooms.question(question_id), max(joined.since, session.message_id)
        if read_up_to >= self._push.last_message_id:
            room.go_live(connection, visibility, joined.updates, joined.since, who)  # nothing was said since
            return
        stream = MissedMessages(
            self._database,
            self._push,
            question_id,
            visibility,
            within,
            joined.updates,
            who,
            joined.since,
            read_up_to=read_up_to,
        )
        await follow(self._push, connection, room, stream, None, _ignore)

    async def _find(self, session_id: int) -> Session | None:
        """Return the session as it is in the file, so that what is in memory has all that came to it since."""
        while True:
            session = self._sessions.get(session_id)
            saves = 0 if session is None else session.saves
            stored = await sessions.find(self._database, session_id)
            if self._sessions.get(session_id) is session and (session is None or session.saves == saves):
                return stored

    def _is_good(self, session: LiveSession, secret: str, connection: Connection) -> bool:
        """Whether the connection may have the session."""
        if session.is_forgotten or session.owner != _owner(connection.identity):
            return False
        if not hmac.compare_digest(session.secret, _hash(secret)):
            return False
        return session.ended_at is None or self._clock() - session.ended_at < self._seconds * 1000

    # The file.

    def _change(self, session: LiveSession, question_id: int, joined: Joined | None) -> None:
        if session.changes is None:
            session.changes = {}
        session.changes[question_id] = joined
        self._save_now(session)

    def _save_now(self, session: LiveSession) -> None:
        """Has it written with what else comes in the next turns of the loop, and while another write is under way."""
        session.revision += 1
        self._unsaved[session] = None
        self._changes += 1
        if not self._is_gathering:
            self._is_gathering = True
            self._loop.call_soon(self._gather, self._changes, MOST_TURNS)

    def _save_later(self, session: LiveSession) -> None:
        """Has it written with what else comes within a moment."""
        self._unsaved[session] = None
        if self._timer is None:
            self._timer = self._loop.call_later(SAVED_WITHIN_S, self._save_all)

    def _gather(self, changes: int, turns: int) -> None:
        """Go on for so many turns of the loop at most, as long as more come in each."""
        if turns and self._changes > changes:
            self._loop.call_soon(self._gather, self._changes, turns - 1)
            return
        self._is_gathering = False
        self._is_due = True
        self._save()

    def _save_all(self) -> None:
        self._timer = None
        self._is_due = True
        self._save()

    def _save(self) -> None:
        """Has the unsaved ones written. After a failure it tries again."""
        if self._is_saving or not self._is_due:
            return
        batch = list(islice(self._unsaved, MOST_IN_WRITE))
        for session in batch:
            del self._unsaved[session]
        self._is_due = bool(self._unsaved)
        if not batch:
            return
        self._is_saving = True
        taken = [(session, session.as_stored(), session.revision) for session in batch]
        new = [session for session in batch if not session.is_stored]
        self._stored += len(new)
        for session in new:
            session.is_stored = True

        def done(_: None) -> None:
            self._is_saving = False
            if any(revision > session.saved_revision for session, _, revision in taken):
                self._sync_later()
            for session, stored, revision in taken:
                self._saved(session, stored, revision)
            self._delete_beyond()
            self._save()

        def failed(fault: Exception) -> None:
            self._is_saving = self._is_due = False
            if not isinstance(fault, WriteUnknown):
                self._stored -= len(new)
                for session in new:
                    session.is_stored = False  # where its client leaves, there is nothing to delete
            for session in batch:
                self._answer(session)
                if not session.is_forgotten:
                    self._unsaved[session] = None
            self._lose_the_oldest()
            log.warning("the sessions of clients could not be written: %s", fault)
            self._loop.call_later(RETRY_AFTER_S, self._save_all)

        self._database.write(each(sessions.save), [stored for _, stored, _ in taken], done, failed, is_unsynced=True)

    def _saved(self, session: LiveSession, stored: Session, revision: int) -> None:
        session.saved(stored, revision)
        if session.kept is not None and revision == session.revision:
            self._answer(session)
        is_over = session.connection is None and not session.is_forgotten
        if is_over and session not in self._unsaved and self._sessions.get(session.id) is session:
            del self._sessions[session.id]

    def _answer(self, session: LiveSession) -> None:
        """Let an answer go that waited for the file."""
        self._held.pop(session, None)
        if session.kept is not None:
            kept, session.kept = session.kept, None
            self._loop.call_soon(kept)

    def _lose_the_oldest(self) -> None:
        ended = [session for session in self._unsaved if session.connection is None]
        for session in ended[: max(0, len(ended) - MOST_UNSAVED)]:
            del self._unsaved[session]
            self._sessions.pop(session.id, None)

    def _forget(self) -> None:
        """Has the sessions deleted whose clients have left. After a failure it tries again; until then none of them
        comes back."""
        if not self._forgotten:
            return
        ids, self._forgotten = self._forgotten, []

        def done(_: None) -> None:
            # Not at once: what another looked up before is not handed out yet.
            self._loop.call_later(LOOKED_UP_WITHIN_S, self._drop, ids)

        def failed(fault: Exception) -> None:
            self._forgotten += ids
            log.warning("the sessions of clients that have left could not be deleted: %s", fault)
            self._loop.call_later(RETRY_AFTER_S, self._forget)

        self._database.write(each(sessions.forget), ids, done, failed)

    def _drop(self, ids: list[int]) -> None:
        for session_id in ids:
            self._sessions.pop(session_id, None)

    def _delete_beyond(self) -> None:
        """Has those deleted that are too many, chunk by chunk."""
        if self._stored <= MOST_SESSIONS or self._is_deleting:
            return
        self._is_deleting = True

        def done(left: tuple[int, bool]) -> None:
            self._is_deleting = False
            self._stored, has_deleted = left
            if has_deleted:
                self._delete_beyond()

        def failed(_: Exception) -> None:
            self._is_deleting = False  # the next save tries again

        self._database.write(each(sessions.delete_oldest), MOST_SESSIONS, done, failed)

    def _sync_later(self) -> None:
        """Has the disk hold what was written, where no other commit has brought it there by then."""
        if self._sync_timer is None:
            self._sync_timer = self._loop.call_later(SYNCED_WITHIN_S, self._sync, self._loop.time())

    def _sync(self, since: float) -> None:
        self._sync_timer = None
        if self._database.committed_at <= since:
            self._database.write(each(touch), None, _ignore, _ignore)


def _belongs(session: LiveSession, connection: Connection) -> None:
    session.connection, connection.session = connection, session


def _live(stored: Session) -> LiveSession:
    session = LiveSession(stored.id, stored.secret, stored.owner, stored.message_id, stored.notification_id)
    session.user_id, session.follows, session.ended_at = stored.user_id, stored.follows, stored.ended_at
    session.is_stored = True
    return session


def _owner(identity: Identity | None) -> Owner | None:
    return None if identity is None else (identity.user_id, identity.user_type)


def _hash(secret: str) -> str:
    return sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


def _ignore(_: object) -> None:
    """What becomes of it makes no difference."""
