"""`careline install`, in file systems of its own: what it says, what it puts in place, and that it asks first."""

from __future__ import annotations

import os
import shlex
import subprocess
from pathlib import Path
from typing import Final

import pytest

from consult.process.settings import SETTINGS
from consult.process.units import (
    BINARY,
    CELL_UNIT,
    CELL_UNIT_TEXT,
    CELLS,
    CONFIGURATION,
    FOLDERS,
    REPLICA_UNIT,
    UNIT,
    UNIT_TEXT,
    USER,
)

NOBODY: Final = 65534
PLACES: Final = ("/usr/local/bin", "/etc", "/var/lib", "/run")
ALONE: Final = ["unshare", "--mount", *([] if os.geteuid() == 0 else ["--user", "--map-root-user"])]
# Lays a file system over each place, so that what is written goes there and is gone with the program.
OVER: Final = """
for place in {places}; do
    mkdir -p "$0$place.upper" "$0$place.work"
    mount -t overlay -o "lowerdir=$place,upperdir=$0$place.upper,workdir=$0$place.work" overlay "$place"
done
"$@"
"""


def installed(folder: Path, binary: Path, *options: str, answer: str = "") -> subprocess.CompletedProcess[str]:
    """Let the program install itself; what it has written is then in the folder."""
    script = OVER.format(places=shlex.join(PLACES))
    return subprocess.run(
        [*ALONE, "sh", "-c", script, str(folder), str(binary), "install", *options],
        input=answer,
        capture_output=True,
        text=True,
        env={},
        check=False,
    )


