"""The file of `--host unix:PATH`, by which programs of this machine reach the server and no other machine can."""

import errno
import fcntl
import os
import socket
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

MODE = 0o660  # for the user that serves, and for the group of the file, which has the proxy in it


class SocketFile(socket.socket):
    """A socket that has a file as its address: the file goes at the end of a `with` block."""

    def __init__(self, *words: Any, **named: Any) -> None:
        super().__init__(*words, **named)
        self._file: tuple[Path, os.stat_result] | None = None

    def take(self, path: Path) -> None:
        """Get the file's name: OSError while a program listens there, or when what is there is no socket.

        A file that a killed server has left is replaced.
        """
        with _alone_in(path.parent):
            _clear(path)
            self.bind(str(path))
            path.chmod(MODE)  # nothing connects before it listens
            self._file = path, path.lstat()

    def listen_in_file(self, backlog: int) -> None:
        """Accept connections: OSError when another program has taken the file's name since `take`."""
        assert self._file is not None
        path, _ = self._file
        with _alone_in(path.parent):
            if not self._has_name():
                raise OSError(errno.EADDRINUSE, os.strerror(errno.EADDRINUSE))
            self.listen(backlog)

    def __exit__(self, *raised: object) -> None:
        """Take the file away where that is still its own, also when the event loop has closed the socket."""
        if self._file is not None:
            path, _ = self._file
            with suppress(OSError), _alone_in(path.parent):
                if self._has_name():
                    path.unlink()
        super().__exit__(*raised)

    def _has_name(self) -> bool:
        assert self._file is not None
        path, own = self._file
        try:
            return os.path.samestat(path.lstat(), own)
        except FileNotFoundError:
            return False


def _clear(path: Path) -> None:
    try:
        there = path.lstat()
    except FileNotFoundError:
        return
    if not stat.S_ISSOCK(there.st_mode):
        raise FileExistsError(errno.EEXIST, "what is there is no socket")
    with socket.socket(socket.AF_UNIX) as asking:
        try:
            asking.connect(str(path))
        except ConnectionRefusedError:  # nothing listens
            path.unlink()
            return
    raise OSError(errno.EADDRINUSE, "another program listens there")


@contextmanager
def _alone_in(folder: Path) -> Iterator[None]:
    """Meanwhile no other Careline takes a name in the folder, or begins to listen there."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
