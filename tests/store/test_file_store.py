"""Files of a running server: how long each stays, and what a kill between two steps leaves."""

from __future__ import annotations

import asyncio
import hashlib
import os
import stat
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from store import file_copies, files, posting, questions, retention
from store.backup import back_up
from store.clock import DAY
from store.database import Database
from store.file import StoreFault
from store.file_folder import NoRoom, folder_of
from store.file_store import FileStore
from store.files import Upload
from store.messages import Message, NoFile, Viewer, visible_to
from store.questions import Change
from store.restore import restore
from store.retention import Closed
from store.transaction import each
from tests.store.file import rows, within
from tests.store.samples import NOW, draft, open_question

ANYBODY = Viewer(None, visible_to("STAFF"), None)


class Clock:
    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> int:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def store(database: Database, clock: Clock) -> AsyncIterator[FileStore]:
    store = FileStore(database, clock, 0)
    yield store
    store.close()


async def keep(store: FileStore, content: bytes) -> Upload:
    async with store.receiving() as incoming:
        await store.run(incoming.write, content)
        return await within(store.keep(incoming, "image/jpeg", None))


async def send(database: Database, question_id: int, *names: str, visible: bool = True) -> object:
    named = draft(question_id, files=tuple(names), viewer=ANYBODY, is_visible_to_patient=visible)
    return await within(database.written(each(posting.post_one), named))


def there(store: FileStore) -> set[str]:
    return {path.name for path in store.folder.iterdir()}


def age(store: FileStore, clock: Clock, name: str) -> None:
    """Have the file be there since two days before now."""
    os.utime(store.folder / name, ns=((clock.now - 2 * DAY) * 1_000_000,) * 2)


async def end(database: Database, question_id: int, at: int) -> None:
    await database.written(each(questions.change), Change(question_id, {"status": "CLOSED"}, at))
    await database.written(each(retention.delete_questions), Closed(before=at + 1, now=at))
    while await database.written(each(retention.clear_away), None):
        pass


class TestLife:
    async def test_what_nothing_names_goes_after_a_day(self, store: FileStore, clock: Clock) -> None:
        one = await keep(store, b"one")
        clock.now += DAY
        await store.tidy()
        assert there(store) == {one.sha256}
        clock.now += 1
        await store.tidy()
        assert there(store) == set()
        assert rows(store.folder.with_name("careline.db"), "SELECT count(*) FROM file") == [0]

    async def test_what_is_uploaded_again_has_another_day(self, store: FileStore, clock: Clock) -> None:
        one = await keep(store, b"one")
        clock.now += DAY - 1
        await keep(store, b"one")
        clock.now += DAY
        await store.tidy()
        assert there(store) == {one.sha256}

    async def test_what_a_message_names_stays_until_the_last_of_them_is_gone(
        self, database: Database, store: FileStore, clock: Clock
    ) -> None:
        one, two = await keep(store, b"one"), await keep(store, b"two")
        first, second = (await open_question(database)).id, (await open_question(database)).id
        assert isinstance(await send(database, first, one.sha256, two.sha256), Message)
        assert isinstance(await send(database, second, one.sha256, visible=False), Message)
        clock.now += 10 * DAY
        await store.tidy()
        assert there(store) == {one.sha256, two.sha256}
        await end(database, first, clock.now)
        await store.tidy()
        assert there(store) == {one.sha256}
        await end(database, second, clock.now)
        await store.tidy()
        assert there(store) == set()
        assert isinstance(await send(database, (await open_question(database)).id, one.sha256), NoFile)

    async def test_a_question_with_very_many_files_goes_with_all(
        self, database: Database, store: FileStore, clock: Clock
    ) -> None:
        question_id = (await open_question(database)).id
        names = [hashlib.sha256(bytes([number, 0])).hexdigest() for number in range(2 * files.CHUNK + 1)]
        for name in names:
            await database.written(each(files.put), Upload(name, 1, "image/jpeg", NOW, None))
        for first in range(0, len(names), 20):
            assert isinstance(await send(database, question_id, *names[first : first + 20]), Message)
        clock.now += 2 * DAY
        await end(database, question_id, clock.now)
        store.folder.mkdir()
        await store.tidy()
        assert rows(database.path, "SELECT count(*) FROM file_use") == [0]
        assert rows(database.path, "SELECT count(*) FROM file") == [0]

    async def test_one_that_is_uploaded_while_it_is_taken_away_stays(
        self, database: Database, store: FileStore, clock: Clock
    ) -> None:
        for number in range(20):
            content = b"%d" % number
            await keep(store, content)
            clock.now += 2 * DAY
            _, again = await asyncio.gather(store.tidy(), keep(store, content))
            assert again.sha256 in there(store)
            assert await files.get(database, again.sha256) is not None
            assert (store.folder / again.sha256).read_bytes() == content


