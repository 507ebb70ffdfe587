from __future__ import annotations

import asyncio
import errno
import io
import os
import resource
import sys
import threading
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from core.errors import SettingsError, StorageError
from core.folder import Folder, open_folder
from core.results import result_key
from tests.results.conftest import AUDIO, GENERATION, USER

if TYPE_CHECKING:
    from collections.abc import Iterator

LIMIT = 20  # seconds
ANY_AGE = timedelta(seconds=-60)


class Halting(io.BytesIO):
    """Gives its first half, and the second when it is let."""

    def __init__(self, content: bytes) -> None:
        super().__init__(content)
        self._half = len(content) // 2
        self.halted = threading.Event()
        self.go_on = threading.Event()

    def read(self, size: int | None = -1) -> bytes:
        if self.tell() >= self._half:
            self.halted.set()
            assert self.go_on.wait(LIMIT)
            return super().read(size)
        return super().read(self._half)


class Broken(io.BytesIO):
    """Gives something, and then fails as a disk does."""

    def __init__(self, content: bytes, error: int) -> None:
        super().__init__(content)
        self._error = error

    def read(self, size: int | None = -1) -> bytes:
        if self.tell():
            raise OSError(self._error, os.strerror(self._error))
        return super().read(min(size or 0, 3))


def files(folder: Folder) -> list[Path]:
    return [path for path in folder.root.rglob("*") if path.is_file()]


async def test_nobody_sees_a_part_of_a_file_under_its_key(folder: Folder) -> None:
    await folder.put(AUDIO, io.BytesIO(b"before"))
    file = Halting(b"first half, second half")

    writing = asyncio.create_task(folder.put(AUDIO, file))
    async with asyncio.timeout(LIMIT):
        assert await asyncio.to_thread(file.halted.wait, LIMIT)
    assert (folder.root / AUDIO).read_bytes() == b"before"
    file.go_on.set()
    await writing

    assert (folder.root / AUDIO).read_bytes() == b"first half, second half"
    assert files(folder) == [folder.root / AUDIO]


async def test_a_cancelled_write_ends_with_its_file_and_leaves_nothing(folder: Folder) -> None:
    file = Halting(b"first half, second half")
    writing = asyncio.create_task(folder.put(AUDIO, file))
    assert await asyncio.to_thread(file.halted.wait, LIMIT)

    writing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await writing
    file.close()
    file.go_on.set()

    async with asyncio.timeout(LIMIT):
        while files(folder):  # noqa: ASYNC110 - the thread that writes has nobody left to tell
            await asyncio.sleep(0.005)


async def test_a_write_that_fails_leaves_what_was_there_and_nothing_else(folder: Folder) -> None:
    await folder.put(AUDIO, io.BytesIO(b"before"))

    with pytest.raises(StorageError, match=rf"Cannot write .*{AUDIO}: Input/output error"):
        await folder.put(AUDIO, Broken(b"after", errno.EIO))

    assert files(folder) == [folder.root / AUDIO]
    assert (folder.root / AUDIO).read_bytes() == b"before"


@pytest.fixture
def room_for_1000_bytes() -> Iterator[None]:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, hard))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


async def test_a_write_without_room_says_so_and_leaves_nothing(
    folder: Folder, room_for_1000_bytes: None
) -> None:
    with pytest.raises(StorageError, match=r"Cannot write .*File too large"):
        await folder.put(AUDIO, io.BytesIO(bytes(2000)))

    assert files(folder) == []


async def test_a_full_disk_comes_with_advice(folder: Folder) -> None:
    with pytest.raises(StorageError, match=r"No space left on device\. Make room"):
        await folder.put(AUDIO, Broken(b"after", errno.ENOSPC))


