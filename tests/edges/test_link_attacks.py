"""Links never signed, signed for something else, or too long ago; and ranges without measure."""

from __future__ import annotations

import io
from urllib.parse import quote, unquote, urlsplit
from uuid import UUID

import pytest

from core.folder import open_folder
from core.links import SignedLinks
from core.results import result_key
from tests.edges.bad_links import PATHS, RANGES, signed
from tests.edges.conftest import Edge
from tests.edges.raw import asked

ALICE, BOB = UUID(int=1), UUID(int=2)
GENERATION = UUID(int=3)
SOUND = bytes(range(256)) * 40
AUDIO = result_key(ALICE, GENERATION, 1, ".mp3")
CAPTIONS = result_key(ALICE, GENERATION, 1, ".vtt")
OTHERS = result_key(BOB, GENERATION, 1, ".mp3")
NEXT = result_key(ALICE, GENERATION, 2, ".mp3")


@pytest.fixture(scope="module")
async def links(edge: Edge) -> SignedLinks:
    folder = open_folder(edge.settings.need("results_url"))
    for key in (AUDIO, CAPTIONS, OTHERS, NEXT):
        await folder.put(key, io.BytesIO(SOUND))
    (folder.root / "secret.txt").write_text("not a result")
    return SignedLinks(edge.base, 3600, edge.settings.need("link_secret").encode())


async def get(edge: Edge, target: str | bytes, *headers: str) -> tuple[int, dict[str, str], bytes]:
    return await asked(edge.base, target, *headers)


async def test_the_links_as_they_are_made_work(edge: Edge, links: SignedLinks) -> None:
    for key in (AUDIO, CAPTIONS, OTHERS, NEXT):
        target = links.url(key).removeprefix(edge.base)
        assert (await get(edge, target))[::2] == (200, SOUND)


async def test_no_link_but_its_own_opens_a_file(edge: Edge, links: SignedLinks) -> None:
    link = urlsplit(links.url(AUDIO))
    query = link.query
    expires, signature = (part.partition("=")[2] for part in query.split("&"))
    forged = SignedLinks(edge.base, 3600, b"another secret of thirty-two bytes!")
    targets = [
        f"/files/{AUDIO}",
        f"/files/{AUDIO}?",
        f"/files/{AUDIO}?expires={expires}",
        f"/files/{AUDIO}?signature={signature}",
        f"/files/{AUDIO}?expires={expires}&signature=",
        f"/files/{AUDIO}?expires={expires}&signature={signature[:-1]}",
        f"/files/{AUDIO}?expires={expires}&signature={signature}A",
        f"/files/{AUDIO}?expires={expires}&signature={signature.swapcase()}",
        f"/files/{AUDIO}?expires={expires}&signature={signature}%3D",
        f"/files/{AUDIO}?expires={expires}&signature={'%ff' * 43}",
        f"/files/{AUDIO}?expires={expires}&signature={'A' * 50_000}",
        f"/files/{AUDIO}?expires={int(expires) + 1}&signature={signature}",
        f"/files/{AUDIO}?expires=0{expires}&signature={signature}",
        f"/files/{AUDIO}?expires=%20{expires}&signature={signature}",
        f"/files/{AUDIO}?expires={expires}.0&signature={signature}",
        f"/files/{AUDIO}?expires=9e99&signature={signature}",
        f"/files/{AUDIO}?expires={'9' * 5_000}&signature={signature}",
        f"/files/{CAPTIONS}?{query}",
        f"/files/{OTHERS}?{query}",
        f"/files/{NEXT}?{query}",
        f"/files/{AUDIO}/?{query}",
        f"/files/{AUDIO.upper()}?{query}" if AUDIO.upper() != AUDIO else f"/files/{AUDIO}.?{query}",
        f"/files//{AUDIO}?{query}",
        f"/files/./{AUDIO}?{query}",
        f"/files/{AUDIO}%00?{query}",
        urlsplit(forged.url(AUDIO)).path + "?" + urlsplit(forged.url(AUDIO)).query,
    ]
    for target in targets:
        status, headers, body = await get(edge, target)
        assert (status, body) == (403, b'{"error":"Link not valid"}'), target
        assert headers["cache-control"] == "no-store"
    status, _, body = await get(edge, f"/files/{AUDIO}%0a?{query}")
    assert (status, body) == (404, b'{"error":"Not found"}')


@pytest.mark.parametrize(
    "path",
    [
        *PATHS,
        f"{ALICE}/{GENERATION}/1.mp3%00.vtt",
        f"{ALICE}/../{ALICE}/{GENERATION}/1.mp3",
        f"{ALICE}/{GENERATION}",
    ],
)
async def test_no_path_leads_out_of_the_folder_signed_or_not(
    edge: Edge, links: SignedLinks, path: str
) -> None:
    status, _, body = await get(edge, f"/files/{path}")
    assert (status, body) == (403, b'{"error":"Link not valid"}')
    # Whatever spelling the signature is for: there is no file of that name.
    for spelling in {path, unquote(path)}:
        status, _, body = await get(edge, f"/files/{path}?{signed(links, spelling)}")
        assert (status, body) in {
            (403, b'{"error":"Link not valid"}'),
            (404, b'{"error":"File not found"}'),
        }


async def test_dots_in_other_paths_lead_nowhere(edge: Edge) -> None:
    for path in ("/../etc/passwd", "/api/../../etc/passwd", "/" + quote("../etc/passwd", safe="")):
        assert (await get(edge, path))[0] == 404


async def test_an_expired_link_says_so_and_nothing_else(edge: Edge, links: SignedLinks) -> None:
    expired = SignedLinks(edge.base, -100, links.secret).url(AUDIO).removeprefix(edge.base)
    status, _, body = await get(edge, expired)
    assert (status, body) == (403, b'{"error":"Link expired"}')


async def test_results_are_never_sniffed(edge: Edge, links: SignedLinks) -> None:
    kinds = {AUDIO: "audio/mpeg", CAPTIONS: "text/vtt; charset=utf-8"}
    for key, kind in kinds.items():
        _, headers, _ = await get(edge, links.url(key).removeprefix(edge.base), "Accept: text/html")
        assert headers["content-type"] == kind
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["content-disposition"].startswith("inline; filename=")
        assert headers["cross-origin-resource-policy"] == "cross-origin"
        assert headers["referrer-policy"] == "no-referrer"
        assert headers["cache-control"].startswith("private, max-age=")
        assert "sandbox" not in headers["content-security-policy"]


@pytest.mark.parametrize("wanted", RANGES.values(), ids=RANGES.keys())
async def test_no_range_makes_a_fault_or_an_answer_much_larger_than_the_file(
    edge: Edge, links: SignedLinks, wanted: str
) -> None:
    target = links.url(AUDIO).removeprefix(edge.base)
    for condition in ([], ['If-Range: "another"'], ["If-Range: Thu, 01 Jan 1970 00:00:00 GMT"]):
        status, _, body = await get(edge, target, f"Range: {wanted}", *condition)
        assert status in {200, 206, 416}
        assert len(body) < len(SOUND) + 4096
        if condition and status != 416:
            assert (status, body) == (200, SOUND)


async def test_several_range_headers_are_no_fault(edge: Edge, links: SignedLinks) -> None:
    target = links.url(AUDIO).removeprefix(edge.base)
    status, _, body = await get(edge, target, *["Range: bytes=0-"] * 500)
    assert (status, body) == (206, SOUND) or status == 200
