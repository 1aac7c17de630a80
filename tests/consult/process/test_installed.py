"""The settings of an installed service. That the installed program reads them is told in tests/packaged/."""

from __future__ import annotations

from pathlib import Path

import pytest

from consult.process.installed import with_settings_of
from consult.process.settings import SettingsFault
from tests.server import run


def test_a_file_of_settings_is_read_as_systemd_does(tmp_path: Path) -> None:
    """What the environment has already wins; the database is the unit's, where the file names none."""
    file = tmp_path / "north.conf"
    file.write_text(
        '# CARELINE_HOST=no\n;CARELINE_HOST=no\n\n CARELINE_PORT = 8001\nCARELINE_TIMEZONE="Asia/Shanghai"\n'
        "CARELINE_PUBLIC_URL=https://clinic.example/a=b\nnothing\nCARELINE_LOG_LEVEL=error\n"
    )
    assert with_settings_of(file, {"CARELINE_LOG_LEVEL": "debug", "PATH": "/bin"}) == {
        "CARELINE_DATABASE": "/var/lib/careline/north/careline.db",
        "CARELINE_PORT": "8001",
        "CARELINE_TIMEZONE": "Asia/Shanghai",
        "CARELINE_PUBLIC_URL": "https://clinic.example/a=b",
        "CARELINE_LOG_LEVEL": "debug",
        "PATH": "/bin",
    }


def test_a_file_that_cannot_be_read_is_a_fault(tmp_path: Path) -> None:
    with pytest.raises(SettingsFault, match="cannot be read"):
        with_settings_of(tmp_path, {})


@pytest.mark.parametrize("cell", ["../careline", "nowhere", ""])
@pytest.mark.parametrize("command", ["status", "check", "audit", "backup", "drill", "hooks"])
def test_a_cell_that_is_not_there(tmp_path: Path, command: str, cell: str) -> None:
    result = run(command, *(["x"] if command == "backup" else []), "--cell", cell, folder=tmp_path)
    assert (result.returncode, result.stdout) == (2, "")
    assert result.stderr == f"careline: --cell: there is no cell {cell!r}: /etc/careline has no settings of it\n"
