"""Consultation questions and their messages, over HTTP."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import orjson
from sanic.response import HTTPResponse

from consult.away import Away
from consult.contract import faults, replies
from consult.contract.faults import Fault
from consult.contract.messages import LIST_MESSAGES, POST_MESSAGE, Message, MessagePage, MessageQuery, NewMessage
from consult.contract.permissions import Role
from consult.contract.questions import (
    CHANGE_QUESTION,
    CLEARED,
    GET_QUESTION,
    LIST_QUESTIONS,
    OPEN_QUESTION,
    NewQuestion,
    Question,
    QuestionChange,
    QuestionPage,
    QuestionQuery,
    VisibilityQuery,
)
from consult.http.answers import Writing, json_answer
from consult.http.calls import Handlers
from consult.http.request import Asked, json_of
from consult.json_text import dumps
from consult.push import Push
from consult.sending import Sending
from store import messages, posting, questions
from store.clock import ClinicTime
from store.database import Database
from store.messages import Repeated, visible_to
from store.participants import Reader
from store.posting import Outcome, Posted
from store.questions import Changes, ListedQuestion
from store.transaction import each

# Fields of a question beside title, elder and status. Those that tell or ring others are for the clinic to give.
STAFF_ALONE = frozenset({"assignee_id", "notify_replies", "answer_within", "follow_up"})
GIVEN = (*STAFF_ALONE, "priority", "category")
STAFF_ROLES = (Role.STAFF, Role.SERVICE)


@dataclass(frozen=True, slots=True)
class Questions:
    database: Database
    writing: Writing
    time: ClinicTime
    sending: Sending
    push: Push
    away: Away
    notify_replies: bool  # of a question that is opened without saying so

    def handlers(self) -> Handlers:
        """By their rows."""
        return {
            OPEN_QUESTION: self.open_question,
            LIST_QUESTIONS: self.list_questions,
            GET_QUESTION: self.get_question,
            CHANGE_QUESTION: self.change_question,
            LIST_MESSAGES: self.list_messages,
            POST_MESSAGE: self.post_message,
        }

    async def open_question(self, asked: Asked[None, NewQuestion]) -> Question | HTTPResponse:
        asked.asker.refuse_other("elder_id", asked.body.elder_id)
        columns = _columns(asked, set())
        if columns:
            columns.setdefault("priority", questions.NORMAL)
        columns.setdefault("notify_replies", self.notify_replies)
        new = questions.NewQuestion(asked.body.title, asked.body.elder_id, self.time.now(), columns)
        return await self.writing.post(
            asked,
            questions.open_question,
            new,
            lambda question: replies.question(question, self.time),
            self._opened,
        )

    def _opened(self, question: questions.Question) -> None:
        if question.notify_replies:
            self.away.tells(question.id, is_new=True)

    async def list_questions(self, asked: Asked[QuestionQuery, None]) -> QuestionPage:
        query, asker = asked.query, asked.asker
        chosen: dict[str, Any] = {
            "status": query.status,
            "elder_id": query.elder_id,
            "before_id": query.before_id,
            "limit": query.limit,
            "within": asker.reach,
        }
        visibility = visible_to(asker.user_type(query.user_type or query.participant_type))
        items: Sequence[ListedQuestion | questions.Question]
        if query.participant_id is None or query.participant_type is None:
            items, has_more = await questions.page(self.database, visibility, **chosen)
        else:
            participant = Reader(query.participant_id, query.participant_type)
            asker.refuse_other_reader("participant_id", participant.user_id)
            both = visibility.and_of(visible_to(participant.user_type))
            items, has_more = await questions.page_of_participant(self.database, both, participant, **chosen)
        return QuestionPage(items=[replies.listed_question(one, self.time) for one in items], has_more=has_more)

    async def get_question(self, asked: Asked[VisibilityQuery, Any]) -> Question:
        visibility = visible_to(asked.asker.user_type(asked.query.user_type))
        question = await questions.get(self.database, asked.id, visibility)
        if question is None:
            raise Fault(faults.QUESTION_NOT_FOUND)
        return replies.question(question, self.time)

    async def change_question(self, asked: Asked[VisibilityQuery, QuestionChange]) -> Question:
        sent = json_of(asked.request)
        columns = _columns(asked, {name for name in CLEARED if name in sent and sent[name] is None})
        if asked.body.status is not None:
            columns["status"] = asked.body.status
        change = questions.Change(asked.id, columns, self.time.now())
        await self.database.written(each(questions.change), change, self._changed)
        return await self.get_question(asked)

    def _changed(self, changes: Changes) -> None:
        self.push.question_changed(changes)
        for one in changes.seen[:1]:
            if one.question.notify_replies:
                self.away.tells(one.question.id)
            else:
                self.away.tells_no_more(one.question.id)

    async def list_messages(self, asked: Asked[MessageQuery, None]) -> MessagePage:
        query = asked.query
        page = await messages.page(
            self.database,
            asked.id,
            visible_to(asked.asker.user_type(query.user_type)),
            after_id=query.after_id,
            before_id=query.before_id,
            limit=query.limit,
        )
        if page is None:
            raise Fault(faults.QUESTION_NOT_FOUND)
        items, has_more = page
        return MessagePage(
            items=[replies.message(message, self.time, self.sending.addresses.handed) for message in items],
            has_more=has_more,
        )

    async def post_message(self, asked: Asked[None, NewMessage]) -> HTTPResponse:
        """Send a message, as `send_message` does. A repeat of one with a `client_msg_id` is 200."""
        asked.asker.refuse_other_claims(asked.body)
        is_repeat = False

        def shape(appended: Outcome) -> Message | Fault:
            if isinstance(appended, messages.Message):
                return replies.message(appended, self.time, _as_stored)
            if isinstance(appended, Repeated | Posted):
                return replies.message(appended.message, self.time, _as_stored)
            return self.sending.fault_of(appended)

        def publish(appended: Outcome) -> None:
            nonlocal is_repeat
            is_repeat = isinstance(appended, Repeated)
            if isinstance(appended, messages.Message | Posted):
                message = appended if isinstance(appended, messages.Message) else appended.message
                self.sending.publish(appended, self.sending.encoded(message))

        draft = self.sending.draft(asked.id, asked.body, asked.asker.identity, None)
        reply = await self.writing.post(asked, posting.post_one, draft, shape, publish)
        # An answer that is kept under an Idempotency-Key outlives the addresses of files: they are signed as it goes.
        is_kept = isinstance(reply, HTTPResponse)
        text = (reply.body or b"" if isinstance(reply, HTTPResponse) else dumps(reply)).decode()
        signed = self.sending.addresses.handed(text).encode()
        return json_answer(signed, 200 if is_repeat or is_kept else POST_MESSAGE.status)


def _as_stored(attachments: str) -> str:
    return attachments


def _columns(asked: Asked[Any, NewQuestion] | Asked[Any, QuestionChange], cleared: set[str]) -> dict[str, Any]:
    """Return the columns that were given beside title, elder and status, those that null clears among them; FORBIDDEN
    where the caller may not give them."""
    body, identity = asked.body, asked.asker.identity
    given = {name: value for name in GIVEN if (value := getattr(body, name)) is not None}
    is_of_clinic = identity is None or identity.role in STAFF_ROLES
    if not is_of_clinic and (given.keys() | cleared) & STAFF_ALONE:
        raise Fault(faults.FORBIDDEN)
    if body.answer_within is not None:
        given["answer_within"] = body.answer_within * 1000
    if body.follow_up is not None:
        given["follow_up"] = orjson.dumps([(one.after * 1000, one.user_id) for one in body.follow_up]).decode()
    return given | dict.fromkeys(cleared)
