from __future__ import annotations

import io
from email.utils import formatdate
from typing import TYPE_CHECKING

import httpx
import pytest
from starlette.applications import Starlette

from core.bucket import Bucket
from core.links import PresignedLinks, SignedLinks, open_links
from core.settings import Settings
from core.storage import open_storage
from server.files import file_routes
from tests.results.conftest import AUDIO, CAPTIONS, GENERATION, USER

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from core.folder import Folder

SOUND = bytes(range(256)) * 40
TEXT = "WEBVTT\n\n00:00.000 --> 00:01.000\nGrüße\n".encode()
LINKS = SignedLinks("", 3600, b"s" * 32)


@pytest.fixture
async def client(folder: Folder) -> AsyncIterator[httpx.AsyncClient]:
    await folder.put(AUDIO, io.BytesIO(SOUND))
    await folder.put(CAPTIONS, io.BytesIO(TEXT))
    server = httpx.ASGITransport(Starlette(routes=file_routes(LINKS, folder)))
    async with httpx.AsyncClient(transport=server, base_url="http://localhost") as client:
        yield client


async def test_a_link_plays_the_file(client: httpx.AsyncClient) -> None:
    answer = await client.get(LINKS.url(AUDIO))

    assert (answer.status_code, answer.content) == (200, SOUND)
    headers = answer.headers
    assert headers["content-type"] == "audio/mpeg"
    assert headers["content-length"] == str(len(SOUND))
    assert headers["accept-ranges"] == "bytes"
    assert headers["content-disposition"] == f'inline; filename="storycast-{GENERATION}.mp3"'
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["access-control-allow-origin"] == "*"
    assert {"etag", "last-modified"} <= set(headers)


async def test_captions_are_utf8_text_that_a_page_elsewhere_may_load(client: httpx.AsyncClient) -> None:
    answer = await client.get(LINKS.url(CAPTIONS), headers={"Origin": "https://elsewhere.example"})

    assert (answer.status_code, answer.content) == (200, TEXT)
    assert answer.headers["content-type"] == "text/vtt; charset=utf-8"
    assert answer.headers["access-control-allow-origin"] == "*"


async def test_a_cache_keeps_the_file_no_longer_than_its_link_lasts(client: httpx.AsyncClient) -> None:
    short = SignedLinks("", 30, LINKS.secret)

    private, _, seconds = (
        (await client.get(short.url(AUDIO))).headers["cache-control"].partition(", max-age=")
    )

    assert private == "private"
    assert 29 <= int(seconds) <= 33


async def test_the_same_link_saves_the_file_when_asked_to(client: httpx.AsyncClient) -> None:
    answer = await client.get(LINKS.url(AUDIO) + "&download=1")

    assert answer.headers["content-disposition"] == f'attachment; filename="storycast-{GENERATION}.mp3"'


async def test_head_tells_what_get_would(client: httpx.AsyncClient) -> None:
    get = await client.get(LINKS.url(AUDIO))
    head = await client.head(LINKS.url(AUDIO))

    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["content-length"] == get.headers["content-length"]
    assert head.headers["etag"] == get.headers["etag"]


@pytest.mark.parametrize(
    ("wanted", "first", "last"),
    [
        ("bytes=0-99", 0, 99),
        ("bytes=10200-", 10200, 10239),
        ("bytes=-5", 10235, 10239),
        ("Bytes = 7-7", 7, 7),
    ],
)
async def test_a_range_is_served_alone(client: httpx.AsyncClient, wanted: str, first: int, last: int) -> None:
    answer = await client.get(LINKS.url(AUDIO), headers={"Range": wanted})

    assert (answer.status_code, answer.content) == (206, SOUND[first : last + 1])
    assert answer.headers["content-range"] == f"bytes {first}-{last}/{len(SOUND)}"
    assert answer.headers["content-type"] == "audio/mpeg"


async def test_several_ranges_come_as_parts(client: httpx.AsyncClient) -> None:
    answer = await client.get(LINKS.url(AUDIO), headers={"Range": "bytes=0-1,100-102"})

    assert answer.status_code == 206
    assert answer.headers["content-type"].startswith("multipart/byteranges; boundary=")
    assert answer.content.count(b"Content-Type: audio/mpeg") == 2
    assert b"bytes 100-102/10240\r\n\r\n" + SOUND[100:103] in answer.content


async def test_a_range_past_the_end_is_told_the_size(client: httpx.AsyncClient) -> None:
    answer = await client.get(LINKS.url(AUDIO), headers={"Range": "bytes=10240-"})

    assert (answer.status_code, answer.headers["content-range"]) == (416, "bytes */10240")


@pytest.mark.parametrize(
    "wanted",
    ["bytes", "bytes=", "bytes=a-b", "bytes=9-3", "bytes=--1", "lines=0-1", "bytes=0-1,x", "", "bytes=1"],
)
async def test_a_range_that_cannot_be_read_is_overlooked(client: httpx.AsyncClient, wanted: str) -> None:
    answer = await client.get(LINKS.url(AUDIO), headers={"Range": wanted})

    assert (answer.status_code, answer.content) == (200, SOUND)


@pytest.mark.parametrize(
    "wanted",
    [
        "bytes=" + ",".join(f"{at}-{at}" for at in range(0, 2000, 2)),
        "bytes=" + ",".join(["0-"] * 16),
        "bytes=" + ",".join(["0-"] * 5000),
        "bytes=" + ",".join(f"{at}-" for at in range(16)),
    ],
)
async def test_no_set_of_ranges_makes_an_answer_much_larger_than_the_file(
    client: httpx.AsyncClient, wanted: str
) -> None:
    answer = await client.get(LINKS.url(AUDIO), headers={"Range": wanted})

    assert answer.status_code in {200, 206}
    assert len(answer.content) <= len(SOUND) + 4096


