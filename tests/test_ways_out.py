"""Every way out of a message asks the one rule of who may see it (`store.messages.visible_to`).

The source is read as it lies there: a new reading of messages that does not ask, and a new place that shows one, fail
here, until somebody has thought about it.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from typing import Final

import pytest

from tests.server import ROOT

# What reads messages without asking, each with the reason.
READ_WITHOUT_ASKING: Final = {
    "store/messages.py latest_id": "for the server itself, which keeps no more of it than that it could be read",
    "store/messages.py _first_of": "for their own sender, who sends them again",
    "store/retention.py clear_away": "to delete them",
    "store/outbox.py ": "for the operator's own systems (hooks): when each of a batch was sent",
    "store/subjects.py ": "for the operator's own systems (hooks), which are told whether a patient may see it",
    "store/unanswered.py ": "for the server itself: when the first word was said that staff has not answered",
    "store/rewind.py ": "for who restores a backup: how many there are and when the newest was sent",
}
# What puts a message into the protocol's words, each with how the rule was asked before.
SHOWN: Final = {
    "consult/sending.py encoded": "to its sender; `Push.new_message` asks for everybody else",
    "consult/http/questions.py shape": "to its sender",
    "consult/http/questions.py list_messages": "a page, read as whom the request asks as",
    "consult/push.py replay_message": "a catch-up, read as whom the connection joins as",
}
_SQL: Final = re.compile(r"\b(from|join)\s+\"?message\b", re.IGNORECASE)


def functions(tree: ast.Module) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    """Give every function, those within others too."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def own(function: ast.AST) -> Iterator[ast.AST]:
    """Give the nodes of a function, without those of functions within."""
    for node in ast.iter_child_nodes(function):
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node
            yield from own(node)


def called(node: ast.AST, name: str) -> bool:
    """Tell whether this calls something's method of that name."""
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == name


def readings(source: str) -> list[str]:
    """Give the functions of a module that read messages without asking; "" stands for the module itself."""
    tree = ast.parse(source)
    names = {
        alias.asname or alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module == "store.models"
        for alias in node.names
        if alias.name == "Message"
    }
    found = []
    for function in (tree, *functions(tree)):
        nodes = list(own(function))
        asked = {id(within) for node in nodes if called(node, "of") for within in ast.walk(node)}
        for node in nodes:
            is_select = (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Attribute)
                and node.func.attr in ("select", "raw", "get", "get_by_id", "get_or_none")
                and isinstance(node.func.value, ast.Name)
                and node.func.value.id in names
            )
            is_sql = isinstance(node, ast.Constant) and isinstance(node.value, str) and _SQL.search(node.value)
            if (is_select and id(node) not in asked) or is_sql:
                found.append(getattr(function, "name", ""))
    return found


def shown(source: str) -> list[str]:
    """Give the functions of a module that put a message into the protocol's words."""
    return [
        function.name
        for function in functions(ast.parse(source))
        if any(called(node, "message") and ast.unparse(node).startswith("replies.message(") for node in own(function))
    ]


def in_rooms(*rooms: str) -> Iterator[tuple[str, str]]:
    """Give the modules of rooms, each with its source."""
    for room in rooms:
        for path in sorted((ROOT / room).rglob("*.py")):
            if "migrations" not in path.parts:
                yield str(path.relative_to(ROOT)), path.read_text()


def test_every_reading_of_messages_asks_who_may_see_them() -> None:
    found = {
        f"{path} {name}" for path, source in in_rooms("store", "reminders", "consult") for name in readings(source)
    }
    assert found == set(READ_WITHOUT_ASKING), "ask `visibility.of`, or say here why not"


def test_every_place_that_shows_a_message_is_known() -> None:
    found = {f"{path} {name}" for path, source in in_rooms("store", "reminders", "consult") for name in shown(source)}
    assert found == set(SHOWN), "say here how it is asked who may see it"


@pytest.mark.parametrize(
    "way",
    [
        "async def latest(database):\n    return await database.read(Row.select(Row.id).limit(1))",
        "def search(visibility):\n    visibility.of(Row.select())\n    return Row.select(Row.content_text)",
        "def search(connection):\n    return connection.execute('SELECT id FROM message')",
        "COUNT = 'SELECT COUNT(*) FROM question JOIN message ON question.id = question_id'",
        "def outer():\n    def inner():\n        return Row.select()",
    ],
)
def test_a_way_out_that_forgets_to_ask_is_noticed(way: str) -> None:
    assert len(readings(f"from store.models import Message as Row\n{way}")) == 1


def test_a_way_out_that_asks_is_none() -> None:
    asks = "def page(visibility):\n    return visibility.of(Row.select(Row.id).where(Row.question == 1)).limit(5)"
    assert readings(f"from store.models import Message as Row\n{asks}") == []
    assert shown("async def new(one, time):\n    return json_answer(replies.message(one, time))") == ["new"]
