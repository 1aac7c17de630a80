"""Measure dist/careline beside the source it was made of: `python tests/bench/binary.py [ROUNDS]`, after `make binary`.

A round starts each once, in turn, on a database that is there already, and times it from its start to its first answer.
Memory is what all its processes keep resident then, idle, added up.
"""

from __future__ import annotations

import http.client
import re
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from PyInstaller.archive.readers import CArchiveReader

ROOT: Final = Path(__file__).resolve().parents[2]
BINARY: Final = ROOT / "dist" / "careline"
IDLE: Final = 2.0  # seconds after the answer


@dataclass
class Measured:
    """A way to start the program, and what its rounds came to."""

    command: list[str]
    seconds: list[float] = field(default_factory=list)
    megabytes: list[float] = field(default_factory=list)

    def start_once(self, folder: Path, counts: bool) -> None:
        """Start it, ask for its health, look at its memory and stop it."""
        began = time.perf_counter()
        words = [*self.command, "serve", "--port", "0", "--timezone", "Asia/Shanghai", "--database", "careline.db"]
        with subprocess.Popen(words, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
            assert process.stdout is not None
            port = int(process.stdout.readline().decode().strip().rpartition(":")[2])
            connection = http.client.HTTPConnection("127.0.0.1", port)
            connection.request("GET", "/health")
            assert connection.getresponse().status == 200
            took = time.perf_counter() - began
            connection.close()
            time.sleep(IDLE)
            if counts:
                self.seconds.append(took)
                self.megabytes.append(sum(map(resident, (process.pid, *children(process.pid)))))
            process.terminate()


def children(process: int) -> list[int]:
    """The processes that it has started."""
    return [int(child) for child in Path(f"/proc/{process}/task/{process}/children").read_text().split()]


def resident(process: int) -> float:
    """Its resident memory in megabytes, what it shares with others included."""
    return int(re.findall(r"VmRSS:\s+(\d+) kB", Path(f"/proc/{process}/status").read_text())[0]) * 1024 / 1e6


def newest_glibc(folder: Path) -> tuple[str, str]:
    """The newest version of the C library that anything in the binary asks for, and what asks for it."""
    archive = CArchiveReader(str(BINARY))
    files = {"the loader": BINARY}
    for name, entry in archive.toc.items():
        if entry[-1] == "b":
            files[name] = folder / name.replace("/", "-")
            files[name].write_bytes(archive.extract(name))
    asked = []
    for name, file in files.items():
        symbols = subprocess.run(["objdump", "-T", file], capture_output=True, text=True, check=True).stdout
        asked += [(tuple(map(int, found.split("."))), name) for found in re.findall(r"GLIBC_([\d.]+)", symbols)]
    newest, name = max(asked)
    return ".".join(map(str, newest)), name


def measure(rounds: int) -> list[str]:
    """What came out, in lines."""
    source, binary = Measured([sys.executable, str(ROOT / "main.py")]), Measured([str(BINARY)])
    with tempfile.TemporaryDirectory() as folder:
        glibc, asking = newest_glibc(Path(folder))
        for turn in range(rounds + 1):  # the first one makes the database, and counts for nothing
            for way in (source, binary) if turn % 2 else (binary, source):
                way.start_once(Path(folder), counts=turn > 0)
    ratios = [ours / theirs for ours, theirs in zip(binary.seconds, source.seconds, strict=True)]
    return [
        f"source: first answer after {of(source.seconds)} s, {of(source.megabytes)} MB resident",
        f"binary: first answer after {of(binary.seconds)} s, {of(binary.megabytes)} MB resident",
        f"binary / source: {of(ratios)}",
        f"size: {BINARY.stat().st_size / 1e6:.1f} MB",
        f"glibc: {glibc} or later, by {asking}",
    ]


def of(values: list[float]) -> str:
    """The median, and from where to where they go."""
    return f"{statistics.median(values):.2f} ({min(values):.2f} to {max(values):.2f})"


if __name__ == "__main__":
    sys.stdout.write("\n".join(measure(int(sys.argv[1]) if len(sys.argv) > 1 else 15)) + "\n")
