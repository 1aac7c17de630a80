"""The fields of replies that several of them have."""

from typing import Annotated, Any

from msgspec import Meta, UnsetType

from consult.contract.fields import means
from consult.contract.limits import MAX_ID


def const(value: bool | str) -> dict[str, Any]:
    """Return the limit of a field that always has this value."""
    return {"extra_json_schema": {"const": value}}


ReplyId = Annotated[int, Meta(ge=1, le=MAX_ID)]
Time = Annotated[str, Meta(pattern=r"\A\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\Z")]
TimeOrDate = Annotated[str, Meta(pattern=r"\A\d{4}-\d\d-\d\d( \d\d:\d\d:\d\d)?\Z")]
QuestionNumber = Annotated[ReplyId, means("咨询问题编号", "the question's id")]
BusinessKind = Annotated[str, means("业务类型，原样返回", "the kind of business, as given")]
BusinessId = Annotated[ReplyId, means("业务编号，原样返回", "the business's id, as given")]
# Of a catch-up; there is none without a cursor.
LatestId = Annotated[
    Annotated[int, Meta(ge=0)] | UnsetType,
    means(
        "带 `after_id` 才有：可见的最新编号，没有时为 0", "with `after_id` only: the latest visible id, 0 without any"
    ),
]
MoreThanReplayed = Annotated[
    bool | UnsetType,
    means("带 `after_id` 才有：补发之外是否还有更多", "with `after_id` only: whether there is more than is sent"),
]
HasMore = Annotated[bool, means("该方向上是否还有更多", "whether there are more in that direction")]
Confirmed = means("确认的时间", "when it was confirmed")
SnoozedUntil = means("推迟到何时再次提醒，没有推迟时为 null", "when it comes again, null when it does not")
