"""The page of narrations: rows that arrive, move and finish by themselves, and what can be done with them."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any
from uuid import UUID

import asyncpg
import pytest
from playwright.async_api import Locator, Page, expect

from tests.browser.people import LONG_STORY, SENTENCE, narration, narrations, scroll_until
from tests.browser.tabs import Tab, Tabs
from tests.callers import Api
from tests.graphql.rows import Rows
from tests.processes import Worker

pytestmark = pytest.mark.long

PAGE = "/#/narrations"
COUNT = "SELECT count(*) FROM story_generations"
CANCEL = """mutation ($id: UUID!) { cancelStoryGeneration(id: $id) { __typename } }"""
EMPTY = "No narrations yet."


@pytest.fixture
def rows(sql: asyncpg.Connection) -> Rows:
    return Rows(sql)


async def test_a_narration_moves_and_finishes_by_itself_in_every_tab(
    api: Api, worker: Worker, tabs: Tabs, alice: UUID, bob: UUID
) -> None:
    first = await tabs.open(api, PAGE, user=alice)
    second = await tabs.beside(first, PAGE)
    another_browser = await tabs.open(api, PAGE, user=alice)
    somebody_else = await tabs.open(api, PAGE, user=bob)
    for tab in (first, second, another_browser, somebody_else):
        await expect(tab.page.get_by_text(EMPTY)).to_be_visible()
    story = await api.add_story(alice, SENTENCE * 400, title="The Rain")
    await api.initiate(alice, story)
    for tab in (first, second, another_browser):
        row = narration(tab.page, "The Rain")
        await expect(row.get_by_text("Narrating")).to_be_visible()
        await expect(row.get_by_text(re.compile(r"\d+ %, about .* left"))).to_be_visible()
        progress = row.get_by_role("progressbar", name="Progress of The Rain")
        await expect(progress).to_have_js_property("max", 100)
        assert await progress.evaluate("(bar) => bar.value") > 0
        await expect(row.get_by_role("button", name="Cancel the narration of The Rain")).to_be_visible()
    for tab in (first, second, another_browser):
        row = narration(tab.page, "The Rain")
        await expect(row.get_by_text(re.compile(r"^Ready \d+:\d\d$"))).to_be_visible(timeout=60_000)
        await expect(row.get_by_role("progressbar")).to_have_count(0)
        await expect(row.get_by_role("link", name="Listen to The Rain")).to_be_visible()
    await expect(somebody_else.page.get_by_text(EMPTY)).to_be_visible()


async def test_canceling_shows_everywhere_and_narrating_again_makes_another(
    api: Api, worker: Worker, tabs: Tabs, alice: UUID, sql: asyncpg.Connection
) -> None:
    story = await api.add_story(alice, LONG_STORY, title="The Rain")
    await api.initiate(alice, story)
    tab = await tabs.open(api, PAGE, user=alice)
    other = await tabs.beside(tab, PAGE)
    await expect(narration(tab.page, "The Rain").get_by_text("Narrating")).to_be_visible()
    await tab.page.get_by_role("button", name="Cancel the narration of The Rain").click()
    for each in (tab, other):
        await expect(narration(each.page, "The Rain").get_by_text("Canceled")).to_be_visible()
    await expect(narration(tab.page, "The Rain").get_by_role("link", name="The Rain").first).to_be_focused()
    await other.page.get_by_role("button", name="Narrate again The Rain").click()
    for each in (tab, other):
        await expect(narrations(each.page)).to_have_count(2)
        await expect(narrations(each.page).last.get_by_text("Canceled")).to_be_visible()
        newest = narrations(each.page).first
        await expect(newest.get_by_text(re.compile("Waiting|Narrating"))).to_be_visible()
    assert await sql.fetchval(COUNT) == 2


async def two_rows_in_two_tabs(api: Api, tabs: Tabs, user: UUID, rows: Rows) -> tuple[Tab, Tab]:
    [story] = await rows.stories(user)
    await rows.generations(user, story, 2)
    tab = await tabs.open(api, PAGE, user=user)
    other = await tabs.beside(tab, PAGE)
    for each in (tab, other):
        await expect(narrations(each.page)).to_have_count(2)
    return tab, other


async def test_a_deletion_is_sent_when_the_time_to_undo_it_has_passed(
    api: Api, tabs: Tabs, alice: UUID, rows: Rows, sql: asyncpg.Connection
) -> None:
    tab, other = await two_rows_in_two_tabs(api, tabs, alice, rows)
    await narrations(tab.page).first.get_by_role("button", name="Delete").click()
    await expect(narrations(tab.page)).to_have_count(1)
    undo = tab.page.get_by_role("button", name="Undo")
    # The keyboard is where it can be undone.
    await expect(undo).to_be_focused()
    assert await sql.fetchval(COUNT) == 2
    await expect(narrations(other.page)).to_have_count(2)
    await undo.press("Enter")
    await expect(narrations(tab.page)).to_have_count(2)
    await expect(undo).to_have_count(0)
    await expect(tab.page.get_by_role("heading", level=1)).to_be_focused()

    await narrations(tab.page).first.get_by_role("button", name="Delete").click()
    await expect(narrations(tab.page)).to_have_count(1)
    assert await sql.fetchval(COUNT) == 2
    await tab.page.mouse.move(0, 0)
    # It hides from the other tab once it is gone, and not before.
    await expect(narrations(other.page)).to_have_count(1)
    assert await sql.fetchval(COUNT) == 1
    await expect(undo).to_have_count(0)


async def test_who_closes_the_page_undoes_no_more(
    api: Api, tabs: Tabs, alice: UUID, rows: Rows, sql: asyncpg.Connection
) -> None:
    tab, other = await two_rows_in_two_tabs(api, tabs, alice, rows)
    # A second click is a slip of the hand: it falls on the next row.
    await narrations(tab.page).first.get_by_role("button", name="Delete").dblclick()
    await expect(narrations(tab.page)).to_have_count(1)
    await tab.page.close(run_before_unload=True)
    await expect(narrations(other.page)).to_have_count(1)
    assert await sql.fetchval(COUNT) == 1


async def test_a_deletion_that_is_refused_comes_back_with_the_reason(
    api: Api, tabs: Tabs, alice: UUID, rows: Rows, sql: asyncpg.Connection
) -> None:
    [story] = await rows.stories(alice)
    await rows.generations(alice, story)
    tab = await tabs.open(api, PAGE, user=alice)
    await narrations(tab.page).first.get_by_role("button", name="Delete").click()
    await expect(narrations(tab.page)).to_have_count(0)
    await sql.execute("UPDATE story_generations SET status = 'in_progress', attempt = 1")
    await tab.page.get_by_role("button", name="Dismiss").click()
    await expect(tab.page.get_by_text("The narration of A story was not deleted.")).to_be_visible()
    await expect(narrations(tab.page)).to_have_count(1)


async def test_filters_show_what_they_say_and_follow_what_moves(
    api: Api, tabs: Tabs, alice: UUID, rows: Rows
) -> None:
    [story] = await rows.stories(alice)
    [waiting] = await rows.generations(alice, story, 1, "pending")
    await rows.generations(alice, story, 2, "succeeded", duration_seconds=61.0)
    await rows.generations(alice, story, 1, "failed", error_code="NARRATION_FAILED", error_message="No luck")
    tab = await tabs.open(api, PAGE, user=alice)
    for name, count in (("Waiting", 1), ("Narrating", 0), ("Ready", 2), ("Failed", 1), ("All", 4)):
        await tab.page.get_by_role("navigation", name="Show by state").get_by_text(name, exact=True).click()
        await expect(tab.page.locator("li[data-id]")).to_have_count(count)
    await expect(tab.page.get_by_text("Failed No luck")).to_be_visible()
    await expect(tab.page.get_by_text("Ready 1:01")).to_have_count(2)
    await tab.page.goto(api.base + "/#/narrations?status=pending")
    await expect(tab.page.locator("li[data-id]")).to_have_count(1)
    await api.data(alice, CANCEL, id=waiting)
    await expect(tab.page.get_by_text("Nothing waits.")).to_be_visible()
    await tab.page.go_back()
    await expect(narrations(tab.page).last.get_by_text("Canceled")).to_be_visible()


async def test_scrolling_goes_on_to_the_very_first_and_misses_none(
    api: Api, tabs: Tabs, alice: UUID, rows: Rows
) -> None:
    [story] = await rows.stories(alice)
    ids = await rows.generations(alice, story, 180)
    tab = await tabs.open(api, PAGE, user=alice)
    listed = tab.page.locator("li[data-id]")
    await expect(listed.first).to_be_visible()
    assert await listed.count() < 180
    # One that comes meanwhile moves no border between the parts.
    [newest] = await rows.generations(alice, story)
    await scroll_until(listed, 180)
    await expect(tab.page.get_by_role("button", name="Show more")).to_have_count(0)
    shown = await listed.evaluate_all("(rows) => rows.map((row) => row.dataset.id)")
    assert [each for each in shown if each != newest] == ids


async def test_an_attempt_after_the_first_is_told(api: Api, tabs: Tabs, alice: UUID, rows: Rows) -> None:
    [story] = await rows.stories(alice)
    await rows.generations(alice, story, 1, "in_progress", attempt=3, progress=40)
    tab = await tabs.open(api, PAGE, user=alice)
    await expect(narrations(tab.page).get_by_text("attempt 3")).to_be_visible()


async def test_a_limit_is_told_with_its_wait_and_lifted_after_it(
    serve_with: Callable[..., Any], tabs: Tabs, alice: UUID
) -> None:
    async with serve_with(initiations_per_minute=20, unfinished_generations=1) as api:
        story = await api.add_story(alice, "Once.", title="The Rain")
        first = await api.initiate(alice, story)
        tab = await tabs.open(api, f"/#/stories/{story}", user=alice)
        narrate = tab.page.get_by_role("button", name="Narrate", exact=True)
        await narrate.click()
        await expect(tab.page.get_by_text(re.compile("The next can start in .* second"))).to_be_visible()
        await expect(narrate).to_be_disabled()
        await api.data(alice, CANCEL, id=first)
        await expect(narrate).to_be_enabled(timeout=70_000)
        await narrate.click()
        await expect(narrations_of_story(tab.page)).to_have_count(2)
        await tab.page.close()


def narrations_of_story(page: Page) -> Locator:
    return page.get_by_role("list", name="Narrations of this story").get_by_role("listitem")
