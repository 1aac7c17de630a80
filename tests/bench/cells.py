"""Twenty cells at once that have nothing to do: the memory and the processor time of each.

    .venv/bin/python -m tests.bench.cells [PROGRAM]

With the packaged binary as PROGRAM each cell is two processes, which count together. Ends with status 1 where one takes
more than 65 MB of memory.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parent.parent.parent
CELLS: Final = 20
MOST_MB: Final = 65.0
IDLE: Final = 30.0  # seconds for which the processor's time is measured
TICKS: Final = os.sysconf("SC_CLK_TCK")


@contextmanager
def cell(program: list[str], folder: Path, number: int) -> Iterator[int]:
    """Start a cell that listens on a socket file, and give its process's number."""
    home = folder / f"cell-{number}"
    home.mkdir()
    words = ["serve", "--allow-open", "--host", f"unix:{folder}/{number}.sock", "--database", str(home / "careline.db")]
    with (home / "log").open("wb") as log:
        process = subprocess.Popen([*program, *words], stdout=subprocess.PIPE, stderr=log, text=True)
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            assert line.startswith("Careline listening on unix:"), (home / "log").read_text()
            yield process.pid
        finally:
            process.terminate()
            process.wait(10)


def family(pid: int) -> list[int]:
    """Give a process and those that it has started."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [pid, *(one for child in children for one in family(int(child)))]


def memory(pid: int, line: str) -> float:
    """Give a process's memory in MB, by that line of its smaps_rollup."""
    for text in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if text.startswith(line):
            return int(text.split()[1]) * 1024 / 1e6
    raise LookupError(line)


def seconds(pid: int) -> float:
    """Give how many seconds of a processor a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def main(program: list[str]) -> int:
    with tempfile.TemporaryDirectory(prefix="careline-cells-") as folder, ExitStack() as running:
        began = time.monotonic()
        cells = [running.enter_context(cell(program, Path(folder), number)) for number in range(CELLS)]
        print(f"{CELLS} cells were started, one after the other, in {time.monotonic() - began:.1f} s")  # noqa: T201
        families = [family(pid) for pid in cells]
        before = [sum(map(seconds, one)) for one in families]
        time.sleep(IDLE)
        shares = [100 * (sum(map(seconds, one)) - then) / IDLE for one, then in zip(families, before, strict=True)]
        worst = 0.0
        for name, line in ("RSS", "Rss:"), ("PSS", "Pss:"):
            sizes = [sum(memory(pid, line) for pid in one) for one in families]
            worst = max(sizes) if name == "RSS" else worst
            print(f"{name}: {statistics.median(sizes):.1f} MB each, {max(sizes):.1f} at most, {sum(sizes):.0f} in all")  # noqa: T201
        print(f"processor: {statistics.median(shares):.2f}% of a core each, idle for {IDLE:.0f} s")  # noqa: T201
        return int(worst > MOST_MB)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:] or [sys.executable, str(ROOT / "main.py")]))
