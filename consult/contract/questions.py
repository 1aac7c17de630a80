"""Consultation questions: opened, listed, closed; joined and left by connections (sections 2.1, 2.2 and 7)."""

from typing import Annotated, ClassVar

from msgspec import UNSET, Meta, Struct, UnsetType

from consult.contract import faults
from consult.contract.faults import Fault
from consult.contract.fields import (
    OF_STATUS,
    After,
    BeforeId,
    Category,
    Cursor,
    Flag,
    FollowUp,
    Id,
    JoiningUser,
    PageLimit,
    Priority,
    QuestionId,
    QuestionStatus,
    ShownName,
    Title,
    UserType,
    ViewerType,
    means,
)
from consult.contract.limits import USUAL_PAGE
from consult.contract.payloads import Check, Payload, must_be
from consult.contract.reminders import RISES
from consult.contract.reply_fields import HasMore, LatestId, MoreThanReplayed, QuestionNumber, ReplyId, Time
from consult.contract.rows import ANOTHER_ID, Call, ClientEvent, Mistake, ServerEvent, Work
from consult.contract.words import Words
from store import questions


class JoinQuestion(Payload, kw_only=True, gc=False):
    """Section 2.1."""

    question_id: QuestionId
    user_id: Annotated[
        JoiningUser | None, means("用户编号；登录前可省略或为 0", "the user's id; left out or 0 before a log-in")
    ] = None
    user_type: Annotated[
        UserType | None,
        means(
            "用户类型；只有 `STAFF` 看得到内部消息，省略时与老人所见相同",
            "what the user is; only `STAFF` sees staff-only messages, and one who leaves it out sees what elders see",
        ),
    ] = None
    role_display_name: ShownName = None
    after_id: Annotated[
        Cursor | None,
        means(
            "游标：已收到的最后一条消息的编号，或 0；要求补发其后的",
            "a cursor, the id of the last message that the client has, or 0: asks for those after it",
        ),
    ] = None
    updates: Annotated[
        Flag | None,
        means(
            "`true`：咨询问题有变化时收到 `question:updated`（第 2.4 节）",
            "`true` asks for `question:updated` when the question changes (section 2.4)",
        ),
    ] = None


class LeaveQuestion(Payload, kw_only=True, gc=False):
    """Section 2.2."""

    question_id: QuestionId


_AssigneeId = Annotated[Id | None, means("负责的员工的用户编号", "the user id of the staff member in charge")]
_Priority = Annotated[Priority | None, means("优先级", "how urgent it is")]
_Category = Annotated[Category | None, means("类别，原样返回", "its category, given back as it is")]
_NotifyReplies = Annotated[
    Flag | None,
    means(
        "`true`：不在房间内的参与者以通知得知新的消息（第 13 节）",
        "`true`: participants who are away get a notification of new messages (section 13)",
    ),
]
_AnswerWithin = Annotated[
    After | None,
    means("员工应在多少秒之内答复（第 13 节）", "seconds within which staff is to answer (section 13)"),
]
_FollowUp = Annotated[
    FollowUp | None,
    means(
        "未答复时再提醒谁；`user_id` 默认为负责的员工（第 13 节）",
        "the users that it rings while it is not answered; `user_id` left out is the assignee (section 13)",
    ),
]


# What a change may give beside the status; null clears what may be left open.
CLEARED = frozenset({"assignee_id", "category", "answer_within", "follow_up"})
OTHERS = CLEARED | {"priority", "notify_replies"}


class NewQuestion(Payload, kw_only=True, gc=False):
    title: Annotated[Title, means("标题", "the title")]
    elder_id: Annotated[Id, means("长者的用户编号", "the elder's user id")]
    assignee_id: _AssigneeId = None
    priority: _Priority = None
    category: _Category = None
    notify_replies: _NotifyReplies = None
    answer_within: _AnswerWithin = None
    follow_up: _FollowUp = None

    checks: ClassVar = (RISES,)


class QuestionChange(Payload, kw_only=True, gc=False):
    status: Annotated[QuestionStatus | None, means("新的状态", "the new status")] = None
    assignee_id: _AssigneeId = None
    priority: _Priority = None
    category: _Category = None
    notify_replies: _NotifyReplies = None
    answer_within: _AnswerWithin = None
    follow_up: _FollowUp = None

    checks: ClassVar = (
        Check(
            "status",
            lambda payload: payload.get("status") is not None or bool(payload.keys() & OTHERS),
            must_be("status", QuestionStatus).message,
            "required, unless another field is given",
        ),
        RISES,
    )


