"""Every page in every state: what axe finds, what does not fit, what it looks like; and what moves."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest
from playwright.async_api import Locator, Page, Route, expect

from core.settings import Settings
from narration.hibari import HibariEngine
from server.local.postgres import LocalPostgres
from server.local.valkey import LocalValkey
from tests.browser import axe
from tests.browser.gallery import ALL_PAGES, Gallery, open_gallery
from tests.browser.tabs import Tabs
from tests.callers import serving
from tests.conftest import adjust, database_urls, fresh_database, open_bench, settings_for

WIDTHS = (360, 1280, 2560)
TOO_WIDE = """() => [...document.querySelectorAll("body *")]
    .filter((each) => each.getBoundingClientRect().right > innerWidth + 1 && each.checkVisibility())
    .map((each) => each.outerHTML.slice(0, 120))"""
MOVING = "() => document.getAnimations().map((each) => each.animationName ?? each.transitionProperty)"


@pytest.fixture(scope="module")
def gallery_settings(
    postgres: LocalPostgres, template: str, valkey: LocalValkey, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Settings]:
    with fresh_database(postgres, template) as database:
        yield settings_for(
            database_urls(postgres, database), valkey.url(), tmp_path_factory.mktemp("gallery")
        )


@pytest.fixture(scope="module")
async def gallery(gallery_settings: Settings, engine: HibariEngine, built: None) -> AsyncIterator[Gallery]:
    async with (
        serving(gallery_settings) as api,
        open_bench(gallery_settings, engine) as bench,
        open_gallery(api, bench) as opened,
    ):
        yield opened


@pytest.mark.long
@pytest.mark.parametrize("name", ALL_PAGES)
async def test_a_page_fits_and_axe_finds_nothing(gallery: Gallery, tabs: Tabs, name: str) -> None:
    """At three widths, in light and dark. Its pictures are for people to look at."""
    tab = await gallery.show(tabs, name)
    for width in WIDTHS:
        await tab.page.set_viewport_size({"width": width, "height": 900})
        assert await too_wide(tab.page) == [], width
        for scheme in axe.SCHEMES:
            await tab.page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]  # one of its literals
            await axe.settle(tab.page)
            await tab.picture(f"{name}-{width}-{scheme}")
            # Colours go by the scheme alone, and the layout by the width.
            if scheme == "light" or width == WIDTHS[0]:
                assert await axe.findings(tab.page) == [], (width, scheme)


def loading(page: Page) -> Locator:
    return page.get_by_role("status").filter(has_text="Loading")


async def never(route: Route) -> None:
    """Answer nothing."""


async def too_wide(page: Page) -> list[str]:
    """What goes beyond the window at its right, where a page can be scrolled there."""
    if await page.evaluate("document.documentElement.scrollWidth <= innerWidth"):
        return []
    found: list[str] = await page.evaluate(TOO_WIDE)
    return found or ["something"]


async def test_axe_finds_nothing_at_the_narrations(gallery: Gallery, tabs: Tabs) -> None:
    tab = await gallery.show(tabs, "narrations", viewport={"width": 360, "height": 900})
    assert await axe.findings_by_scheme(tab.page) == axe.NOTHING


@pytest.mark.long
async def test_a_page_that_waits_or_lost_its_server_passes_too(gallery: Gallery, tabs: Tabs) -> None:
    tab = await gallery.show(tabs, "narrations")
    tab.watch.allow("Failed to load resource|WebSocket connection")
    await tab.page.route("**/graphql", never)
    await tab.page.reload()
    await expect(loading(tab.page)).to_be_visible()
    assert await axe.findings_by_scheme(tab.page) == axe.NOTHING
    await tab.picture("narrations-loading")
    await tab.page.unroute("**/graphql")
    await tab.page.route("**/graphql", lambda route: route.abort())
    await tab.page.reload()
    await expect(tab.page.get_by_text("The server cannot be reached").first).to_be_visible()
    assert await axe.findings_by_scheme(tab.page) == axe.NOTHING
    await tab.picture("narrations-unreachable")


@pytest.mark.long
async def test_the_sign_in_passes_too(gallery: Gallery, gallery_settings: Settings, tabs: Tabs) -> None:
    async with serving(adjust(gallery_settings, environment="production")) as api:
        tab = await tabs.open(api)
        asked = tab.page.get_by_role("dialog", name="Sign in to Storycast")
        await expect(asked).to_be_visible()
        for width in WIDTHS:
            await tab.page.set_viewport_size({"width": width, "height": 900})
            assert await too_wide(tab.page) == []
            assert await axe.findings_by_scheme(tab.page) == axe.NOTHING
            await tab.picture(f"sign-in-{width}")
        await asked.get_by_label("Access token").fill("no token")
        await asked.get_by_role("button", name="Sign in").click()
        await expect(asked.get_by_role("alert")).to_contain_text("no token")
        assert await axe.findings_by_scheme(tab.page) == axe.NOTHING
        await asked.get_by_label("Access token").fill(api.token(gallery.owner))
        await asked.get_by_role("button", name="Sign in").click()
        await expect(tab.page.get_by_role("link", name="The Quiet Harbour")).to_be_visible()
        await tab.close()


@pytest.mark.long
@pytest.mark.parametrize("name", ["narrations", "listen-narrating", "listen-ready"])
async def test_nothing_moves_for_who_wants_that(gallery: Gallery, tabs: Tabs, name: str) -> None:
    tab = await gallery.show(tabs, name, reduced_motion="reduce")
    assert await tab.page.evaluate(MOVING) == []
    assert await tab.page.evaluate("getComputedStyle(document.documentElement).scrollBehavior") == "auto"
    await tab.page.route("**/graphql", never)
    for moves in (False, True):
        await tab.page.emulate_media(reduced_motion="no-preference" if moves else "reduce")
        await tab.page.reload()
        await expect(loading(tab.page)).to_be_visible()
        assert bool(await tab.page.evaluate(MOVING)) == moves
