"""Tabs of a browser, each in a context of its own, that are watched for as long as they are open."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID

from playwright.async_api import Browser, BrowserContext, Page

from tests.browser.watch import Watch
from tests.callers import Client

PICTURES = Path(__file__).resolve().parent / "pictures"
# Busy machines take their time; what is there at once is seen at once.
LIMIT_MS = 30_000
# As the dialog for pasted tokens keeps it: before anything of a page's own runs, and once a tab.
PASTE = """
if (location.protocol === "http:" && !sessionStorage.getItem("pasted by the tests")) {
  sessionStorage.setItem("pasted by the tests", "yes");
  sessionStorage.setItem("storycast.token", TOKEN);
}
"""


@dataclass
class Tab:
    page: Page
    context: BrowserContext
    watch: Watch

    async def picture(self, name: str) -> None:
        """A screenshot in tests/browser/pictures, of the whole page."""
        await self.page.screenshot(path=PICTURES / f"{name}.png", full_page=True)

    async def found(self) -> list[str]:
        """All that its context must not have done so far; it is forgotten, as the test meant it."""
        # Violations are told in a task of their own.
        await self.page.evaluate("new Promise((resolve) => setTimeout(() => setTimeout(resolve)))")
        return self.watch.take()

    async def close(self) -> None:
        """Where its server ends before the test does: pages go on loading what they may need."""
        await self.page.close()

    async def long_tasks(self) -> list[dict[str, int]]:
        """Since the page was opened, in milliseconds; what `evaluate` runs is not among them."""
        tasks: list[dict[str, int]] = await self.page.evaluate("longTasks")
        return tasks


@dataclass
class Tabs:
    """Opens them, and closes them again."""

    browser: Browser
    opened: list[Tab] = field(default_factory=list)

    async def open(
        self,
        api: Client | str,
        path: str = "/",
        *,
        user: UUID | None = None,
        token: str | None = None,
        **options: Any,
    ) -> Tab:
        """A tab at `path` of `api`, or of a base address; the page has loaded, and may still wait for data.

        It is signed in by a pasted token, `user`'s or `token`; without one, as the page signs in by itself.
        `options` are Playwright's for contexts.
        """
        base = api if isinstance(api, str) else api.base
        context = await self.browser.new_context(service_workers="block", **options)
        context.set_default_timeout(LIMIT_MS)
        watch = Watch(base)
        await watch.begin(context)
        if user is not None:
            assert isinstance(api, Client)
            token = api.token(user)
        if token is not None:
            await context.add_init_script(PASTE.replace("TOKEN", json.dumps(token)))
        tab = Tab(await context.new_page(), context, watch)
        self.opened.append(tab)
        await tab.page.goto(base + path)
        return tab

    async def beside(self, tab: Tab, path: str = "/") -> Tab:
        """Another tab of the same person's, in the same context."""
        other = Tab(await tab.context.new_page(), tab.context, tab.watch)
        self.opened.append(other)
        await other.page.goto(tab.watch.base + path)
        return other

    async def describe(self) -> str:
        """What each tab shows, as assistive technology has it."""
        shown = [
            f"{tab.page.url}\n{await tab.page.locator('body').aria_snapshot(timeout=5000)}"
            for tab in self.opened
            if not tab.page.is_closed()
        ]
        return "\n\n".join(shown)

    async def close(self) -> list[str]:
        """Close all, and tell what was found in them."""
        found = [each for tab in self.opened if not tab.page.is_closed() for each in await tab.found()]
        for tab in self.opened:
            await tab.context.close()
        return [*found, *(each for tab in self.opened for each in tab.watch.take())]