class TestKilled:
    """Each test has the state that a kill between two steps leaves."""

    async def test_while_a_file_comes(self, store: FileStore) -> None:
        await keep(store, b"one")
        async with store.receiving() as incoming:
            await store.run(incoming.write, b"tw")
            other = FileStore(store._database, Clock(), 0)
            await other.open()  # as the next start does
            other.close()
            assert not [name for name in there(store) if name.endswith(".partial")]

    async def test_before_the_row_of_a_file(self, store: FileStore, clock: Clock) -> None:
        orphan = hashlib.sha256(b"orphan").hexdigest()
        await keep(store, b"one")
        (store.folder / orphan).write_bytes(b"orphan")
        os.utime(store.folder / orphan, ns=(clock.now * 1_000_000,) * 2)
        await store.tidy()
        assert orphan in there(store)
        clock.now += DAY + 1
        await store.tidy()
        assert orphan not in there(store)

    async def test_after_the_row_of_a_file_is_deleted(self, database: Database, store: FileStore, clock: Clock) -> None:
        one = await keep(store, b"one")
        age(store, clock, one.sha256)
        await database.written(each(files.delete_unnamed), files.Unnamed(one.sha256, NOW + 1))
        assert await files.get(database, one.sha256) is None
        await store.tidy()
        assert there(store) == set()


class TestForeign:
    async def test_nothing_of_others_is_followed_or_deleted(
        self, store: FileStore, clock: Clock, tmp_path: Path
    ) -> None:
        """But `check` names it."""
        one = await keep(store, b"one")
        secret = tmp_path / "secret"
        secret.write_bytes(b"secret")
        names = [hashlib.sha256(bytes([number])).hexdigest() for number in range(3)]
        (store.folder / names[0]).symlink_to(secret)
        (store.folder / names[1]).mkdir()
        os.mkfifo(store.folder / names[2])
        (store.folder / "x\n\x1b[31m").write_bytes(b"")
        (store.folder / ("長" * 80)).write_bytes(b"")
        (store.folder / f"{'0' * 32}.partial").symlink_to(secret)
        clock.now += 3 * DAY
        for name in names:
            with pytest.raises(OSError):  # noqa: PT011 - each of them is another
                await within(store.opened(name))
        await keep(store, b"one")
        await store.tidy()
        assert secret.read_bytes() == b"secret"
        assert len(there(store)) == 7
        with pytest.raises(StoreFault) as told:
            file_copies.check(store._database.path)
        assert "6 not Careline's" in str(told.value)
        assert str(told.value).isprintable()
        assert one.sha256 in there(store)

    async def test_a_link_in_the_place_of_a_file_is_replaced_not_followed(
        self, store: FileStore, tmp_path: Path
    ) -> None:
        secret = tmp_path / "secret"
        secret.write_bytes(b"secret")
        name = hashlib.sha256(b"one").hexdigest()
        await keep(store, b"two")
        (store.folder / name).symlink_to(secret)
        await keep(store, b"one")
        assert secret.read_bytes() == b"secret"
        assert stat.S_ISREG((store.folder / name).lstat().st_mode)

    async def test_a_folder_in_the_place_of_a_file(self, store: FileStore) -> None:
        await keep(store, b"two")
        (store.folder / hashlib.sha256(b"one").hexdigest()).mkdir()
        with pytest.raises(OSError, match="directory"):
            await keep(store, b"one")
        assert isinstance(await keep(store, b"three"), Upload)

    async def test_a_folder_that_is_gone_is_not_made_again(self, store: FileStore) -> None:
        """It may be on a disk that is not there just now."""
        await keep(store, b"one")
        store.folder.rename(store.folder.with_name("moved"))
        with pytest.raises(FileNotFoundError):
            await keep(store, b"two")
        assert not store.folder.exists()

    async def test_one_that_is_moved_away_while_a_file_comes(self, database: Database, store: FileStore) -> None:
        await keep(store, b"one")
        async with store.receiving() as incoming:
            store.folder.rename(store.folder.with_name("moved"))
            store.folder.mkdir()
            with pytest.raises(FileNotFoundError):
                await within(store.keep(incoming, "image/jpeg", None))
        assert rows(database.path, "SELECT count(*) FROM file") == [1]

    async def test_no_room_that_the_database_needs_is_taken(self, database: Database) -> None:
        store = FileStore(database, Clock(), 2**60)
        with pytest.raises(NoRoom):
            await keep(store, b"one")
        assert not [*store.folder.iterdir()]
        store.close()


