"""Participants of questions, over HTTP."""

from dataclasses import dataclass

from sanic.response import HTTPResponse

from consult.away import Away
from consult.contract import faults, replies
from consult.contract.faults import Fault
from consult.contract.participants import (
    ADD_PARTICIPANT,
    LIST_PARTICIPANTS,
    REMOVE_PARTICIPANT,
    NewParticipant,
    Participant,
    ParticipantPage,
    ParticipantQuery,
)
from consult.http.answers import Writing
from consult.http.calls import Handlers
from consult.http.request import Asked
from consult.push import Push
from store import participants
from store.clock import ClinicTime
from store.database import Database
from store.messages import NoQuestion, visible_to
from store.participants import IsElder, Naming, NoParticipant, Reader


@dataclass(frozen=True, slots=True)
class Participants:
    database: Database
    writing: Writing
    time: ClinicTime
    push: Push
    away: Away

    def handlers(self) -> Handlers:
        """By their rows."""
        return {
            LIST_PARTICIPANTS: self.list_participants,
            ADD_PARTICIPANT: self.add_participant,
            REMOVE_PARTICIPANT: self.remove_participant,
        }

    async def list_participants(self, asked: Asked[ParticipantQuery, None]) -> ParticipantPage:
        query = asked.query
        page = await participants.page(
            self.database,
            asked.id,
            visible_to(asked.asker.user_type(query.user_type)),
            after_id=query.after_id or 0,
            limit=query.limit,
        )
        if page is None:
            raise Fault(faults.QUESTION_NOT_FOUND)
        items, has_more = page
        return ParticipantPage(items=[replies.participant(one) for one in items], has_more=has_more)

    async def add_participant(self, asked: Asked[None, NewParticipant]) -> Participant | HTTPResponse:
        def publish(_: participants.Participant | NoQuestion) -> None:
            self.away.gone(asked.id)  # what is unread is told to who is not there

        return await self.writing.post(asked, participants.add, self._naming(asked), _shape, publish)

    async def remove_participant(self, asked: Asked[None, NewParticipant]) -> Participant | HTTPResponse:
        def publish(outcome: participants.Removed | NoQuestion | NoParticipant | IsElder) -> None:
            if isinstance(outcome, participants.Removed):
                for answered in outcome.answered:
                    self.push.updated(answered)

        return await self.writing.post(asked, participants.remove, self._naming(asked), _shape, publish)

    def _naming(self, asked: Asked[None, NewParticipant]) -> Naming:
        return Naming(asked.id, Reader(asked.body.user_id, asked.body.user_type), self.time.now(), asked.by)


def _shape(
    outcome: participants.Participant | participants.Removed | NoQuestion | NoParticipant | IsElder,
) -> Participant | Fault:
    if isinstance(outcome, participants.Removed):
        return replies.participant(outcome.participant)
    if isinstance(outcome, participants.Participant):
        return replies.participant(outcome)
    if isinstance(outcome, NoQuestion):
        return Fault(faults.QUESTION_NOT_FOUND)
    return Fault(faults.ELDER_STAYS if isinstance(outcome, IsElder) else faults.NOT_FOUND)
