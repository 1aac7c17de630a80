"""Participants of a question, and who has read it up to where (sections 2.5 and 7)."""

from typing import Annotated

from msgspec import Meta, Struct

from consult.contract import faults
from consult.contract.faults import Fault
from consult.contract.fields import AfterId, Cursor, Id, PageLimit, QuestionId, UserType, ViewerType, means
from consult.contract.limits import USUAL_PAGE
from consult.contract.payloads import Payload
from consult.contract.reply_fields import HasMore, QuestionNumber, ReplyId, const
from consult.contract.rows import ANOTHER_ID, Call, ClientEvent, Mistake, ServerEvent, Work
from consult.contract.words import Words

UpToId = Annotated[
    Annotated[int, Meta(ge=0)],
    means("已读到的消息编号；还没有读过为 0", "the id of the message up to which it is read, 0 before the first"),
]
UserId = Annotated[ReplyId, means("用户编号", "the user's id")]
Kind = Annotated[str, means("用户类型", "what the user is")]


class ReadQuestion(Payload, kw_only=True, gc=False):
    """Section 2.5."""

    question_id: QuestionId
    up_to_id: Annotated[Cursor, means("已读到哪一条消息，含该条", "the id of the last message that the user has read")]


class NewParticipant(Payload, kw_only=True, gc=False):
    user_id: Annotated[Id, means("用户编号", "the user's id")]
    user_type: Annotated[UserType, means("用户类型", "what the user is")]


class ParticipantQuery(Payload, kw_only=True, gc=False):
    after_id: AfterId = None
    limit: PageLimit = USUAL_PAGE
    user_type: ViewerType = None


class ReadAck(Struct, kw_only=True):
    """第 2.5 节。Section 2.5."""

    success: Annotated[bool, means("总是 true", "always true", **const(True))]
    question_id: QuestionNumber
    up_to_id: UpToId
    unread: Annotated[
        int,
        means(
            "此后该用户在此问题中还有多少条未读", "how many messages of the question the user has not read by now", ge=0
        ),
    ]


class QuestionRead(Struct, kw_only=True):
    """第 2.5 节。Section 2.5."""

    question_id: QuestionNumber
    user_id: UserId
    user_type: Kind
    up_to_id: UpToId


class Participant(Struct, kw_only=True):
    """咨询问题的参与者。A participant of a question."""

    user_id: UserId
    user_type: Kind
    up_to_id: UpToId


class ParticipantPage(Struct, kw_only=True):
    items: Annotated[list[Participant], means("按用户编号排列", "in the order of their ids")]
    has_more: HasMore


_READ = {"question_id": 123, "up_to_id": 789}
_NAMED = {"user_id": 456, "user_type": "STAFF"}
PARTICIPANT = {**_NAMED, "up_to_id": 789}

READ_QUESTION = ClientEvent(
    "read_question",
    "2.5",
    Words("告知已读到哪一条消息", "tell up to which message the user has read a question"),
    ReadQuestion,
    _READ,
    "read_question:ack",
    mistakes=(
        Mistake(Words("消息编号为负数", "a negative message id"), {**_READ, "up_to_id": -1}),
        Mistake(Words("缺少 up_to_id", "up_to_id left out"), {"question_id": 123}),
        Mistake(
            Words("没有加入该问题", "a question that was not joined"),
            {**_READ, "question_id": ANOTHER_ID},
            Fault(faults.NOT_JOINED),
        ),
    ),
    work=Work.WRITE,
)

READ_QUESTION_ACK = ServerEvent(
    "read_question:ack",
    "2.5",
    Words("确认已读到哪一条，以及还有多少条未读", "up to where it is read, and how many messages are not"),
    {"success": True, **_READ, "unread": 0},
    shapes=(ReadAck,),
)

QUESTION_READ = ServerEvent(
    "question:read",
    "2.5",
    Words("有人读到了更后面的消息", "a user has read further"),
    {"question_id": 123, **PARTICIPANT},
    shapes=(QuestionRead,),
)

LIST_PARTICIPANTS = Call(
    "GET /api/questions/{question_id}/participants",
    Words("参与者，以及各自读到哪一条", "who takes part, and up to where each has read"),
    {"items": [PARTICIPANT], "has_more": False},
    ParticipantPage,
    query=ParticipantQuery,
    faults=(400, 404),
    takes_turns=True,
)

ADD_PARTICIPANT = Call(
    "POST /api/questions/{question_id}/participants",
    Words("加入一位参与者；重复加入无变化", "lets a user take part; again changes nothing"),
    PARTICIPANT,
    Participant,
    status=201,
    body=NewParticipant,
    example=_NAMED,
    faults=(400, 404, 409, 413, 415),
)

REMOVE_PARTICIPANT = Call(
    "DELETE /api/questions/{question_id}/participants",
    Words("移除一位参与者；长者除外", "lets a user take part no more; not the elder"),
    PARTICIPANT,
    Participant,
    body=NewParticipant,
    example=_NAMED,
    faults=(400, 404, 409, 413, 415),
)
