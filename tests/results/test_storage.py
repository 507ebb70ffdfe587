"""What the folder and the bucket have in common."""

from __future__ import annotations

import io
import os
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from core.results import StoredFile, result_key
from tests.results.conftest import AUDIO, CAPTIONS, GENERATION, USER

if TYPE_CHECKING:
    from core.storage import Storage
    from tests.results.conftest import Reader

ANY_AGE = timedelta(seconds=-60)


async def keys(storage: Storage, older_than: timedelta = ANY_AGE) -> set[str]:
    return {file.key async for file in storage.stored(older_than)}


async def test_a_file_is_stored_whole_wherever_it_is_positioned(storage: Storage, reader: Reader) -> None:
    audio = os.urandom(12_000_000)
    file = io.BytesIO(audio)
    file.seek(5_000_000)

    await storage.put(AUDIO, file)

    assert await reader.read(AUDIO) == audio


async def test_a_second_write_to_a_key_replaces_the_first(storage: Storage, reader: Reader) -> None:
    await storage.put(AUDIO, io.BytesIO(b"first and longer"))
    await storage.put(AUDIO, io.BytesIO(b"second"))

    assert await reader.read(AUDIO) == b"second"
    assert await keys(storage) == {AUDIO}


async def test_deleting_removes_the_named_files_and_no_others(storage: Storage, reader: Reader) -> None:
    other = result_key(USER, GENERATION, 2, ".mp3")
    for key in (AUDIO, CAPTIONS, other):
        await storage.put(key, io.BytesIO(b"x"))

    await storage.delete([AUDIO, CAPTIONS])

    assert [await reader.read(key) for key in (AUDIO, CAPTIONS, other)] == [None, None, b"x"]


async def test_deleting_what_is_gone_is_fine(storage: Storage) -> None:
    await storage.put(AUDIO, io.BytesIO(b"x"))

    await storage.delete([CAPTIONS, AUDIO])
    await storage.delete([AUDIO])
    await storage.delete([])

    assert await keys(storage) == set()


async def test_the_listing_holds_what_is_older_than_asked(storage: Storage) -> None:
    await storage.put(AUDIO, io.BytesIO(b"x"))

    (file,) = [file async for file in storage.stored(ANY_AGE)]

    assert isinstance(file, StoredFile)
    assert (file.key, file.generation_id) == (AUDIO, GENERATION)
    assert abs(datetime.now(UTC) - file.modified_at) < timedelta(seconds=30)
    assert await keys(storage, timedelta(seconds=60)) == set()


async def test_an_empty_storage_lists_nothing(storage: Storage) -> None:
    assert await keys(storage) == set()


@pytest.mark.parametrize("key", ["../escape.mp3", "notes.txt", "", "/etc/passwd"])
async def test_keys_of_another_form_are_refused(storage: Storage, key: str) -> None:
    with pytest.raises(ValueError, match="not the key of a result file"):
        await storage.put(key, io.BytesIO(b"x"))
    with pytest.raises(ValueError, match="not the key of a result file"):
        await storage.delete([key])

    assert await keys(storage) == set()
