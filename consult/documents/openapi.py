"""The HTTP side of the protocol as an OpenAPI 3.1 document: `docs/openapi.json`."""

import re
from http import HTTPStatus

from consult.contract.faults import KEY_LENGTH, TEXTS
from consult.contract.files import UPLOAD
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

_SECTIONS = ("6.retention", "7", "7.idempotency", "7.paging", "7.faults", "8", "10", "15", "16")


def openapi() -> JsonObject:
    """The document."""
    calls = (*CALLS, *SANDBOX_CALLS)
    bodies = [call.body for call in calls if call.body]
    paths: dict[str, JsonObject] = {}
    for call in CALLS:
        paths.setdefault(call.path, {})[call.method.lower()] = _operation(call)
    for call in SANDBOX_CALLS:
        operation = _operation(call)
        operation["responses"]["404"] = _reference(404)  # of any server that is no sandbox
        paths[call.path] = {call.method.lower(): operation | {"x-sandbox-only": True}}
    for page in PAGES:
        paths.setdefault(page.path, {})[page.method.lower()] = _page(page)
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
    if call.takes_file:
        operation["requestBody"] = _UPLOAD
    return operation


# A body that is a file.
_UPLOAD: JsonObject = {
    "required": True,
    "description": described(UPLOAD),
    "content": {
        "application/octet-stream": {},
        "image/*": {},
        "audio/*": {},
        "video/*": {},
        "multipart/form-data": {
            "schema": {
                "type": "object",
                "required": ["file"],
                "properties": {"file": {"type": "string", "contentMediaType": "application/octet-stream"}},
            }
        },
    },
}


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
    # The same file again is the same file anyway.
    is_keyed = call.method == "POST" and not call.takes_file and call not in SANDBOX_CALLS
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
    if call.status == HTTPStatus.CREATED and not call.takes_file:
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


_TEXT_IN_PATH: JsonObject = {"schema": {"type": "string", "minLength": 1}}
_IN_PATH: dict[str, JsonObject] = {
    "file": {
        "description": "文件的 SHA-256，十六进制 / the file's SHA-256, in hexadecimal",
        "schema": {"type": "string", "pattern": "^[0-9a-f]{64}$"},
    }
}


def _other(page: Page, status: int) -> JsonObject:
    """A further status of a page: a part of it or nothing where it is no fault, else a page or a fault."""
    told: JsonObject = {"description": HTTPStatus(status).phrase}
    if status < HTTPStatus.BAD_REQUEST:
        return {**told, "content": {page.kind: {}}} if status == HTTPStatus.PARTIAL_CONTENT else told
    # Refused before it comes to the page, it is answered as a call is.
    told = _fault(status) if status in _FAULTS else {**told, "content": {}}
    return {**told, "content": {page.kind: {}, **told["content"]}}


def _page(page: Page) -> JsonObject:
    name = f"{page.method.lower()}_" + (re.sub(r"\W+", "_", page.path).strip("_") or "page")
    in_path = [
        {"name": part, "in": "path", "required": True, **_IN_PATH.get(part, _TEXT_IN_PATH)}
        for part in re.findall(r"{(\w+)}", page.path)
    ]
    parameters = [*in_path, *(_in_query(page.query) if page.query else ())]
    of_page = rules.of(page.name)
    shown: JsonObject = {"200": {"description": "OK", "content": {page.kind: {}}}}
    for status in page.others:
        shown[str(status)] = _other(page, status)
    return {
        "operationId": name,
        "summary": f"{' / '.join(page.about)}",
        **({"description": described(*of_page)} if of_page else {}),
        **({"parameters": parameters} if parameters else {}),
        "responses": {**{str(status): _reference(status) for status in sorted({*_ANY_PAGE, *page.faults})}, **shown},
    }
