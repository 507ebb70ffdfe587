"""What people do on the pages."""

from __future__ import annotations

import asyncio

from playwright.async_api import Locator, Page

SENTENCE = "It rained for a week. Nobody minded, since the roof was new.\n\n"
# Half a minute of work or so: long enough to look at, to cut, to cancel.
LONG_STORY = SENTENCE * 1_000
SCROLLING_SECONDS = 60


def narrations(page: Page) -> Locator:
    """The rows of the page's list of narrations."""
    return page.get_by_role("list", name="Narrations").get_by_role("listitem")


def narration(page: Page, title: str) -> Locator:
    return narrations(page).filter(has_text=title)


async def write_story(page: Page, title: str, content: str) -> None:
    """On the page of a new story, which is left as it is then: not saved."""
    await page.get_by_role("link", name="New story").click()
    await page.get_by_label("Title").fill(title)
    await page.get_by_label("Story", exact=True).fill(content)


async def scroll_until(listed: Locator, number: int) -> None:
    """To the end of a list that goes on, again and again, until it has `number` entries."""
    async with asyncio.timeout(SCROLLING_SECONDS):
        while await listed.count() < number:
            await listed.last.scroll_into_view_if_needed()
            await listed.page.wait_for_timeout(20)
