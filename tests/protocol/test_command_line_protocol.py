"""`protocol` prints the documents that lie in docs/; a reader that goes away early is nobody's failure."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

from consult.process.version import VERSION
from tests.server import COMMAND, LIMIT, ROOT, environment, run

FORMATS = {
    "markdown": "socket-events.md",
    "asyncapi": "asyncapi.json",
    "openapi": "openapi.json",
    "typescript": "careline.d.ts",
}


@pytest.mark.parametrize("form", FORMATS)
def test_each_format_is_the_document(tmp_path: Path, form: str) -> None:
    result = run("protocol", "--format", form, folder=tmp_path)
    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout == (ROOT / "docs" / FORMATS[form]).read_text(encoding="utf-8")
    assert list(tmp_path.iterdir()) == [], "no database is made"


def test_markdown_is_what_is_printed_when_nothing_is_said(tmp_path: Path) -> None:
    assert run("protocol", folder=tmp_path).stdout == run("protocol", "--format=markdown", folder=tmp_path).stdout


def test_it_is_json_of_this_version(tmp_path: Path) -> None:
    for form, key in (("asyncapi", "asyncapi"), ("openapi", "openapi")):
        document = json.loads(run("protocol", "--format", form, folder=tmp_path).stdout)
        assert document[key]
        assert document["info"]["version"] == VERSION


def test_settings_do_not_matter(tmp_path: Path) -> None:
    result = run("protocol", env={"CARELINE_PORT": "wrong"}, folder=tmp_path)
    assert result.returncode == 0, result.stderr


@pytest.mark.parametrize(
    "words", [("protocol", "--format", "pdf"), ("version", "--format", "markdown"), ("protocol", "x")]
)
def test_what_it_does_not_take_is_refused(tmp_path: Path, words: tuple[str, ...]) -> None:
    result = run(*words, folder=tmp_path)
    assert (result.returncode, result.stdout) == (2, "")
    assert "Traceback" not in result.stderr


def test_a_terminal_that_knows_no_chinese(tmp_path: Path) -> None:
    result = run("protocol", env={"PYTHONIOENCODING": "ascii", "LC_ALL": "C", "PYTHONUTF8": "0"}, folder=tmp_path)
    assert result.returncode == 0, result.stderr
    assert "咨询问题" in result.stdout


@pytest.mark.parametrize("command", ["protocol", "version"])
def test_a_closed_pipe(tmp_path: Path, command: str) -> None:
    """As with `| head -1`, when head has gone before all was written."""
    reading, writing = os.pipe()
    os.close(reading)
    try:
        result = subprocess.run(
            [*COMMAND, command],
            stdout=writing,
            stderr=subprocess.PIPE,
            text=True,
            env=environment(),
            cwd=tmp_path,
            timeout=LIMIT,
            check=False,
        )
    finally:
        os.close(writing)
    assert (result.returncode, result.stderr) == (0, "")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no disk that is always full")
def test_a_full_disk_is_told(tmp_path: Path) -> None:
    with Path("/dev/full").open("wb") as full:
        words = [*COMMAND, "protocol"]
        result = subprocess.run(
            words, stdout=full, stderr=subprocess.PIPE, text=True, cwd=tmp_path, timeout=LIMIT, check=False
        )
    assert result.returncode == 1
    assert result.stderr == "careline: cannot write to standard output: No space left on device\n"
