"""Result files in a local folder.

obstore's own local store is not used: it returns before a file has reached the disk, and hides what
interrupted writes leave behind.
"""

from __future__ import annotations

import asyncio
import errno
import os
import re
import secrets
import shutil
import stat
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO
from urllib.parse import unquote, urlsplit

from core.errors import SettingsError, StorageError
from core.results import StoredFile, parse_key

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable, Iterator
    from datetime import timedelta

    from core.results import ResultName

COPY_BYTES = 1_048_576
# `<key>.<random>.part`, beside its target: while it is there, nobody can remove the folder as empty.
PART = ".part"
_LEFTOVER = re.compile("[.][0-9a-f]{16}[.]part$")
# How often a folder may vanish between its making and its use, before that is an error.
PATIENCE = 20
ADVICE = {
    errno.ENOSPC: " Make room on that disk.",
    errno.EDQUOT: " Make room within the quota.",
    errno.EROFS: " Mount it for writing, or point STORYCAST_RESULTS_URL elsewhere.",
    errno.EACCES: " Let this process's user write there, or point STORYCAST_RESULTS_URL elsewhere.",
}


@dataclass(frozen=True)
class Folder:
    """A `core.storage.Storage` below `root`, an absolute path without symbolic links.

    The folder may be shared by machines, when its filesystem renames atomically.
    """

    root: Path

    async def put(self, key: str, file: BinaryIO) -> None:
        parse_key(key)
        await asyncio.to_thread(self._write, self.root / key, file)

    async def delete(self, keys: Iterable[str]) -> None:
        await asyncio.to_thread(_remove, [self._path(key) for key in keys])

    async def stored(self, older_than: timedelta) -> AsyncIterator[StoredFile]:
        newest = time.time() - older_than.total_seconds()
        for user in await asyncio.to_thread(_folders, self.root):
            for file in await asyncio.to_thread(_files, self.root, user, newest):
                yield file

    async def locate(self, key: str) -> tuple[Path, os.stat_result] | None:
        """Where the file lies and what it is, or None when it is not there.

        A symbolic link on the way counts as not there: it could lead out of the folder.
        """
        parse_key(key)
        return await asyncio.to_thread(_plain_file, self.root / key)

    def _path(self, key: str) -> Path:
        _file_of(key)
        return self.root / key

    def _write(self, target: Path, file: BinaryIO) -> None:
        part = target.with_name(f"{target.name}.{secrets.token_hex(8)}{PART}")
        with _telling(f"write {target}"):
            try:
                with _create(part) as out:
                    file.seek(0)
                    shutil.copyfileobj(file, out, COPY_BYTES)
                    out.flush()
                    os.fsync(out.fileno())
                part.replace(target)
            except BaseException:
                with suppress(OSError):
                    part.unlink(missing_ok=True)
                raise
            # The names reach the disk with the folders that hold them.
            for folder in (target.parent, target.parent.parent, self.root):
                _flush_folder(folder)


def open_folder(url: str) -> Folder:
    """The folder of a `file:///` address, made when it is missing.

    Raises SettingsError for an address that names no local folder, StorageError when it cannot be made.
    """
    address = urlsplit(url)
    root = Path(unquote(address.path))
    if address.netloc not in {"", "localhost"} or not root.is_absolute() or root == Path("/"):
        raise SettingsError(f"STORYCAST_RESULTS_URL is {url}: a local folder is written file:///its/path.")
    with _telling(f"make {root}"):
        root.mkdir(parents=True, exist_ok=True)
        return Folder(root.resolve(strict=True))


def _file_of(key: str) -> ResultName:
    """What the key of a file, or of an interrupted write's leftover, says. Raises ValueError."""
    return parse_key(_LEFTOVER.sub("", key))


def _remove(paths: list[Path]) -> None:
    for path in paths:
        with _telling(f"remove {path}"):
            path.unlink(missing_ok=True)
        # rmdir refuses what is not empty, so a concurrent write loses nothing.
        with suppress(OSError):
            path.parent.rmdir()
            path.parent.parent.rmdir()


def _create(path: Path) -> BinaryIO:
    """`path`, opened for writing, its folders made; others may remove them, empty, at the same time."""
    for _ in range(PATIENCE):
        with suppress(FileNotFoundError):
            path.parent.mkdir(parents=True, exist_ok=True)
            return path.open("xb")
    return path.open("xb")


def _flush_folder(folder: Path) -> None:
    try:
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    except FileNotFoundError:
        return  # deleted in the meantime, with the file in it
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _plain_file(path: Path) -> tuple[Path, os.stat_result] | None:
    try:
        if path.resolve(strict=True) != path:
            return None
        status = path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise _storage_error(f"read {path}", error) from error
    return (path, status) if stat.S_ISREG(status.st_mode) else None


def _folders(root: Path) -> list[Path]:
    with _telling(f"list {root}"), os.scandir(root) as entries:
        return [Path(entry.path) for entry in entries if entry.is_dir(follow_symlinks=False)]


def _files(root: Path, user: Path, newest: float) -> list[StoredFile]:
    """The files of our making below the folder `user`, last written before `newest` (Unix time)."""
    found = []
    for generation in _folders(user):
        with _telling(f"list {generation}"), os.scandir(generation) as entries:
            for entry in entries:
                key = Path(entry.path).relative_to(root).as_posix()
                with suppress(ValueError, FileNotFoundError):  # not ours; or gone since it was listed
                    generation_id = _file_of(key).generation_id
                    written = entry.stat(follow_symlinks=False).st_mtime
                    if written < newest:
                        found.append(StoredFile(key, generation_id, datetime.fromtimestamp(written, UTC)))
    return found


@contextmanager
def _telling(what: str) -> Iterator[None]:
    """Turns an OSError into a StorageError that says what could not be done, and why."""
    try:
        yield
    except OSError as error:
        raise _storage_error(what, error) from error


def _storage_error(what: str, error: OSError) -> StorageError:
    advice = ADVICE.get(error.errno or 0, "")
    return StorageError(f"Cannot {what}: {error.strerror or error}.{advice}")
