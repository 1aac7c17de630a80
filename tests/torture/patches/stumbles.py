"""Careline that fails over what nobody thought of: a short text, every fifth user, a list by pages."""

import sys
from typing import Any

import main
from consult.events import bind_user, send_message
from store import messages, notifications, questions, reminders

send, bind = send_message.handle, bind_user.handle


def send_but(*arguments: Any) -> None:
    if 0 < len(arguments[-2].content_text or "") < 8:
        raise KeyError("a short text")
    send(*arguments)


async def bind_but(*arguments: Any) -> None:
    if arguments[-2].user_id % 5 == 0:
        raise ValueError("every fifth user")
    await bind(*arguments)


async def page_but(*_: Any, **__: Any) -> Any:
    raise IndexError("a list by pages")


send_message.handle = send_but  # type: ignore[assignment]
bind_user.handle = bind_but  # type: ignore[assignment]
messages.page = notifications.page = questions.page = reminders.page = page_but
sys.exit(main.main(sys.argv[1:]))
