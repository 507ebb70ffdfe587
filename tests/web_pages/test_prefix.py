"""Behind a proxy that puts a path before Storycast's, as docs/operations.md says."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import urljoin
from uuid import UUID

import httpx
import pytest

from core.settings import Settings
from tests.callers import Client
from tests.conftest import adjust
from tests.edges.conftest import edge_process
from tests.edges.nginx import PAGE, nginx
from tests.processes import free_port
from tests.web_pages.builds import HTML, SCRIPT
from tests.web_pages.test_slow_readers import PROGRAM

pytestmark = pytest.mark.long

LOCATION = PAGE.read_text().partition("    location /storycast/ {\n")[2].partition("    }\n")[0]
SERVER = "server {{ listen 127.0.0.1:{port}; location /storycast/ {{ {location} }} }}"


@pytest.fixture
async def beyond(shared_settings: Settings, built: Path, tmp_path: Path) -> AsyncIterator[Client]:
    """A caller of `/storycast` at nginx."""
    assert "proxy_pass" in LOCATION
    port = free_port()
    base = f"http://127.0.0.1:{port}/storycast"
    program = ("-c", PROGRAM.format(folder=str(built)))
    settings = adjust(shared_settings, public_url=base)
    more = SERVER.format(port=port, location=LOCATION)
    async with edge_process(settings, tmp_path / "api.log", program) as edge:
        with nginx(tmp_path, free_port(), edge.process.port, more):
            client = Client(base, edge.settings)
            yield client
            await client.close()


async def test_what_a_page_asks_for_by_relative_addresses_is_there(beyond: Client, alice: UUID) -> None:
    for path, title in (("/", "a build"), ("/graphiql", "GraphiQL of a build")):
        page = await beyond.request("GET", path, headers=HTML)
        assert f"<title>{title}</title>" in page.text
        (named,) = re.findall('src="([^"]+)"', page.text)
        script = await beyond.request("GET", urljoin(str(page.url), named))
        assert (script.status_code, script.url.path) == (200, f"/storycast/assets/{SCRIPT}")
        origin = beyond.base.removesuffix("/storycast")
        policy = page.headers["content-security-policy"]
        assert (f"connect-src 'self' {origin};" in policy) == (path == "/")
    page = await beyond.request("GET", "/", headers=HTML)
    document = {"query": "{ viewer { id } }"}
    answer = await beyond.request("POST", urljoin(str(page.url), "graphql"), alice, json=document)
    assert answer.json() == {"data": {"viewer": {"id": str(alice)}}}
    async with beyond.socket(alice) as socket:
        await socket.subscribe("1", "subscription { storyGenerationEvents { change } }")


async def test_the_path_without_its_slash_leads_to_the_one_with_it(beyond: Client) -> None:
    async with httpx.AsyncClient(trust_env=False) as client:
        response = await client.get(beyond.base, headers=HTML)
    assert (response.status_code, response.headers["location"]) == (301, f"{beyond.base}/")
