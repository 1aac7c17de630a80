"""An example front end's own tests, in example/, go through a change of summer time in a sandbox; with TEST_MONTH=1
through all of March."""

from __future__ import annotations

import subprocess
from collections.abc import Callable

from tests.clients import node_environment
from tests.sandbox.conftest import Sandbox
from tests.server import ROOT


def test_the_example_front_end(start_sandbox: Callable[[], Sandbox]) -> None:
    sandbox = start_sandbox()
    ran = subprocess.run(
        ["node", "--test", "--test-reporter=tap", "tests/sandbox/example/month.test.js"],
        cwd=ROOT,
        env=node_environment(BACK_END=sandbox.url),
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    [told] = [line for line in ran.stdout.splitlines() if " rings in " in line]
    print(told)  # noqa: T201 - how long it took, with `pytest -s`
    assert "# pass 1" in ran.stdout
