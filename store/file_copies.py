"""The files of a database in its copies: taken along by backups and restores, looked over by `careline check`.

A copy's files are in a folder of its own, as those of the database are in theirs. A file never changes, so it is the
same file under a second name where the disk allows that, and a copy otherwise; either way its hash is looked at. What
is there already and sound is not brought again, so that a backup which was broken off goes on where it was.
"""

import errno
import hashlib
import os
import re
import secrets
import sqlite3
import stat
from collections.abc import Callable, Iterable, Mapping
from contextlib import closing, suppress
from dataclasses import dataclass, field
from pathlib import Path

from store import file_folder
from store.file import StoreFault, to_look
from store.file_folder import IS_HASH, folder_of, open_file, opened

# What a file system says that knows no second names, or not there.
_NO_LINK = (errno.EXDEV, errno.EPERM, errno.EACCES, errno.EMLINK, errno.EOPNOTSUPP, errno.ENOSYS)
MOST_NAMED = 10  # files that a text names
LONGEST_NAME = 80  # characters of a name that is not ours

Names = Mapping[str, int]  # of files: their sizes, by their hashes


def names_in(database: Path) -> dict[str, int]:
    """Return the files that a database knows; none where it is of a Careline without files. sqlite3.Error where it
    cannot be read."""
    with closing(to_look(database)) as connection:
        if not connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'file'").fetchone():
            return {}
        return dict(connection.execute("SELECT sha256, size FROM file"))


def names_there(folder: Path) -> dict[str, int]:
    """Return the files that are in a folder, known to the database or not."""
    found = {}
    with suppress(FileNotFoundError), opened(folder) as descriptor, os.scandir(descriptor) as entries:
        for entry in entries:
            if IS_HASH.fullmatch(entry.name) and entry.is_file(follow_symlinks=False):
                found[entry.name] = entry.stat(follow_symlinks=False).st_size
    return found


@dataclass(slots=True)
class FileCopy:
    """Brings files from folders into another, piece by piece."""

    sources: tuple[Path, ...]  # where each is looked for, in this order
    destination: Path
    going: Callable[[float], bool]  # False breaks it off
    is_checked: bool = True  # by hash; False trusts what is only given a second name
    reserve: int = 0  # bytes that copies must leave free on the disk
    owner: tuple[int, int] | None = None  # of what is made, a user and a group; None: who makes it
    sound: set[str] = field(default_factory=set)  # files that are there

    def bring(self, names: Names) -> list[str]:
        """Have these files in the destination, on the disk; return those that no source has whole. OSError where it
        cannot be done."""
        wanted = sorted(names.keys() - self.sound)
        if not wanted:
            return []
        if self.destination.is_symlink() and self.destination not in self.sources:
            raise StoreFault(f"{self.destination} is a symbolic link; name the folder that it leads to")
        is_new = not self.destination.exists()
        file_folder.make(self.destination)
        with opened(self.destination) as destination:
            if is_new and self.owner is not None:
                os.fchown(destination, *self.owner)
            for name in wanted:
                if not self.going(1.0):
                    raise InterruptedError(errno.EINTR, "interrupted")
                if self._is_there(destination, name, names[name]) or any(
                    self._take(source, destination, name, names[name]) for source in self.sources
                ):
                    self.sound.add(name)
            os.fsync(destination)
        return [name for name in wanted if name not in self.sound]

    def _is_there(self, destination: int, name: str, size: int) -> bool:
        try:
            descriptor = open_file(destination, name)
        except OSError:
            return False
        try:
            return self._is_sound(descriptor, name, size)
        finally:
            os.close(descriptor)

    def _take(self, source: Path, destination: int, name: str, size: int) -> bool:
        """Bring a file from one source; False where that has none, or a damaged one."""
        if source == self.destination:
            return False  # it was looked at by now
        try:
            with opened(source) as folder:
                descriptor = open_file(folder, name)
                try:
                    if not self._is_sound(descriptor, name, size):
                        return False
                    part = f"{secrets.token_hex(16)}.partial"
                    if not self._link(folder, descriptor, destination, name, part):
                        return self._copy(descriptor, destination, name, part)
                    return True
                finally:
                    os.close(descriptor)
        except FileNotFoundError:
            return False
        except OSError as fault:
            if fault.errno in (errno.ELOOP, errno.ENXIO, errno.EINVAL, errno.ENOTDIR, errno.EIO):
                return False  # no plain file is there, or one that cannot be read
            raise

    def _is_sound(self, descriptor: int, name: str, size: int) -> bool:
        if os.fstat(descriptor).st_size != size:
            return False
        return not self.is_checked or file_folder.hash_of(descriptor) == name

    def _link(self, folder: int, descriptor: int, destination: int, name: str, part: str) -> bool:
        """Give the file a second name; False where the disk does not allow it, or where it is another by now."""
        try:
            os.link(name, part, src_dir_fd=folder, dst_dir_fd=destination, follow_symlinks=False)
        except OSError as fault:
            if fault.errno in _NO_LINK:
                return False
            raise
        if not os.path.samestat(os.lstat(part, dir_fd=destination), os.fstat(descriptor)):
            os.unlink(part, dir_fd=destination)
            return False
        if self.owner is not None:
            os.fchown(descriptor, *self.owner)
        _name(destination, part, name)
        return True

    def _copy(self, descriptor: int, destination: int, name: str, part: str) -> bool:
        disk = os.fstatvfs(destination)
        if disk.f_bavail * disk.f_frsize - os.fstat(descriptor).st_size < self.reserve:
            raise StoreFault("it would take the room on the disk that messages need")
        new = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600, dir_fd=destination)
        try:
            found, place = hashlib.sha256(), 0
            while data := os.pread(descriptor, file_folder.STEP, place):
                found.update(data)
                place += len(data)
                left = memoryview(data)
                while left:
                    left = left[os.write(new, left) :]
            if self.owner is not None:
                os.fchown(new, *self.owner)
            os.fsync(new)
            if found.hexdigest() != name:
                return False
            _name(destination, part, name)
            return True
        finally:
            os.close(new)
            with suppress(FileNotFoundError):
                os.unlink(part, dir_fd=destination)


