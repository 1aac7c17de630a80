"""What a new sandbox holds: two elders with questions, messages and reminders. The people are those of the page."""

import asyncio
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import orjson

from reminders import tasks
from reminders.budget import CREATION_STEPS, Budget
from reminders.tasks import Timing
from store import posting, questions, reminders
from store.clock import ClinicTime, first_on_wall, in_milliseconds, on_wall
from store.database import Database
from store.history import API
from store.messages import Draft
from store.questions import Change, NewQuestion
from store.reminders import NewTask
from store.transaction import each

ELDER: Final = (456, "ELDER", "张三")
SECOND_ELDER: Final = (457, "ELDER", "李秀英")
FAMILY: Final = (789, "FAMILY", "家属张小明")
NURSE: Final = (1001, "STAFF", "护士王敏")
PEOPLE: Final = (ELDER, SECOND_ELDER, FAMILY, NURSE)

_Person = tuple[int, str, str]
_MINUTE: Final = 60_000  # milliseconds


@dataclass(frozen=True, slots=True)
class _Reminder:
    user: _Person
    title: str
    content: str
    rrule: str  # from tomorrow at 08:00 on
    # Milliseconds after the planned time, and the user that rings then; the last is the end.
    ladder: tuple[tuple[int, int | None], ...] = ()


_REMINDERS: Final = (
    _Reminder(
        ELDER,
        "服药提醒",
        "请服用降压药，一次一片",
        "FREQ=DAILY;BYHOUR=8,20",
        ((15 * _MINUTE, ELDER[0]), (30 * _MINUTE, FAMILY[0]), (90 * _MINUTE, None)),
    ),
    _Reminder(ELDER, "测量血压", "早饭前测量并记录", "FREQ=DAILY"),
    _Reminder(SECOND_ELDER, "康复训练", "抬腿练习，每侧十次", "FREQ=WEEKLY;BYDAY=MO,WE,FR;BYHOUR=10"),
)


async def add(database: Database, time: ClinicTime) -> None:
    """Fill a new database. Nothing rings before tomorrow at 08:00."""
    talk = await _question(database, time, "最近血压偏高", ELDER)
    await _message(database, time, talk, ELDER, "早上 150/95，需要调药吗？")
    await _message(database, time, talk, FAMILY, "他昨晚没有睡好。")
    await _message(database, time, talk, NURSE, "内部：已请李医生看一下。", is_visible_to_patient=False)
    await _message(database, time, talk, NURSE, "先不调药，今晚再量一次告诉我。")
    over = await _question(database, time, "膝盖疼，可以散步吗", SECOND_ELDER)
    await _message(database, time, over, SECOND_ELDER, "昨天走了半小时，今天有点疼。")
    await _message(database, time, over, NURSE, "先休息两天，不疼了再慢慢走。")
    await database.written(each(questions.change), Change(over, {"status": "CLOSED"}, time.now()))
    for number, one in enumerate(_REMINDERS, 1):
        await _reminder(database, time, number, one)


async def _question(database: Database, time: ClinicTime, title: str, elder: _Person) -> int:
    new = NewQuestion(title, elder[0], time.now(), {"priority": questions.NORMAL})
    return (await database.written(each(questions.open_question), new)).id


async def _message(
    database: Database,
    time: ClinicTime,
    question_id: int,
    sender: _Person,
    text: str,
    *,
    is_visible_to_patient: bool = True,
) -> None:
    sender_id, sender_type, name = sender
    draft = Draft(
        question_id=question_id,
        sender_type=sender_type,
        sender_id=sender_id,
        role_display_name=name,
        content_type="TEXT",
        content_text=text,
        attachments="[]",
        is_visible_to_patient=is_visible_to_patient,
        sent_at=time.now(),
        client_msg_id=None,
    )
    await database.written(each(posting.post_one), draft)


async def _reminder(database: Database, time: ClinicTime, number: int, one: _Reminder) -> None:
    now = time.now()
    tomorrow = on_wall(now, time.zone).date() + timedelta(days=1)
    starts_on = datetime(tomorrow.year, tomorrow.month, tomorrow.day, 8)
    moment = in_milliseconds(first_on_wall(starts_on, time.zone))
    timing = Timing(time.zone, moment, starts_on, one.rrule, (), tasks.LATEST)
    columns = await asyncio.to_thread(tasks.made, timing, now, Budget(CREATION_STEPS))
    new = NewTask(
        user_id=one.user[0],
        biz_type="INTERVENTION_TASK",
        biz_id=number,
        channel="IN_APP",
        title=one.title,
        content=one.content,
        created_at=now,
        by=API,
        timing={**columns, "zone_given": False},
        follow_up=orjson.dumps(one.ladder).decode() if one.ladder else None,
        critical=True if one.ladder else None,
    )
    await database.written(each(reminders.add), new)