def asked_after(folder: Path, binary: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run the installed program once the program has installed itself, with these words."""
    script = OVER.format(places=shlex.join(PLACES)).replace(
        '"$@"', f'"$@" >&2 && cd "$0" && env -i {BINARY} {shlex.join(words)}'
    )
    return subprocess.run(
        [*ALONE, "sh", "-c", script, str(folder), str(binary), "install", "--with-tokens", "--yes"],
        capture_output=True,
        text=True,
        env={},
        check=False,
    )


def written(folder: Path, path: Path) -> Path:
    """Give the file that stands for the path."""
    (place,) = (place for place in PLACES if path.is_relative_to(place))
    return folder / f"{place[1:]}.upper" / path.relative_to(place)


def anything_written(folder: Path) -> list[Path]:
    """Give all files that were written."""
    return [file for place in PLACES for file in (folder / f"{place[1:]}.upper").rglob("*") if file.is_file()]


@pytest.mark.parametrize("way", ["--yes", "asked"])
def test_it_puts_all_in_place(binary: Path, tmp_path: Path, way: str) -> None:
    result = installed(tmp_path, binary, "--yes") if way == "--yes" else installed(tmp_path, binary, answer="y\n")
    assert result.returncode == 0, result.stderr
    for path in (BINARY, UNIT, USER, CONFIGURATION, FOLDERS):
        assert str(path) in result.stdout, "it says what it does"
    assert written(tmp_path, BINARY).read_bytes() == binary.read_bytes()
    assert written(tmp_path, BINARY).stat().st_mode & 0o777 == 0o755
    assert written(tmp_path, UNIT).read_text() == UNIT_TEXT
    assert "\ncareline:" in written(tmp_path, Path("/etc/passwd")).read_text()
    assert written(tmp_path, Path("/etc/systemd/system/multi-user.target.wants/careline.service")).is_symlink()
    lines = written(tmp_path, CONFIGURATION).read_text().splitlines()
    assert [line for line in lines if line and not line.startswith("#")] == [], "every default stays"
    assert [setting for setting in SETTINGS if f"#{setting.variable}={setting.default}" not in lines] == []


def test_settings_stay_as_they_are(binary: Path, tmp_path: Path) -> None:
    kept = "CARELINE_PORT=9000\n"
    written(tmp_path, CONFIGURATION).parent.mkdir(parents=True)
    written(tmp_path, CONFIGURATION).write_text(kept)
    assert installed(tmp_path, binary, "--yes").returncode == 0
    assert written(tmp_path, CONFIGURATION).read_text() == kept


def test_a_cell_has_all_of_its_own(binary: Path, tmp_path: Path) -> None:
    result = installed(tmp_path, binary, "--cell", "north", "--yes")
    assert result.returncode == 0, result.stderr
    assert result.stdout.splitlines()[-1] == "Careline as the cell north is installed."
    assert written(tmp_path, CELL_UNIT).read_text() == CELL_UNIT_TEXT
    assert not written(tmp_path, UNIT).exists(), "it is no cell"
    wanted = written(tmp_path, Path("/etc/systemd/system/multi-user.target.wants/careline@north.service"))
    assert wanted.is_symlink()
    users = written(tmp_path, Path("/etc/passwd")).read_text()
    assert "\ncareline:" in users
    assert "\ncareline-north:" in users
    [user] = [line.split(":") for line in users.splitlines() if line.startswith("careline-north:")]
    key = written(tmp_path, CELLS / "north.key").stat()
    assert (key.st_mode & 0o777, str(key.st_uid)) == (0o600, user[2])
    lines = written(tmp_path, CELLS / "north.conf").read_text().splitlines()
    assert [line for line in lines if line and not line.startswith("#")] == [
        "CARELINE_AUTH_SECRET_FILE=/etc/careline/north.key",
        "CARELINE_HOST=unix:/run/careline/north.sock",
    ]
    sockets, state = (written(tmp_path, Path(path)).stat() for path in ("/run/careline", "/var/lib/careline"))
    assert (sockets.st_mode & 0o7777, state.st_mode & 0o7777) == (0o3770, 0o750)


def test_a_cell_by_a_port(binary: Path, tmp_path: Path) -> None:
    """Of a cell that has settings already: those that are not named stay."""
    configuration = written(tmp_path, CELLS / "north.conf")
    configuration.parent.mkdir(parents=True)
    configuration.write_text("CARELINE_TIMEZONE=Asia/Shanghai\nCARELINE_HOST=unix:/run/careline/north.sock\n")
    assert installed(tmp_path, binary, "--cell", "north", "--port", "8001", "--yes").returncode == 0
    assert configuration.read_text().splitlines() == [
        "CARELINE_TIMEZONE=Asia/Shanghai",
        "CARELINE_AUTH_SECRET_FILE=/etc/careline/north.key",
        "CARELINE_HOST=127.0.0.1",
        "CARELINE_PORT=8001",
    ]


def test_the_replica_needs_litestream(binary: Path, tmp_path: Path) -> None:
    result = installed(tmp_path, binary, "--replica", "/usr/local/bin", "--yes")
    if "no Litestream" not in result.stderr:
        assert written(tmp_path, REPLICA_UNIT).exists(), "this machine has it"
        return
    assert (result.returncode, result.stdout) == (1, "")
    assert anything_written(tmp_path) == []


@pytest.mark.parametrize("answer", ["", "\n", "n\n", "perhaps\n"])
def test_without_consent_nothing_changes(binary: Path, tmp_path: Path, answer: str) -> None:
    result = installed(tmp_path, binary, answer=answer)
    assert result.returncode == 1
    assert result.stderr == "careline: nothing was changed\n"
    assert anything_written(tmp_path) == []


def test_only_root_may(binary: Path) -> None:
    words = [*(["setpriv", f"--reuid={NOBODY}"] if os.geteuid() == 0 else []), str(binary), "install", "--yes"]
    result = subprocess.run(words, capture_output=True, text=True, env={}, check=False)
    assert result.returncode == 1
    assert result.stderr == "careline: only root may do that\n"


def test_the_installed_program_knows_the_services_settings(binary: Path, tmp_path: Path) -> None:
    """Root types the words of the README, in any folder: the key and the database are the service's."""
    result = asked_after(tmp_path, binary, "token", "--user-id", "1001", "--user-type", "ELDER")
    assert (result.returncode, result.stdout.count(".")) == (0, 2), result.stderr
    result = asked_after(tmp_path, binary, "check")
    assert f"settings: ok, those of {CONFIGURATION}" in result.stdout, result.stderr
    assert "/var/lib/careline/careline.db" in result.stdout
    result = asked_after(tmp_path, binary, "check", "--database", "other.db")
    assert "database: other.db does not exist" in result.stdout, "an option wins"