def _name(folder: int, part: str, name: str) -> None:
    """Give a file its name. What else has that name goes, as long as it is no folder."""
    os.rename(part, name, src_dir_fd=folder, dst_dir_fd=folder)
    with suppress(FileNotFoundError):  # of two names of one file the first stays
        os.unlink(part, dir_fd=folder)


def prune(folder: Path, keep: Iterable[str]) -> None:
    """Take away the files of a copy that it does not know, and what was being brought when it was broken off."""
    kept = set(keep)
    for name in names_there(folder).keys() - kept:
        file_folder.remove(folder, name)
    file_folder.remove_partial(folder)


def remove_with_files(copy: Path) -> None:
    """Take a copy of a database away, with its files. Anything else in their folder stays, and so does the folder."""
    copy.unlink(missing_ok=True)
    remove_files(copy)


def remove_files(copy: Path) -> None:
    """Take away the files of a copy, which is gone."""
    folder = folder_of(copy)
    if folder.is_dir() and not folder.is_symlink():
        prune(folder, ())
        with suppress(OSError):
            folder.rmdir()


def without_database(folder: Path, name: re.Pattern[str]) -> list[Path]:
    """Return the copies by such names that have files and no database: they were broken off."""
    copies = (
        path.with_name(path.name.removesuffix("-files"))
        for path in folder.iterdir()
        if path.name.endswith("-files") and path.is_dir()
    )
    return [copy for copy in copies if name.fullmatch(copy.name) and not copy.exists()]


def told(lacking: list[str], of: int) -> str:
    """Say which of so many files are not in a copy."""
    return f"{len(lacking):,} of its {of:,} files are missing or damaged: {_listed(lacking)}"


def check(database: Path) -> str:
    """Look over the files of a database, all of their content included. One line that says that they are well;
    StoreFault with what is missing, damaged or not Careline's."""
    if not database.exists():
        return "there are none yet"
    folder = folder_of(database)
    try:
        names = names_in(database)
        missing, damaged = _unsound(folder, names)
        foreign = _foreign(folder)
    except (sqlite3.Error, OSError) as fault:
        raise StoreFault(
            f"cannot look over the files in {folder}: {getattr(fault, 'strerror', None) or fault}"
        ) from fault
    found = [
        f"{len(some):,} {kind} ({_listed(some)})"
        for kind, some in (("missing", missing), ("damaged", damaged), ("not Careline's", foreign))
        if some
    ]
    if found:
        raise StoreFault(f"the files in {folder} are not all well: {'; '.join(found)}")
    return f"{len(names):,} of {sum(names.values()):,} bytes in {folder} are sound"


def refuse_unsound(copy: Path, names: Names, going: Callable[[float], bool]) -> None:
    """Raise StoreFault unless all files of a copy are beside it, and are what they were. InterruptedError when `going`
    says so."""
    missing, damaged = _unsound(folder_of(copy), names, going)
    if missing or damaged:
        raise StoreFault(f"{copy}: {told(sorted(missing + damaged), len(names))}")


def _unsound(
    folder: Path, names: Names, going: Callable[[float], bool] = lambda _: True
) -> tuple[list[str], list[str]]:
    missing, damaged = [], []
    if names and not folder.is_dir():
        return sorted(names), []
    for name in sorted(names):
        if not going(1.0):
            raise InterruptedError(errno.EINTR, "interrupted")
        with opened(folder) as descriptor:
            try:
                file = open_file(descriptor, name)
            except OSError:
                missing.append(name)
                continue
        try:
            if os.fstat(file).st_size != names[name] or file_folder.hash_of(file) != name:
                damaged.append(name)
        finally:
            os.close(file)
    return missing, damaged


def _foreign(folder: Path) -> list[str]:
    """Return the names of entries that are not Careline's files: links, folders, and files by other names."""
    if not folder.exists():
        return []
    with opened(folder) as descriptor, os.scandir(descriptor) as entries:
        return sorted(
            entry.name
            for entry in entries
            if not (file_folder.is_ours(entry.name) and stat.S_ISREG(entry.stat(follow_symlinks=False).st_mode))
        )


def _listed(names: list[str]) -> str:
    shown = ", ".join(name if IS_HASH.fullmatch(name) else ascii(name[:LONGEST_NAME]) for name in names[:MOST_NAMED])
    return shown + (", …" if len(names) > MOST_NAMED else "")
