"""The web UI as it was built, where it was: all that its pages name is served, as what it is."""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import AsyncIterator

import pytest

from core.settings import Settings
from server.dist import DIST
from server.graphql.manifests import read_built
from server.web import Build
from server.web.build import UNKNOWN
from tests.callers import Api, serving
from tests.missing import missing
from tests.web_pages.builds import HTML


@pytest.fixture(scope="module")
def build() -> Build:
    found = Build.open(DIST)
    if not found:
        missing("the web UI is not built: python3 dev.py web")
    return found


@pytest.fixture(scope="module")
async def real(build: Build, shared_settings: Settings) -> AsyncIterator[Api]:
    async with serving(shared_settings) as served:
        yield served


@pytest.mark.parametrize("path", ["/", "/graphiql"])
async def test_what_a_page_names_is_there(real: Api, path: str) -> None:
    page = await real.request("GET", path, headers=HTML)
    named = re.findall(r'\b(?:src|href)="([^"]+)"', page.text)
    assert any(name.endswith(".js") for name in named)
    for name in named:
        if name.startswith("data:"):
            continue
        assert name.startswith("./assets/"), name
        response = await real.request("GET", name.removeprefix("."))
        assert response.status_code == 200
    # Nothing that the page's policy would refuse.
    assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\bon[a-z]+=|\bstyle=", page.text)


def test_every_file_has_a_media_type_and_comes_in_codings_of_the_same_bytes(build: Build) -> None:
    for name, file in build.files.items():
        assert file.media_type != UNKNOWN, name
        plain = file.bodies["identity"].content
        if "gzip" in file.bodies:
            assert gzip.decompress(file.bodies["gzip"].content) == plain, name
            assert set(file.bodies) == {"identity", "gzip", "br"}
            assert len(file.bodies["br"].content) < len(plain)


def test_what_it_sends_fits_the_schema(build: Build, caplog: pytest.LogCaptureFixture) -> None:
    listed = json.loads(build.documents.read_text())
    assert listed
    assert read_built(build.documents) == listed
    assert caplog.text == ""
