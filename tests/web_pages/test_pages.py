"""What browsers get of a build: which file, in which coding, and with what headers."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from core.settings import Settings
from server.web import Build
from tests.callers import Api, serving
from tests.conftest import own_database_urls, settings_for
from tests.edges.raw import asked
from tests.edges.test_headers import assert_secure
from tests.outages import Outages
from tests.web_pages.builds import FONT, HTML, PICTURE, PLAIN, SCRIPT, STRANGE, STYLE, write_build

INDEX = {
    "name": "Storycast",
    "graphql": "/graphql",
    "rest": "/api/story-generations",
    "demo_sign_in": "/sign-in/demo",
}
ALONE = "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
GRAPHIQL_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:;"
    f" font-src 'self' data:; connect-src 'self'; worker-src 'self'; {ALONE}"
)
SCRIPT_POLICY = f"default-src 'none'; script-src 'self'; connect-src 'self'; {ALONE}"
FOR_GOOD = "public, max-age=31536000, immutable"
SERVED = {
    "/": "index.html",
    "/graphiql": "graphiql.html",
    **{f"/assets/{name}": f"assets/{name}" for name in (SCRIPT, STYLE, FONT, PICTURE, STRANGE)},
}
HEADERS: dict[str, dict[str, str | None]] = {
    "/": {
        "content_type": "text/html; charset=utf-8",
        "cache_control": "no-cache",
        "cross_origin_opener_policy": "same-origin",
        "vary": "Accept, Accept-Encoding",
    },
    "/graphiql": {
        "content_type": "text/html; charset=utf-8",
        "cache_control": "no-cache",
        "content_security_policy": GRAPHIQL_POLICY,
        "cross_origin_opener_policy": "same-origin",
    },
    f"/assets/{SCRIPT}": {
        "content_type": "text/javascript; charset=utf-8",
        "content_security_policy": SCRIPT_POLICY,
    },
    f"/assets/{STYLE}": {"content_type": "text/css; charset=utf-8"},
    f"/assets/{FONT}": {"content_type": "font/ttf"},
    f"/assets/{PICTURE}": {"content_type": "image/svg+xml"},
    f"/assets/{STRANGE}": {"content_type": "application/octet-stream"},
}


def ui_policy(origin: str) -> str:
    return (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self';"
        f" connect-src 'self' {origin}; media-src 'self' {origin}; require-trusted-types-for 'script';"
        f" trusted-types 'none'; {ALONE}"
    )


@pytest.mark.parametrize("path", list(SERVED))
async def test_each_file_comes_as_it_is_with_headers_of_its_own(pages: Api, built: Path, path: str) -> None:
    expected: dict[str, str | None] = {
        "cache_control": FOR_GOOD,
        "content_encoding": None,
        "cross_origin_opener_policy": None,
        "set_cookie": None,
        "vary": "Accept-Encoding",
        **({"content_security_policy": ui_policy(pages.base)} if path == "/" else {}),
        **HEADERS[path],
    }
    response = await pages.request("GET", path, headers={**HTML, **PLAIN})
    assert (response.status_code, response.content) == (200, (built / SERVED[path]).read_bytes())
    assert_secure(response.headers, **expected)
    assert len(response.headers["x-request-id"]) == 16
    head = await pages.request("HEAD", path, headers={**HTML, **PLAIN})
    assert (head.status_code, head.content) == (200, b"")
    told = [{**each.headers, "x-request-id": "", "date": ""} for each in (head, response)]
    assert told[0] == told[1]


NOWHERE = [
    "/index.html",
    "/graphiql.html",
    "/documents.json",
    "/.vite/manifest.json",
    "/graphiql/",
    "/graphiql%0a",
    "/assets",
    "/assets/",
    f"/assets/{SCRIPT}.br",
    f"/assets/{SCRIPT}.gz",
    f"/assets/{SCRIPT}/",
    f"/assets/{SCRIPT}%0a",
    f"/assets/{SCRIPT}%00",
    f"/assets/{SCRIPT.upper()}",
    f"/assets//{SCRIPT}",
    f"/assets/./{SCRIPT}",
    f"/assets/%2e%2f{SCRIPT}",
    "/assets/orphan.css",
    "/assets/orphan.css.br",
    "/assets/nested/deep.js",
    "/assets/nested",
    "/assets/.",
    "/assets/..",
    "/assets/../index.html",
    "/assets/..%2findex.html",
    "/assets/%2e%2e/index.html",
    "/assets/%2e%2e%2fdocuments.json",
    "/assets/..\\documents.json",
    "/assets/..%5cdocuments.json",
    "/assets/../../../../../../etc/passwd",
    f"/assets/{quote('../' * 8 + 'etc/passwd', safe='')}",
    "/assets//etc/passwd",
    "/assets/%2fetc%2fpasswd",
    "/assets/%c0%ae%c0%ae/index.html",
    f"/assets/{'a' * 5000}",
    "/favicon.ico",
]


@pytest.mark.parametrize("path", NOWHERE)
async def test_nothing_else_is_there(pages: Api, path: str) -> None:
    """And it says so as any path does that is none."""
    for target in (path, path + "?x=1"):
        status, headers, body = await asked(pages.base, target, "Accept: text/html")
        assert (status, body) == (404, b'{"error":"Not found"}'), target
        assert_secure(httpx.Headers(headers))


@pytest.mark.parametrize("path", ["/", "/graphiql", f"/assets/{SCRIPT}"])
async def test_pages_are_only_read(pages: Api, path: str) -> None:
    for method in ("POST", "PUT", "DELETE", "PATCH", "OPTIONS"):
        response = await pages.request(method, path, headers=HTML)
        assert (response.status_code, response.json()) == (405, {"error": "Method not allowed"})
        assert set(response.headers["allow"].split(", ")) == {"GET", "HEAD"}


@pytest.mark.parametrize("path", ["/", "/graphiql", f"/assets/{SCRIPT}"])
async def test_no_page_elsewhere_may_read_or_frame_them(pages_with: Any, path: str) -> None:
    friend = "https://app.example"
    async with pages_with(allowed_origins=friend) as api:
        response = await api.request("GET", path, headers={**HTML, "Origin": friend})
        assert not [name for name in response.headers if name.startswith("access-control-")]
        assert "frame-ancestors 'none'" in response.headers["content-security-policy"]
        assert response.headers["cross-origin-resource-policy"] == "same-origin"


async def test_a_server_keeps_the_build_that_it_found(shared_settings: Settings, tmp_path: Path) -> None:
    """As `web/build.py` changes them: another folder, and a link that is led to it."""
    old, new, dist = tmp_path / "old", tmp_path / "new", tmp_path / "dist"
    write_build(old, "the old one")
    dist.symlink_to(old)
    found = Build.open(dist)
    # All of it is read from there, whatever the link leads to meanwhile.
    assert found
    assert found.documents == old / "documents.json"
    async with serving(shared_settings, dist) as api:
        write_build(new, "the new one")
        (tmp_path / "next").symlink_to(new)
        (tmp_path / "next").rename(dist)
        shutil.rmtree(old)
        for path in ("/", "/graphiql", f"/assets/{SCRIPT}"):
            assert "the old one" in (await api.request("GET", path, headers={**HTML, **PLAIN})).text
    async with serving(shared_settings, dist) as api:
        assert "the new one" in (await api.request("GET", "/", headers={**HTML, **PLAIN})).text


@pytest.mark.parametrize("left", ["nothing", "no page"])
async def test_where_nothing_is_built_browsers_are_told_so(
    pages_with: Any, tmp_path: Path, left: str
) -> None:
    web = tmp_path / "dist"
    if left == "no page":
        (write_build(web) / "index.html").unlink()
    async with pages_with(web) as api:
        for path in ("/", "/graphiql"):
            response = await api.request("GET", path, headers=HTML)
            assert response.status_code == 200
            assert "python3 dev.py web" in response.text
            assert_secure(
                response.headers,
                content_type="text/html; charset=utf-8",
                content_security_policy=f"default-src 'none'; img-src data:; {ALONE}",
            )
        for asset in (f"/assets/{SCRIPT}", "/assets/x"):
            assert (await api.request("GET", asset)).status_code == 404
        assert (await api.request("GET", "/")).json() == INDEX


@pytest.mark.skipif(not Path("/proc/self/mem").exists(), reason="Linux has it")
def test_a_build_that_cannot_be_read_is_none(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    folder = write_build(tmp_path / "dist")
    (folder / "assets" / STYLE).unlink()
    # It can be looked at, by root too, and not read.
    (folder / "assets" / STYLE).symlink_to("/proc/self/mem")
    assert Build.open(folder) is None
    assert "The web UI cannot be read" in caplog.text


@pytest.fixture
def settings(own_postgres: Outages, redis_url: str, tmp_path: Path) -> Settings:
    return settings_for(own_database_urls(own_postgres), redis_url, tmp_path)


async def test_pages_need_no_database(own_postgres: Outages, settings: Settings, built: Path) -> None:
    async with serving(settings, built) as api:
        own_postgres.stop()
        for path in SERVED:
            assert (await api.request("GET", path, headers=HTML)).status_code == 200
        own_postgres.start()