class QuestionQuery(Payload, kw_only=True, gc=False):
    status: Annotated[QuestionStatus | None, OF_STATUS] = None
    elder_id: Annotated[Id | None, means("只列出该长者的", "of that elder only")] = None
    participant_id: Annotated[
        Id | None,
        means(
            "只列出该参与者的，每项还有 `unread`、`last_message_at` 与 `waiting_since`",
            "those of a participant only, each with `unread`, `last_message_at` and `waiting_since`",
        ),
    ] = None
    participant_type: Annotated[UserType | None, means("该参与者的类型", "what that participant is")] = None
    before_id: BeforeId = None
    limit: PageLimit = USUAL_PAGE
    user_type: ViewerType = None

    checks: ClassVar = (
        Check(
            "participant_type",
            lambda query: query.get("participant_id") is None or query.get("participant_type") is not None,
            must_be("participant_type", UserType).message,
            "required with `participant_id`",
        ),
        Check(
            "participant_id",
            lambda query: query.get("participant_type") is None or query.get("participant_id") is not None,
            must_be("participant_id", Id).message,
            "required with `participant_type`",
        ),
    )


class VisibilityQuery(Payload, kw_only=True, gc=False):
    user_type: ViewerType = None


class JoinedQuestion(Struct, kw_only=True):
    """第 2.1 节。Section 2.1."""

    question_id: QuestionNumber
    latest_id: LatestId = UNSET
    has_more: MoreThanReplayed = UNSET


class LeftQuestion(Struct, kw_only=True):
    """第 2.2 节。Section 2.2."""

    question_id: QuestionNumber


class QuestionRung(Struct, kw_only=True):
    """未答复时再提醒谁。A user that is rung while a question is not answered."""

    after: Annotated[int, means("应答复的时间之后多少秒", "seconds after the answer was due", ge=1)]
    user_id: Annotated[ReplyId | None, means("提醒谁；null 为负责的员工", "the user; null is the assignee")]


class Question(Struct, kw_only=True):
    """咨询问题。A consultation question."""

    id: QuestionNumber
    title: Annotated[str, means("标题", "the title")]
    elder_id: Annotated[ReplyId, means("长者的用户编号", "the elder's user id")]
    status: Annotated[questions.Status, means("关闭后不再接收消息", "a closed one takes no messages")]
    created_at: Annotated[Time, means("新建的时间", "when it was opened")]
    latest_message_id: Annotated[
        ReplyId | None,
        means("可见的最新消息的编号，没有时为 null", "the id of its latest visible message, null without one"),
    ]
    assignee_id: Annotated[
        ReplyId | UnsetType | None,
        means(
            "给过本字段或以下任一字段才有：负责的员工，没有时为 null",
            "once this or one of the next fields was given: the staff member in charge, null without one",
        ),
    ] = UNSET
    priority: Annotated[questions.Priority | UnsetType, means("同上：优先级", "likewise: how urgent it is")] = UNSET
    category: Annotated[str | UnsetType | None, means("同上：类别", "likewise: its category")] = UNSET
    notify_replies: Annotated[
        bool | UnsetType,
        means("同上：不在房间内的参与者是否得到通知", "likewise: whether participants who are away are notified"),
    ] = UNSET
    answer_within: Annotated[
        int | UnsetType | None,
        means("同上：员工应在多少秒之内答复", "likewise: seconds within which staff is to answer"),
    ] = UNSET
    follow_up: Annotated[
        Annotated[list[QuestionRung], Meta(min_length=1)] | UnsetType | None,
        means("同上：未答复时再提醒谁", "likewise: the users that it rings while it is not answered"),
    ] = UNSET


class ListedQuestion(Question, kw_only=True):
    """列表中的咨询问题。A question in a list."""

    unread: Annotated[
        Annotated[int, Meta(ge=0)] | UnsetType,
        means("带 `participant_id` 才有：未读条数", "with `participant_id` only: how many messages are unread"),
    ] = UNSET
    last_message_at: Annotated[
        Time | UnsetType | None,
        means(
            "带 `participant_id` 才有：可见的最后一条消息的时间，没有时为 null",
            "with `participant_id` only: when its latest visible message was sent, null without one",
        ),
    ] = UNSET
    waiting_since: Annotated[
        Time | UnsetType | None,
        means(
            "带 `participant_id` 才有：最后一句可见的话不是员工所说时，从何时起；否则为 null",
            "with `participant_id` only: since when the last visible word is not staff's, else null",
        ),
    ] = UNSET


