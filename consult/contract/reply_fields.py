"""The fields of replies that several of them have, and how a field of a reply is described."""

from typing import Annotated, Any

from msgspec import Meta, UnsetType

from consult.contract.fields import MAX_ID
from consult.contract.words import Words


def described(zh: str, en: str, **limits: Any) -> Meta:
    """Return the description of a field for the documents, with limits for its JSON Schema."""
    return Meta(description=f"{zh} / {en}", extra={"about": Words(zh, en)}, **limits)


def const(value: bool | str) -> dict[str, Any]:
    """Return the limit of a field that always has this value."""
    return {"extra_json_schema": {"const": value}}


ReplyId = Annotated[int, Meta(ge=1, le=MAX_ID)]
Time = Annotated[str, Meta(pattern=r"\A\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\Z")]
TimeOrDate = Annotated[str, Meta(pattern=r"\A\d{4}-\d\d-\d\d( \d\d:\d\d:\d\d)?\Z")]
QuestionNumber = Annotated[ReplyId, described("咨询问题编号", "the question's id")]
BusinessKind = Annotated[str, described("业务类型，原样返回", "the kind of business, as given")]
BusinessId = Annotated[ReplyId, described("业务编号，原样返回", "the business's id, as given")]
# Of a catch-up; there is none without a cursor.
LatestId = Annotated[
    Annotated[int, Meta(ge=0)] | UnsetType,
    described(
        "带 `after_id` 才有：可见的最新编号，没有时为 0", "with `after_id` only: the latest visible id, 0 without any"
    ),
]
MoreThanReplayed = Annotated[
    bool | UnsetType,
    described("带 `after_id` 才有：补发之外是否还有更多", "with `after_id` only: whether there is more than is sent"),
]
HasMore = Annotated[bool, described("该方向上是否还有更多", "whether there are more in that direction")]
Confirmed = described("确认的时间", "when it was confirmed")
SnoozedUntil = described("推迟到何时再次提醒，没有推迟时为 null", "when it comes again, null when it does not")
