from __future__ import annotations

import asyncio
import io
import socket
import time
from datetime import timedelta
from typing import TYPE_CHECKING

import httpx
import obstore
import pytest

from core.bucket import Bucket, open_bucket
from core.errors import SettingsError, StorageError
from core.links import open_links
from core.results import result_key
from core.settings import Settings
from tests.results.conftest import AUDIO, CAPTIONS, GENERATION, USER

if TYPE_CHECKING:
    from collections.abc import Iterator

ANY_AGE = timedelta(seconds=-60)


@pytest.fixture
def unanswering() -> Iterator[str]:
    """An endpoint that takes connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"http://127.0.0.1:{server.getsockname()[1]}"


def bucket_at(endpoint: str) -> Bucket:
    return open_bucket(
        Settings(
            results_url="s3://results/below",
            s3_endpoint=endpoint,
            s3_access_key_id="a",
            s3_secret_access_key="b",
        )
    )


async def test_a_server_that_is_away_is_told_within_seconds() -> None:
    away = "http://127.0.0.1:9"
    started = time.monotonic()

    with pytest.raises(StorageError, match=rf"Cannot write {AUDIO} to s3://results/below: .*{away}"):
        await bucket_at(away).put(AUDIO, io.BytesIO(b"x"))
    with pytest.raises(StorageError, match=rf"Cannot remove {AUDIO} from s3://results/below"):
        await bucket_at(away).delete([AUDIO])
    with pytest.raises(StorageError, match="Cannot list s3://results/below"):
        _ = [file async for file in bucket_at(away).stored(ANY_AGE)]

    assert time.monotonic() - started < 10


async def test_a_server_that_never_answers_is_given_up(
    unanswering: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("core.bucket.ANSWER_TIMEOUT", 0.2)

    with pytest.raises(StorageError, match=r"Cannot remove .*: no answer within 0 seconds"):
        await bucket_at(unanswering).delete([AUDIO])
    with pytest.raises(StorageError, match=r"Cannot list .*: no answer within 0 seconds"):
        _ = [file async for file in bucket_at(unanswering).stored(ANY_AGE)]


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        (Settings(results_url="s3://results"), "STORYCAST_S3_ACCESS_KEY_ID is not set"),
        (Settings(results_url="s3://results", s3_access_key_id="a"), "STORYCAST_S3_SECRET_ACCESS_KEY is not"),
        (Settings(results_url="s3:///prefix"), "a bucket is written s3://its-name/a/prefix"),
    ],
)
def test_a_bucket_that_cannot_be_reached_so_stops_the_start(settings: Settings, reason: str) -> None:
    with pytest.raises(SettingsError, match=reason):
        open_bucket(settings)


@pytest.mark.long
async def test_a_link_plays_the_file_and_says_what_it_is(bucket_settings: Settings) -> None:
    bucket = open_bucket(bucket_settings)
    await bucket.put(CAPTIONS, io.BytesIO(b"WEBVTT\n"))
    link = open_links(bucket_settings, bucket).url(CAPTIONS)

    async with httpx.AsyncClient() as client:
        whole = await client.get(link)
        part = await client.get(link, headers={"Range": "bytes=0-2"})
        forged = await client.get(link[:-4] + "0000")
        unsigned = await client.get(link.partition("?")[0])

    assert (whole.status_code, whole.content) == (200, b"WEBVTT\n")
    assert whole.headers["content-type"] == "text/vtt; charset=utf-8"
    assert whole.headers["content-disposition"] == f'inline; filename="storycast-{GENERATION}.vtt"'
    assert (part.status_code, part.content) == (206, b"WEB")
    assert (forged.status_code, unsigned.status_code) == (403, 403)


@pytest.mark.long
async def test_a_link_ends_with_its_lifetime(bucket_settings: Settings) -> None:
    bucket = open_bucket(bucket_settings)
    await bucket.put(AUDIO, io.BytesIO(b"x"))
    link = bucket.presigned(AUDIO, timedelta(seconds=1))

    async with httpx.AsyncClient() as client, asyncio.timeout(20):
        assert (await client.get(link)).status_code == 200
        while (await client.get(link)).status_code != 403:  # noqa: ASYNC110 - time itself is what is waited for
            await asyncio.sleep(0.2)


@pytest.mark.long
async def test_a_wrong_key_to_the_bucket_is_told(bucket_settings: Settings) -> None:
    wrong = open_bucket(bucket_settings.model_copy(update={"s3_access_key_id": "stranger"}))

    with pytest.raises(StorageError, match=r"Cannot write .* privileges"):
        await wrong.put(AUDIO, io.BytesIO(b"x"))


@pytest.mark.long
async def test_objects_of_others_are_not_listed(bucket_settings: Settings) -> None:
    bucket = open_bucket(bucket_settings)
    await bucket.put(AUDIO, io.BytesIO(b"x"))
    for stranger in ("README", f"{USER}/{GENERATION}/cover.jpg"):
        await obstore.put_async(bucket.store, stranger, b"not ours")

    assert [file.key async for file in bucket.stored(ANY_AGE)] == [AUDIO]


@pytest.mark.long
async def test_more_files_than_a_page_holds_are_listed_and_deleted(bucket_settings: Settings) -> None:
    bucket = open_bucket(bucket_settings)
    wanted = {result_key(USER, GENERATION, attempt, ".mp3") for attempt in range(1, 1102)}
    for key in wanted:
        await bucket.put(key, io.BytesIO(b"x"))

    assert {file.key async for file in bucket.stored(ANY_AGE)} == wanted
    await bucket.delete(wanted)
    assert [file.key async for file in bucket.stored(ANY_AGE)] == []
