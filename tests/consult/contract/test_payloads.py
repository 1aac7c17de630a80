"""Every payload type, field by field: what is refused and with which text, and which fault of several comes first."""

from __future__ import annotations

from typing import Any, Final

import pytest
from msgspec import structs

from consult.contract.faults import Fault
from consult.contract.fields import Attachment
from consult.contract.payloads import Payload, read
from tests.consult.contract.rules import (
    ATTACHMENTS,
    CURSOR,
    HALF_EMOJI,
    ID,
    INVISIBLE,
    OF_ATTACHMENT,
    OPTIONAL,
    RULES,
    TYPE,
    URL,
    right,
)
from tests.consult.contract.tables import PAYLOADS, Example

NO_ATTACHMENTS: Final[list[Any]] = [[], None]
NO_TEXT: Final = "content_text 必须为非空文本（没有附件时）"
STAFF_ONLY: Final = "is_visible_to_patient 必须为 true（仅 STAFF 可发送内部消息）"
BOTH: Final = "after_id 与 before_id 不能同时使用"
EACH_MESSAGE: Final = pytest.mark.parametrize("name", ["SendMessage", "NewMessage"])
EACH_TYPE: Final = pytest.mark.parametrize("name", RULES)


def fault(name: str, payload: object) -> str:
    """Give the text that a payload is refused with."""
    with pytest.raises(Fault) as refused:
        read(PAYLOADS[name], payload)
    assert (refused.value.code, refused.value.status) == ("INVALID_PAYLOAD", 400)
    return refused.value.message


def test_every_type_and_field_is_tested() -> None:
    assert set(RULES) == set(PAYLOADS)
    assert set(Payload.__subclasses__()) == set(PAYLOADS.values()), "a type that nothing uses"
    for name, rules in RULES.items():
        assert [field.name for field in structs.fields(PAYLOADS[name])] == list(rules)
    assert [field.name for field in structs.fields(Attachment)] == list(OF_ATTACHMENT)


@EACH_TYPE
def test_values_that_keep_the_rule(name: str) -> None:
    for field, rule in RULES[name].items():
        for value in rule.right:
            payload = {**right(name), field: value}
            if field in ("before_id", "to"):
                payload.pop({"before_id": "after_id", "to": "advance"}[field], None)
            assert getattr(read(PAYLOADS[name], payload), field) is not None


@EACH_TYPE
def test_values_that_break_it(name: str) -> None:
    for field, rule in RULES[name].items():
        for value in rule.wrong:
            assert fault(name, {**right(name), field: value}) == field + rule.text, value


@EACH_TYPE
def test_the_first_fault_comes_first(name: str) -> None:
    """Everything before the field is right, it and everything after it is wrong, in both orders of the keys."""
    fields = list(RULES[name])
    for place, field in enumerate(fields):
        payload = right(name) | {later: RULES[name][later].wrong[0] for later in fields[place:]}
        for ordered in (payload, dict(reversed(payload.items()))):
            assert fault(name, ordered) == field + RULES[name][field].text


@EACH_TYPE
def test_what_is_left_out_or_null(name: str) -> None:
    for field in right(name):
        if field in ("sender_id", "participant_id", "participant_type", "advance"):
            continue  # it depends on the sender's type: see below; the others go together, or one stands for another
        left_out = {other: value for other, value in right(name).items() if other != field}
        is_query = name.endswith("Query")
        if f"{name}.{field}" in OPTIONAL or is_query:
            wanted = read(PAYLOADS[name], left_out)
            # A query holds texts: nothing in it is null.
            assert is_query or read(PAYLOADS[name], {**left_out, field: None}) == wanted
        else:
            for payload in (left_out, {**left_out, field: None}):
                assert fault(name, payload) == field + RULES[name][field].text


@EACH_TYPE
def test_unknown_fields_are_ignored(name: str) -> None:
    plain = read(PAYLOADS[name], right(name))
    extra = {"unknown": {"\x00": [HALF_EMOJI]}, "": 1, "id": 0}
    assert read(PAYLOADS[name], {**extra, **right(name)}) == plain


@EACH_TYPE
@pytest.mark.parametrize("payload", [None, [], [{}], "{}", "", 1, 1.5, True])
def test_what_is_no_object(name: str, payload: object) -> None:
    assert fault(name, payload) == "请求数据必须为对象"


