"""The OpenAPI document: sound by its own validator, and true of the running server."""

from __future__ import annotations

import re
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from openapi_spec_validator import OpenAPIV31SpecValidator

from consult.contract.faults import TEXTS
from consult.contract.rows import Call
from consult.contract.sandbox import SANDBOX_CALLS
from consult.contract.tables import CALLS, PAGES
from consult.documents.openapi import openapi
from tests.consult.contract.tables import Example
from tests.server import Server, in_seconds, new_id, wait_until

EVERY_CALL = (*CALLS, *SANDBOX_CALLS)
EACH_CALL = pytest.mark.parametrize("call", EVERY_CALL, ids=[f"{call.method} {call.path}" for call in EVERY_CALL])


def operation(call: Call) -> Example:
    """Give what the document says of a call."""
    found: Example = openapi()["paths"][call.path][call.method.lower()]
    return found


def check_body(schema: Example, value: object) -> None:
    """Hold a body to a schema of the document."""
    Draft202012Validator({**schema, "components": openapi()["components"]}).validate(value)


def test_the_validator_finds_no_fault() -> None:
    OpenAPIV31SpecValidator(openapi()).validate()


def test_the_validator_does_find_faults() -> None:
    broken = openapi()
    del broken["paths"]["/api/questions/{question_id}"]["get"]["parameters"]
    assert list(OpenAPIV31SpecValidator(broken).iter_errors())


def test_every_call_and_page_is_there() -> None:
    told = {(method.upper(), path) for path, methods in openapi()["paths"].items() for method in methods}
    pages = {(page.method, page.path) for page in PAGES}
    assert told == {(call.method, call.path) for call in EVERY_CALL} | pages
    marked = {
        (method.upper(), path)
        for path, methods in openapi()["paths"].items()
        for method, operation in methods.items()
        if "x-sandbox-only" in operation
    }
    assert marked == {(call.method, call.path) for call in SANDBOX_CALLS}
    ids = [operation["operationId"] for methods in openapi()["paths"].values() for operation in methods.values()]
    assert len(ids) == len(set(ids))


@EACH_CALL
def test_parameters(call: Call) -> None:
    told = {(one["in"], one["name"]) for one in map(resolved, operation(call)["parameters"])}
    wanted = {("path", name) for name in re.findall(r"{(\w+)}", call.path)}
    if call.query:
        wanted |= {("query", name) for name in call.query.__struct_fields__}
    if call.method == "POST" and not call.takes_file and call not in SANDBOX_CALLS:
        wanted.add(("header", "Idempotency-Key"))
    assert told == wanted
    assert ("requestBody" in operation(call)) is (call.body is not None or call.takes_file)


def resolved(part: Example) -> Example:
    """Follow a reference."""
    found: Any = part
    if "$ref" in part:
        found = openapi()
        for name in part["$ref"].removeprefix("#/").split("/"):
            found = found[name]
    answer: Example = found
    return answer


@EACH_CALL
def test_answers(call: Call) -> None:
    responses = operation(call)["responses"]
    assert {str(call.status), *map(str, call.faults), *map(str, call.others)} <= set(responses)
    for status, response in responses.items():
        told = resolved(response)["content"]["application/json"]
        examples = [told["example"]] if "example" in told else [one["value"] for one in told["examples"].values()]
        for example in examples:
            check_body(told["schema"], example)
        if "$ref" in response:
            assert {(example["code"], example["message"]) for example in examples} == {
                (text.code, text.text) for text in TEXTS if str(text.status) == status
            }
    if call.body:
        told = operation(call)["requestBody"]["content"]["application/json"]
        assert told["example"] == call.example
        check_body(told["schema"], told["example"])


@pytest.fixture(scope="module")
def ids(server: Server) -> dict[str, int]:
    """A question, a reminder, a user and the user's notification, by their places in the calls' paths."""
    user_id = new_id()
    server.make_reminder(user_id, in_seconds(-1))
    wait_until(lambda: server.notifications(user_id), "the notification")
    return {
        "questions question_id": server.open_question(),
        "reminders id": server.make_reminder(user_id, in_seconds(60))["id"],
        "users user_id": user_id,
        "notifications id": server.notifications(user_id)[0]["id"],
    }


def path_of(call: Call, ids: dict[str, int]) -> str:
    """Give the path of a call for what is there."""
    noun = call.path.split("/")[2] if call.path.startswith("/api/") else ""
    return re.sub(r"{(\w+)}", lambda name: str(ids[f"{noun} {name[1]}"]), call.path)


@pytest.mark.parametrize("call", CALLS, ids=[call.name for call in CALLS])
def test_the_server_answers_as_told(server: Server, ids: dict[str, int], call: Call) -> None:
    """Each call with its example, where it finds something."""
    server.set_status(ids["questions question_id"], "OPEN")  # another call's example may have closed it
    path = path_of(call, ids)
    if call.takes_file:
        answer = server.http(call.method, path, body=b"GIF89a", headers={"Content-Type": "image/gif"})
    elif call.example is None:
        answer = server.http(call.method, path)
    else:
        # It is an example of a time ahead, which no written date stays.
        ahead = {"until": in_seconds(60)} if "until" in call.example else {}
        answer = server.http(call.method, path, json={**call.example, **ahead})
    assert answer.status == call.status
    check_body(operation(call)["responses"][str(call.status)]["content"]["application/json"]["schema"], answer.body)


QUERIED = [call for call in CALLS if call.query]


@pytest.mark.parametrize("call", QUERIED, ids=[call.name for call in QUERIED])
def test_an_empty_parameter_is_allowed_where_the_document_allows_it(
    server: Server, ids: dict[str, int], call: Call
) -> None:
    told = [one for one in map(resolved, operation(call)["parameters"]) if one["in"] == "query"]
    assert told
    path = path_of(call, ids)
    for parameter in told:
        answer = server.http(call.method, f"{path}?{parameter['name']}=", json=call.example)
        assert (answer.status == 200) is parameter.get("allowEmptyValue", False), parameter["name"]


@pytest.mark.parametrize("name", ["NewQuestion", "NewReminder"])
def test_a_title_that_the_document_refuses_is_refused(server: Server, name: str) -> None:
    call = next(call for call in CALLS if call.method == "POST" and call.body and call.body.__name__ == name)
    title = openapi()["components"]["schemas"][name]["properties"]["title"]
    for text in ("", " ", "\u200b", "字" * (title["maxLength"] + 1)):
        assert not Draft202012Validator(title).is_valid(text)
        assert server.http("POST", call.path, json={**(call.example or {}), "title": text}).status == 400
