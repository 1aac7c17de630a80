"""The rules of the house: which way imports run, what rooms are called, who speaks to clients, what is written down.

Each test reads the source as it lies there, so a rule that is broken is told with the file and the line.
"""

from __future__ import annotations

import ast
import importlib.metadata
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest
from packaging.utils import canonicalize_name

from consult.process.command_line import COMMANDS
from consult.process.settings import SETTINGS
from tests.server import ROOT

# A room may import itself and what stands before it.
ROOMS: Final = ("store", "reminders", "consult", "main")
# The same within consult, where "consult" is what lies on its own floor. The protocol's documents name the version of
# the program, so that one file of the process stands at the beginning. Only main imports the others of the process.
FLOORS: Final = (
    *("consult.process.version", "consult.contract", "consult.documents", "consult.entry", "consult"),
    *("consult.hooks", "consult.events", "consult.wire", "consult.http", "consult.process"),
)
# What speaks to clients, which the inner rooms know nothing of.
OUTSIDE: Final = {"sanic", "socketio", "engineio", "websockets"}
TOP_LEVEL: Final = {
    *("main.py", "consult", "store", "reminders", "static", "tests", "requirements.txt", "README.md"),
    "requirements.lock",
    *("pyproject.toml", "Makefile", "careline.spec", "CHANGELOG.md", "LICENSE", "docs"),
    *(".ci", ".gitignore", ".editorconfig"),
}
NAMELESS: Final = {"utils", "util", "helpers", "helper", "common", "manager", "managers", "service", "services", "misc"}
MOST_LINES: Final = 60  # of a function
PIN: Final = re.compile(r"(?P<name>[A-Za-z0-9._-]+)==(?P<version>[0-9][0-9A-Za-z.]*)(?: ; [^#]+\S)? +# \S.+")

# The settings as the interface has them: variable and default, where the default is a value and not told in words.
INTERFACE: Final[dict[str, tuple[str, str | None]]] = {
    "--host": ("CARELINE_HOST", "127.0.0.1"),
    "--port": ("CARELINE_PORT", "8000"),
    "--database": ("CARELINE_DATABASE", "careline.db"),
    "--timezone": ("CARELINE_TIMEZONE", None),
    "--log-level": ("CARELINE_LOG_LEVEL", "info"),
    "--auth-secret-file": ("CARELINE_AUTH_SECRET_FILE", None),
    "--allow-open": ("CARELINE_ALLOW_OPEN", "false"),
    "--allowed-origins": ("CARELINE_ALLOWED_ORIGINS", None),
    "--allowed-hosts": ("CARELINE_ALLOWED_HOSTS", None),
}


def modules(*rooms: str) -> Iterator[Path]:
    """The Python files of the rooms."""
    for room in rooms:
        place = ROOT / room
        yield from sorted(place.rglob("*.py")) if place.is_dir() else [place.with_suffix(".py")]


def shown(path: Path, line: int) -> str:
    return f"{path.relative_to(ROOT)}:{line}"


def imported(path: Path) -> Iterator[tuple[str, int]]:
    """Every module that the file imports anywhere, for its types alone too, with the line."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.name, node.lineno
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{shown(path, node.lineno)} imports relatively"
            assert node.module is not None
            yield node.module, node.lineno


def imports_among(*rooms: str) -> dict[str, dict[str, int]]:
    """Which modules of the rooms each of them imports, for its types alone too, with the line of each import."""
    files = {".".join(path.relative_to(ROOT).with_suffix("").parts): path for path in modules(*rooms)}
    found: dict[str, dict[str, int]] = {module: {} for module in files}
    for module, path in files.items():
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                names = [node.module or "", *(f"{node.module}.{alias.name}" for alias in node.names)]
            else:
                continue
            found[module] |= {name: node.lineno for name in names if name in files}
    return found


def floor(module: str) -> int:
    """The number of the module's place in FLOORS: that with the longest name it begins with."""
    return FLOORS.index(max((one for one in FLOORS if f"{module}.".startswith(f"{one}.")), key=len))


def own_files() -> list[str]:
    """Every file that belongs to Careline, by its path from the top."""
    asked = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(asked, cwd=ROOT, capture_output=True, text=True, check=True).stdout.splitlines()
    assert "main.py" in listed
    return [name for name in listed if (ROOT / name).exists()]


def sends(path: Path) -> list[str]:
    """Where the file calls something's `send`: the place and the function."""
    return [
        f"{shown(path, node.lineno)} in {function.name}"
        for function in ast.walk(ast.parse(path.read_text()))
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef)
        for node in ast.walk(function)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "send"
    ]


