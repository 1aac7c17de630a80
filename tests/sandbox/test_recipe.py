"""docs/sandbox.md: its recipe for CI runs as it stands there, and its tables tell what there is."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
from pathlib import Path
from typing import Final

from consult.contract.payloads import read
from consult.contract.sandbox import SANDBOX_CALLS
from consult.sandbox.samples import PEOPLE
from tests.clients import node_environment
from tests.server import COMMAND, ROOT

GUIDE: Final = (ROOT / "docs" / "sandbox.md").read_text(encoding="utf-8")


def fences(language: str) -> list[str]:
    """Give the guide's pieces of code in that language."""
    return re.findall(rf"^```{language}\n(.*?)^```$", GUIDE, re.MULTILINE | re.DOTALL)


def test_the_recipe_for_ci(tmp_path: Path) -> None:
    [test] = fences("js")
    recipe = fences("sh")[-1]
    (tmp_path / "front_end.test.mjs").write_text(test, encoding="utf-8")
    (tmp_path / "node_modules").symlink_to(ROOT / "tests" / "node_modules")
    program = tmp_path / "bin" / "careline"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nexec {shlex.join(COMMAND)} "$@"\n')
    program.chmod(0o755)
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    own = {name: value for name, value in os.environ.items() if not name.startswith("CARELINE_")}
    path = {"PATH": f"{program.parent}:{os.environ['PATH']}", "TMPDIR": str(temporary)}
    ran = subprocess.run(
        ["/bin/sh", "-c", recipe],
        cwd=tmp_path,
        env={**node_environment(), **own, **path},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    said = re.fullmatch(r"(\d+) rings, 2 messages\n", ran.stdout)
    assert said, ran.stdout
    # Of 30 days 60 doses, each of which rings twice, and 31 times blood pressure; more before noon of the last.
    assert int(said[1]) == 31 + 2 * 61
    assert "Traceback" not in ran.stderr
    assert list(temporary.iterdir()) == [], "its database is gone"


def test_its_calls_are_those_that_there_are() -> None:
    shown = re.findall(r"`((?:GET|POST) /sandbox[a-z/-]*)(?: (\{.*?\}))?`", GUIDE)
    assert {name for name, _ in shown} == {call.name for call in SANDBOX_CALLS}
    for name, example in shown:
        (call,) = (call for call in SANDBOX_CALLS if call.name == name)
        assert (call.body is not None) is bool(example)
        if call.body is not None and '"to"' not in example:
            read(call.body, json.loads(example))


def test_its_people_are_those_of_the_samples() -> None:
    shown = re.findall(r"^\| (\d+) \| `([A-Z]+)` \| (.*?) \|", GUIDE, re.MULTILINE)
    assert sorted((int(user_id), kind, name) for user_id, kind, name in shown) == sorted(PEOPLE)
