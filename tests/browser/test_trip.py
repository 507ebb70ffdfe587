"""The whole trip, as a person makes it: from a new story to the last sentence heard."""

from __future__ import annotations

import re

from playwright.async_api import expect

from server.local.demo import DEMO_USER
from tests.browser.people import write_story
from tests.browser.tabs import Tabs
from tests.callers import Api
from tests.processes import Worker

ALL = "{ storyGenerations { items { durationSeconds } } }"
STORY = "The rain came on a Monday. It stayed until Friday. Then it left, and nobody knew why."


async def test_a_new_story_is_written_narrated_and_heard_to_its_last_sentence(
    api: Api, worker: Worker, tabs: Tabs
) -> None:
    tab = await tabs.open(api)
    page = tab.page
    await expect(page.get_by_text("No stories yet.")).to_be_visible()
    await write_story(page, "The Rain", STORY)
    told = rf"^{len(STORY)} characters, about \d seconds to listen to, not saved yet$"
    length = page.get_by_text(re.compile(told))
    await expect(length).to_be_visible()
    await page.get_by_role("button", name="Save and narrate").click()

    takes = page.get_by_role("list", name="Narrations of this story")
    await expect(takes.get_by_text("Ready")).to_be_visible()
    # The same editor goes on, with what is saved.
    await expect(page).to_have_url(re.compile("#/stories/[0-9a-f-]{36}$"))
    await expect(page.get_by_role("button", name="Saved")).to_be_disabled()
    await takes.get_by_role("link", name="Listen").click()

    await expect(page.get_by_role("heading", level=1, name="The Rain")).to_be_visible()
    await page.get_by_role("button", name="Play", exact=True).click()
    spoken = page.locator("[aria-current=true]")
    for sentence in ("on a Monday", "until Friday", "nobody knew why"):
        await expect(spoken.filter(has_text=sentence)).to_be_visible()
    await page.wait_for_function("() => document.querySelector('audio').ended")
    length_of_audio = await page.evaluate("document.querySelector('audio').currentTime")
    [row] = (await api.data(DEMO_USER, ALL))["storyGenerations"]["items"]
    assert abs(length_of_audio - row["durationSeconds"]) < 0.1
