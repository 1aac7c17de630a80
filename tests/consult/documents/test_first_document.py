"""What the first protocol document says is said still: front ends that nobody here can see were built on it.

Its facts stand here once more, so that no change of a table can take them along.
"""

from __future__ import annotations

import json
import re
from typing import Any, Final

import pytest

from consult.documents.markdown import markdown

TO_SERVER: Final = ("join_question", "leave_question", "send_message", "bind_user")
TO_CLIENT: Final = (
    *("joined_question", "left_question", "send_message:ack", "new_message", "notification:new", "bind_user:ack"),
    "error",
)
HEADINGS: Final = (
    "## 1. 基础连接事件",
    "## 2. 咨询会话相关事件",
    "### 2.1 加入咨询问题房间",
    "### 2.2 离开咨询问题房间",
    "### 2.3 咨询消息发送与广播",
    "## 3. 通用错误事件",
    "## 4. 用户绑定与通知推送事件",
    "### 4.1 绑定用户到 Socket 会话",
    "### 4.2 实时通知推送",
    "## 5. 当前事件清单一览",
)
MESSAGE: Final = """
    "id": 789, "question_id": 123, "sender_type": "STAFF", "sender_id": 456, "role_display_name": "医生王五",
    "content_type": "TEXT", "content_text": "您好，请详细描述一下您的症状", "sent_at": "2025-01-01 10:00:00",
    "status": "SENT", "is_visible_to_patient": true,
    "attachments": [{"url": "https://example.com/image1.png", "thumbnail_url": "https://example.com/thumb1.png",
                     "duration": null, "size": 102400}]
"""
# By the event and the section that gives them.
EXAMPLES: Final = (
    ("2.1", "join_question", '{"question_id": 123, "user_id": 456, "user_type": "ELDER", "role_display_name": "张三"}'),
    ("2.1", "joined_question", '{"question_id": 123}'),
    ("2.2", "leave_question", '{"question_id": 123}'),
    ("2.2", "left_question", '{"question_id": 123}'),
    (
        "2.3",
        "send_message",
        """{"question_id": 123, "sender_type": "STAFF", "sender_id": 456, "role_display_name": "医生王五",
            "content_type": "TEXT", "content_text": "您好，请详细描述一下您的症状",
            "attachments": [{"url": "https://example.com/image1.png",
                             "thumbnail_url": "https://example.com/thumb1.png", "duration": null, "size": 102400}]}""",
    ),
    ("2.3", "send_message:ack", f'{{"success": true, "message": "发送成功", "data": {{{MESSAGE}}}}}'),
    ("2.3", "send_message:ack", '{"success": false, "message": "发送失败：question_id 必须为正整数"}'),
    ("3", "error", '{"code": "INVALID_PAYLOAD", "message": "question_id 必须为正整数"}'),
    ("4.1", "bind_user", '{"user_id": 1001}'),
    ("4.1", "bind_user", '{"code": "INVALID_PAYLOAD", "message": "user_id 必须为正整数"}'),
    ("4.1", "bind_user:ack", '{"success": true, "user_id": 1001}'),
    (
        "4.2",
        "notification:new",
        """{"id": 1, "biz_type": "INTERVENTION_TASK", "biz_id": 12345, "title": "服药提醒",
            "content": "请在 20:00 前完成今日降压药服用", "status": "UNREAD",
            "created_at": "2025-01-01 10:00:00", "read_at": null}""",
    ),
)
# By event: the direction and the use, in its own words.
WORDS: Final = {
    "connect": ("客户端 → 服务器（Socket.io 内置）", "客户端建立 Socket.io 连接，当前版本未做额外鉴权扩展。"),
    "disconnect": ("服务器 → 客户端（Socket.io 内置）", "连接断开时触发，后端仅做资源释放，不做业务广播。"),
    "join_question": ("客户端 → 服务器", "订阅某个咨询问题的实时消息"),
    "joined_question": ("服务器 → 当前客户端", "确认已成功加入房间"),
    "leave_question": ("客户端 → 服务器", "取消订阅某个咨询问题的实时消息"),
    "left_question": ("服务器 → 当前客户端", "确认已成功离开房间"),
    "send_message": ("客户端 → 服务器", "向指定咨询问题发送消息并持久化"),
    "send_message:ack": ("服务器 → 当前客户端", "返回发送结果（成功或失败）"),
    "new_message": ("服务器 → 房间内所有客户端", "向所在咨询房间广播新消息"),
    "error": ("服务器 → 当前客户端", "返回参数错误、业务异常等非鉴权错误"),
    "bind_user": ("客户端 → 服务器", "用于接收该用户的通知推送"),
    "bind_user:ack": ("服务器 → 当前客户端", "确认绑定结果"),
    "notification:new": ("服务器 → 用户房间内所有客户端（通常是同一用户的多个终端）", "提醒"),
}
SENTENCES: Final = (
    ("2", "房间命名约定：`consultation:question:{questionId}`，例如：`consultation:question:123`。"),
    ("2.3", "数据结构与 `send_message:ack.data` 一致"),
    ("3", "| `INVALID_PAYLOAD` | 400 | 参数缺失或格式不正确"),
    ("3", "| `QUESTION_NOT_FOUND` | 404 | 咨询问题不存在"),
    ("3", "| `INTERNAL_ERROR` | 500 | 服务器内部错误"),
    ("4", "用户级通知通过“用户房间”进行广播，房间命名约定：`user:{userId}`，例如：`user:1001`。"),
    ("4.1", "`user_id` 必须为正整数，否则通过 `error` 事件返回"),
    (
        "4.2",
        "当提醒任务（IN_APP 或 SYSTEM_MESSAGE 渠道）到期后，后端会创建一条用户通知记录，"
        "并尝试通过 Socket 将该通知推送到对应用户房间。",
    ),
    ("4.2", "广播房间：`user:{user_id}`"),
    ("4.2", "建立 Socket.io 连接；"),
    ("4.2", "登录成功后，立即发送一次 `bind_user` 事件，携带当前登录用户的 `user_id`；"),
    ("4.2", "监听 `notification:new` 事件，追加到本地通知列表，并根据需求弹出提示；"),
    ("4.2", "切换账号或退出登录时，可以断开连接或在新连接上重新绑定。"),
    ("5", "后续如有新增事件，应在本文件中补充信息，保持前后端协议的一致性。"),
)


