"""Where result files are kept: a local folder, or an S3-compatible bucket."""

from __future__ import annotations

from typing import TYPE_CHECKING, BinaryIO, Protocol

from core.bucket import open_bucket
from core.folder import open_folder

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable
    from datetime import timedelta

    from core.results import StoredFile
    from core.settings import Settings


class Storage(Protocol):
    """Result files by key, of the form that `core.results.result_key` makes.

    Every method raises StorageError when it cannot do its work, and ValueError for another form of key.
    """

    async def put(self, key: str, file: BinaryIO) -> None:
        """Stores all of `file`, which must be seekable, wherever it is positioned.

        Nobody ever sees a part of it under `key`, and it has reached the disk or the bucket when
        this returns. Memory does not grow with the file. After a cancellation the write may end either
        way; an orphan that comes of it shows up in `stored`.
        """

    async def delete(self, keys: Iterable[str]) -> None:
        """Removes files; those that are gone already are fine."""

    def stored(self, older_than: timedelta) -> AsyncIterator[StoredFile]:
        """Every file last written longer ago than `older_than`, in no order, what interrupted writes left
        behind included. What is in the folder or bucket but not of our making is left out.
        """


def open_storage(settings: Settings) -> Storage:
    """The storage that `STORYCAST_RESULTS_URL` names. A local folder is made when it is missing.

    Raises SettingsError when the address is missing or cannot serve, StorageError when the folder
    cannot be made.
    """
    url = settings.need("results_url")
    return open_bucket(settings) if url.startswith("s3:") else open_folder(url)
