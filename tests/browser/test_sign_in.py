"""Signing in: by itself as a demo user, with a pasted token elsewhere, and again when that has expired."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from playwright.async_api import Locator, Page, Route, expect

import server.demo_sign_in
from core.settings import Environment, Settings
from server.local.demo import DEMO_USER, SECOND_DEMO_USER
from tests.browser import axe
from tests.browser.people import narration, narrations, write_story
from tests.browser.roads import built_road
from tests.browser.tabs import Tab, Tabs
from tests.callers import Api, Client
from tests.conftest import adjust
from tests.live.streams import CANCEL

pytestmark = pytest.mark.long

STORIES = "{ stories { items { title content } } }"
# Long enough for a page to begin on a busy machine; short enough to wait for.
SHORT = timedelta(seconds=15)
ANOTHER_SECRET = "a secret of somebody else's server"
# Told by the browser itself.
REFUSED = "status of 40[01]"


@pytest.fixture
async def production(serve_with: Any) -> AsyncIterator[Api]:
    """Where nobody is signed in by itself."""
    async with serve_with(environment=Environment.PRODUCTION) as served:
        yield served


def dialog(page: Page, name: str = "Sign in to Storycast") -> Locator:
    return page.get_by_role("dialog", name=name)


async def paste(page: Page, token: str) -> None:
    await page.get_by_label("Access token").fill(token)
    await page.get_by_role("button", name="Sign in", exact=True).click()


async def watch_for_loss(page: Page) -> None:
    """From here on, `lost` is whether the page ever said so."""
    await page.evaluate("""() => {
        const said = document.querySelector(".connection");
        window.lost = false;
        new MutationObserver(() => { if (said.textContent.includes("Connection lost")) window.lost = true; })
            .observe(said, { childList: true, subtree: true, characterData: true });
    }""")


async def titles(client: Client, user: UUID) -> list[str]:
    return [each["title"] for each in (await client.data(user, STORIES))["stories"]["items"]]


class TestDemoUsers:
    async def test_one_sees_nothing_of_the_others(self, api: Api, tabs: Tabs) -> None:
        await api.initiate(DEMO_USER, await api.add_story(DEMO_USER, title="The first's"))
        tab = await tabs.open(api)
        page = tab.page
        shelf = page.get_by_role("region", name="Stories", exact=True)
        who = page.get_by_label("Signed in as")
        await expect(who).to_have_value("first")
        await expect(shelf.get_by_text("The first's")).to_be_visible()
        await expect(page.get_by_text("1 underway")).to_be_attached()
        await write_story(page, "A draft of the first's", "Not saved.")
        await page.evaluate("window.memory = true")

        await who.select_option("Second demo user")
        await expect(who).to_have_value("second")
        await expect(page.get_by_text("No stories yet.")).to_be_visible()
        await expect(page.get_by_label("Title")).to_have_value("")
        await expect(page.get_by_text("underway")).to_have_count(0)
        assert await page.evaluate("window.memory") is None
        await page.get_by_role("link", name="Narrations").click()
        await expect(page.get_by_text("No narrations yet.")).to_be_visible()
        await api.add_story(SECOND_DEMO_USER, title="The second's")
        await page.reload()
        await expect(who).to_have_value("second")

        await who.select_option("Demo user")
        await expect(who).to_have_value("first")
        await expect(narration(page, "The first's")).to_be_visible()
        await page.get_by_role("link", name="Stories", exact=True).click()
        await expect(shelf.get_by_role("listitem")).to_have_count(1)
        await page.get_by_role("link", name="New story").click()
        await expect(page.get_by_label("Title")).to_have_value("A draft of the first's")

    async def test_one_that_is_no_more_is_the_usual_one(self, api: Api, tabs: Tabs) -> None:
        tab = await tabs.open(api, "/healthz")
        tab.watch.allow(REFUSED)
        await tab.page.evaluate("sessionStorage.setItem('storycast.demo-user', 'third')")
        await tab.page.goto(api.base)
        await expect(tab.page.get_by_label("Signed in as")).to_have_value("first")
        assert await tab.page.evaluate("sessionStorage.getItem('storycast.demo-user')") is None

    async def test_their_tokens_are_renewed_unseen(
        self, api: Api, tabs: Tabs, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(server.demo_sign_in, "DEMO_LIFETIME", timedelta(seconds=4))
        story = await api.add_story(DEMO_USER, title="Live")
        tab = await tabs.open(api, "/#/narrations")
        live = tab.page.locator("[data-connection=live]")
        await expect(live).to_be_attached()
        await watch_for_loss(tab.page)
        async with tab.page.expect_response("**/sign-in/demo"):
            pass
        await expect(live).to_be_attached()
        await api.initiate(DEMO_USER, story)
        await expect(narration(tab.page, "Live")).to_be_visible()
        assert await tab.page.evaluate("lost") is False


class TestPastedTokens:
    async def test_what_is_no_token_of_this_server_is_told_and_a_good_one_goes_on(
        self, production: Api, settings: Settings, tabs: Tabs, alice: UUID
    ) -> None:
        tab = await tabs.open(production)
        page = tab.page
        tab.watch.allow(REFUSED)
        field = page.get_by_label("Access token")
        await expect(field).to_be_focused()
        stranger = Client(production.base, adjust(settings, jwt_secret=ANOTHER_SECRET))
        problem = page.locator("#token-problem")
        none = "That is no token: it has three parts with dots between, and says whose it is."
        for given, said in (
            ("nonsense", none),
            ("ä.ö.ü", none),
            ("a.e30.c", none),
            (production.token(alice, timedelta(seconds=-5)), "That token has expired already."),
            (stranger.token(alice), "The server does not take this token. Is it meant for this server?"),
        ):
            await paste(page, given)
            await expect(problem).to_have_text(said)
            await expect(field).to_be_focused()
        await stranger.close()
        # Nothing of these is kept.
        await page.reload()
        await expect(dialog(page)).to_be_visible()

        token = production.token(alice)
        await paste(page, f"  bearer {token[:40]}\n{token[40:]}\n")
        await expect(dialog(page)).to_have_count(0)
        await expect(page.get_by_text("No stories yet.")).to_be_visible()

    async def test_a_server_that_cannot_be_reached_is_not_taken_for_a_refusal(
        self, production: Api, tabs: Tabs, alice: UUID
    ) -> None:
        tab = await tabs.open(production)
        tab.watch.allow("net::ERR_")

        async def refuse(route: Route) -> None:
            await route.abort("connectionrefused")

        await tab.context.route("**/graphql", refuse)
        token = production.token(alice)
        await paste(tab.page, token)
        await expect(tab.page.locator("#token-problem")).to_have_text(
            "The server cannot be reached. Try again in a moment."
        )
        await expect(tab.page.get_by_label("Access token")).to_have_value(token)
        await tab.context.unroute("**/graphql")
        await tab.page.get_by_role("button", name="Sign in", exact=True).click()
        await expect(tab.page.get_by_text("No stories yet.")).to_be_visible()

    async def test_a_sign_in_is_one_tabs_until_signed_out(
        self, production: Api, tabs: Tabs, alice: UUID
    ) -> None:
        tab = await tabs.open(production)
        page = tab.page
        await paste(page, production.token(alice))
        await write_story(page, "Kept", "Not saved, and still here.")
        await page.reload()
        await expect(page.get_by_label("Title")).to_have_value("Kept")
        other = await tabs.beside(tab)
        await expect(dialog(other.page)).to_be_visible()

        await page.get_by_role("button", name="Sign out").click()
        await expect(dialog(page)).to_be_visible()
        await expect(page.get_by_label("Title")).to_have_count(0)
        assert await page.evaluate("Object.keys(sessionStorage)") == []
        await paste(page, production.token(alice))
        await expect(page.get_by_label("Story", exact=True)).to_have_value("Not saved, and still here.")

    async def test_somebody_else_in_the_same_tab_sees_nothing_of_it(
        self, production: Api, tabs: Tabs, alice: UUID, bob: UUID
    ) -> None:
        tab = await tabs.open(production)
        page = tab.page
        await paste(page, production.token(alice))
        await write_story(page, "Alice's", "Hers.")
        await page.get_by_role("button", name="Sign out").click()
        await paste(page, production.token(bob))
        await expect(page.get_by_label("Title")).to_have_value("")

    async def test_the_dialog_can_be_used_by_all_and_left_by_nobody(
        self, production: Api, tabs: Tabs
    ) -> None:
        tab = await tabs.open(production)
        page = tab.page
        asked = dialog(page)
        await expect(page.get_by_label("Access token")).to_be_focused()
        await expect(asked).to_have_accessible_description(
            "Paste the access token that you were given for this server."
        )
        for _ in range(4):
            await page.keyboard.press("Escape")
            await expect(asked).to_be_visible()
        await expect(page.get_by_label("Access token")).to_be_focused()
        assert await axe.findings_by_scheme(page) == axe.NOTHING
        await paste(page, "nonsense")
        await expect(page.get_by_role("alert")).to_contain_text("That is no token")
        assert await axe.findings_by_scheme(page) == axe.NOTHING
        await tab.picture("sign-in")


class TestExpiry:
    async def begin(self, tabs: Tabs, api: Api, alice: UUID, **options: Any) -> Tab:
        """Alice writes, with a token that ends soon."""
        tab = await tabs.open(api, "/#/stories/new", token=api.token(alice, SHORT), **options)
        tab.watch.allow(REFUSED)
        page = tab.page
        await expect(page.locator("[data-connection=live]")).to_be_attached()
        await watch_for_loss(page)
        await page.evaluate("window.memory = true")
        await page.get_by_label("Title").fill("Mine")
        await page.get_by_label("Story", exact=True).fill("Every word of it.")
        return tab

    async def test_one_signs_in_over_the_page_and_goes_on(
        self, production: Api, tabs: Tabs, alice: UUID
    ) -> None:
        tab = await self.begin(tabs, production, alice)
        page = tab.page
        again = dialog(page, "Sign in again")
        await expect(again).to_be_visible()
        await expect(page.get_by_label("Access token")).to_be_focused()
        assert await axe.findings_by_scheme(page) == axe.NOTHING
        await paste(page, production.token(alice))
        await expect(again).to_have_count(0)
        text = page.get_by_label("Story", exact=True)
        await expect(text).to_be_focused()
        await expect(text).to_have_value("Every word of it.")
        await page.get_by_role("button", name="Save", exact=True).click()
        await expect(page.get_by_role("button", name="Saved")).to_be_disabled()
        assert await titles(production, alice) == ["Mine"]
        # Live again, and never lost: that the sign-in ended is all that there was to say.
        await page.get_by_role("link", name="Narrations").click()
        await expect(page.locator("[data-connection=live]")).to_be_attached()
        await production.initiate(alice, await production.add_story(alice, title="Later"))
        await expect(narration(page, "Later")).to_be_visible()
        assert await page.evaluate("[lost, memory]") == [False, True]

    async def test_what_waited_for_the_sign_in_is_done_once(
        self, settings: Settings, tabs: Tabs, alice: UUID
    ) -> None:
        """The server takes the token no more: a request finds that out, as live news is held back."""
        local = adjust(settings, environment=Environment.PRODUCTION)
        async with AsyncExitStack() as stack:
            road = await stack.enter_async_context(built_road(local))
            with road.served():
                tab = await tabs.open(road.tunnel.base, "/healthz", token=road.client.token(alice))
                tab.watch.allow(REFUSED)
                tab.watch.allow("WebSocket|net::ERR_")
                await tab.context.route_web_socket("**/graphql", lambda _: None)
                page = tab.page
                await page.goto(f"{road.tunnel.base}/#/stories/new")
                await expect(page.get_by_text("No stories yet.")).to_be_visible()
                await page.get_by_label("Title").fill("Mine")
                await page.get_by_label("Story", exact=True).fill("Every word of it.")
            road.settings = adjust(road.settings, jwt_secret=ANOTHER_SECRET)
            road.client.settings = road.settings
            with road.served():
                await page.get_by_role("button", name="Save", exact=True).click()
                await expect(dialog(page, "Sign in again")).to_be_visible()
                await expect(page.get_by_text("Saving …")).to_be_visible()
                await paste(page, road.client.token(alice))
                await expect(page.get_by_role("button", name="Saved")).to_be_disabled()
                assert await titles(road.client, alice) == ["Mine"]
                await page.close()

    async def test_nothing_that_waited_is_done_as_somebody_else(
        self, production: Api, tabs: Tabs, alice: UUID, bob: UUID
    ) -> None:
        await production.add_story(bob, title="Bob's")
        await production.initiate(alice, await production.add_story(alice, title="Alice's"))
        tab = await self.begin(tabs, production, alice)
        page = tab.page
        await expect(dialog(page, "Sign in again")).to_be_visible()
        # A save waits for whoever signs in.
        await page.evaluate("document.querySelector('.desk-actions').lastElementChild.focus()")
        await page.evaluate("""() => [...document.querySelectorAll("button")]
            .find((each) => each.textContent === "Save").click()""")
        await paste(page, production.token(bob))
        shelf = page.get_by_role("region", name="Stories", exact=True)
        await expect(shelf.get_by_text("Bob's")).to_be_visible()
        await expect(shelf.get_by_role("listitem")).to_have_count(1)
        await expect(page.get_by_label("Title")).to_have_value("")
        assert await page.evaluate("window.memory") is None
        await page.get_by_role("link", name="Narrations").click()
        await expect(page.get_by_text("No narrations yet.")).to_be_visible()
        assert await titles(production, bob) == ["Bob's"]
        assert await titles(production, alice) == ["Alice's"]
        # Alice's text waits for her.
        await page.get_by_role("button", name="Sign out").click()
        await paste(page, production.token(alice))
        await expect(narrations(page)).to_have_count(1)
        await page.get_by_role("link", name="Stories", exact=True).click()
        await page.get_by_role("link", name="New story").click()
        await expect(page.get_by_label("Title")).to_have_value("Mine")

    async def test_nobody_is_signed_in_instead_unasked(self, api: Api, tabs: Tabs, alice: UUID) -> None:
        """On a local installation the demo user could be."""
        tab = await self.begin(tabs, api, alice)
        await expect(dialog(tab.page, "Sign in again")).to_be_visible()
        await expect(tab.page.get_by_label("Title")).to_have_value("Mine")
        await paste(tab.page, api.token(alice))
        await expect(dialog(tab.page, "Sign in again")).to_have_count(0)
        await expect(tab.page.get_by_label("Story", exact=True)).to_have_value("Every word of it.")
        assert await tab.page.evaluate("memory") is True


async def test_a_listener_whose_sign_in_ends_is_not_told_that_the_narration_is_gone(
    production: Api, tabs: Tabs, alice: UUID
) -> None:
    generation = await production.initiate(alice, await production.add_story(alice, title="Underway"))
    tab = await tabs.open(production, f"/#/narrations/{generation}", token=production.token(alice, SHORT))
    tab.watch.allow(REFUSED)
    progress = tab.page.get_by_role("progressbar", name="Progress of Underway")
    await expect(progress).to_be_visible()
    await expect(dialog(tab.page, "Sign in again")).to_be_visible()
    await production.data(alice, CANCEL, id=generation)
    await expect(progress).to_be_attached()
    await paste(tab.page, production.token(alice))
    await expect(tab.page.get_by_text("canceled").first).to_be_visible()
    await expect(progress).to_have_count(0)