async def test_what_a_killed_process_left_can_be_listed_and_deleted(folder: Folder) -> None:
    dies_within = f"""
import asyncio, io, os
from core.folder import open_folder

class Dying(io.BytesIO):
    def read(self, size=-1):
        if self.tell():
            os._exit(9)
        return super().read(3)

asyncio.run(open_folder({folder.root.as_uri()!r}).put({AUDIO!r}, Dying(b"abcdef")))
"""
    async with asyncio.timeout(LIMIT):
        process = await asyncio.create_subprocess_exec(sys.executable, "-c", dies_within)
        assert await process.wait() == 9
    (left,) = files(folder)
    assert left.name.startswith("1.mp3.")

    found = [file async for file in folder.stored(ANY_AGE)]
    assert [file.generation_id for file in found] == [GENERATION]
    await folder.delete([file.key for file in found])

    assert list(folder.root.iterdir()) == []


async def test_the_file_and_then_its_folders_reach_the_disk(
    folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    flushed: list[tuple[int, bool]] = []
    flush = os.fsync

    def watched(descriptor: int) -> None:
        flushed.append((os.fstat(descriptor).st_ino, (folder.root / AUDIO).exists()))
        flush(descriptor)

    monkeypatch.setattr(os, "fsync", watched)

    await folder.put(AUDIO, io.BytesIO(b"x"))

    audio = folder.root / AUDIO
    way_down = [audio.parent, audio.parent.parent, folder.root]
    assert flushed == [(_inode(audio), False), *((_inode(path), True) for path in way_down)]


def _inode(path: Path) -> int:
    return path.stat().st_ino


async def test_empty_folders_go_with_the_last_file(folder: Folder) -> None:
    other = result_key(USER, GENERATION, 2, ".mp3")
    await folder.put(AUDIO, io.BytesIO(b"x"))
    await folder.put(other, io.BytesIO(b"x"))

    await folder.delete([AUDIO])
    assert files(folder) == [folder.root / other]
    await folder.delete([other])

    assert list(folder.root.iterdir()) == []


async def test_writes_survive_deletions_that_empty_their_folder(folder: Folder) -> None:
    async def write_and_delete(attempt: int) -> None:
        key = result_key(USER, GENERATION, attempt, ".mp3")
        for _ in range(60):
            await folder.put(key, io.BytesIO(b"x"))
            assert (folder.root / key).read_bytes() == b"x"
            await folder.delete([key])

    async with asyncio.timeout(LIMIT), asyncio.TaskGroup() as tasks:
        for attempt in range(1, 7):
            tasks.create_task(write_and_delete(attempt))

    assert list(folder.root.iterdir()) == []


async def test_files_of_others_are_neither_listed_nor_removed(folder: Folder) -> None:
    await folder.put(AUDIO, io.BytesIO(b"x"))
    generation = (folder.root / AUDIO).parent
    strangers = [folder.root / "README", generation / "cover.jpg", generation.parent / "lost+found"]
    for path in strangers:
        path.write_text("not ours")

    assert [file.key async for file in folder.stored(ANY_AGE)] == [AUDIO]
    await folder.delete([AUDIO])

    assert sorted(files(folder)) == sorted(strangers)


async def test_links_that_leave_the_folder_are_not_listed(folder: Folder, tmp_path: Path) -> None:
    outside = open_folder((tmp_path / "outside").as_uri())
    await outside.put(AUDIO, io.BytesIO(b"x"))
    (folder.root / str(USER)).symlink_to(outside.root / str(USER))

    assert [file.key async for file in folder.stored(ANY_AGE)] == []


def test_an_address_with_escapes_names_the_folder_it_spells(tmp_path: Path) -> None:
    wanted = tmp_path / "my results" / "100% ä"

    assert open_folder(wanted.as_uri()).root == wanted.resolve()
    assert wanted.is_dir()


@pytest.mark.parametrize("url", ["file://elsewhere/folder", "file:relative", "file:///", "file://"])
def test_an_address_without_a_local_folder_is_refused(url: str) -> None:
    with pytest.raises(SettingsError, match="a local folder is written file:///its/path"):
        open_folder(url)


def test_a_folder_that_cannot_be_made_is_told_with_its_path(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")

    with pytest.raises(StorageError, match=r"Cannot make .*file/results: Not a directory"):
        open_folder((tmp_path / "file" / "results").as_uri())
