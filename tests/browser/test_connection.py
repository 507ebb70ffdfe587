"""Pages whose connection is lost say so, and are right without a reload when it is back."""

from __future__ import annotations

import asyncio
import re
import signal
import time
from collections.abc import AsyncIterator, Callable
from typing import Any
from uuid import UUID, uuid4

import pytest
from playwright.async_api import Page, Route, WebSocketRoute, expect

import resolvers.progress_desk
from core.settings import Settings
from tests.browser.people import LONG_STORY, SENTENCE, narration, narrations, write_story
from tests.browser.roads import ALL, COMPLAINTS, LOST, RENAME, Road, built_road
from tests.browser.tabs import Tab, Tabs
from tests.callers import Api, serving
from tests.conftest import own_database_urls, settings_for
from tests.live.streams import CANCEL, DELETE
from tests.outages import Outages
from tests.processes import Worker

pytestmark = pytest.mark.long

# Some seconds of narrating: begun before the cut, ended within it.
STORY = SENTENCE * 200
LIMIT_SECONDS = 60
# As long as a second click starts nothing.
TWICE_MS = 1_100
STATES = {"PENDING": "waiting", "IN_PROGRESS": "narrating", "SUCCEEDED": "ready", "FAILED": "canceled"}


@pytest.fixture
async def road(settings: Settings) -> AsyncIterator[Road]:
    async with built_road(settings) as built:
        with built.served():
            yield built


async def until_begun(road: Road, user: UUID) -> None:
    async with asyncio.timeout(LIMIT_SECONDS):
        while True:
            if (await road.client.data(user, ALL))["storyGenerations"]["items"]:
                return
            await asyncio.sleep(0.1)


async def until_status(road: Road, user: UUID, generation_id: str, status: str) -> None:
    async with asyncio.timeout(LIMIT_SECONDS):
        while True:
            items = (await road.client.data(user, ALL))["storyGenerations"]["items"]
            if {each["id"]: each["status"] for each in items}[generation_id] == status:
                return
            await asyncio.sleep(0.1)


async def expect_as_on_the_server(page: Page, road: Road, user: UUID) -> None:
    """The list of narrations is the server's, row by row; nothing changes there meanwhile."""
    items = (await road.client.data(user, ALL))["storyGenerations"]["items"]
    await expect(narrations(page)).to_have_count(len(items))
    for at, item in enumerate(items):
        await expect(narrations(page).nth(at)).to_contain_text(item["story"]["title"])
        await expect(narrations(page).nth(at)).to_have_attribute("data-state", STATES[item["status"]])


async def expect_lost(page: Page) -> None:
    await expect(page.get_by_text(LOST)).to_be_visible()


async def expect_live(page: Page) -> None:
    await expect(page.locator("[data-connection=live]")).to_be_attached()
    await expect(page.get_by_text(LOST)).to_have_count(0)


async def mark(page: Page) -> None:
    """A reload would take it away."""
    await page.evaluate("window.notReloaded = true")


async def expect_not_reloaded(page: Page) -> None:
    assert await page.evaluate("window.notReloaded") is True


class Cut:
    """The road ends on its way: what is on it is lost, and nobody comes through."""

    def __init__(self, road: Road, _: Tab) -> None:
        self._tunnel = road.tunnel

    async def begin(self) -> None:
        self._tunnel.part()

    async def end(self) -> None:
        self._tunnel.mend()


class Offline:
    """The browser's own machine has no network, and tells the page."""

    def __init__(self, _: Road, tab: Tab) -> None:
        self._context = tab.context

    async def begin(self) -> None:
        await self._context.set_offline(True)

    async def end(self) -> None:
        await self._context.set_offline(False)


class Silence(Cut):
    """Connections stand, and nothing arrives."""

    async def begin(self) -> None:
        self._tunnel.swallow()


class SilentReturn(Cut):
    """Connections are cut; those that are made instead stand, and nothing arrives."""

    async def begin(self) -> None:
        self._tunnel.swallow()
        self._tunnel.cut()


