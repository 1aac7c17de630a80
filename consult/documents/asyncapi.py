"""The socket side of the protocol as an AsyncAPI 3.0 document: `docs/asyncapi.json`."""

from consult.contract.limits import MAX_ID
from consult.contract.notifications import USER_ROOM
from consult.contract.questions import QUESTION_ROOM
from consult.contract.rows import ClientEvent, JsonObject, ServerEvent
from consult.contract.tables import CLIENT_EVENTS, SERVER_EVENTS
from consult.documents import rules
from consult.documents.schemas import described, reference, schemas
from consult.process.version import VERSION

# Each room as a channel: its name, the parameter in that, the section that tells of it, what is broadcast to it. Every
# other event of the server goes to the connection that it answers.
_ROOMS = {
    "question": (QUESTION_ROOM, "questionId", "2", ["new_message", "question:updated"]),
    "user": (USER_ROOM, "userId", "4", ["notification:new", "notification:updated"]),
}
_BROADCASTS = [name for *_, names in _ROOMS.values() for name in names]


def asyncapi() -> JsonObject:
    """The document; operations are named from the server's side."""
    types = [event.payload for event in CLIENT_EVENTS] + [shape for event in SERVER_EVENTS for shape in event.shapes]
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Careline",
            "version": VERSION,
            "description": described(rules.INTRODUCTION[0], rules.ELSEWHERE, *rules.of("1")),
        },
        "defaultContentType": "application/json",
        "servers": {
            "local": {
                "host": "127.0.0.1:8000",
                "pathname": "/socket.io/",
                "protocol": "ws",
                "description": "Socket.IO 5 over Engine.IO 4, as websocket or long-polling; namespace /.",
            }
        },
        "channels": {
            "connection": {
                "address": "/",
                "title": "命名空间 / namespace",
                "messages": _messages(
                    [event.name for event in CLIENT_EVENTS]
                    + [event.name for event in SERVER_EVENTS if event.name not in _BROADCASTS]
                ),
                "bindings": {"ws": {"query": _query()}},
            },
            **{channel: _room(*room) for channel, room in _ROOMS.items()},
        },
        "operations": {
            **{_key(event.name): _receive(event) for event in CLIENT_EVENTS},
            **{_key(name): _broadcast(channel, name) for channel, (*_, names) in _ROOMS.items() for name in names},
        },
        "components": {
            "messages": {
                **{_key(event.name): _from_client(event) for event in CLIENT_EVENTS},
                **{_key(event.name): _from_server(event) for event in SERVER_EVENTS},
            },
            "schemas": schemas(types),
        },
    }


def _key(name: str) -> str:
    """An event's name where a colon may not stand."""
    return name.replace(":", ".")


def _messages(names: list[str]) -> JsonObject:
    return {_key(name): {"$ref": f"#/components/messages/{_key(name)}"} for name in names}


def _query() -> JsonObject:
    return {
        "type": "object",
        "required": ["EIO", "transport"],
        "properties": {"EIO": {"const": "4"}, "transport": {"enum": ["websocket", "polling"]}},
    }


def _room(address: str, parameter: str, section: str, names: list[str]) -> JsonObject:
    return {
        "address": address,
        "description": described(*rules.of(section)),
        "parameters": {parameter: {"description": f"1 … {MAX_ID}"}},
        "messages": _messages(names),
    }


def _receive(event: ClientEvent) -> JsonObject:
    answers = dict.fromkeys((event.reply, event.failure))
    return {
        "action": "receive",
        "channel": {"$ref": "#/channels/connection"},
        "summary": f"{' / '.join(event.about)}",
        "description": described(*rules.of(event.section)),
        "messages": [{"$ref": f"#/channels/connection/messages/{_key(event.name)}"}],
        "reply": {
            "channel": {"$ref": "#/channels/connection"},
            "messages": [{"$ref": f"#/channels/connection/messages/{_key(name)}"} for name in answers],
        },
    }


def _broadcast(channel: str, name: str) -> JsonObject:
    (event,) = (event for event in SERVER_EVENTS if event.name == name)
    return {
        "action": "send",
        "channel": {"$ref": f"#/channels/{channel}"},
        "summary": f"{' / '.join(event.about)}",
        "description": described(*rules.of(event.section)),
        "messages": [{"$ref": f"#/channels/{channel}/messages/{_key(name)}"}],
    }


def _from_client(event: ClientEvent) -> JsonObject:
    return {
        "name": event.name,
        "summary": f"{' / '.join(event.about)}",
        "payload": reference(event.payload),
        "examples": [{"payload": example} for example in (event.example, *event.others)],
    }


def _from_server(event: ServerEvent) -> JsonObject:
    forms = [reference(shape) for shape in event.shapes]
    return {
        "name": event.name,
        "summary": f"{' / '.join(event.about)}",
        "payload": forms[0] if len(forms) == 1 else {"oneOf": forms},
        "examples": [{"payload": example} for example in (event.example, *event.others)],
    }
