"""What dist/careline is made of: a CycloneDX bill of materials and the licence texts of every part.

careline.spec writes both beside the binary, and the notices into it. Parts are what PyInstaller has put in: libraries
from requirements.lock, Python, and libraries of the machine that builds.
"""

from __future__ import annotations

import importlib.metadata
import re
import subprocess
import sys
import sysconfig
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.model.license import DisjunctiveLicense
from cyclonedx.output import make_outputter
from cyclonedx.schema import OutputFormat, SchemaVersion
from packageurl import PackageURL
from packaging.utils import canonicalize_name

from consult.process.version import VERSION

LICENCE_FILE: Final = re.compile(r"(?i)(licen[cs]e|copying|notice|authors)[^/]*$")


@dataclass(frozen=True)
class Part:
    """Something that is in the binary: its licence as its metadata names it, and the licence's texts."""

    name: str
    version: str
    licence: str
    texts: tuple[str, ...]
    purl: PackageURL


def parts(modules: Iterable[str], libraries: Iterable[tuple[str, str]]) -> list[Part]:
    """Return the parts of a binary, sorted by name.

    `modules` are the names of Python modules in it; `libraries` are pairs of the name inside and the path of the file.
    """
    libraries = list(libraries)
    top_level = {name.split(".")[0] for name in modules}
    top_level |= {name.split("/")[0].split(".")[0] for name, _ in libraries}
    owners = importlib.metadata.packages_distributions()
    names = {canonicalize_name(owner) for name in top_level for owner in owners.get(name, [])} | {"tzdata"}
    system = (_system_part(Path(path)) for name, path in libraries if "/" not in name and name.startswith("lib"))
    found = [_python(), *map(_distribution, names), *(part for part in system if part is not None)]
    return sorted({part.name: part for part in found}.values(), key=lambda part: part.name)


def notices(made_of: list[Part]) -> str:
    """Return the licence texts of all parts, as one text."""
    texts = [f"careline {VERSION} contains the following parts.\n"]
    for part in made_of:
        title = f"{part.name} {part.version} ({part.licence})"
        texts.append(f"{'=' * 100}\n{title}\n{'=' * 100}\n\n" + "\n\n".join(part.texts))
    return "\n\n".join(text.strip() for text in texts) + "\n"


def bill(made_of: list[Part]) -> str:
    """Return the CycloneDX document, JSON of version 1.6."""
    bom = Bom()
    bom.metadata.component = Component(name="careline", version=VERSION, type=ComponentType.APPLICATION)
    for part in made_of:
        bom.components.add(
            Component(
                name=part.name,
                version=part.version,
                type=ComponentType.LIBRARY,
                licenses=[DisjunctiveLicense(name=part.licence)],
                purl=part.purl,
                bom_ref=part.purl.to_string(),
            )
        )
    bom.register_dependency(bom.metadata.component, bom.components)
    return str(make_outputter(bom, OutputFormat.JSON, SchemaVersion.V1_6).output_as_string(indent=2)) + "\n"


def _distribution(name: str) -> Part:
    found = importlib.metadata.distribution(name)
    texts = tuple(
        Path(str(file.locate())).read_text(errors="replace")
        for file in found.files or ()
        if LICENCE_FILE.search(file.name) and ".dist-info/" in str(file)
    )
    licence = _licence(found.metadata)
    # Two of the libraries ship no text. Their metadata names the licence.
    return Part(
        name, found.version, licence, texts or (f"Licence: {licence}",), PackageURL("pypi", None, name, found.version)
    )


def _licence(metadata: importlib.metadata.PackageMetadata) -> str:
    classifiers = [line.rpartition(" :: ")[2] for line in metadata.get_all("Classifier", []) if "License ::" in line]
    named = [metadata[field].split("\n")[0] for field in ("License-Expression", "License") if field in metadata]
    return next(filter(None, named), " AND ".join(classifiers) or "see the text")


def _python() -> Part:
    text = Path(sysconfig.get_path("stdlib"), "LICENSE.txt").read_text()
    version = sys.version.split()[0]
    return Part("python", version, "PSF-2.0", (text,), PackageURL("generic", None, "python", version))


def _system_part(file: Path) -> Part | None:
    """Return the part that a shared library of the system belongs to; None for Python's own."""
    if file.name.startswith("libpython"):
        return None
    package, version, texts = next(_packages(file), (file.name.split(".so")[0], "unknown", ()))
    purl = PackageURL("deb", "debian", package, version)
    return Part(package, version, "see the text", texts or ("Licence: see the library's own pages",), purl)


def _packages(file: Path) -> Iterator[tuple[str, str, tuple[str, ...]]]:
    """Yield Debian's package that has the file, with its version and copyright text."""
    for path in (str(file), str(file.resolve()), str(file.resolve()).removeprefix("/usr")):
        asked = subprocess.run(["dpkg-query", "-S", path], capture_output=True, text=True, check=False)
        if asked.returncode == 0:
            package = asked.stdout.split(":")[0]
            shown = ["dpkg-query", "-W", "-f", "${Version}\n", package]
            version = subprocess.run(shown, capture_output=True, text=True, check=True).stdout.split("\n")[0]
            text = Path("/usr/share/doc", package, "copyright")
            yield package, version, (text.read_text(),) if text.exists() else ()
