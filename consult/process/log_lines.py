"""Log lines: each is one event, as text on a terminal and as a JSON object otherwise, and holds nothing that was said.

An exception may quote what it stumbled over: a message, a name, a statement's parameters. So it is told by its kind and
its place, and by its text only where that is ours, SQLite's or the system's. Libraries write what they are about into
their lines: of those the words before it are kept.
"""

import json
import logging
import re
import sys
import threading
import traceback
import warnings
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import TextIO

from store.transaction import in_words

log = logging.getLogger("careline")

MOST_PLACES = 10  # of a traceback that are told on a terminal, the innermost ones

_CHAINED = "\n\nwhich led to:\n\n"
_OWN_WORDS = re.compile(r"[A-Za-z ,.-]*")


def begin(level: str) -> None:
    """From now on this process logs to standard error, from this level on what is ours, warnings of the rest."""
    handler = logging.StreamHandler()
    handler.setFormatter(Lines(on_terminal=sys.stderr is not None and sys.stderr.isatty()))
    logging.basicConfig(level=logging.WARNING, handlers=[handler])
    log.setLevel(level)
    # What Python would print by itself are events, too.
    logging.raiseExceptions = False
    warnings.showwarning = _warned
    sys.excepthook = _failed
    threading.excepthook = lambda thread: _failed(thread.exc_type, thread.exc_value, thread.exc_traceback)
    sys.unraisablehook = lambda found: _failed(found.exc_type, found.exc_value, found.exc_traceback)


class Lines(logging.Formatter):
    """Makes a line of a record."""

    def __init__(self, on_terminal: bool) -> None:
        super().__init__()
        self._on_terminal = on_terminal

    def format(self, record: logging.LogRecord) -> str:
        time = datetime.fromtimestamp(record.created).astimezone()
        level, message = record.levelname.lower(), _message(record)
        fault = record.exc_info[1] if record.exc_info else None
        if self._on_terminal:
            where = f" | {_in_short(fault)}" if fault is not None else ""
            line = f"{time.isoformat(' ', 'milliseconds')} {level} {record.name}: {message}{where}"
            # Nothing in a line ends it, or tells the terminal what to do.
            return "".join(one if one.isprintable() else ascii(one)[1:-1] for one in line)
        fields = {
            "time": time.isoformat("T", "milliseconds"),
            "level": level,
            "logger": record.name,
            "message": message,
        }
        if fault is not None:
            fields["traceback"] = _in_full(fault)
        return json.dumps(fields)


def _message(record: logging.LogRecord) -> str:
    if isinstance(record.msg, BaseException):
        return in_words(record.msg)
    if record.name.partition(".")[0] != log.name:
        found = _OWN_WORDS.match(str(record.msg))
        return (found and found[0].strip(" ,.-")) or "a message of its library whose text could quote client data"
    if not isinstance(record.args, tuple) or not record.args:
        return record.getMessage()
    told = (in_words(value) if isinstance(value, BaseException) else value for value in record.args)
    return str(record.msg) % tuple(told)


def _headline(fault: BaseException) -> str:
    kind, words = type(fault).__qualname__, in_words(fault)
    return words if words.endswith(kind) else f"{kind}: {words}"


def _chain(fault: BaseException) -> list[BaseException]:
    """The exception and what led to it, the first one first."""
    chain: list[BaseException] = []
    one: BaseException | None = fault
    while one is not None and one not in chain:
        chain.insert(0, one)
        one = one.__cause__ or (None if one.__suppress_context__ else one.__context__)
    return chain


def _in_full(fault: BaseException) -> str:
    return _CHAINED.join(
        "Traceback (most recent call last):\n" + "".join(traceback.format_tb(one.__traceback__)) + _headline(one)
        for one in _chain(fault)
    )


def _in_short(fault: BaseException) -> str:
    return ", then ".join(f"{_headline(one)}{_places(one.__traceback__)}" for one in _chain(fault))


def _places(found: TracebackType | None) -> str:
    places = [
        f"{'/'.join(Path(place.filename).parts[-2:])}:{place.lineno} {place.name}"
        for place in reversed(traceback.extract_tb(found)[-MOST_PLACES:])
    ]
    return f" in {' < '.join(places)}" if places else ""


def _failed(_: type[BaseException], fault: BaseException | None, __: TracebackType | None) -> None:
    """Log an uncaught exception, in place of Python's own hooks."""
    log.critical("uncaught exception", exc_info=fault)


def _warned(
    message: Warning | str,
    category: type[Warning],
    filename: str,
    lineno: int,
    file: TextIO | None = None,  # noqa: ARG001 - as `warnings.showwarning` has it
    line: str | None = None,  # noqa: ARG001
) -> None:
    # Python's own, such as a coroutine that was never awaited.
    text = str(message) if issubclass(category, RuntimeWarning) else category.__name__
    log.warning("%s, at %s:%d", text, filename, lineno)
