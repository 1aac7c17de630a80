"""The hours in which a user is left alone (section 12)."""

from typing import Annotated

from msgspec import Struct, defstruct

from consult.contract.fields import TimeOfDay, Zone, means
from consult.contract.payloads import Check, Payload
from consult.contract.reply_fields import ReplyId
from consult.contract.rows import Call
from consult.contract.words import Words

# `from` is a word of Python's own: no class statement can name it.
NewQuietHours: type[Payload] = defstruct(
    "NewQuietHours",
    [
        ("from", Annotated[TimeOfDay, means("从几点起", "when they begin")]),
        (
            "to",
            Annotated[
                TimeOfDay, means("到几点止；早于 `from` 则为次日", "when they end; if before `from`, on the next day")
            ],
        ),
        (
            "timezone",
            Annotated[
                Zone | None,
                means("按哪个时区的当地时间；默认为诊所的时区", "by whose clocks; the clinic's when left out"),
            ],
            None,
        ),
    ],
    bases=(Payload,),
    namespace={
        "checks": (
            Check(
                "to",
                lambda payload: payload.get("from") != payload.get("to"),
                "to 不能与 from 相同",
                "not the same as `from`",
            ),
        )
    },
    module=__name__,
    kw_only=True,
    gc=False,
)  # type: ignore[assignment]

QuietHours: type[Struct] = defstruct(
    "QuietHours",
    [
        ("user_id", Annotated[ReplyId, means("哪个用户", "of which user")]),
        (
            "from",
            Annotated[str | None, means("从几点起；没有设置则三项均为 null", "when they begin; all null without any")],
        ),
        ("to", Annotated[str | None, means("到几点止", "when they end")]),
        ("timezone", Annotated[str | None, means("按哪个时区的当地时间", "by whose clocks")]),
    ],
    namespace={"__doc__": "免打扰时段。The hours in which a user is left alone."},
    module=__name__,
    kw_only=True,
)

_NIGHT = {"user_id": 1001, "from": "22:00", "to": "07:00", "timezone": "Asia/Shanghai"}
_NONE = {"user_id": 1001, "from": None, "to": None, "timezone": None}

SET_QUIET_HOURS = Call(
    "PUT /api/users/{user_id}/quiet-hours",
    Words(
        "设置用户的免打扰时段，取代以前的",
        "gives a user quiet hours, in place of the earlier ones",
    ),
    _NIGHT,
    QuietHours,
    body=NewQuietHours,
    example={"from": "22:00", "to": "07:00", "timezone": "Asia/Shanghai"},
    faults=(400, 413, 415),
)

GET_QUIET_HOURS = Call(
    "GET /api/users/{user_id}/quiet-hours",
    Words("查询用户的免打扰时段", "a user's quiet hours"),
    _NIGHT,
    QuietHours,
    faults=(400,),
)

END_QUIET_HOURS = Call(
    "DELETE /api/users/{user_id}/quiet-hours",
    Words(
        "取消用户的免打扰时段；重复取消无变化",
        "ends a user's quiet hours for good; again changes nothing",
    ),
    _NONE,
    QuietHours,
    faults=(400,),
)
