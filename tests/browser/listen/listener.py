"""A narration in a tab, as somebody who listens has it."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from playwright.async_api import Locator, Page, expect

from tests.browser.tabs import Tab, Tabs
from tests.callers import Api

LIMIT_SECONDS = 60
SENTENCES = (
    "The harbour was quiet that night.",
    "A lamp burned in the tower.",
    "Nobody had seen the keeper since noon.",
    "Then a small boat came in.",
    "It carried one letter & a cat.",
    "The cat went ashore first.",
)
STORY = "\n\n".join(" ".join(SENTENCES[first : first + 2]) for first in range(0, len(SENTENCES), 2))


@dataclass
class Listener:
    """What somebody can see and do on the Listen page of `tab`."""

    tab: Tab

    @property
    def page(self) -> Page:
        return self.tab.page

    def button(self, name: str) -> Locator:
        return self.page.get_by_role("button", name=name, exact=True)

    def sentence(self, text: str) -> Locator:
        return self.page.get_by_text(text, exact=True)

    @property
    def lit(self) -> Locator:
        return self.page.locator("[data-at][aria-current=true]")

    @property
    def position(self) -> Locator:
        return self.page.get_by_role("slider", name="Position")

    @property
    def speed(self) -> Locator:
        return self.page.get_by_role("combobox", name="Speed")

    async def sound(self, what: str) -> Any:
        """A property of the audio element."""
        return await self.page.locator("audio").evaluate("(audio, what) => audio[what]", what)

    async def time(self) -> float:
        found: float = await self.sound("currentTime")
        return found

    async def hear_the_end(self) -> None:
        async with asyncio.timeout(LIMIT_SECONDS):
            await self.page.locator("audio").evaluate(
                # Not to its first error: the player gets over those of links that have had their time.
                """(audio) => audio.ended || new Promise((ended) => audio.addEventListener("ended", ended))"""
            )


async def listen(tabs: Tabs, api: Api, user: UUID, generation_id: str, **options: Any) -> Listener:
    """The Listen page, with its player and its text."""
    listener = Listener(await tabs.open(api, f"/#/narrations/{generation_id}", user=user, **options))
    await expect(listener.button("Play")).to_be_visible()
    await expect(listener.page.locator("[data-at]").first).to_be_visible()
    return listener
