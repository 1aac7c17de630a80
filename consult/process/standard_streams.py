"""Print a command's result or its error, and return the exit status."""

import os
import sys
from collections.abc import Iterable


def printable(text: str) -> str:
    """Return the text with every character escaped that a terminal could take for a command or for a new column."""
    return "".join(char if char.isprintable() else ascii(char)[1:-1] for char in text)


def tell(text: str) -> int:
    """Prints in UTF-8, whatever the terminal's encoding. That a reader such as `head` has seen enough is no failure."""
    return tell_all([text])


def tell_all(texts: Iterable[str]) -> int:
    """Print texts one after the other: for output too large to build in memory."""
    if sys.stdout is None:
        return 0  # closed from the start: by now its number may be another file's
    try:
        # Nothing stays in sys.stdout, which Python would write out once more at its end.
        with os.fdopen(sys.stdout.fileno(), "wb", closefd=False) as output:
            for text in texts:
                output.write(text.encode())
    except BrokenPipeError:
        pass
    except OSError as fault:
        return fail(f"cannot write to standard output: {fault.strerror}")
    return 0


def fail(text: str) -> int:
    """One clear line on standard error; the exit status of a failure to start."""
    print(f"careline: {text}", file=sys.stderr)  # noqa: T201
    return 1


def fail_for_settings(*lines: str) -> int:
    """Print each line of what is wrong with the settings; return the exit status."""
    for line in lines:
        fail(line)
    return 2
