"""GraphiQL's parts, by what they are called on the page."""

from __future__ import annotations

import asyncio
import json
import re
from contextlib import suppress
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from playwright.async_api import Locator, Page, expect

from tests.browser.tabs import Tab, Tabs
from tests.callers import LIMIT_SECONDS, Client

# The editors draw what can be seen, and break long lines: a large window has all of it as it is.
WINDOW = {"width": 5000, "height": 1400}
# Lines come in any order, with spaces that break no line.
LINES = """(region) => [...region.querySelectorAll(".view-line")]
    .sort((one, other) => parseFloat(one.style.top) - parseFloat(other.style.top))
    .map((line) => line.textContent.replaceAll("\\u00a0", " "))"""


@dataclass
class GraphiQL:
    page: Page

    def editor(self, name: str) -> Locator:
        """`Operation Editor`, `Variables`, `Headers` or `Result Window`."""
        # Not by its role, which it has none of under a dialog.
        return self.page.locator(f'section[aria-label="{name}"]')

    async def ready(self) -> None:
        """The schema is there too, without which documents are neither completed nor checked."""
        await expect(self.editor("Operation Editor").locator(".view-line").first).to_be_visible()
        await expect(self.page.locator(".graphiql-sidebar .graphiql-spin, .graphiql-spinner")).to_have_count(
            0
        )

    async def go_to(self, operation: str) -> None:
        await self._tabs.get_by_role("button", name=operation, exact=True).click()
        await expect(self.editor("Operation Editor")).to_contain_text(operation)

    @property
    def _tabs(self) -> Locator:
        return self.page.get_by_role("list", name="Select active operation")

    @property
    def tabs(self) -> Locator:
        """Their names, in their order."""
        return self._tabs.locator("[id^=graphiql-session-tab-]")

    async def close_tab(self, operation: str) -> None:
        tab = self._tabs.get_by_role("listitem").filter(has_text=operation)
        await tab.hover()  # the button is not there before
        await tab.get_by_role("button", name="Close Tab").click()
        await expect(tab).to_have_count(0)

    async def kept(self, user: UUID, name: str, holds: str) -> None:
        """The browser has it that `holds`, of `kept`, in JavaScript: a moment after it is on the page."""
        key = json.dumps(f"graphiql:{user}:{name}")
        await self.page.wait_for_function(
            f"() => {{ const kept = JSON.parse(localStorage[{key}] ?? 'null'); return kept && ({holds}); }}"
        )

    async def run(self) -> None:
        """Or stop what runs."""
        await self.page.get_by_role("button", name=re.compile("Execute query|Stop query")).click()

    def text(self, name: str) -> Locator:
        """What is written in an editor. Variables and headers share a place."""
        return (
            self.editor(name).locator(".graphiql-editor:not(.hidden), .result-window").locator(".view-lines")
        )

    async def lines(self, name: str) -> list[str]:
        lines: list[str] = await self.editor(name).evaluate(LINES)
        return lines

    async def answer(self, of: str) -> Any:
        """The answer that holds the text `of`, once it is there."""
        await expect(self.editor("Result Window")).to_contain_text(of)
        # What the editor has drawn may be half of it.
        async with asyncio.timeout(LIMIT_SECONDS):
            while True:
                with suppress(json.JSONDecodeError):
                    return json.loads("".join(await self.lines("Result Window")))

    async def problem(self, of: str) -> str:
        """The one sentence that there is instead of data."""
        answer = await self.answer(of)
        assert set(answer) == {"errors"}, answer
        (error,) = answer["errors"]
        assert set(error) == {"message"}, error
        message: str = error["message"]
        return message

    async def write(self, name: str, text: str) -> None:
        """Put `text` into an editor, in place of what is there."""
        await self.text(name).click()
        await self.page.keyboard.press("ControlOrMeta+A")
        await self.page.keyboard.press("Delete")
        await self.page.keyboard.insert_text(text)

    async def write_headers(self, headers: dict[str, str]) -> None:
        await self.page.get_by_role("button", name="Headers", exact=True).click()
        await self.write("Headers", json.dumps(headers))


async def open_graphiql(tabs: Tabs, api: Client | str, **options: Any) -> tuple[Tab, GraphiQL]:
    tab = await tabs.open(api, "/graphiql", **{"viewport": WINDOW, **options})
    opened = GraphiQL(tab.page)
    await opened.ready()
    return tab, opened
