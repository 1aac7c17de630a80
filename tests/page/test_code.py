"""What is copied as code does what the page would have done: each language is run against the server."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

from tests.page.conftest import OpenConsole
from tests.page.test_composer import copied
from tests.server import LIMIT, ROOT

NODE: Final = ["node", "--input-type=module", "--eval"]
TSC: Final = ROOT / "tests" / "node_modules" / ".bin" / "tsc"
# With what python-socketio's client needs, which no server is to load (tests/page/requirements.txt).
ENVIRONMENT: Final = {**os.environ, "PYTHONPATH": str(Path(sys.executable).parent.parent / "samples")}
TEXT: Final = 'it\'s "quoted" $HOME `id` \\ 你好 😀 \u2028 {0} None'
STOP_JS: Final = '\nsocket.on("send_message:ack", () => socket.close());\n'


def ran(command: list[str], script: str, folder: Path = ROOT / "tests") -> str:
    """Run a script and give what it printed."""
    done = subprocess.run(
        [*command, script], capture_output=True, text=True, timeout=3 * LIMIT, cwd=folder, env=ENVIRONMENT, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def as_typescript(script: str, folder: Path) -> str:
    """Check a script by the types that the server gives, run it and give what it printed."""
    shutil.copy(ROOT / "docs" / "careline.d.ts", folder)
    (folder / "node_modules").symlink_to((ROOT / "tests" / "node_modules").resolve())
    (folder / "package.json").write_text('{"type": "module"}')
    (folder / "sample.ts").write_text(script)
    options = [
        "--strict",
        "--target",
        "es2022",
        "--module",
        "esnext",
        "--moduleResolution",
        "bundler",
        "--types",
        "node",
    ]
    ran([str(TSC), *options, "--skipLibCheck"], "sample.ts", folder)
    return ran(["node"], "sample.js", folder)


@pytest.mark.parametrize("language", ["js", "ts", "python", "curl"])
def test_an_event_as_code_does_the_same(open_console: OpenConsole, language: str, tmp_path: Path) -> None:
    console = open_console()
    question = console.open_and_join()
    console.target("send_message")
    console.field("content_text").fill(TEXT)
    script = copied(console, f"#copy-{language}")
    if language == "curl":
        assert "# send_message, by the HTTP call that does the same." in script
        assert json.loads(ran(["bash", "-c"], script))["content_text"] == TEXT
    elif language == "js":
        assert "send_message:ack" in ran(NODE, script + STOP_JS)
    elif language == "ts":
        assert "send_message:ack" in as_typescript(script + STOP_JS, tmp_path)
    else:
        stopping = 'print(event, payload, flush=True)\n    if event == "send_message:ack":\n        client.disconnect()'
        assert "print(event, payload, flush=True)" in script
        assert "\n})\nclient.wait()" in script
        script = script.replace("print(event, payload, flush=True)", stopping)
        assert "send_message:ack" in ran([sys.executable, "-c"], script)
    assert [message["content_text"] for message in console.server.messages(question)] == [TEXT]


@pytest.mark.parametrize("language", ["js", "ts", "python", "curl"])
def test_a_call_as_code_does_the_same(open_console: OpenConsole, language: str, tmp_path: Path) -> None:
    console = open_console()
    console.target("POST /api/questions")
    console.write_json('{"title":"it\'s copied 😀","elder_id":1001,"notify_replies":true,"category":null}')
    script = copied(console, f"#copy-{language}")
    commands = {"js": NODE, "python": [sys.executable, "-c"], "curl": ["bash", "-c"]}
    said = as_typescript(script, tmp_path) if language == "ts" else ran(commands[language], script)
    assert "it's copied" in said
    assert said.startswith("{" if language == "curl" else "201")
    [question, *_] = console.server.http("GET", "/api/questions?limit=1").body["items"]
    assert (question["title"], question["notify_replies"]) == ("it's copied 😀", True)


def test_an_event_without_an_http_call_is_polled(open_console: OpenConsole) -> None:
    console = open_console()
    console.target("bind_user")
    script = copied(console, "#copy-curl")
    assert "# bind_user over long-polling: no HTTP call does the same." in script
    assert '42["bind_user:ack",{"success":true' in ran(["bash", "-c"], script)