class TestCopies:
    @pytest.fixture
    async def named(self, database: Database, store: FileStore) -> list[str]:
        question_id = (await open_question(database)).id
        names = [(await keep(store, content)).sha256 for content in (b"one", b"two", b"three")]
        assert isinstance(await send(database, question_id, *names), Message)
        return names

    async def test_a_backup_has_the_files(self, database: Database, store: FileStore, named: list[str]) -> None:
        copy = database.path.with_name("b.db")
        made = back_up(database.path, copy, lambda _: True)
        assert (made.files, made.file_bytes, made.lacking) == (3, 11, [])
        assert {path.name for path in folder_of(copy).iterdir()} == set(named)
        assert (folder_of(copy) / named[0]).samefile(store.folder / named[0])
        assert file_copies.check(copy) == f"3 of 11 bytes in {folder_of(copy)} are sound"

    async def test_one_again_has_what_there_is_now(
        self, database: Database, store: FileStore, named: list[str]
    ) -> None:
        copy = database.path.with_name("b.db")
        back_up(database.path, copy, lambda _: True)
        four = await keep(store, b"four")
        (folder_of(copy) / named[0]).unlink()
        (folder_of(copy) / named[0]).write_bytes(b"xxx")  # another that is as long
        (folder_of(copy) / named[1]).unlink()
        (folder_of(copy) / named[1]).symlink_to("/etc/passwd")
        (folder_of(copy) / ("0" * 64)).write_bytes(b"of a former backup")
        (folder_of(copy) / f"{'0' * 32}.partial").write_bytes(b"of one that was broken off")
        back_up(database.path, copy, lambda _: True)
        assert {path.name for path in folder_of(copy).iterdir()} == {*named, four.sha256}
        file_copies.check(copy)

    async def test_one_that_is_broken_off_harms_none(
        self, database: Database, store: FileStore, named: list[str]
    ) -> None:
        copy = database.path.with_name("b.db")
        back_up(database.path, copy, lambda _: True)
        before = copy.read_bytes()
        await keep(store, b"four")
        for steps in range(5):
            left = iter([True] * steps)
            with pytest.raises(StoreFault, match="interrupted"):
                back_up(database.path, copy, lambda _: next(left, False))  # noqa: B023
            assert copy.read_bytes() == before
            assert {path.name for path in folder_of(copy).iterdir()} >= set(named)

    async def test_a_file_that_is_damaged_or_missing_keeps_no_backup_from_being_made(
        self, database: Database, store: FileStore, named: list[str]
    ) -> None:
        (store.folder / named[0]).unlink()
        (store.folder / named[1]).write_bytes(b"xxx")
        copy = database.path.with_name("b.db")
        made = back_up(database.path, copy, lambda _: True)
        assert set(made.lacking) == set(named[:2])
        assert {path.name for path in folder_of(copy).iterdir()} == {named[2]}
        with pytest.raises(StoreFault, match=r"1 missing \(.*\); 1 damaged \("):
            file_copies.check(database.path)

    async def test_a_link_in_place_of_its_folder(self, database: Database, named: list[str], tmp_path: Path) -> None:
        copy, other = database.path.with_name("b.db"), tmp_path / "other"
        other.mkdir()
        folder_of(copy).symlink_to(other)
        with pytest.raises(StoreFault, match="symbolic link"):
            back_up(database.path, copy, lambda _: True)
        assert not [*other.iterdir()]
        assert named

    async def test_a_restore_brings_them_back(self, database: Database, named: list[str], tmp_path: Path) -> None:
        copy = tmp_path / "usb" / "b.db"
        copy.parent.mkdir()
        back_up(database.path, copy, lambda _: True)
        told: list[str] = []
        new = tmp_path / "new" / "careline.db"
        new.parent.mkdir()
        restore(copy, new, "20250101-000000", lambda _: True, told.append)
        assert {path.name for path in folder_of(new).iterdir()} == set(named)
        file_copies.check(new)

    async def test_a_restore_keeps_those_of_the_replaced_database(
        self, database: Database, store: FileStore, named: list[str], tmp_path: Path
    ) -> None:
        copy = tmp_path / "b.db"
        back_up(database.path, copy, lambda _: True)
        later = await keep(store, b"later")
        other = tmp_path / "other" / "careline.db"
        other.parent.mkdir()
        back_up(database.path, other, lambda _: True)
        (folder_of(other) / named[0]).unlink()
        (folder_of(other) / named[0]).write_bytes(b"xxx")
        _, kept = restore(copy, other, "20250101-000000", lambda _: True)
        file_copies.check(other)
        assert kept is not None
        assert later.sha256 in {path.name for path in folder_of(kept).iterdir()}

    async def test_a_restore_tells_of_what_is_not_there(
        self, database: Database, named: list[str], tmp_path: Path
    ) -> None:
        copy = tmp_path / "b.db"
        back_up(database.path, copy, lambda _: True)
        (folder_of(copy) / named[2]).unlink()
        told: list[str] = []
        new = tmp_path / "new.db"
        restore(copy, new, "20250101-000000", lambda _: True, told.append)
        assert f"1 of its 3 files are missing or damaged: {named[2]}" in told
