"""The HTTP side of the protocol as an OpenAPI 3.1 document: `docs/openapi.json`."""

import re
from http import HTTPStatus

from consult.contract.faults import KEY_LENGTH, TEXTS
from consult.contract.limits import LONGEST_KEY, MAX_ID
from consult.contract.operations import Error
from consult.contract.payloads import Payload
from consult.contract.rows import Call, JsonObject, Page
from consult.contract.sandbox import SANDBOX_CALLS
from consult.contract.tables import CALLS, PAGES
from consult.contract.words import Words
from consult.documents import rules
from consult.documents.schemas import described, parameters, reference, schemas
from consult.process.version import VERSION

_SECTIONS = ("6.retention", "7", "7.idempotency", "7.paging", "7.faults", "8", "10", "16")


def openapi() -> JsonObject:
    """The document."""
    calls = (*CALLS, *SANDBOX_CALLS)
    bodies = [call.body for call in calls if call.body]
    paths: dict[str, JsonObject] = {}
    for call in CALLS:
        paths.setdefault(call.path, {})[call.method.lower()] = _operation(call)
    for call in SANDBOX_CALLS:
        paths[call.path] = {"post": _operation(call) | {"x-sandbox-only": True}}
    for page in PAGES:
        paths[page.path] = {"get": _page(page)}
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Careline",
            "version": VERSION,
            "summary": "在线咨询与提醒 / consultations and reminders",
            "description": described(rules.ELSEWHERE, *(rule for section in _SECTIONS for rule in rules.of(section))),
        },
        "servers": [{"url": "http://127.0.0.1:8000"}],
        "security": [{"token": []}, {}],
        "paths": paths,
        "components": {
            "schemas": schemas([*bodies, *(call.shape for call in calls), Error]),
            "parameters": {"IdempotencyKey": _idempotency_key()},
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}},
            "responses": {str(status): _fault(status) for status in _FAULTS},
        },
    }


# Every status that a call may be refused with, whatever the call.
_FAULTS = sorted({text.status for text in TEXTS if text.status is not None})
_ANY_CALL = (401, 403, 429, 431, 500, 503)
_ANY_PAGE = (403, 429, 431, 500)


_RETRY_AFTER: JsonObject = {
    "description": "至少等待的秒数；等待无效时没有 / seconds to wait; left out where to wait does not help",
    "schema": {"type": "integer", "minimum": 1},
}


def _operation(call: Call) -> JsonObject:
    operation: JsonObject = {
        "operationId": _operation_id(call),
        "summary": f"{' / '.join(call.about)}",
        "parameters": _parameters(call),
        "responses": _responses(call),
    }
    of_call = rules.of(call.name)
    if of_call:
        operation["description"] = described(*of_call)
    if call.body:
        operation["requestBody"] = {
            "required": not call.has_optional_body,
            "content": {"application/json": {"schema": reference(call.body), "example": call.example}},
        }
    return operation


def _operation_id(call: Call) -> str:
    return "_".join((call.method.lower(), *re.findall(r"\w+", call.path.removeprefix("/api"))))


def _parameters(call: Call) -> list[JsonObject]:
    in_path = [
        {
            "name": name,
            "in": "path",
            "required": True,
            "description": "正整数 / a positive integer",
            "schema": {"type": "integer", "minimum": 1, "maximum": MAX_ID},
        }
        for name in re.findall(r"{(\w+)}", call.path)
    ]
    is_keyed = call.method == "POST" and call not in SANDBOX_CALLS
    key = [{"$ref": "#/components/parameters/IdempotencyKey"}] if is_keyed else []
    return [*in_path, *(_in_query(call.query) if call.query else ()), *key]


def _in_query(query: type[Payload]) -> list[JsonObject]:
    return [
        {
            "name": name,
            "in": "query",
            "description": schema.pop("description"),
            "allowEmptyValue": True,  # an empty parameter is one left out
            "schema": schema,
        }
        for name, schema in parameters(query).items()
    ]


def _idempotency_key() -> JsonObject:
    return {
        "name": "Idempotency-Key",
        "in": "header",
        "description": f"{KEY_LENGTH.text} / {described(*rules.of('7.idempotency'))}",
        "schema": {"type": "string", "minLength": 1, "maxLength": LONGEST_KEY},
    }


def _responses(call: Call) -> JsonObject:
    answers = {call.status: call.answer, **call.others}
    if call.status == HTTPStatus.CREATED:
        answers[HTTPStatus.OK] = call.answer  # the same Idempotency-Key again
    responses = {
        str(int(status)): {
            "description": HTTPStatus(status).phrase,
            "content": {"application/json": {"schema": reference(call.shape), "example": answer}},
        }
        for status, answer in sorted(answers.items())
    }
    for status in sorted({*call.faults, *_ANY_CALL} - answers.keys()):
        responses[str(status)] = _reference(status)
    return responses


def _reference(status: int) -> JsonObject:
    return {"$ref": f"#/components/responses/{status}"}


def _fault(status: int) -> JsonObject:
    texts = [text for text in TEXTS if text.status == status]
    headers = {"headers": {"Retry-After": _RETRY_AFTER}} if status == HTTPStatus.TOO_MANY_REQUESTS else {}
    return {
        **headers,
        "description": described(*(Words(f"{text.text}：{text.about.zh}", text.about.en) for text in texts)),
        "content": {
            "application/json": {
                "schema": reference(Error),
                "examples": {
                    str(place): {"value": {"code": text.code, "message": text.text}}
                    for place, text in enumerate(texts, 1)
                },
            }
        },
    }


def _page(page: Page) -> JsonObject:
    return {
        "operationId": "get_" + (re.sub(r"\W+", "_", page.path).strip("_") or "page"),
        "summary": f"{' / '.join(page.about)}",
        "responses": {
            "200": {"description": "OK", "content": {page.kind: {}}},
            **{str(status): _reference(status) for status in _ANY_PAGE},
        },
    }
