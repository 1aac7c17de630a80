"""The clock of a server, which a test sets."""

from pathlib import Path


class Clock:
    """The file that tells a server of `patched("clock_from_file")` how far its clock is set from the real time."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self.set_by(0)

    def set_by(self, seconds: float) -> None:
        """Set it so far from the real time."""
        written = self.file.with_suffix(".new")
        written.write_text(str(int(seconds * 1000)))
        written.replace(self.file)
