"""docs/testing-a-front-end.md: its recipes run as they stand there. docs/sandbox.md: its tables tell what there is."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import textwrap
from pathlib import Path
from typing import Final

import pytest

from consult.contract.payloads import read
from consult.contract.sandbox import SANDBOX_CALLS
from consult.sandbox.samples import PEOPLE
from tests.clients import node_environment
from tests.server import COMMAND, ROOT

RECIPE: Final = (ROOT / "docs" / "testing-a-front-end.md").read_text(encoding="utf-8")
GUIDE: Final = (ROOT / "docs" / "sandbox.md").read_text(encoding="utf-8")


def fences(language: str) -> list[str]:
    """Give the recipe's pieces of code in that language."""
    return re.findall(rf"^```{language}\n(.*?)^```$", RECIPE, re.MULTILINE | re.DOTALL)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A front end's folder as the recipe has it: `careline` in `tools/`, the script, the test, the official client."""
    folder = tmp_path / "project"
    program = folder / "tools" / "careline"
    program.parent.mkdir(parents=True)
    program.write_text(f'#!/bin/sh\nexec {shlex.join(COMMAND)} "$@"\n')
    program.chmod(0o755)
    (folder / "temporary").mkdir()
    script, _ = fences("sh")
    [test] = fences("js")
    (folder / "with-careline.sh").write_text(script)
    (folder / "front_end.test.mjs").write_text(test, encoding="utf-8")
    (folder / "node_modules").symlink_to(ROOT / "tests" / "node_modules")
    return folder


def run_in(project: Path, script: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run a shell script in the project, with temporary files of its own."""
    own = {name: value for name, value in os.environ.items() if not name.startswith("CARELINE_")}
    ran = subprocess.run(
        ["/bin/sh", "-e", "-c", script],
        cwd=project,
        env={**node_environment(), **own, "TMPDIR": str(project / "temporary"), **variables},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert "Traceback" not in ran.stderr
    assert list((project / "temporary").iterdir()) == [], "the sandbox's folder and the script's are gone"
    return ran


def test_the_recipe_in_a_shell(project: Path) -> None:
    _, use = fences("sh")
    ran = run_in(project, use, PATH=f"{project / 'tools'}:{os.environ['PATH']}")
    assert ran.returncode == 0, ran.stderr
    said = re.fullmatch(r"(\d+) rings, 2 messages\n", ran.stdout)
    assert said, ran.stdout
    # Of 30 days 60 doses, each of which rings twice, and 31 times blood pressure; more before noon of the last.
    assert int(said[1]) == 31 + 2 * 61


def test_the_workflow_runs_a_test_and_fails_with_it(project: Path) -> None:
    """Its last step and its variables, around a test that is short: that of the page is run above."""
    [workflow] = fences("yaml")
    assert re.findall(r"uses: (\S+)@v\d+$", workflow, re.MULTILINE) == ["actions/checkout", "actions/setup-node"]
    [zone] = re.findall(r"^      CARELINE_TIMEZONE: (\S+)$", workflow, re.MULTILINE)
    step = textwrap.dedent(workflow.rpartition("- run: |\n")[2])
    assert step.splitlines()[-1] == fences("sh")[1].splitlines()[-1]
    for status in (0, 3):
        (project / "front_end.test.mjs").write_text(
            f"const told = await (await fetch(process.env.BACK_END + '/protocol.json')).json();\n"
            f"process.exitCode = told.sandbox && told.timezone === '{zone}' ? {status} : 1;\n"
        )
        assert run_in(project, step, CARELINE_TIMEZONE=zone).returncode == status


def test_a_sandbox_that_does_not_start_ends_the_script(project: Path) -> None:
    ran = run_in(project, "PATH=$PWD/tools:$PATH; sh with-careline.sh true", CARELINE_HOST="0.0.0.0")  # noqa: S104
    assert ran.returncode == 1
    assert "--host (CARELINE_HOST): 0.0.0.0 can be reached from other machines" in ran.stderr


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
