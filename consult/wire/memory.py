"""The C library's allocator: what is free goes back to the system, so that a flood does not leave the process large."""

import ctypes

# Of <malloc.h>.
_MMAP_THRESHOLD = -3
_ARENA_MAX = -8

# Blocks of so many bytes are mapped one by one, and unmapped when they are freed. By itself the library raises this to
# 32 MB, and keeps what megabytes of frames, bodies and JSON have taken: up to 380 MB under a flood, now 100 MB.
MAPPED_FROM = 131_072
ARENAS = 2  # for the loop and the writer; one for each thread would keep as much each


def bound_allocator() -> None:
    """Let large blocks go back to the system at once. Call it before there are threads."""
    libc = ctypes.CDLL(None)
    if hasattr(libc, "mallopt"):  # not every system's has it
        libc.mallopt(_MMAP_THRESHOLD, MAPPED_FROM)
        libc.mallopt(_ARENA_MAX, ARENAS)


def give_back_memory() -> None:
    """Give memory that is free back to the system, in 5 ms after thousands of connections, in no time after few.

    With TLS uvloop allocates 256 KiB for each connection and touches little of it. The next wave's would lie elsewhere
    among what the last one has freed, and by and by all of it would be touched.
    """
    libc = ctypes.CDLL(None)
    if hasattr(libc, "malloc_trim"):
        libc.malloc_trim(0)