@pytest.mark.parametrize(
    "outage",
    [
        Cut,
        Offline,
        Silence,
        SilentReturn,
    ],
)
async def test_what_happened_while_the_connection_was_lost_is_on_every_page_after_it(
    road: Road, worker: Worker, tabs: Tabs, outage: Callable[[Road, Tab], Any]
) -> None:
    alice, client = uuid4(), road.client
    # In this order, as one worker narrates one at a time.
    gone = await client.initiate(alice, await client.add_story(alice, "Short.", "Gone"))
    ready_story = await client.add_story(alice, STORY, "Done meanwhile")
    ready = await client.initiate(alice, ready_story)
    long_story = await client.add_story(alice, LONG_STORY, "Long")
    canceled = await client.initiate(alice, long_story)
    tab = await road.open(tabs, alice, "/#/narrations")
    story = await tabs.beside(tab, f"/#/stories/{ready_story}")
    underway = await tabs.beside(tab, f"/#/narrations/{ready}")
    pages = [tab.page, story.page, underway.page]
    await expect(narration(tab.page, "Done meanwhile")).to_have_attribute("data-state", "narrating")
    await expect(narration(tab.page, "Gone")).to_have_attribute("data-state", "ready")
    takes = story.page.get_by_role("list", name="Narrations of this story").get_by_role("listitem")
    await expect(takes).to_have_attribute("data-state", "narrating")
    await expect(underway.page.get_by_text(re.compile(r"^\d+ %$"))).to_be_visible()
    for page in pages:
        await mark(page)

    lost = outage(road, tab)
    await lost.begin()
    for page in pages:
        await expect_lost(page)
    await client.data(alice, DELETE, id=gone)
    await client.data(alice, CANCEL, id=canceled)
    made_and_gone = await client.initiate(alice, long_story)
    await client.data(alice, CANCEL, id=made_and_gone)
    await client.data(alice, DELETE, id=made_and_gone)
    renamed = {"id": ready_story, "title": "Renamed meanwhile"}
    await client.data(alice, RENAME, input=renamed)
    made = await client.initiate(alice, await client.add_story(alice, "Made.", "Made meanwhile"))
    for each in (ready, made):
        await until_status(road, alice, each, "SUCCEEDED")
    await lost.end()

    for page in pages:
        await expect_live(page)
    await expect_as_on_the_server(tab.page, road, alice)
    await expect(takes).to_have_attribute("data-state", "ready")
    await expect(story.page.get_by_label("Title")).to_have_value("Renamed meanwhile")
    shelf = story.page.get_by_role("region", name="Stories", exact=True).get_by_role("listitem")
    await expect(shelf).to_have_count(4)
    await expect(shelf.first).to_contain_text("Made meanwhile")
    await expect(underway.page.get_by_role("button", name="Play", exact=True)).to_be_visible()
    # And live again: what happens from here on comes by itself.
    await client.data(alice, DELETE, id=made)
    await expect(narration(tab.page, "Made meanwhile")).to_have_count(0)
    for page in pages:
        await expect_not_reloaded(page)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
async def test_a_server_that_starts_anew_is_found_again(
    settings: Settings, tabs: Tabs, number: signal.Signals
) -> None:
    alice = uuid4()
    async with built_road(settings) as road:
        with road.served() as process:
            story = await road.client.add_story(alice)
            first = await road.client.initiate(alice, story)
            tab = await road.open(tabs, alice, "/#/narrations")
            await expect_live(tab.page)
            await expect(narrations(tab.page)).to_have_count(1)
            await mark(tab.page)
            process.send(number)
            await asyncio.to_thread(process.process.wait, LIMIT_SECONDS)
        await expect_lost(tab.page)
        with road.served():
            await road.client.data(alice, CANCEL, id=first)
            await expect_live(tab.page)
            await expect_as_on_the_server(tab.page, road, alice)
            await road.client.initiate(alice, story)
            await expect(narrations(tab.page)).to_have_count(2)
            await expect_not_reloaded(tab.page)
            await tab.page.close()


async def test_what_changes_between_the_first_list_and_the_first_event_is_shown(
    api: Api, tabs: Tabs, alice: UUID
) -> None:
    """The protocol confirms no subscription: of what changes just before it begins nobody tells."""
    story = await api.add_story(alice, title="Early")
    tab = await tabs.open(api, "/healthz", user=alice)
    held = asyncio.Event()
    let_go = asyncio.Event()

    def slow(socket: WebSocketRoute) -> None:
        server = socket.connect_to_server()

        async def pass_on(message: str | bytes) -> None:
            if '"subscribe"' in str(message):
                held.set()
                await let_go.wait()
            server.send(message)

        socket.on_message(pass_on)

    await tab.context.route_web_socket("**/graphql", slow)
    await tab.page.goto(f"{api.base}/#/narrations")
    await expect(tab.page.get_by_text("No narrations yet.")).to_be_visible()
    await asyncio.wait_for(held.wait(), LIMIT_SECONDS)
    await api.initiate(alice, story)
    let_go.set()
    await expect(narration(tab.page, "Early")).to_have_attribute("data-state", "waiting")


