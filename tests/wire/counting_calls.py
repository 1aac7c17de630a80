"""Careline that counts what Python does for it, in a file that others read: its calls of Python functions, or the
objects that it allocates. One at a time, since what counts calls allocates."""

from __future__ import annotations

import ctypes
import mmap
import os
import sys
import threading
from pathlib import Path
from types import FrameType
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent.parent))

import main

OBJECTS = 2  # PYMEM_DOMAIN_OBJ


class Allocator(ctypes.Structure):
    """`PyMemAllocatorEx`."""

    _fields_ = [(name, ctypes.c_void_p) for name in ("context", "malloc", "calloc", "realloc", "free")]


def count_calls(counter: ctypes.c_uint64) -> None:
    """Count on all threads, of which none has started yet."""

    def called(_: FrameType, kind: str, __: Any) -> None:
        if kind == "call":
            counter.value += 1

    threading.setprofile(called)
    sys.setprofile(called)


def count_objects(counter: ctypes.c_uint64, library: str) -> None:
    own = Allocator()
    ctypes.pythonapi.PyMem_GetAllocator(OBJECTS, ctypes.byref(own))
    ctypes.CDLL(library).stand_before(ctypes.byref(own), ctypes.byref(counter))
    ctypes.pythonapi.PyMem_SetAllocator(OBJECTS, ctypes.byref(own))


if __name__ == "__main__":
    with Path(os.environ["COUNTED_INTO"]).open("r+b") as file:
        counted = ctypes.c_uint64.from_buffer(mmap.mmap(file.fileno(), ctypes.sizeof(ctypes.c_uint64)))
    if "COUNTED_BY" in os.environ:
        count_objects(counted, os.environ["COUNTED_BY"])
    else:
        count_calls(counted)
    sys.exit(main.main(sys.argv[1:]))
