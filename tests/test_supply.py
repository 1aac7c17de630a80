"""The libraries of Careline and its tests: locked with hashes, named in `careline version`, free of known holes."""

from __future__ import annotations

import ast
import importlib.metadata
import json
import re
import tomllib
from typing import Final

import pytest
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

from consult.process.version import LIBRARIES
from tests.server import ROOT, run

LISTINGS: Final = (
    "requirements",
    *(f"tests/{part}requirements" for part in ("", "page/", "packaged/", "bench/")),
)
PIN: Final = re.compile(r"^([A-Za-z0-9._-]+)==([0-9][0-9A-Za-z.]*)", re.M)
# Libraries come with these, and the program imports none of them: it has no Engine.IO websockets and no threads.
NOT_IMPORTED: Final = {"h11", "simple-websocket", "wsproto", "setuptools"}


def pins(path: str) -> dict[str, str]:
    """Versions by normal name, of a listing or a lock."""
    return {canonicalize_name(name): version for name, version in PIN.findall((ROOT / path).read_text())}


def closure(names: set[str]) -> set[str]:
    """The libraries and all that they require on this machine."""
    found: set[str] = set()
    waiting = set(names)
    while waiting:
        name = waiting.pop()
        found.add(name)
        wanted = [Requirement(text) for text in importlib.metadata.requires(name) or ()]
        waiting |= {
            canonicalize_name(one.name) for one in wanted if not one.marker or one.marker.evaluate({"extra": ""})
        } - found
    return found


@pytest.mark.parametrize("listing", LISTINGS)
def test_a_lock_has_what_its_listing_pins_each_with_hashes(listing: str) -> None:
    lock = re.sub(r"^#.*\n", "", (ROOT / f"{listing}.lock").read_text(), flags=re.M)
    locked = pins(f"{listing}.lock")
    assert pins(f"{listing}.txt").items() <= locked.items()
    entries = re.split(r"\n+(?=\S)", lock.strip())
    assert len(entries) == len(locked)
    assert [entry for entry in entries if not re.search(r"--hash=sha256:[0-9a-f]{64}", entry)] == []


def test_the_lock_is_the_whole_closure_and_what_is_installed() -> None:
    locked = pins("requirements.lock")
    assert closure(set(pins("requirements.txt"))) == set(locked)
    assert {name: importlib.metadata.version(name) for name in locked} == locked


@pytest.mark.parametrize("listing", LISTINGS[1:])
def test_locks_agree(listing: str) -> None:
    """A later installation changes no library that the program runs on."""
    product, other = pins("requirements.lock"), pins(f"{listing}.lock")
    assert {name: other[name] for name in product.keys() & other.keys()}.items() <= product.items()


def test_make_installs_from_the_locks_alone() -> None:
    makefile = (ROOT / "Makefile").read_text()
    assert re.search(r"^INSTALL := .*--require-hashes$", makefile, re.M)
    assert set(re.findall(r"\$\(INSTALL\) -r (\S+)\.lock", makefile)) == set(LISTINGS)
    installs = [line for line in makefile.splitlines() if "pip install" in line]
    assert len(installs) == 2, "INSTALL, and the one of `make lock`"


@pytest.mark.parametrize("folder", ["tests", "tests/bench/peers"])
def test_locks_of_node_hold_checksums_and_no_addresses(folder: str) -> None:
    listing = json.loads((ROOT / folder / "package.json").read_text())
    packages = json.loads((ROOT / folder / "package-lock.json").read_text())["packages"]
    named = packages.pop("")
    assert named["dependencies"] == listing["dependencies"]
    assert [name for name, package in packages.items() if "integrity" not in package or "resolved" in package] == []


def test_version_names_every_library() -> None:
    named = {canonicalize_name(name) for name in LIBRARIES}
    assert named == set(pins("requirements.lock")) - NOT_IMPORTED
    said = run("version", folder=ROOT).stdout
    for name in LIBRARIES:
        assert f"{name} {importlib.metadata.version(name)}" in said
    assert re.search(r"python \d\S+, sqlite \d\S+, openssl \d\S+\n", said)


def test_no_locked_version_has_a_known_hole() -> None:
    known = tomllib.loads((ROOT / "tests" / "advisories.toml").read_text())
    assert len(known) > 10
    locked = {
        (canonicalize_name(name), version) for listing in LISTINGS for name, version in pins(f"{listing}.lock").items()
    }
    assert known.keys() <= {name for name, _ in locked}, "of libraries that are locked"
    holes = [
        (name, version, advisory)
        for name, version in sorted(locked)
        for advisory, affected in known.get(name, {}).items()
        if SpecifierSet(affected).contains(version, prereleases=True)
    ]
    assert holes == []


@pytest.mark.parametrize(("name", "version"), [("pyjwt", "2.10.0"), ("h11", "0.15.0"), ("sanic", "21.12.1")])
def test_an_affected_version_would_be_found(name: str, version: str) -> None:
    known = tomllib.loads((ROOT / "tests" / "advisories.toml").read_text())
    assert any(SpecifierSet(affected).contains(version) for affected in known[name].values())


def reached(module: str, seen: set[str]) -> set[str]:
    """Every module that importing this one imports: Careline's and its tests' own are followed, others are named."""
    if module in seen:
        return seen
    seen.add(module)
    path = ROOT / module.replace(".", "/")
    file = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
    if file.exists():
        for node in ast.walk(ast.parse(file.read_text())):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom) and node.module:
                names = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
            for name in [*names, *(name.rpartition(".")[0] for name in names)]:
                reached(name, seen)
    return seen


@pytest.mark.parametrize("script", ["bench", "reminders", "tokens", "endurance"])
def test_benchmarks_import_nothing_of_the_tests_libraries(script: str) -> None:
    """A fresh clone's `make bench` installs requirements.lock and tests/bench/requirements.lock alone."""
    imported = reached(f"tests.bench.{script}", {""})
    assert "tests.bench.servers" in imported
    distributions = importlib.metadata.packages_distributions()
    needed = {canonicalize_name(owner) for name in imported for owner in distributions.get(name.split(".")[0], [])}
    assert needed <= pins("requirements.lock").keys() | pins("tests/bench/requirements.lock").keys()


def test_the_notices_of_the_source_say_where_they_are() -> None:
    assert "source" in run("notices", folder=ROOT).stdout