async def test_what_cannot_be_done_meanwhile_is_said_where_it_belongs_and_nothing_is_lost(
    road: Road, tabs: Tabs
) -> None:
    alice, client = uuid4(), road.client
    kept = await client.initiate(alice, await client.add_story(alice, title="Kept"))
    ended = await client.initiate(alice, await client.add_story(alice, title="Ended"))
    await client.data(alice, CANCEL, id=ended)
    tab = await road.open(tabs, alice, "/#/narrations")
    page = tab.page
    await expect(narrations(page)).to_have_count(2)
    await expect_live(page)
    desk = await tabs.beside(tab)
    await write_story(desk.page, "Mine", "Every word of it.")
    await expect_live(desk.page)
    road.tunnel.part()

    unreachable = "The server cannot be reached. Try again in a moment."
    await narration(page, "Kept").get_by_role("button", name="Cancel").click()
    await expect(narration(page, "Kept").get_by_role("alert")).to_have_text(unreachable)
    await narration(page, "Ended").get_by_role("button", name="Delete").click()
    await expect(narrations(page)).to_have_count(1)
    await page.get_by_role("button", name="Dismiss").click()
    refused = page.get_by_text(f"The narration of Ended was not deleted. {unreachable}")
    await expect(refused).to_be_visible()
    await expect(narrations(page)).to_have_count(2)
    save = desk.page.get_by_role("button", name="Save", exact=True)
    await save.click()
    await expect(desk.page.get_by_role("alert").filter(has_text=unreachable)).to_be_visible()
    await expect(desk.page.get_by_label("Story", exact=True)).to_have_value("Every word of it.")

    road.tunnel.mend()
    for each in (page, desk.page):
        await expect_live(each)
    await save.click()
    await expect(desk.page.get_by_role("button", name="Saved")).to_be_disabled()
    stories = (await client.data(alice, "{ stories { items { title content } } }"))["stories"]["items"]
    assert [each["content"] for each in stories if each["title"] == "Mine"] == ["Every word of it."]
    await narration(page, "Kept").get_by_role("button", name="Cancel").click()
    await expect(narration(page, "Kept")).to_have_attribute("data-state", "canceled")
    await until_status(road, alice, kept, "FAILED")


async def test_a_narration_whose_answer_was_lost_is_not_started_twice(road: Road, tabs: Tabs) -> None:
    alice, client = uuid4(), road.client
    story = await client.add_story(alice, title="Once")
    tab = await road.open(tabs, alice, f"/#/stories/{story}")
    page = tab.page
    await expect_live(page)
    start = page.get_by_role("button", name="Narrate", exact=True)
    takes = page.get_by_role("list", name="Narrations of this story").get_by_role("listitem")
    await expect(start).to_be_enabled()
    road.tunnel.lose_answers()
    await start.click()
    await until_begun(road, alice)
    road.tunnel.part()
    # The list beside the editor may say the same, where it was being read when the line was cut.
    editor = page.get_by_role("region", name="Editor")
    problem = editor.get_by_text("The server cannot be reached. Try again in a moment.")
    await expect(problem).to_be_visible()
    road.tunnel.mend()
    await expect_live(page)
    await start.click()
    await expect(problem).to_have_count(0)
    await expect(takes).to_have_count(1)
    assert len((await client.data(alice, ALL))["storyGenerations"]["items"]) == 1
    # Asked for once more, and not by a slip of the hand, it is one more.
    await page.wait_for_timeout(TWICE_MS)
    await start.click()
    await expect(takes).to_have_count(2)