def settings_table() -> dict[str, tuple[str, str]]:
    """The README's settings: by option, the variable and the default as they are written there."""
    rows = re.findall(r"^\| *`(--[a-z-]+)` *\| *`([A-Z_]+)` *\| *([^|]*?) *\|", (ROOT / "README.md").read_text(), re.M)
    assert len({option for option, _, _ in rows}) == len(rows), "an option has two rows"
    return {option: (variable, default) for option, variable, default in rows}


@pytest.mark.parametrize("room", ROOMS)
def test_imports_run_one_way(room: str) -> None:
    later = ROOMS[ROOMS.index(room) + 1 :]
    wrong = [
        f"{shown(path, line)} imports {name}"
        for path in modules(room)
        for name, line in imported(path)
        if name.split(".")[0] in later
    ]
    assert not wrong, wrong


def test_imports_within_consult_run_one_way() -> None:
    wrong = [
        f"{module}:{line} imports {name}"
        for module, imports in imports_among("consult").items()
        for name, line in imports.items()
        if floor(name) > floor(module)
    ]
    assert not wrong, wrong


@pytest.mark.parametrize("room", ["store", "reminders", "consult"])
def test_imports_run_in_no_circle(room: str) -> None:
    left = {module: set(imports) for module, imports in imports_among(room).items()}
    assert any(left.values())
    while free := {module for module, imports in left.items() if not imports & left.keys()}:
        left = {module: imports for module, imports in left.items() if module not in free}
    assert not left, {module: imports & left.keys() for module, imports in left.items()}


@pytest.mark.parametrize("room", ["store", "reminders"])
def test_the_inner_rooms_know_nothing_of_clients(room: str) -> None:
    wrong = [
        f"{shown(path, line)} imports {name}"
        for path in modules(room)
        for name, line in imported(path)
        if name.split(".")[0] in OUTSIDE
    ]
    assert not wrong, wrong


def test_nothing_imports_main_or_the_tests() -> None:
    wrong = [
        f"{shown(path, line)} imports {name}"
        for path in modules(*ROOMS)
        for name, line in imported(path)
        if name.split(".")[0] in ("main", "tests")
    ]
    assert not wrong, wrong


def test_importing_a_module_does_nothing_to_another() -> None:
    """But for what the binary does before anything else, and the start of the program."""
    wrong = [
        shown(path, node.lineno)
        for path in modules(*ROOMS)
        if path.name != "packaged.py"
        for node in ast.parse(path.read_text()).body
        if (isinstance(node, ast.Expr) and not isinstance(node.value, ast.Constant))
        or (isinstance(node, ast.Assign) and not all(isinstance(one, ast.Name | ast.Tuple) for one in node.targets))
    ]
    assert not wrong, wrong


def test_names_say_what_is_behind_them() -> None:
    wrong = [name for name in own_files() if {part.split(".")[0] for part in Path(name).parts} & NAMELESS]
    assert not wrong, wrong


def test_a_function_can_be_taken_in_at_once() -> None:
    functions = [
        (f"{shown(path, node.lineno)} {node.name}", (node.end_lineno or 0) - node.lineno + 1)
        for path in modules(*ROOMS)
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    ]
    assert len(functions) > 500
    assert not [(name, length) for name, length in functions if length > MOST_LINES]


def test_the_top_level_is_fixed() -> None:
    assert {name.split("/")[0] for name in own_files()} <= TOP_LEVEL


@pytest.mark.parametrize(
    "listing",
    [
        "requirements.txt",
        "tests/requirements.txt",
        "tests/page/requirements.txt",
        "tests/packaged/requirements.txt",
        "tests/bench/requirements.txt",
    ],
)
def test_dependencies_are_pinned_each_with_its_reason(listing: str) -> None:
    lines = [line for line in (ROOT / listing).read_text().splitlines() if not line.startswith("#")]
    assert lines
    assert not [line for line in lines if not PIN.fullmatch(line)]


@pytest.mark.parametrize("listing", ["requirements.txt", "tests/requirements.txt", "tests/packaged/requirements.txt"])
def test_what_is_installed_is_what_is_pinned(listing: str) -> None:
    pins = {found["name"]: found["version"] for found in PIN.finditer((ROOT / listing).read_text())}
    assert pins == {name: importlib.metadata.version(name) for name in pins}


def test_whatever_is_imported_is_pinned() -> None:
    pinned = {canonicalize_name(found["name"]) for found in PIN.finditer((ROOT / "requirements.txt").read_text())}
    distributions = importlib.metadata.packages_distributions()
    wrong = [
        f"{shown(path, line)} imports {name}"
        for path in modules(*ROOMS)
        for name, line in imported(path)
        if (top := name.split(".")[0]) not in (*ROOMS, *sys.stdlib_module_names)
        and not {canonicalize_name(distribution) for distribution in distributions.get(top, [])} & pinned
    ]
    assert not wrong, wrong