@EACH_MESSAGE
@pytest.mark.parametrize("place", [0, 1, 19])
def test_attachments(name: str, place: int) -> None:
    """The first fault within the first attachment that has one, by its place."""

    def with_item(item: object, after: object) -> Example:
        items: list[object] = [{"url": "a"}] * place
        return {**right(name), "attachments": [*items, item, *[after] * (19 - place)]}

    whole = {field: rule.right[0] for field, rule in OF_ATTACHMENT.items()}
    fields = list(OF_ATTACHMENT)
    for number, (field, rule) in enumerate(OF_ATTACHMENT.items()):
        for value in rule.right:
            read(PAYLOADS[name], with_item({**whole, field: value}, whole))
        for value in rule.wrong:
            later = {other: OF_ATTACHMENT[other].wrong[0] for other in fields[number + 1 :]}
            item = dict(reversed({**whole, **later, field: value}.items()))
            text = f"attachments[{place}].{field}{rule.text}"
            assert fault(name, with_item(item, {})) == text
    assert fault(name, with_item({}, 1)) == f"attachments[{place}].url{URL.text}"
    assert fault(name, with_item({"url": None}, 1)) == f"attachments[{place}].url{URL.text}"
    no_objects: list[object] = [None, 1, "a", [], True]
    for no_object in no_objects:
        assert fault(name, with_item(no_object, {})) == f"attachments[{place}] 必须为对象"
    nulls = {"url": "a", "thumbnail_url": None, "duration": None, "size": None}
    read(PAYLOADS[name], with_item(nulls, {"url": "a"}))


@EACH_MESSAGE
def test_content_text_or_an_attachment(name: str) -> None:
    without = {field: value for field, value in right(name).items() if field != "content_text"}
    for blank in ("", " ", "\n\t", "\u3000", "\u00a0", *INVISIBLE, None):
        for attachments in NO_ATTACHMENTS:
            payload = {**without, "content_text": blank, "attachments": attachments}
            assert fault(name, payload) == NO_TEXT
            # It belongs to its field: what comes before it is reported before it, what comes after it after it.
            assert fault(name, {**payload, "content_type": ""}) == "content_type" + TYPE.text
            assert fault(name, {**payload, "client_msg_id": ""}) == NO_TEXT
        read(PAYLOADS[name], {**without, "content_text": blank, "attachments": [{"url": "a"}]})
    assert fault(name, {**without, "attachments": 5}) == "attachments" + ATTACHMENTS.text


@EACH_MESSAGE
@pytest.mark.parametrize("sender_type", ["ELDER", "FAMILY", "SYSTEM", "STAFF_"])
def test_only_staff_send_staff_only_messages(name: str, sender_type: str) -> None:
    payload = {**right(name), "sender_type": sender_type}
    assert fault(name, {**payload, "is_visible_to_patient": False}) == STAFF_ONLY
    assert fault(name, {**payload, "is_visible_to_patient": 0}) == STAFF_ONLY
    for visible in (True, 1, None):
        read(PAYLOADS[name], {**payload, "is_visible_to_patient": visible})
    read(PAYLOADS[name], {**payload, "sender_type": "STAFF", "is_visible_to_patient": False})


@EACH_MESSAGE
@pytest.mark.parametrize("sender_type", ["ELDER", "FAMILY", "STAFF", "NURSE"])
def test_only_a_system_message_has_no_sender(name: str, sender_type: str) -> None:
    payload = {**right(name), "sender_type": sender_type}
    for without in ({**payload, "sender_id": None}, {key: payload[key] for key in payload if key != "sender_id"}):
        assert fault(name, without) == "sender_id" + ID.text
        assert fault(name, {**without, "content_type": ""}) == "sender_id" + ID.text
        read(PAYLOADS[name], {**without, "sender_type": "SYSTEM"})


@pytest.mark.parametrize("name", ["MessageQuery", "NotificationQuery"])
def test_one_cursor_at_a_time(name: str) -> None:
    assert fault(name, {"after_id": 0, "before_id": 5}) == BOTH
    assert fault(name, {"after_id": 1, "before_id": 5, "limit": 0}) == BOTH
    assert fault(name, {"after_id": -1, "before_id": 0}) == "after_id" + CURSOR.text
    assert fault(name, {"after_id": 1, "before_id": 0}) == "before_id" + ID.text