async def test_a_page_that_begins_without_its_server_says_so_and_begins_with_it(api: Api, tabs: Tabs) -> None:
    tab = await tabs.open(api, "/healthz")
    tab.watch.allow(COMPLAINTS)

    async def refuse(route: Route) -> None:
        await route.abort("connectionrefused")

    await tab.context.route("**/sign-in/demo", refuse)
    await tab.page.goto(api.base)
    await expect(tab.page.get_by_text("The server cannot be reached. Trying again …")).to_be_visible()
    await tab.context.unroute("**/sign-in/demo")
    await expect(tab.page.get_by_text("No stories yet.")).to_be_visible()
    await expect(tab.page.get_by_text("cannot be reached")).to_have_count(0)


async def test_a_list_that_could_not_be_loaded_at_first_comes_by_itself(
    api: Api, tabs: Tabs, alice: UUID
) -> None:
    await api.initiate(alice, await api.add_story(alice, title="Late"))
    tab = await tabs.open(api, "/healthz", user=alice)
    tab.watch.allow(COMPLAINTS)

    async def refuse(route: Route) -> None:
        await route.abort("connectionrefused")

    await tab.context.route("**/graphql", refuse)
    await tab.page.goto(f"{api.base}/#/narrations")
    problem = tab.page.get_by_role("alert").filter(has_text="The server cannot be reached.")
    await expect(problem).to_be_visible()
    await tab.context.unroute("**/graphql")
    await expect(narration(tab.page, "Late")).to_be_visible()
    await expect(problem).to_have_count(0)


async def test_more_tabs_than_sockets_are_told_and_come_in_when_there_is_room(
    serve_with: Any, tabs: Tabs, alice: UUID
) -> None:
    async with serve_with(sockets_per_user=1) as api:
        first = await tabs.open(api, "/#/narrations", user=alice)
        await expect_live(first.page)
        second = await tabs.open(api, "/#/narrations", user=alice)
        await expect_lost(second.page)
        await expect_live(first.page)
        story = await api.add_story(alice, title="Meanwhile")
        await first.page.close()
        await expect_live(second.page)
        await api.initiate(alice, story)
        await expect(narration(second.page, "Meanwhile")).to_be_visible()
        await second.page.close()


class TestTheDatabaseAway:
    @pytest.fixture
    def settings(self, own_postgres: Outages, redis_url: str, tmp_path: Any) -> Settings:
        return settings_for(own_database_urls(own_postgres), redis_url, tmp_path)

    async def test_a_refused_subscription_is_told_and_asked_for_again(
        self,
        own_postgres: Outages,
        settings: Settings,
        tabs: Tabs,
        alice: UUID,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.setattr(resolvers.progress_desk, "FIRST_PATIENCE_SECONDS", 0.5)
        async with serving(settings) as api:
            generation = await api.initiate(alice, await api.add_story(alice, title="Kept"))
            tab = await tabs.open(api, "/#/narrations", user=alice)
            tab.watch.allow("status of 50")
            await expect(narrations(tab.page)).to_have_count(1)
            await expect_live(tab.page)
            own_postgres.stop()
            # A socket of its own, whose subscription begins without a database.
            await tab.context.set_offline(True)
            await expect_lost(tab.page)
            tab.watch.allow(COMPLAINTS)
            await tab.context.set_offline(False)
            stopped = tab.page.get_by_text(re.compile("^Live news stopped: "))
            await expect(stopped).to_be_visible()
            # What was known stays on the page.
            await expect(narrations(tab.page)).to_have_count(1)
            own_postgres.start()
            await expect(stopped).to_have_count(0)
            await api.data(alice, CANCEL, id=generation)
            await expect(narration(tab.page, "Kept")).to_have_attribute("data-state", "canceled")
            await tab.page.close()


class TestTheFeedAway:
    @pytest.fixture
    def redis_url(self, own_valkey: Outages) -> str:
        return own_valkey.server.url()

    async def test_without_redis_pages_are_right_within_seconds(
        self, own_valkey: Outages, api: Api, tabs: Tabs, alice: UUID
    ) -> None:
        generation = await api.initiate(alice, await api.add_story(alice, title="Told late"))
        tab = await tabs.open(api, "/#/narrations", user=alice)
        await expect(narration(tab.page, "Told late")).to_have_attribute("data-state", "waiting")
        await expect_live(tab.page)
        own_valkey.kill()
        began = time.monotonic()
        await api.data(alice, CANCEL, id=generation)
        await expect(narration(tab.page, "Told late")).to_have_attribute("data-state", "canceled")
        assert time.monotonic() - began < 25
        await expect_live(tab.page)
        own_valkey.start()
