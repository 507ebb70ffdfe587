"""Which form of an answer a caller gets: HTML or JSON, in which coding, or none at all where it has it."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from tests.callers import Api
from tests.edges.raw import asked
from tests.edges.test_headers import DATA_POLICY
from tests.web_pages.builds import FONT, HTML, SCRIPT, STYLE

FILES = {"/": "index.html", "/graphiql": "graphiql.html", f"/assets/{SCRIPT}": f"assets/{SCRIPT}"}
LASTING = ("etag", "cache-control", "content-security-policy", "vary", "cross-origin-opener-policy")
PAGE, DATA = "text/html; charset=utf-8", "application/json"


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        (HTML["Accept"], PAGE),
        ("text/html", PAGE),
        ("TEXT/HTML;level=1", PAGE),
        ("text/*", PAGE),
        ("application/json;q=0.9, text/html", PAGE),
        ("text/html, application/json", PAGE),
        ("*/*", DATA),
        ("", DATA),
        (None, DATA),
        ("application/json", DATA),
        ("application/json, text/plain, */*", DATA),
        ("application/json, text/html;q=0.9", DATA),
        ("text/html;q=0.1, */*;q=0.2", DATA),
        ("text/html;q=0, */*", DATA),
        ("text/html;q=0", DATA),
        ("text/html;q=2", DATA),
        ("text/html;q=nan", DATA),
        ("text/htmlx", DATA),
        ("image/png", DATA),
    ],
)
async def test_browsers_are_shown_the_page_and_programs_the_index(
    pages: Api, accept: str | None, expected: str
) -> None:
    status, headers, body = await asked(
        pages.base, "/", *([f"Accept: {accept}"] if accept is not None else [])
    )
    assert (status, headers["content-type"]) == (200, expected)
    assert headers["vary"] == "Accept, Accept-Encoding"
    assert (b"a build" in body) == (expected == PAGE)
    if expected == DATA:
        assert headers["content-security-policy"] == DATA_POLICY
        assert headers["cache-control"] == "no-store"


async def test_several_lines_of_a_header_are_one(pages: Api) -> None:
    lines = ("Accept: application/json;q=0.5", "Accept: text/html", "Accept-Encoding: br;q=0.5")
    _, headers, _ = await asked(pages.base, "/", *lines, "Accept-Encoding: gzip")
    assert (headers["content-type"], headers["content-encoding"]) == (PAGE, "gzip")


CODINGS = [
    (None, "identity"),
    ("", "identity"),
    ("identity", "identity"),
    ("br", "br"),
    ("gzip", "gzip"),
    ("gzip, deflate, br, zstd", "br"),
    ("GZIP;Q=1.000 , Br ; q=0.999", "gzip"),
    ("br;q=0.5, gzip;q=0.8", "gzip"),
    ("br;q=0, gzip", "gzip"),
    ("br;q=0, gzip;q=0", "identity"),
    ("br;q=0.001", "br"),
    ("*", "br"),
    ("*;q=0.5, br;q=0", "gzip"),
    ("*;q=0", "identity"),
    ("gzip;q=0.5, identity", "identity"),
    ("gzip;q=0.5, identity;q=0.4", "gzip"),
    ("identity;q=0.5, *;q=0", "identity"),
    ("identity;q=0, zstd", "identity"),
    ("identity;q=0, gzip", "gzip"),
    ("deflate, zstd", "identity"),
    ("br;q=x, gzip;q=-1", "identity"),
    ("br;q=inf, gzip;q=0.1", "gzip"),
    (",;,=;q, ,", "identity"),
    ("brotli", "identity"),
]


@pytest.mark.parametrize(("accepted", "coding"), CODINGS)
@pytest.mark.parametrize("path", list(FILES))
async def test_a_file_comes_in_the_coding_that_is_liked_best(
    pages: Api, built: Path, path: str, accepted: str | None, coding: str
) -> None:
    lines = [f"Accept-Encoding: {accepted}"] if accepted is not None else []
    status, headers, body = await asked(pages.base, path, "Accept: text/html", *lines)
    end = {"br": ".br", "gzip": ".gz", "identity": ""}[coding]
    assert (status, body) == (200, (built / (FILES[path] + end)).read_bytes())
    assert headers.get("content-encoding", "identity") == coding
    assert headers["content-length"] == str(len(body))


async def test_what_is_not_compressed_beside_it_comes_as_it_is(pages: Api, built: Path) -> None:
    for name, coding, accepted in (
        (STYLE, "gzip", "br, gzip;q=0.1"),
        (STYLE, "identity", "br"),
        (FONT, "identity", "*"),
    ):
        lines = f"Accept-Encoding: {accepted}"
        _, headers, body = await asked(pages.base, f"/assets/{name}", lines)
        assert headers.get("content-encoding", "identity") == coding
        assert (gzip.decompress(body) if coding == "gzip" else body) == (built / "assets" / name).read_bytes()


@pytest.mark.parametrize("path", list(FILES))
async def test_a_copy_that_is_current_is_not_sent_again(pages: Api, path: str) -> None:
    tags = set()
    for coding in ("identity", "gzip", "br"):
        accepted = {**HTML, "Accept-Encoding": coding}
        told = (await pages.request("HEAD", path, headers=accepted)).headers
        tags.add(told["etag"])
        for known in (told["etag"], f"W/{told['etag']}", f'"other", {told["etag"]}', "*"):
            again = await pages.request("GET", path, headers={**accepted, "If-None-Match": known})
            assert (again.status_code, again.content) == (304, b"")
            # What a browser would forget by it, or replace.
            assert [again.headers.get(name) for name in LASTING] == [told.get(name) for name in LASTING]
            assert "content-encoding" not in again.headers
        other = await pages.request("HEAD", path, headers={**accepted, "If-None-Match": '"other"'})
        assert other.status_code == 200
    assert len(tags) == 3
