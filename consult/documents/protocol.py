"""The protocol as one JSON value, from which the console makes its forms and `/docs` all that it shows."""

import re
from collections.abc import Iterable
from typing import Any

from msgspec import structs

from consult.contract import replies
from consult.contract.faults import CODES, TEXTS, Fault
from consult.contract.limits import MAX_BYTES
from consult.contract.payloads import read
from consult.contract.permissions import PERMISSIONS
from consult.contract.rows import Call, ClientEvent, JsonObject, Mistake, ServerEvent
from consult.contract.tables import CALLS, CLIENT_EVENTS, PAGES, SERVER_EVENTS
from consult.documents import rules
from consult.documents.descriptions import both, got_fields, id_in_path, sent_fields, texts
from consult.documents.sections import AUDIENCE, HEADINGS, SUBHEADINGS, TO, TO_CLIENT, TO_SERVER


def protocol(more: Iterable[Call] = ()) -> JsonObject:
    """Every event and call with its fields, rules and examples, and what is said of them all. `more` are calls that
    this server has beside those of the protocol's table."""
    return {
        "events": [*map(_client_event, CLIENT_EVENTS), *map(_server_event, SERVER_EVENTS)],
        "calls": [_call(call) for call in (*CALLS, *more)],
        "pages": [
            {"method": page.method, "path": page.path, "type": page.kind, "about": both(*page.about)} for page in PAGES
        ],
        "codes": [{"code": code.name, "status": code.status, "about": both(*code.about)} for code in CODES.values()],
        "texts": [
            {
                "text": text.text,
                "code": text.code,
                "status": text.status,
                "on_socket": text.on_socket,
                "about": both(*text.about),
            }
            for text in TEXTS
        ],
        "sections": {
            name: {"title": both(*title), "notes": texts(rules.of(name))}
            for name, title in (HEADINGS | SUBHEADINGS).items()
        },
        "audience": [
            {"who": both(*who), "all": all_see, "staff_only": staff_sees} for who, all_see, staff_sees in AUDIENCE
        ],
        "rights": [
            {"name": row.name, "may": {column: both(*may.value) for column, may in permission.by_column().items()}}
            for row, permission in PERMISSIONS.items()
        ],
        "limits": {"packet_bytes": MAX_BYTES, "body_bytes": MAX_BYTES},
        "bounds": [
            {"about": both(*limit.about), "most": both(*limit.most), "beyond": both(*limit.beyond)}
            for limit in rules.LIMITS
        ],
    }


def _client_event(event: ClientEvent) -> JsonObject:
    return {
        "name": event.name,
        "from": "client",
        "section": event.section,
        "about": both(*event.about),
        "direction": both(*TO_SERVER),
        "fields": sent_fields(event.payload),
        "example": event.example,
        "others": list(event.others),
        "mistakes": [
            {
                "about": both(*mistake.about),
                "payload": mistake.payload,
                "answer": {"event": event.failure, "payload": refusal(event, mistake)},
            }
            for mistake in event.mistakes
        ],
        "answers": [event.reply],
        "failure": event.failure,
    }


def _server_event(event: ServerEvent) -> JsonObject:
    examples = list(zip(event.shapes, (event.example, *event.others), strict=True))
    return {
        "name": event.name,
        "from": "server",
        "section": event.section,
        "about": both(*event.about),
        "direction": both(*TO.get(event.name, TO_CLIENT)),
        "example": event.example,
        "others": list(event.others),
        "forms": [
            {"fields": got_fields(form), "examples": [example for shape, example in examples if shape is form]}
            for form in dict.fromkeys(event.shapes)
        ],
    }


def refusal(event: ClientEvent, mistake: Mistake) -> JsonObject:
    """Return what the mistake is answered with; the event is `event.failure`."""
    fault = mistake.fault or _fault_of(event, mistake.payload)
    return structs.asdict(replies.error(fault) if event.failure == "error" else replies.not_sent(fault))


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
        "about": both(*call.about),
        "notes": texts(rules.of(call.name)),
        "place": [id_in_path(name) for name in re.findall(r"{(\w+)}", call.path)],
        "query": sent_fields(call.query) if call.query else [],
        "fields": sent_fields(call.body) if call.body else [],
        "takes_file": call.takes_file,
        "example": call.example,
        "answer": call.answer,
        "answer_fields": got_fields(call.shape),
        "status": call.status,
        "others": {str(status): answer for status, answer in call.others.items()},
        "faults": list(call.faults),
    }