async def test_a_copy_that_is_current_is_not_sent_again(client: httpx.AsyncClient) -> None:
    known = (await client.get(LINKS.url(AUDIO))).headers
    for condition in (
        {"If-None-Match": known["etag"]},
        {"If-None-Match": f'"other", W/{known["etag"]}'},
        {"If-None-Match": "*"},
        {"If-Modified-Since": known["last-modified"]},
        {"If-None-Match": known["etag"], "Range": "bytes=0-1"},
    ):
        answer = await client.get(LINKS.url(AUDIO), headers=condition)

        assert (answer.status_code, answer.content) == (304, b"")
        assert answer.headers["etag"] == known["etag"]
        assert "max-age" in answer.headers["cache-control"]


@pytest.mark.parametrize(
    "condition",
    [
        {"If-None-Match": '"other"'},
        {"If-Modified-Since": formatdate(0, usegmt=True)},
        {"If-Modified-Since": "soon"},
        {"If-None-Match": '"other"', "If-Modified-Since": formatdate(4e9, usegmt=True)},
    ],
)
async def test_a_copy_that_is_old_is_replaced(client: httpx.AsyncClient, condition: dict[str, str]) -> None:
    assert (await client.get(LINKS.url(AUDIO), headers=condition)).status_code == 200


async def test_a_range_of_another_version_becomes_the_whole_file(client: httpx.AsyncClient) -> None:
    etag = (await client.get(LINKS.url(AUDIO))).headers["etag"]

    same = await client.get(LINKS.url(AUDIO), headers={"Range": "bytes=0-1", "If-Range": etag})
    other = await client.get(LINKS.url(AUDIO), headers={"Range": "bytes=0-1", "If-Range": '"other"'})

    assert (same.status_code, same.content) == (206, SOUND[:2])
    assert (other.status_code, other.content) == (200, SOUND)


async def test_an_expired_link_says_so(client: httpx.AsyncClient) -> None:
    answer = await client.get(SignedLinks("", -10, LINKS.secret).url(AUDIO))

    assert (answer.status_code, answer.json()) == (403, {"error": "Link expired"})
    assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    "path",
    [
        f"/files/{AUDIO}",
        f"/files/{AUDIO}?expires=9999999999&signature=",
        f"/files/{AUDIO}?expires=9999999999&signature=" + "A" * 43,
        f"/files/{AUDIO}?expires=%00&signature=%ff%ed%a0%80",
        "/files/",
        "/files/%2e%2e/%2e%2e/etc/passwd",
        "/files/..%2f..%2f..%2fetc%2fpasswd",
        "/files//etc/passwd",
        f"/files/{USER}/{GENERATION}/1.mp3%00.vtt",
        "/files/" + "a/" * 2000,
    ],
)
async def test_without_a_signature_there_is_nothing_to_see(client: httpx.AsyncClient, path: str) -> None:
    answer = await client.get(path)

    assert (answer.status_code, answer.json()) == (403, {"error": "Link not valid"})


async def test_a_signature_does_not_move_to_another_file(client: httpx.AsyncClient) -> None:
    answer = await client.get(LINKS.url(AUDIO).replace(".mp3", ".vtt"))

    assert (answer.status_code, answer.json()) == (403, {"error": "Link not valid"})


async def test_a_deleted_file_is_gone_for_links_that_still_last(
    client: httpx.AsyncClient, folder: Folder
) -> None:
    await folder.delete([AUDIO, CAPTIONS])

    answer = await client.get(LINKS.url(AUDIO))

    assert (answer.status_code, answer.json()) == (404, {"error": "File not found"})


@pytest.mark.parametrize("linked", [AUDIO, f"{USER}/{GENERATION}", str(USER)])
async def test_a_symbolic_link_does_not_lead_out_of_the_folder(
    client: httpx.AsyncClient, folder: Folder, tmp_path: Path, linked: str
) -> None:
    inside = folder.root / linked
    inside.rename(tmp_path / "outside")
    inside.symlink_to(tmp_path / "outside")
    assert (folder.root / AUDIO).read_bytes() == SOUND

    answer = await client.get(LINKS.url(AUDIO))

    assert (answer.status_code, answer.json()) == (404, {"error": "File not found"})


async def test_a_folder_in_a_files_place_is_no_file(client: httpx.AsyncClient, folder: Folder) -> None:
    (folder.root / AUDIO).unlink()
    (folder.root / AUDIO).mkdir()

    assert (await client.get(LINKS.url(AUDIO))).status_code == 404


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
async def test_files_can_only_be_read(client: httpx.AsyncClient, method: str) -> None:
    answer = await client.request(method, LINKS.url(AUDIO))

    assert (answer.status_code, set(answer.headers["allow"].split(", "))) == (405, {"GET", "HEAD"})


def test_files_in_a_bucket_get_no_route() -> None:
    settings = Settings(results_url="s3://bucket", s3_access_key_id="a", s3_secret_access_key="b")
    storage = open_storage(settings)
    links = open_links(settings, storage)

    assert isinstance(storage, Bucket)
    assert isinstance(links, PresignedLinks)
    assert links.url(AUDIO).startswith(f"https://bucket.s3.us-east-1.amazonaws.com/{AUDIO}?X-Amz-Algorithm=")
    assert file_routes(links, storage) == []
