"""The folder of files beside the database: `DATABASE-files`, in which each file is named by its SHA-256.

A file is received under a name of its own and gets its hash as its name when it is whole and on the disk; from then on
it never changes. Nothing but plain files is read, and no link is followed: another program that may write there cannot
make Careline read another file. All of it blocks, and is for threads.
"""

import errno
import hashlib
import os
import re
import secrets
import stat
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

IS_HASH = re.compile(r"[0-9a-f]{64}", re.ASCII)
_IS_PARTIAL = re.compile(r"[0-9a-f]{32}\.partial", re.ASCII)
# Bit by bit, so that the commits of messages need not wait until the disk has taken a whole file.
SYNC_EVERY = 131_072  # bytes, for which a commit may have to wait
HEAD = 4096  # bytes of the beginning, by which a type is recognised
STEP = 1_048_576  # bytes that are read at a time to hash a file

_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC  # a FIFO that nothing writes to does not block
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_NO_ROOM = (errno.ENOSPC, errno.EDQUOT)


class NoRoom(Exception):
    """The disk has less room left than the database needs beside files."""


def folder_of(database: Path) -> Path:
    """Return where the files of a database are, or those of a copy of one."""
    return database.with_name(f"{database.name}-files")


def is_ours(name: str) -> bool:
    """Return whether that is the name of a file, or of one that is being received."""
    return bool(IS_HASH.fullmatch(name) or _IS_PARTIAL.fullmatch(name))


def make(folder: Path) -> None:
    """Make the folder, for its owner alone, where it is missing."""
    with suppress(FileExistsError):
        folder.mkdir(0o700)
        descriptor = os.open(folder.parent, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


@contextmanager
def opened(folder: Path) -> Iterator[int]:
    """The folder's descriptor; OSError where it is no folder."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def open_file(folder: int, name: str) -> int:
    """Open a plain file of the folder for reading; OSError where it is none."""
    descriptor = os.open(name, _READ, dir_fd=folder)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise OSError(errno.EINVAL, "is no plain file")
    return descriptor


def hash_of(descriptor: int) -> str:
    """Return the SHA-256 of an open file."""
    found, place = hashlib.sha256(), 0
    while data := os.pread(descriptor, STEP, place):
        found.update(data)
        place += len(data)
    return found.hexdigest()


class Incoming:
    """A file that is being received. It is there under its hash once `place` has returned; `close` is called in any
    case, and takes away what has not come so far. One thread works on it at a time: `close` may come while another is
    still at a step that is not waited for any more."""

    def __init__(self, folder: Path, reserve: int) -> None:
        """OSError where nothing can be written there; NoRoom where less than `reserve` bytes would be left on the
        disk."""
        self._path = folder
        self._reserve = reserve
        self._name = f"{secrets.token_hex(16)}.partial"
        self._folder = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        self._descriptor = -1
        self._is_placed = False
        self._lock = threading.Lock()
        self._hash = hashlib.sha256()
        self._synced = 0
        self.size = 0
        self.head = b""
        try:
            self.look_for_room(0)
            with _room():
                self._descriptor = os.open(self._name, _NEW, 0o600, dir_fd=self._folder)
        except BaseException:
            os.close(self._folder)
            raise

    @property
    def name(self) -> str:
        """Return the name that it has until it is whole."""
        return self._name

    def look_for_room(self, coming: int) -> None:
        """Raise NoRoom where so many bytes more would take what the database needs."""
        disk = os.fstatvfs(self._folder)
        if disk.f_bavail * disk.f_frsize - coming < self._reserve:
            raise NoRoom

    def write(self, data: bytes) -> None:
        """Add some bytes."""
        with self._lock:
            if len(self.head) < HEAD:
                self.head += data[: HEAD - len(self.head)]
            self._hash.update(data)
            left = memoryview(data)
            with _room():
                while left:
                    left = left[os.write(self._descriptor, left) :]
            self.size += len(data)
            if self.size - self._synced >= SYNC_EVERY:
                self._sync()
                self.look_for_room(0)

    def finish(self) -> str:
        """Bring its content to the disk, and return its hash."""
        with self._lock:
            self._sync()
            return self._hash.hexdigest()

    def place(self, sha256: str) -> None:
        """Give it its name, on the disk. What was there by that name is replaced: it can only be the same, or
        damaged."""
        with self._lock, _room():
            os.rename(self._name, sha256, src_dir_fd=self._folder, dst_dir_fd=self._folder)
            self._is_placed = True
            os.fsync(self._folder)
            self._refuse_moved()

    def _refuse_moved(self) -> None:
        if not os.path.samestat(os.fstat(self._folder), self._path.stat()):
            raise FileNotFoundError(errno.ENOENT, "the folder has been moved away", str(self._path))

    def close(self) -> None:
        """Let go of it."""
        with self._lock:
            os.close(self._descriptor)
            if not self._is_placed:
                with suppress(OSError):
                    os.unlink(self._name, dir_fd=self._folder)
            os.close(self._folder)
            self._descriptor = self._folder = -1

    def _sync(self) -> None:
        with _room():
            os.fsync(self._descriptor)
        self._synced = self.size


@contextmanager
def _room() -> Iterator[None]:
    """Raise NoRoom where the system says that the disk is full."""
    try:
        yield
    except OSError as fault:
        if fault.errno in _NO_ROOM:
            raise NoRoom from fault
        raise


def remove(folder: Path, sha256: str) -> None:
    """Take a file away, if it is there. Anything else by that name stays."""
    with opened(folder) as descriptor, suppress(FileNotFoundError):
        if stat.S_ISREG(os.lstat(sha256, dir_fd=descriptor).st_mode):
            os.unlink(sha256, dir_fd=descriptor)


def remove_partial(folder: Path, but: frozenset[str] = frozenset()) -> None:
    """Take away what was being received when a server was killed, but for names that are in use."""
    with suppress(FileNotFoundError), opened(folder) as descriptor:
        for entry in _entries(descriptor):
            is_partial = _IS_PARTIAL.fullmatch(entry.name) and entry.is_file(follow_symlinks=False)
            if is_partial and entry.name not in but:
                with suppress(FileNotFoundError):
                    os.unlink(entry.name, dir_fd=descriptor)


def hashes_before(folder: Path, moment: int) -> list[str]:
    """Return the names of files that have been there as they are since before the moment, in milliseconds."""
    found = []
    with suppress(FileNotFoundError), opened(folder) as descriptor:
        for entry in _entries(descriptor):
            if IS_HASH.fullmatch(entry.name) and entry.is_file(follow_symlinks=False):
                with suppress(FileNotFoundError):
                    if entry.stat(follow_symlinks=False).st_mtime_ns // 1_000_000 < moment:
                        found.append(entry.name)
    return found


def _entries(folder: int) -> Iterator[os.DirEntry[str]]:
    with os.scandir(folder) as entries:
        yield from entries