def sections() -> dict[str, str]:
    """Give each numbered section's text, without the sections within it."""
    parts = re.split(r"^#{2,3} ([\d.]+?)\.? (?=\D)", markdown(), flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def of_event(section: str, event: str) -> str:
    """Give what a section says of one event."""
    _, found, rest = sections()[section].partition(f"#### `{event}`\n")
    assert found, event
    return rest.partition("\n#### ")[0]


def test_headings_keep_their_numbers_and_order() -> None:
    headings = [heading.partition(" · ")[0] for heading in re.findall(r"^#{2,3} \d.*$", markdown(), re.MULTILINE)]
    assert [heading for heading in headings if heading in HEADINGS] == list(HEADINGS)


def test_the_list_of_events() -> None:
    to_server, to_client = (
        re.findall(r"^  - `(.*)`$", part, re.MULTILINE) for part in sections()["5"].split("服务器 → 客户端 ·")
    )
    assert tuple(to_server[: len(TO_SERVER)]) == TO_SERVER
    assert tuple(to_client[: len(TO_CLIENT)]) == TO_CLIENT


@pytest.mark.parametrize(("section", "event", "example"), EXAMPLES)
def test_examples(section: str, event: str, example: str) -> None:
    """Each is given under its event, with its keys in the same order."""
    blocks: list[Any] = [
        json.loads(block, object_pairs_hook=list)
        for block in re.findall(r"```json\n(.*?)```", of_event(section, event), re.DOTALL)
    ]
    assert json.loads(example, object_pairs_hook=list) in blocks


@pytest.mark.parametrize("event", WORDS)
def test_directions_and_uses(event: str) -> None:
    direction, use = WORDS[event]
    (heading,) = (text for text in sections().values() if f"#### `{event}`\n" in text)
    told = heading.partition(f"#### `{event}`\n")[2].partition("\n#### ")[0]
    assert f"- 方向 Direction：{direction} · " in told
    assert re.search(f"- 用途 Use：.*{re.escape(use)}.* · ", told)


@pytest.mark.parametrize(("section", "sentence"), SENTENCES)
def test_sentences(section: str, sentence: str) -> None:
    assert sentence in sections()[section]
