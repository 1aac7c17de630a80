"""`docs/careline.d.ts`: a strict compiler takes a front end that uses all of it, and refuses what the server would."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path
from typing import Final

import pytest

from consult.contract.sandbox import SANDBOX_CALLS
from consult.contract.tables import CALLS, CLIENT_EVENTS, EVENTS, SERVER_EVENTS
from consult.documents.typescript import typescript
from tests.server import ROOT

MODULES: Final = ROOT / "tests" / "node_modules"
FRONT_END: Final = Path(__file__).with_name("front_end.ts").read_text(encoding="utf-8")
HEAD: Final = """\
import { io, type Socket } from "socket.io-client";
import type { Calls, ClientToServerEvents, ServerToClientEvents } from "./careline";
const socket: Socket<ServerToClientEvents, ClientToServerEvents> = io();
"""

# What is wrong with a front end, and how the compiler says so.
WRONG: Final[dict[str, tuple[str, str]]] = {
    "an id that is text": ('socket.emit("join_question", { question_id: "123" });', "'string' is not assignable to"),
    "a field left out": (
        'socket.emit("send_message", { question_id: 1, sender_type: "ELDER", content_text: "您好" });',
        "'content_type' is missing",
    ),
    "a field that nobody knows": (
        'socket.emit("bind_user", { user_id: 1, device: "phone" });',
        "'device' does not exist in type 'BindUser'",
    ),
    "an event of no name that is known": (
        'socket.on("newMessage", (message) => console.log(message));',
        "'\"newMessage\"' is not assignable to",
    ),
    "a field that an event does not have": (
        'socket.on("new_message", (message) => console.log(message.text));',
        "'text' does not exist on type 'Message'",
    ),
    "an answer taken for a success": (
        'const said = { question_id: 1, sender_type: "SYSTEM", content_type: "TEXT", content_text: "x" };'
        ' socket.emit("send_message", said, (answer) => console.log(answer.data.id));',
        "'data' does not exist on type 'NotSent'",
    ),
    "a status that there is not": (
        'const change: Calls["PATCH /api/questions/{question_id}"]["body"] = { status: "DONE" };',
        "'\"DONE\"' is not assignable to type",
    ),
    "text that may be null": (
        'socket.on("new_message", (message) => console.log(message.content_text.length));',
        "'message.content_text' is possibly 'null'",
    ),
}


def compiled(folder: Path, sources: dict[str, str]) -> list[str]:
    """Compile modules that lie beside the types, as strictly as there is, and give what the compiler says."""
    (folder / "careline.d.ts").write_text(typescript(), encoding="utf-8")
    (folder / "node_modules").symlink_to(MODULES)
    for name, source in sources.items():
        (folder / name).write_text(source, encoding="utf-8")
    strict = ("--strict", "--exactOptionalPropertyTypes", "--noUncheckedIndexedAccess", "--noEmit")
    target = ("--target", "es2022", "--module", "esnext", "--moduleResolution", "bundler", "--pretty", "false")
    done = subprocess.run(
        [MODULES / ".bin" / "tsc", *strict, *target, "careline.d.ts", *sources],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.stderr == ""
    assert (done.returncode == 0) is (done.stdout == "")
    return done.stdout.splitlines()


def test_a_front_end_that_uses_all_of_it_compiles(tmp_path: Path) -> None:
    used = set(re.findall(r'(?:on|emit|emitWithAck|call)\(\s*"([^"]+)"', FRONT_END))
    names = {*(one.name for one in EVENTS), *(call.name for call in CALLS)}
    assert names <= used, "front_end.ts uses every event and call"
    assert compiled(tmp_path, {"front_end.ts": FRONT_END}) == []


def test_wrong_ones_are_refused_each_for_its_reason(tmp_path: Path) -> None:
    names = {f"wrong_{number}.ts": what for number, what in enumerate(WRONG)}
    said = compiled(tmp_path, {name: f"{HEAD}{WRONG[what][0]}\n" for name, what in names.items()})
    for name, what in names.items():
        # Further lines of one error are indented.
        place = next((place for place, line in enumerate(said) if line.startswith(f"{name}(")), None)
        assert place is not None, what
        own = [said[place]]
        while place + len(own) < len(said) and said[place + len(own)].startswith(" "):
            own.append(said[place + len(own)])
        assert WRONG[what][1] in "\n".join(own), (what, own)


def test_the_examples_fit(tmp_path: Path) -> None:
    """What is sent in one, what is heard, what is answered."""
    shown = [(event.payload.__name__, one) for event in CLIENT_EVENTS for one in (event.example, *event.others)]
    for told in SERVER_EVENTS:
        shown += [(shape.__name__, one) for shape, one in zip(told.shapes, (told.example, *told.others), strict=True)]
    of_calls = [*(("Calls", call) for call in CALLS), *(("SandboxCalls", call) for call in SANDBOX_CALLS)]
    for interface, call in of_calls:
        of = f"{interface}[{json.dumps(call.name)}]"
        shown += [(f"{of}['answer']", one) for one in (call.answer, *call.others.values())]
        if call.body:
            assert call.example is not None
            shown.append((f"{of}['body']", call.example))
    types = sorted({of.partition("[")[0] for of, _ in shown})
    lines = [f'import type {{ {", ".join(types)} }} from "./careline";']
    lines += [
        f"export const example{number}: {of} = {json.dumps(one, ensure_ascii=False)};"
        for number, (of, one) in enumerate(shown)
    ]
    assert len(lines) > 40
    assert compiled(tmp_path, {"examples.ts": "\n".join(lines)}) == []


def test_every_name_is_there_once() -> None:
    declared = re.findall(r"^export (?:interface|type) (\w+)", typescript(), re.MULTILINE)
    assert len(declared) == len(set(declared))
    assert {"ServerToClientEvents", "ClientToServerEvents", "Calls", "Error"} <= set(declared)


@pytest.mark.parametrize("name", [event.name for event in EVENTS])
def test_every_event_is_told(name: str) -> None:
    key = name if name.isidentifier() else json.dumps(name)
    assert re.search(rf"^  {re.escape(key)}: \(", typescript(), re.MULTILINE)
