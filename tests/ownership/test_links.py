"""Result files open to who holds their link, and to nobody else, whoever signs in."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit
from uuid import UUID, uuid4

import pytest

from core.folder import Folder
from db.models import Status
from server.files import file_routes
from tests.callers import Api
from tests.database.belongings import Belongings

AUDIO = b"an audio nobody else should hear"
LINK = "query ($id: UUID!) { storyGeneration(id: $id) { resultUrl captionsUrl } }"


@pytest.fixture
async def link(narrow: Api, hers: Belongings) -> str:
    """The link that the owner is given."""
    storage = narrow.services.storage
    assert isinstance(storage, Folder)
    for key in hers.files:
        put(storage.root / key)
    found = await narrow.data(hers.user, LINK, id=str(hers.generations[Status.SUCCEEDED]))
    url: str = found["storyGeneration"]["resultUrl"]
    return url


def put(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(AUDIO)


async def test_there_is_one_route_to_files(narrow: Api) -> None:
    routes = file_routes(narrow.services.links, narrow.services.storage)
    assert [route.path for route in routes] == ["/files/{key:path}"]


async def test_whoever_holds_the_link_hears_the_audio(narrow: Api, link: str, bob: UUID) -> None:
    for user in (None, bob):
        answer = await narrow.request("GET", link, user)
        assert (answer.status_code, answer.content) == (200, AUDIO)


FORGERIES: list[Callable[[str], str]] = [
    lambda link: urlsplit(link)._replace(query="").geturl(),
    lambda link: link.replace(".mp3", ".vtt"),
    lambda link: link.replace("/1.mp3", "/2.mp3"),
    lambda link: link.replace("expires=", "expires=9"),
    lambda link: link[:-1] + ("A" if link[-1] != "A" else "E"),
    lambda link: f"{link}&expires=1",
]


@pytest.mark.parametrize("forge", FORGERIES)
async def test_a_forged_link_is_refused_alike_whether_there_is_a_file_or_not(
    narrow: Api, hers: Belongings, link: str, bob: UUID, forge: Callable[[str], str]
) -> None:
    forged = forge(link)
    elsewhere = forged.replace(str(hers.generations[Status.SUCCEEDED]), str(uuid4()))
    for user in (None, bob, hers.user):
        answers = [await narrow.request("GET", url, user) for url in (forged, elsewhere)]
        told = [(answer.status_code, answer.json()) for answer in answers]
        assert told == [(403, {"error": "Link not valid"})] * 2


async def test_a_stranger_is_never_given_the_link(
    narrow: Api, hers: Belongings, link: str, bob: UUID
) -> None:
    succeeded = str(hers.generations[Status.SUCCEEDED])
    assert await narrow.data(bob, LINK, id=succeeded) == {"storyGeneration": None}
    answer = await narrow.request("GET", f"/api/story-generations/{succeeded}", bob)
    assert answer.json() == {"error": "Generation not found"}


async def test_a_stranger_who_deletes_deletes_no_file(
    narrow: Api, hers: Belongings, link: str, bob: UUID
) -> None:
    succeeded = hers.generations[Status.SUCCEEDED]
    refused = await narrow.request("DELETE", f"/api/story-generations/{succeeded}", bob)
    assert refused.status_code == 404
    answer = await narrow.request("GET", link)
    assert answer.content == AUDIO
