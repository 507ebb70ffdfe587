"""A served API that is reached by a tunnel, for pages whose connection fails."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from uuid import UUID

from core.settings import Settings
from tests.browser.tabs import Tab, Tabs
from tests.callers import Client
from tests.conftest import adjust
from tests.processes import ApiProcess, free_port
from tests.tunnel import Tunnel, tunnel

LOST = "Connection lost. What you see may be out of date; trying to come back …"
# What a browser complains of by itself when the network is away.
COMPLAINTS = r"net::ERR_|WebSocket connection to .* failed"
# Pages look every half a minute even where all is well, which would hide what a comeback leaves out.
WITHOUT_LOOKING = """{
    const { setInterval } = window;
    window.setInterval = (run, every, ...more) => (every >= 30_000 ? 0 : setInterval(run, every, ...more));
}"""

RENAME = "mutation ($input: UpdateStoryInput!) { updateStory(input: $input) { __typename } }"
ALL = "{ storyGenerations { items { id status story { title } } } }"


@dataclass
class Road:
    """Pages go by `tunnel`; `client` is a program beside them, whose connection stands."""

    tunnel: Tunnel
    client: Client
    settings: Settings
    port: int

    @contextmanager
    def served(self) -> Iterator[ApiProcess]:
        """An API process at the road's end."""
        with ApiProcess(self.settings, port=self.port) as process:
            yield process

    async def open(self, tabs: Tabs, user: UUID, path: str = "/") -> Tab:
        """A tab of the user's, which may lose its connection."""
        tab = await tabs.open(self.tunnel.base, "/healthz", token=self.client.token(user))
        tab.watch.allow(COMPLAINTS)
        await tab.context.add_init_script(WITHOUT_LOOKING)
        await tab.page.goto(self.tunnel.base + path)
        return tab


@asynccontextmanager
async def built_road(settings: Settings) -> AsyncIterator[Road]:
    """A road to a port where nothing is served yet."""
    port = free_port()
    async with tunnel(f"http://127.0.0.1:{port}") as leading:
        told = adjust(settings, public_url=leading.base)
        client = Client(f"http://127.0.0.1:{port}", told)
        yield Road(leading, client, told, port)
        await client.close()
