"""Every page of the UI, in each of its states, of people who have something to show there."""

from __future__ import annotations

import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

from playwright.async_api import expect

from jobs.attempt import attempt
from jobs.bench import Bench
from tests.browser.tabs import Tab, Tabs
from tests.callers import Api
from tests.live.hand import Hand
from tests.live.streams import CANCEL

STORY = "\n\n".join(
    f"The keeper counted {number} boats and one gull. Was it the same gull? It would not say."
    for number in ("four", "five", "six", "seven")
)
LONG_TITLE = "The Exceedingly Long and Altogether Unabridged History of " + "Llanfairpwllgwyngyll" * 5
NOBODYS = "00000000-0000-7000-8000-000000000000"

# By what a page is called here: its address after `#`, with what names a generation in braces, and what is
# seen once it is all there.
PAGES = {
    "stories": ("/stories", "Pick a story, or write one."),
    "new-story": ("/stories/new", "Once upon a time"),
    "story": ("/stories/{story}", "Delete story"),
    "story-missing": (f"/stories/{NOBODYS}", "This story is not there"),
    "narrations": ("/narrations", "LONG_TITLE"),
    "narrations-waiting": ("/narrations?status=pending", "Cancel"),
    "narrations-narrating": ("/narrations?status=in_progress", "45 %"),
    "narrations-ready": ("/narrations?status=succeeded", "Listen"),
    "narrations-failed": ("/narrations?status=failed", "Narrate again"),
    "listen-ready": ("/narrations/{ready}", "Was it the same gull?"),
    "listen-waiting": ("/narrations/{waiting}", "Waiting"),
    "listen-narrating": ("/narrations/{narrating}", "45 %"),
    "listen-failed": ("/narrations/{failed}", "Failed"),
    "listen-canceled": ("/narrations/{canceled}", "Canceled"),
    "listen-missing": (f"/narrations/{NOBODYS}", "There is no such narration."),
    "not-found": ("/nowhere/at/all", "There is no such page"),
}
# The same, as somebody sees them who has nothing yet.
EMPTY_PAGES = {
    "stories-none": ("/stories", "No stories yet."),
    "narrations-none": ("/narrations", "No narrations yet."),
    "narrations-waiting-none": ("/narrations?status=pending", "Nothing waits."),
    "narrations-narrating-none": ("/narrations?status=in_progress", "Nothing is being narrated."),
    "narrations-ready-none": ("/narrations?status=succeeded", "Nothing is ready to hear yet."),
    "narrations-failed-none": ("/narrations?status=failed", "Nothing failed"),
}
ALL_PAGES = (*PAGES, *EMPTY_PAGES)


@dataclass(frozen=True)
class Gallery:
    """`ids` are of what the owner has, by the names that PAGES has for them."""

    api: Api
    owner: UUID
    stranger: UUID
    ids: dict[str, str]

    async def show(self, tabs: Tabs, name: str, **options: Any) -> Tab:
        """A tab at the page, all there."""
        owner = self.owner if name in PAGES else self.stranger
        address, seen = {**PAGES, **EMPTY_PAGES}[name]
        tab = await tabs.open(self.api, f"/#{address.format(**self.ids)}", user=owner, **options)
        await self.wait_for(tab, seen)
        return tab

    async def wait_for(self, tab: Tab, seen: str) -> None:
        page = tab.page
        text = LONG_TITLE if seen == "LONG_TITLE" else seen
        found = page.get_by_text(text).or_(page.get_by_placeholder(text))
        await expect(found.filter(visible=True).first).to_be_visible()
        await expect(page.get_by_role("status").filter(has_text="Loading")).to_have_count(0)


@asynccontextmanager
async def open_gallery(api: Api, bench: Bench) -> AsyncIterator[Gallery]:
    """With two stories and a generation in every state; nobody works on any."""
    owner, stranger = uuid4(), uuid4()
    story = await api.add_story(owner, STORY, "The Quiet Harbour")
    long = await api.add_story(owner, "Short.", LONG_TITLE)
    unspeakable = await api.add_story(owner, "🙂", "A Smile")
    ids = {"story": story}
    for name, of in (
        *(("failed", unspeakable), ("canceled", story), ("ready", story)),
        *(("narrating", story), ("waiting", long)),
    ):
        ids[name] = await api.initiate(owner, of)
    for name in ("failed", "ready"):
        await attempt(bench, UUID(ids[name]), threading.Event())
    await api.data(owner, CANCEL, id=ids["canceled"])
    hand = Hand(bench)
    held = await hand.claim(ids["narrating"])
    await hand.progress(held, 45)
    yield Gallery(api, owner, stranger, ids)
