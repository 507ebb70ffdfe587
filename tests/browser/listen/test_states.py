"""The page of a narration in each of its states, and what can be done there."""

from __future__ import annotations

import asyncio
import re
import threading
from dataclasses import replace
from uuid import UUID

import pytest
from playwright.async_api import expect

from jobs.attempt import attempt
from jobs.bench import Bench
from tests.browser.axe import findings_by_scheme
from tests.browser.listen.conftest import Narrate
from tests.browser.listen.listener import SENTENCES, STORY
from tests.browser.tabs import Tab, Tabs
from tests.callers import Api
from tests.jobs.engines import SlowEngine

pytestmark = pytest.mark.long

DELETE = "mutation ($id: UUID!) { deleteStoryGeneration(id: $id) { __typename } }"
NOTHING: dict[str, list[str]] = {"light": [], "dark": []}


async def open_page(tabs: Tabs, api: Api, user: UUID, generation_id: str) -> Tab:
    return await tabs.open(api, f"/#/narrations/{generation_id}", user=user)


async def test_what_waits_becomes_the_player_by_itself(
    api: Api, tabs: Tabs, alice: UUID, bench: Bench
) -> None:
    generation_id = await api.initiate(alice, await api.add_story(alice, STORY, "The Quiet Harbour"))
    tab = await open_page(tabs, api, alice, generation_id)
    main = tab.page.get_by_role("main")
    await expect(main.get_by_role("progressbar", name="Progress of The Quiet Harbour")).to_be_visible()
    await expect(main).to_contain_text("It starts as soon as a worker is free.")
    # A page looks again soon after it was opened; after that, nothing but news makes it ask.
    async with tab.page.expect_request(lambda request: "query Narration" in (request.post_data or "")):
        pass
    assert await findings_by_scheme(tab.page) == NOTHING
    await main.get_by_role("button", name="Cancel the narration").focus()
    await attempt(bench, UUID(generation_id), threading.Event())
    await expect(main.get_by_text(SENTENCES[0], exact=True)).to_be_visible()
    # Who was about to cancel is where it goes on.
    await expect(main.get_by_role("button", name="Play", exact=True)).to_be_focused()
    await main.get_by_text("What happened").click()
    log = main.get_by_role("group").filter(has_text="What happened").get_by_role("listitem")
    await expect(log).to_have_text(
        [
            re.compile(r"^\d\d:\d\d:\d\dAsked for$"),
            re.compile(r"^\d\d:\d\d:\d\dA worker beganAttempt 1$"),
            re.compile(r"^\d\d:\d\d:\d\dReady to hear$"),
        ]
    )


async def test_what_is_narrated_tells_how_far_it_is(api: Api, tabs: Tabs, alice: UUID, bench: Bench) -> None:
    generation_id = await api.initiate(alice, await api.add_story(alice, "It goes on. " * 30))
    page = (await open_page(tabs, api, alice, generation_id)).page
    progress = page.get_by_role("region", name="Progress")
    await expect(progress).to_contain_text("Waiting")
    slow = replace(bench, engine=SlowEngine(0.2))
    underway = asyncio.create_task(attempt(slow, UUID(generation_id), threading.Event()))
    await expect(progress).to_contain_text(re.compile(r"^[1-9][0-9]? %"))
    await expect(progress).to_contain_text(re.compile(r"About [0-9]+ seconds? left"))
    await expect(page.get_by_role("button", name="Play", exact=True)).to_be_visible()
    await underway


async def test_what_is_canceled_says_so_and_is_narrated_again(api: Api, tabs: Tabs, alice: UUID) -> None:
    generation_id = await api.initiate(alice, await api.add_story(alice))
    page = (await open_page(tabs, api, alice, generation_id)).page
    await page.get_by_role("button", name="Cancel the narration").click()
    await expect(page.get_by_role("heading", name="This narration was canceled")).to_be_visible()
    await page.get_by_text("What happened").click()
    await expect(page.get_by_role("listitem").last).to_contain_text("Canceled")
    assert await findings_by_scheme(page) == NOTHING
    await page.get_by_role("button", name="Narrate again").click()
    await expect(page.get_by_role("button", name="Cancel the narration")).to_be_visible()
    assert not page.url.endswith(generation_id)


async def test_what_failed_says_why_and_what_to_do(
    api: Api, tabs: Tabs, alice: UUID, narrated: Narrate
) -> None:
    generation_id = await narrated("\N{GRINNING FACE} \N{GRINNING FACE}")
    page = (await open_page(tabs, api, alice, generation_id)).page
    failed = page.get_by_role("region", name="This narration failed")
    await expect(failed).to_contain_text("The story holds nothing the voice can speak.")
    await expect(failed).to_contain_text("Change the story, then narrate it again.")
    await page.get_by_text("What happened").click()
    await expect(page.get_by_role("listitem").filter(has_text="Left out")).to_be_visible()
    assert await findings_by_scheme(page) == NOTHING
    await failed.get_by_role("link", name="Open the story").click()
    await expect(page.get_by_role("textbox", name="Title")).to_have_value("The Quiet Harbour")


async def test_a_deletion_can_be_undone(api: Api, tabs: Tabs, alice: UUID, narrated: Narrate) -> None:
    generation_id = await narrated()
    page = (await open_page(tabs, api, alice, generation_id)).page
    await page.get_by_role("button", name="Delete", exact=True).click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("Narrations")
    row = page.locator(f"[data-id='{generation_id}']")
    await expect(row).to_have_count(0)
    await page.get_by_role("button", name="Undo").click()
    await row.get_by_role("link", name="Listen").click()
    await expect(page.get_by_role("button", name="Play", exact=True)).to_be_visible()


async def test_what_is_deleted_elsewhere_or_anothers_is_not_there(
    api: Api, tabs: Tabs, alice: UUID, bob: UUID, narrated: Narrate
) -> None:
    generation_id = await narrated()
    hers = (await open_page(tabs, api, alice, generation_id)).page
    his = (await open_page(tabs, api, bob, generation_id)).page
    await expect(his.get_by_text("There is no such narration.")).to_be_visible()
    assert await findings_by_scheme(his) == NOTHING
    await hers.get_by_role("button", name="Play", exact=True).click()
    await api.data(alice, DELETE, id=generation_id)
    await expect(hers.get_by_text("This narration was deleted.")).to_be_visible()
    await expect(hers.locator("audio")).to_have_count(0)


async def test_a_page_that_could_not_be_loaded_tries_again(
    api: Api, tabs: Tabs, alice: UUID, narrated: Narrate
) -> None:
    generation_id = await narrated()
    tab = await tabs.open(api, "/#/stories/new", user=alice)
    tab.watch.allow("ERR_FAILED")
    await expect(tab.page.get_by_role("textbox", name="Title")).to_be_visible()
    await tab.page.route("**/graphql", lambda route: route.abort())
    await tab.page.evaluate(f"location.hash = '#/narrations/{generation_id}'")
    told = tab.page.get_by_role("alert").filter(has_text="The server cannot be reached.")
    await expect(told).to_be_visible()
    await tab.page.unroute("**/graphql")
    await told.get_by_role("button", name="Try again").click()
    await expect(tab.page.get_by_role("button", name="Play", exact=True)).to_be_visible()
