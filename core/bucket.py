"""Result files in an S3-compatible bucket."""

from __future__ import annotations

import asyncio
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, BinaryIO
from urllib.parse import urlsplit

import obstore
from obstore.exceptions import BaseError
from obstore.store import S3Store

from core.errors import SettingsError, StorageError
from core.results import StoredFile, parse_key

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable, Iterator, Sequence

    from obstore import ListStream, ObjectMeta
    from obstore.store import S3Config

    from core.results import ResultName
    from core.settings import Settings

# Five of these are in memory at most: four under way and the one being read.
PART_BYTES = 5_242_880
PARTS_AT_ONCE = 4
LISTED_AT_ONCE = 1000
ANSWER_TIMEOUT = 10.0  # seconds for one deletion or one page of a listing, retries and all
CONNECT_TIMEOUT = timedelta(seconds=3)
REQUEST_TIMEOUT = timedelta(seconds=30)
RETRIES = 3
RETRIES_END_AFTER = timedelta(seconds=10)


@dataclass(frozen=True)
class Bucket:
    """A `core.storage.Storage` below one prefix of a bucket; `url` is for messages.

    Parts of interrupted uploads stay in the bucket, out of sight and paid for: only a lifecycle rule
    of the bucket's (AbortIncompleteMultipartUpload) can remove them.
    """

    url: str
    store: S3Store

    async def put(self, key: str, file: BinaryIO) -> None:
        name = parse_key(key)
        attributes = {
            "Content-Type": name.media_type,
            "Content-Disposition": f'inline; filename="{name.download_name}"',
        }
        with _telling(f"write {key} to {self.url}"):
            file.seek(0)
            await obstore.put_async(
                self.store,
                key,
                file,
                attributes=attributes,
                chunk_size=PART_BYTES,
                max_concurrency=PARTS_AT_ONCE,
            )

    async def delete(self, keys: Iterable[str]) -> None:
        paths = list(keys)
        for key in paths:
            parse_key(key)
        if paths:
            with _telling(f"remove {', '.join(paths[:3])} from {self.url}"):
                async with asyncio.timeout(ANSWER_TIMEOUT):
                    await obstore.delete_async(self.store, paths)

    async def stored(self, older_than: timedelta) -> AsyncIterator[StoredFile]:
        newest = datetime.now(UTC) - older_than
        pages = obstore.list(self.store, chunk_size=LISTED_AT_ONCE)
        while page := await self._next(pages):
            for entry in page:
                if entry["last_modified"] < newest and (name := _name(entry["path"])):
                    yield StoredFile(entry["path"], name.generation_id, entry["last_modified"])

    def presigned(self, key: str, lifetime: timedelta) -> str:
        """An address that answers a GET of `key` for `lifetime`. Computes, and asks nobody."""
        parse_key(key)
        return obstore.sign(self.store, "GET", key, lifetime)

    async def _next(self, pages: ListStream[Sequence[ObjectMeta]]) -> Sequence[ObjectMeta]:
        with _telling(f"list {self.url}"):
            async with asyncio.timeout(ANSWER_TIMEOUT):
                try:
                    return await anext(pages)
                except StopAsyncIteration:
                    return ()


def open_bucket(settings: Settings) -> Bucket:
    """The bucket of an `s3://bucket/prefix` address. Asks nothing of it.

    Raises SettingsError when the address names no bucket, or a key to it is missing: link making must
    not wait for a credentials service, so there are the two settings alone.
    """
    url = settings.need("results_url")
    address = urlsplit(url)
    if not address.netloc:
        raise SettingsError(f"STORYCAST_RESULTS_URL is {url}: a bucket is written s3://its-name/a/prefix.")
    elsewhere: S3Config = {"endpoint": settings.s3_endpoint} if settings.s3_endpoint else {}
    store = S3Store(
        address.netloc,
        prefix=address.path.strip("/") or None,
        config=elsewhere,
        region=settings.s3_region,
        access_key_id=settings.need("s3_access_key_id"),
        secret_access_key=settings.need("s3_secret_access_key"),
        virtual_hosted_style_request=settings.s3_endpoint is None,
        client_options={
            "allow_http": (settings.s3_endpoint or "").startswith("http://"),
            "connect_timeout": CONNECT_TIMEOUT,
            "timeout": REQUEST_TIMEOUT,
        },
        retry_config={"max_retries": RETRIES, "retry_timeout": RETRIES_END_AFTER},
    )
    return Bucket(url, store)


def _name(key: str) -> ResultName | None:
    """What the key says, or None when it is that of a stranger's object."""
    try:
        return parse_key(key)
    except ValueError:
        return None


@contextmanager
def _telling(what: str) -> Iterator[None]:
    """Turns what obstore raises into a StorageError that says what could not be done, and why."""
    try:
        yield
    except TimeoutError as error:
        raise StorageError(f"Cannot {what}: no answer within {ANSWER_TIMEOUT:.0f} seconds.") from error
    except (BaseError, OSError) as error:
        # obstore's messages go on with a dump of its inner state; the first line says it all.
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
        raise StorageError(f"Cannot {what}: {reason[:500]}") from error