def test_push_alone_speaks_to_clients() -> None:
    """Below it the carriers carry, and the gateway answers a client's CONNECT."""
    calls = [call for path in modules("consult") for call in sends(path)]
    allowed = [
        call
        for call in calls
        if call.startswith(("consult/push.py:", "consult/wire/"))
        or (call.startswith("consult/gateway.py:") and call.endswith(" in _received_connect"))
    ]
    assert len(allowed) > 8, "the search finds those that may send"
    assert calls == allowed, set(calls) - set(allowed)


# What reads the time of day by itself, by module. Clocks that only measure how long something takes are not among them.
WALL_CLOCKS: Final = {
    "time": {
        "time",
        "time_ns",
        "localtime",
        "gmtime",
        "ctime",
        "asctime",
        "strftime",
        "clock_gettime",
        "clock_gettime_ns",
    },
    "datetime": {"now", "utcnow", "today"},
    "date": {"today"},
}
CLOCKS: Final = ("system_clock", "steady_clock", "formatdate")
SQL_CLOCKS: Final = re.compile(r"current_(?:timestamp|date|time)\b|unixepoch\(\)|'now'", re.IGNORECASE)


def clocks_read(path: Path) -> Iterator[str]:
    """Give what of the file reads the time of day, or hands on the machine's clock, by the name of each."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Attribute):
            module = getattr(node.value, "attr", getattr(node.value, "id", ""))
            if node.attr in WALL_CLOCKS.get(module, ()):
                yield f"{module}.{node.attr}"
        elif isinstance(node, ast.Import | ast.ImportFrom):
            module = getattr(node, "module", None)
            for one in node.names:
                is_clock = one.name in CLOCKS or (module == "time" and one.name in WALL_CLOCKS["time"])
                is_renamed = one.asname is not None and {module, one.name} & {"time", "datetime"}
                if is_clock or is_renamed:
                    yield f"{module}.{one.name}"
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and SQL_CLOCKS.search(node.value):
            yield "SQL"


def test_the_clock_is_read_in_one_place() -> None:
    """All else goes by the clock that it is given: a sandbox moves that."""
    found = {str(path.relative_to(ROOT)): set(clocks_read(path)) for path in modules(*ROOMS)}
    assert {name: clocks for name, clocks in found.items() if clocks} == {
        "store/clock.py": {"time.time_ns"},
        "reminders/clock_watch.py": {"time.clock_gettime_ns"},
        "reminders/housekeeping.py": {"time.time"},  # `schedule` goes by the machine's
        "consult/sandbox/clock.py": {"store.clock.system_clock", "reminders.clock_watch.steady_clock"},
        "main.py": {"store.clock.system_clock", "reminders.clock_watch.steady_clock"},
        "consult/process/status.py": {"store.clock.system_clock"},  # which asks a server, and is none
        # The header `Date` of HTTP, by which caches go.
        "consult/http/answers.py": {"email.utils.formatdate"},
        "consult/wire/handshake.py": {"email.utils.formatdate"},
        "store/migrations/0005_retention.py": {"SQL"},  # of an older file; a sandbox's is new
    }


def test_settings_of_the_interface_are_as_it_has_them() -> None:
    settings = {setting.option: (setting.variable, setting.default) for setting in SETTINGS}
    assert settings.keys() >= INTERFACE.keys()
    for option in settings.keys() & INTERFACE.keys():
        variable, default = INTERFACE[option]
        assert settings[option] == (variable, default or "")


def test_every_setting_has_its_variable() -> None:
    for setting in SETTINGS:
        assert setting.variable == "CARELINE_" + setting.option[2:].replace("-", "_").upper()


def test_documents_speak_of_settings_that_there_are() -> None:
    options = {setting.option for setting in SETTINGS}
    options |= {option.name for command in COMMANDS.values() for option in command.options}
    variables = {setting.variable for setting in SETTINGS}
    for document in (ROOT / "README.md", *(ROOT / "docs").glob("*.md")):
        text = document.read_text()
        assert set(re.findall(r"`(--[a-z-]+)", text)) <= options, document
        assert set(re.findall(r"CARELINE_[A-Z_]+", text)) <= variables, document


def test_settings_stand_in_the_readme() -> None:
    table = settings_table()
    assert list(table) == [setting.option for setting in SETTINGS]
    for setting in SETTINGS:
        variable, default = table[setting.option]
        assert variable == setting.variable
        if setting.default:
            assert default == f"`{setting.default}`"
        else:
            assert default