class QuestionPage(Struct, kw_only=True):
    items: Annotated[list[ListedQuestion], means("最新的在前", "newest first")]
    has_more: HasMore


QUESTION_ROOM = "consultation:question:{questionId}"

QUESTION = {
    "id": 123,
    "title": "最近血压偏高",
    "elder_id": 1001,
    "status": "OPEN",
    "created_at": "2025-01-01 09:58:00",
    "latest_message_id": 789,
}

DETAILED = {
    **QUESTION,
    "assignee_id": 456,
    "priority": "URGENT",
    "category": "高血压",
    "notify_replies": True,
    "answer_within": 1800,
    "follow_up": [{"after": 1800, "user_id": 457}],
}
LISTED = {**QUESTION, "unread": 2, "last_message_at": "2025-01-01 10:00:00", "waiting_since": None}

_JOIN = {"question_id": 123, "user_id": 456, "user_type": "ELDER", "role_display_name": "张三"}

JOIN_QUESTION = ClientEvent(
    "join_question",
    "2.1",
    Words("订阅某个咨询问题的实时消息", "subscribe to a consultation question's live messages"),
    JoinQuestion,
    _JOIN,
    "joined_question",
    mistakes=(
        Mistake(Words("问题编号为 0", "a question id of 0"), {**_JOIN, "question_id": 0}),
        Mistake(Words("user_type 不是大写", "a user_type in lower case"), {**_JOIN, "user_type": "elder"}),
        Mistake(
            Words("不存在的问题", "a question that does not exist"),
            {**_JOIN, "question_id": ANOTHER_ID},
            Fault(faults.QUESTION_NOT_FOUND),
        ),
        Mistake(Words("数据不是对象", "a payload that is no object"), [123, 456]),
    ),
    others=({"question_id": 123}, {**_JOIN, "after_id": 780}, {**_JOIN, "updates": True}),
    work=Work.READ,
)

JOINED_QUESTION = ServerEvent(
    "joined_question",
    "2.1",
    Words("确认已成功加入房间", "the connection is in the room"),
    {"question_id": 123},
    ({"question_id": 123, "latest_id": 789, "has_more": False},),
    shapes=(JoinedQuestion, JoinedQuestion),
)

LEAVE_QUESTION = ClientEvent(
    "leave_question",
    "2.2",
    Words("取消订阅某个咨询问题的实时消息", "end that subscription"),
    LeaveQuestion,
    {"question_id": 123},
    "left_question",
    mistakes=(Mistake(Words("编号是字符串", "an id that is a string"), {"question_id": "123"}),),
)

LEFT_QUESTION = ServerEvent(
    "left_question",
    "2.2",
    Words("确认已成功离开房间", "the connection is out of the room"),
    {"question_id": 123},
    shapes=(LeftQuestion,),
)

QUESTION_UPDATED = ServerEvent(
    "question:updated",
    "2.4",
    Words("咨询问题有变化", "a question has changed"),
    {**QUESTION, "status": "CLOSED"},
    (DETAILED,),
    shapes=(Question, Question),
)

OPEN_QUESTION = Call(
    "POST /api/questions",
    Words("新建咨询问题", "opens a consultation question"),
    {**QUESTION, "latest_message_id": None},
    Question,
    status=201,
    body=NewQuestion,
    example={"title": "最近血压偏高", "elder_id": 1001},
    faults=(400, 409, 413, 415),
)

LIST_QUESTIONS = Call(
    "GET /api/questions",
    Words("列出咨询问题，最新的在前", "lists questions, newest first"),
    {"items": [LISTED], "has_more": False},
    QuestionPage,
    query=QuestionQuery,
    faults=(400,),
    takes_turns=True,
)

GET_QUESTION = Call(
    "GET /api/questions/{question_id}",
    Words("查询一个咨询问题", "one question"),
    QUESTION,
    Question,
    query=VisibilityQuery,
    faults=(400, 404),
)

CHANGE_QUESTION = Call(
    "PATCH /api/questions/{question_id}",
    Words("修改：关闭、重新打开、指派等", "changes a question: closes, reopens or assigns it"),
    {**QUESTION, "status": "CLOSED"},
    Question,
    query=VisibilityQuery,
    body=QuestionChange,
    example={"status": "CLOSED"},
    faults=(400, 404, 413, 415),
)
