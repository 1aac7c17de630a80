"""The protocol as one JSON value, from which the page makes its forms."""

from typing import Any

from msgspec import Struct, structs

from consult.contract import replies
from consult.contract.calls import CALLS, Call
from consult.contract.events import CLIENT_EVENTS, SERVER_EVENTS, ClientEvent, JsonObject, Mistake
from consult.contract.faults import CODES, Fault
from consult.contract.fields import MAX_BYTES
from consult.contract.payloads import item_type_of, read, rule_of

VERSION = "0.1.0"  # of Careline, which the documents say they are of


def protocol() -> JsonObject:
    """Every event and call with its fields, rules and examples."""
    return {
        "events": [
            *(_client_event(event) for event in CLIENT_EVENTS),
            *(
                {
                    "name": event.name,
                    "from": "server",
                    "section": event.section,
                    "about": _both(event.zh, event.en),
                    "example": event.example,
                    "others": list(event.others),
                }
                for event in SERVER_EVENTS
            ),
        ],
        "calls": [_call(call) for call in CALLS],
        "codes": [
            {"code": code.name, "status": code.status, "about": _both(code.zh, code.en)} for code in CODES.values()
        ],
        "limits": {"packet_bytes": MAX_BYTES, "body_bytes": MAX_BYTES},
    }


def _both(zh: str, en: str) -> dict[str, str]:
    return {"zh": zh, "en": en}


def _client_event(event: ClientEvent) -> JsonObject:
    return {
        "name": event.name,
        "from": "client",
        "section": event.section,
        "about": _both(event.zh, event.en),
        "fields": _fields(event.payload),
        "example": event.example,
        "mistakes": [
            {
                "about": _both(mistake.zh, mistake.en),
                "payload": mistake.payload,
                "answer": {"event": event.failure, "payload": refusal(event, mistake)},
            }
            for mistake in event.mistakes
        ],
        "answers": [event.reply],
    }


def refusal(event: ClientEvent, mistake: Mistake) -> JsonObject:
    """What the mistake is answered with; the event is `event.failure`."""
    fault = Fault(mistake.code) if mistake.code else _fault_of(event, mistake.payload)
    if event.failure == "error":
        return replies.error(fault.code, fault.message)
    return replies.not_sent(fault.message)


def _fault_of(event: ClientEvent, payload: Any) -> Fault:
    try:
        read(event.payload, payload)
    except Fault as fault:
        return fault
    raise AssertionError(f"{event.name}: this mistake is none: {payload}")


def _call(call: Call) -> JsonObject:
    return {
        "method": call.method,
        "path": call.path,
        "about": _both(call.zh, call.en),
        "query": _fields(call.query) if call.query else [],
        "fields": _fields(call.body) if call.body else [],
        "example": call.example,
        "answer": call.answer,
        "status": call.status,
        "faults": list(call.faults),
    }


def _fields(payload_type: type[Struct]) -> list[JsonObject]:
    fields = []
    for field in structs.fields(payload_type):
        rule = rule_of(field.type)
        described: JsonObject = {
            "name": field.name,
            "required": field.required,
            "kind": rule.kind,
            "rule": _both(rule.zh, rule.en),
        }
        if rule.choices:
            described["choices"] = list(rule.choices)
        item_type = item_type_of(field.type)
        if item_type is not None:
            described["items"] = _fields(item_type)
        fields.append(described)
    return fields
