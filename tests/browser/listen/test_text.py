"""The text beside the player: what is heard, lit where it is heard, in view as long as one looks there."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable
from uuid import UUID

import pytest
from playwright.async_api import Page, Route, expect

from tests.browser.axe import findings_by_scheme
from tests.browser.listen.conftest import Narrate
from tests.browser.listen.listener import SENTENCES, Listener, listen
from tests.browser.tabs import Tabs
from tests.callers import Api

pytestmark = pytest.mark.long

UPDATE = """mutation ($input: UpdateStoryInput!) { updateStory(input: $input) { __typename } }"""
STORY_OF = "query ($id: UUID!) { storyGeneration(id: $id) { storyId } }"
WIDTHS = [360, 1280, 2560]
LONG = "\n\n".join(f"The lamp was lit on evening {number}. Nobody came." for number in range(80))


async def test_it_is_what_is_heard_even_after_an_edit_and_by_paragraphs(
    api: Api, tabs: Tabs, alice: UUID, narrated: Narrate
) -> None:
    generation_id = await narrated()
    story_id = (await api.data(alice, STORY_OF, id=generation_id))["storyGeneration"]["storyId"]
    edited = {"id": story_id, "title": "Another Title", "content": "Another text."}
    await api.data(alice, UPDATE, input=edited)
    listener = await listen(tabs, api, alice, generation_id)
    text = listener.page.get_by_role("region", name="Text")
    assert [said.strip() for said in await text.get_by_role("paragraph").all_inner_texts()] == [
        " ".join(SENTENCES[first : first + 2]) for first in (0, 2, 4)
    ]
    await expect(listener.page.get_by_role("heading", level=1)).to_have_text("Another Title")


async def test_a_click_on_a_sentence_plays_from_there(
    api: Api, tabs: Tabs, alice: UUID, narrated: Narrate
) -> None:
    listener = await listen(tabs, api, alice, await narrated())
    for place in (4, 1):
        await listener.sentence(SENTENCES[place]).click()
        await expect(listener.lit).to_have_text(SENTENCES[place])
        await expect(listener.button("Pause")).to_be_visible()
    # Who selects what is written there does not go anywhere.
    await listener.button("Pause").click()
    stopped = await listener.time()
    await listener.sentence(SENTENCES[0]).evaluate("(sentence) => getSelection().selectAllChildren(sentence)")
    await listener.sentence(SENTENCES[0]).dispatch_event("click")
    assert await listener.time() == stopped


@pytest.mark.parametrize(("width", "motion"), [(360, "no-preference"), (1280, "reduce")])
async def test_what_is_spoken_stays_in_view_unless_one_looks_elsewhere(  # noqa: PLR0917 - fixtures
    api: Api, tabs: Tabs, alice: UUID, narrated: Narrate, width: int, motion: str
) -> None:
    screen = {"width": width, "height": 700}
    listener = await listen(tabs, api, alice, await narrated(LONG), viewport=screen, reduced_motion=motion)
    page = listener.page
    back = page.get_by_role("button", name="Back to what is spoken")
    await page.keyboard.press("k")
    await listener.position.press("End")
    await page.keyboard.press(",")
    await expect(listener.lit).to_have_attribute("data-at", "159")
    await is_in_view(listener)
    await listener.sentence("Nobody came.").nth(70).evaluate("(sentence) => sentence.click()")
    await is_in_view(listener)
    await expect(back).to_be_hidden()
    await page.mouse.move(width / 4, 200)
    await page.mouse.wheel(0, -3000)
    await expect(back).to_be_visible()
    await page.keyboard.press("<")
    await expect(listener.lit).to_have_attribute("data-at", "142")
    await expect(listener.lit).not_to_be_in_viewport()
    await back.click()
    await is_in_view(listener)
    await expect(back).to_be_hidden()


async def is_in_view(listener: Listener) -> None:
    """Between the upper edge, and the lower one or the player that stands there."""
    await listener.page.wait_for_function(
        """() => {
            const box = (found) => found.getBoundingClientRect();
            const { top, bottom } = box(document.querySelector("[data-at][aria-current]"));
            const player = box(document.querySelector("audio").closest("section"));
            return top >= 0 && bottom <= (player.top > innerHeight / 2 ? player.top : innerHeight);
        }"""
    )


async def refuse(route: Route) -> None:
    await route.fulfill(status=403)


async def answer_as_a_proxy(route: Route) -> None:
    await route.fulfill(body="<!doctype html><title>Sign in to the network</title>", content_type="text/html")


async def break_off(route: Route) -> None:
    """Pass on less than was promised."""

    async def begin(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(
            b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\nAccess-Control-Allow-Origin: *\r\n\r\nWEBVTT\n\n"
        )
        writer.close()
        await writer.wait_closed()

    async with await asyncio.start_server(begin, "127.0.0.1") as server:
        port = server.sockets[0].getsockname()[1]
        async with route.request.frame.page.expect_event(
            "requestfailed", lambda failed: failed == route.request
        ):
            await route.continue_(url=f"http://127.0.0.1:{port}/")


@pytest.mark.parametrize(
    ("instead", "complaint"),
    [(refuse, "status of 403"), (answer_as_a_proxy, "never"), (break_off, "ERR_CONTENT_LENGTH_MISMATCH")],
)
async def test_text_that_cannot_be_had_is_told_while_the_audio_plays(  # noqa: PLR0917 - fixtures
    api: Api,
    tabs: Tabs,
    alice: UUID,
    narrated: Narrate,
    instead: Callable[[Route], Awaitable[None]],
    complaint: str,
) -> None:
    generation_id = await narrated()
    tab = await tabs.open(api, "/#/narrations", user=alice)
    tab.watch.allow(complaint)
    await tab.page.route("**/*.vtt?*", instead)
    await tab.page.locator(f"[data-id='{generation_id}']").get_by_role("link", name="Listen").click()
    told = tab.page.get_by_role("alert").filter(has_text="The text cannot be shown.")
    await expect(told).to_be_visible()
    await tab.page.get_by_role("button", name="Play", exact=True).click()
    await expect(tab.page.get_by_role("button", name="Pause", exact=True)).to_be_visible()
    await tab.page.unroute("**/*.vtt?*")
    await told.get_by_role("button", name="Try again").click()
    await expect(tab.page.get_by_text(SENTENCES[0], exact=True)).to_be_visible()


async def test_a_screen_reader_is_told_nothing_while_it_plays(
    api: Api, tabs: Tabs, alice: UUID, narrated: Narrate
) -> None:
    listener = await listen(tabs, api, alice, await narrated())
    said: list[str] = []
    await listener.page.expose_function("heard", lambda text: said.append(text))  # noqa: PLW0108 - it takes functions alone
    await listener.position.focus()
    await listener.page.keyboard.press("k")
    await expect(listener.button("Pause")).to_be_visible()
    await listener.page.evaluate(
        """() => {
            const live = [...document.querySelectorAll("[aria-live], [role=status], [role=alert]")];
            const tell = (changes) => changes.forEach(({ target }) => heard(target.outerHTML ?? target.data));
            const seen = new MutationObserver(tell);
            const all = { subtree: true, childList: true, characterData: true };
            live.forEach((each) => seen.observe(each, all));
            seen.observe(document.querySelector("[type=range]"), { attributeFilter: ["aria-valuetext"] });
        }"""
    )
    await expect(listener.lit).to_have_text(SENTENCES[2])
    assert said == []
    await listener.page.keyboard.press("ArrowRight")
    await expect(listener.position).to_have_attribute("aria-valuetext", re.compile("^1?[0-9] seconds of "))
    assert len(said) == 1


@pytest.mark.parametrize("width", WIDTHS)
async def test_it_fits_the_screen_and_axe_finds_nothing(
    api: Api, tabs: Tabs, alice: UUID, narrated: Narrate, width: int
) -> None:
    screen = {"width": width, "height": 740 if width == 360 else width * 9 // 16}
    listener = await listen(tabs, api, alice, await narrated(LONG), viewport=screen)
    await listener.sentence("Nobody came.").nth(30).evaluate("(sentence) => sentence.click()")
    await is_in_view(listener)
    await listener.page.get_by_text("What happened").click()
    await listener.page.keyboard.press("k")
    await fits(listener.page)
    player = await listener.page.get_by_role("region", name="Listen").bounding_box()
    text = await listener.page.get_by_role("region", name="Text").bounding_box()
    assert player
    assert text
    if width == 360:
        assert player["x"] == 0
        assert player["width"] == width
    else:
        assert player["x"] >= text["x"] + text["width"]
    assert 0 <= player["y"] <= screen["height"] - player["height"]
    assert await findings_by_scheme(listener.page) == {"light": [], "dark": []}
    await listener.page.keyboard.press("?")
    await expect(listener.page.get_by_role("dialog")).to_be_visible()
    assert await findings_by_scheme(listener.page) == {"light": [], "dark": []}


async def fits(page: Page) -> None:
    assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
