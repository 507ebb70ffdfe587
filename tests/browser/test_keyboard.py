"""The whole trip without a mouse; wherever the keyboard is, it can be seen."""

from __future__ import annotations

import re
import threading
from typing import Any
from uuid import UUID

import pytest
from playwright.async_api import Locator, Page, expect

from jobs.attempt import attempt
from jobs.bench import Bench
from tests.browser.tabs import Tab, Tabs
from tests.callers import Api

pytestmark = pytest.mark.long

MOST_STOPS = 60
# What is wrong with where the focus is, in a word; nothing where all is well.
UNSEEN = """() => {
    const here = document.activeElement;
    if (!here || here === document.body) return "";
    const box = here.getBoundingClientRect();
    const { outlineStyle, outlineWidth } = getComputedStyle(here);
    const name = here.outerHTML.slice(0, 100);
    if (!here.matches(":focus-visible") || outlineStyle === "none" || parseFloat(outlineWidth) < 2)
        return `no outline: ${name}`;
    const isInSight = box.bottom > 0 && box.top < innerHeight && box.right > 0 && box.left < innerWidth;
    if (!isInSight || box.width === 0)
        return `not in sight: ${name}`;
    const over = document.elementFromPoint(box.x + box.width / 2, box.y + box.height / 2);
    return over && (here.contains(over) || over.contains(here)) ? "" : `covered: ${name}`;
}"""


async def go_to(page: Page, wanted: Locator, key: str = "Tab") -> None:
    """By Tab alone. Each stop on the way has to be seen."""
    await expect(wanted).to_be_visible()
    for _ in range(MOST_STOPS):
        await page.keyboard.press(key)
        assert await page.evaluate(UNSEEN) == ""
        if await wanted.evaluate("(wanted) => wanted === document.activeElement"):
            return
    pytest.fail(f"{wanted} is not reached")


async def press(page: Page, role: Any, name: str | re.Pattern[str], key: str = "Enter") -> None:
    exact = isinstance(name, str)
    await go_to(page, page.get_by_role(role, name=name, exact=exact).first)
    await page.keyboard.press(key)


@pytest.mark.parametrize("width", [360, 1280])
async def test_everything_is_done_by_keyboard(
    api: Api, bench: Bench, tabs: Tabs, alice: UUID, width: int
) -> None:
    tab = await tabs.open(api, user=alice, viewport={"width": width, "height": 800})
    page = tab.page
    await write(page)
    generation_id = await started(api, alice)
    await attempt(bench, generation_id, threading.Event())
    await listen(tab)
    await delete_and_undo(page)


async def write(page: Page) -> None:
    await expect(page.get_by_text("No stories yet.")).to_be_visible()
    await press(page, "link", "New story")
    await expect(page.get_by_role("heading", level=1, name="New story")).to_be_focused()
    title = page.get_by_role("textbox", name="Title")
    await go_to(page, title)
    await page.keyboard.type("By Hand")
    # From the title to the text, as on paper.
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("textbox", name="Story")).to_be_focused()
    await page.keyboard.type("No mouse was harmed. It slept all day.")
    await press(page, "button", re.compile("narrate"), "Space")


async def started(api: Api, user: UUID) -> UUID:
    query = "{ storyGenerations { items { id } } }"
    while not (items := (await api.data(user, query))["storyGenerations"]["items"]):
        pass
    return UUID(items[0]["id"])


async def listen(tab: Tab) -> None:
    page = tab.page
    await press(page, "link", "listen to it")
    await expect(page.get_by_role("heading", level=1, name="By Hand")).to_be_focused()
    await press(page, "button", "Play", "Space")
    await expect(page.get_by_role("button", name="Pause", exact=True)).to_be_focused()
    await page.keyboard.press("Space")
    await expect(page.get_by_role("button", name="Play", exact=True)).to_be_focused()
    position = page.get_by_role("slider", name="Position")
    await go_to(page, position, "Shift+Tab")
    await page.keyboard.press("End")
    await page.keyboard.press("Home")
    assert await page.locator("audio").evaluate("(audio) => audio.currentTime") < 1


async def delete_and_undo(page: Page) -> None:
    await press(page, "link", re.compile("^Narrations"))
    await expect(page.get_by_role("heading", level=1, name="Narrations")).to_be_focused()
    row = page.get_by_role("list", name="Narrations").get_by_role("listitem")
    await press(page, "button", re.compile("^Delete"))
    await expect(row).to_have_count(0)
    undo = page.get_by_role("button", name="Undo")
    await expect(undo).to_be_focused()
    await page.keyboard.press("Enter")
    await expect(row).to_have_count(1)


async def test_the_first_stop_leads_past_the_menu(api: Api, tabs: Tabs, alice: UUID) -> None:
    tab = await tabs.open(api, user=alice)
    await expect(tab.page.get_by_text("No stories yet.")).to_be_visible()
    # Before anything had the focus.
    await tab.page.evaluate("document.activeElement.blur()")
    await press(tab.page, "link", "Skip to the page")
    await expect(tab.page.get_by_role("main")).to_be_focused()
    await tab.page.keyboard.press("Tab")
    await expect(tab.page.get_by_role("link", name="New story")).to_be_focused()
