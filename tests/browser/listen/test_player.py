"""A narration is heard: by hand, by keys, to its end, on links that have had their time."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest
import soundfile
from playwright.async_api import Locator, Page, Request, Route, expect

from tests.browser.listen.conftest import Narrate
from tests.browser.listen.listener import SENTENCES, listen
from tests.browser.tabs import Tabs
from tests.callers import Api

pytestmark = pytest.mark.long

LINKS = "query ($id: UUID!) { storyGeneration(id: $id) { resultUrl captionsUrl durationSeconds } }"
REFUSED = "status of 403"
# Those that are drawn, and from where to where.
COLOURS = """(canvas) => { const { width, height } = canvas;
    const { data } = canvas.getContext("2d").getImageData(0, 0, width, height);
    const found = new Map();
    for (let at = 0; at < data.length; at += 4) {
        if (data[at + 3] === 255) {
            const colour = [...data.slice(at, at + 3)].join();
            const x = (at / 4) % width / width;
            const [least, most] = found.get(colour) ?? [x, x];
            found.set(colour, [Math.min(least, x), Math.max(most, x)]);
        }
    }
    return Object.fromEntries(found); }"""


async def test_it_is_heard_to_its_last_sentence(api: Api, tabs: Tabs, alice: UUID, narrated: Narrate) -> None:
    listener = await listen(tabs, api, alice, await narrated())
    heard: list[str] = []
    await listener.page.expose_function("lit", lambda sentence: heard.append(sentence))  # noqa: PLW0108 - it takes functions alone
    await listener.page.evaluate(
        """() => new MutationObserver((changes) => changes.forEach(({ target }) =>
            target.ariaCurrent === "true" && lit(target.textContent)))
            .observe(document.body, { subtree: true, attributeFilter: ["aria-current"] })"""
    )
    await listener.speed.select_option("2")
    await listener.button("Play").click()
    await expect(listener.button("Pause")).to_be_visible()
    await listener.hear_the_end()
    await expect(listener.button("Play")).to_be_visible()
    assert heard == list(SENTENCES)
    await expect(listener.lit).to_have_text(SENTENCES[-1])
    assert await listener.sound("playbackRate") == 2
    assert await listener.page.evaluate("navigator.mediaSession.metadata.title") == "The Quiet Harbour"


async def test_keys_play_skip_and_change_the_speed(
    api: Api, tabs: Tabs, alice: UUID, narrated: Narrate
) -> None:
    listener = await listen(tabs, api, alice, await narrated())
    press = listener.page.keyboard.press
    await press("Space")
    await expect(listener.button("Pause")).to_be_visible()
    await press("k")
    await expect(listener.button("Play")).to_be_visible()
    assert await listener.sound("paused") is True
    for key, expected in (("j", 0), ("l", 10), ("j", 0), ("ArrowRight", 5), ("ArrowLeft", 0)):
        await press(key)
        await expect(listener.position).to_have_attribute(
            "aria-valuetext", re.compile(f"^{expected} seconds of ")
        )
        assert await listener.time() == pytest.approx(expected, abs=0.01)
    await press(",")
    for key, lit in ((".", 0), (".", 1), (".", 2), (".", 3), (",", 2), (",", 1)):
        await press(key)
        await expect(listener.lit).to_have_text(SENTENCES[lit])
    await press(">")
    await expect(listener.speed).to_have_value("1.25")
    await press("<")
    await press("<")
    await expect(listener.speed).to_have_value("0.75")
    await press("?")
    await expect(listener.page.get_by_role("dialog", name="Keys")).to_be_visible()
    await press("k")
    assert await listener.sound("paused") is True
    await press("Escape")
    await expect(listener.page.get_by_role("dialog", name="Keys")).to_be_hidden()


async def test_keys_stay_with_what_has_the_focus(
    api: Api, tabs: Tabs, alice: UUID, narrated: Narrate
) -> None:
    listener = await listen(tabs, api, alice, await narrated())
    await listener.button("Next sentence").focus()
    await listener.page.keyboard.press("Space")
    await expect(listener.lit).to_have_text(SENTENCES[0])
    assert await listener.sound("paused") is True
    await listener.speed.focus()
    await listener.page.keyboard.press("k")
    assert await listener.sound("paused") is True
    await listener.position.focus()
    await listener.page.keyboard.press("Home")
    await listener.page.keyboard.press("ArrowUp")
    await expect(listener.position).to_have_attribute("aria-valuetext", re.compile("^5 seconds of "))
    await listener.page.keyboard.press("End")
    await expect(listener.lit).to_have_text(SENTENCES[-1])


async def test_letters_and_signs_can_be_turned_off(
    api: Api, tabs: Tabs, alice: UUID, narrated: Narrate
) -> None:
    listener = await listen(tabs, api, alice, await narrated(), viewport={"width": 320, "height": 640})
    press = listener.page.keyboard.press
    card = listener.page.get_by_role("dialog", name="Keys")
    switch = card.get_by_role("switch")
    await press("?")
    await expect(card.get_by_role("button", name="Close")).to_be_focused()
    await expect(switch).to_be_checked()
    await switch.press("Space")
    await expect(switch).not_to_be_checked()
    await press("Escape")
    await listener.page.reload()
    # Once there is text, keys are heeded, too.
    await expect(listener.sentence(SENTENCES[0])).to_be_visible()
    for key in ("k", "l", ".", ">", "?"):
        await press(key)
    assert await listener.time() == 0
    assert await listener.sound("paused") is True
    await expect(listener.speed).to_have_value("1")
    await expect(card).to_be_hidden()
    await press("ArrowRight")
    assert await listener.time() == 5
    await listener.button("Keys").click()
    await switch.check()
    await press("Escape")
    await press("j")
    assert await listener.time() == 0


async def test_arrows_with_shift_select_text(api: Api, tabs: Tabs, alice: UUID, narrated: Narrate) -> None:
    listener = await listen(tabs, api, alice, await narrated())
    box = await listener.sentence(SENTENCES[0]).bounding_box()
    assert box
    mouse, selected = listener.page.mouse, "getSelection().toString()"
    await mouse.move(box["x"] + 1, box["y"] + box["height"] / 2)
    await mouse.down()
    await mouse.move(box["x"] + 30, box["y"] + box["height"] / 2)
    await mouse.up()
    begun = await listener.page.evaluate(selected)
    assert begun
    for _ in range(3):
        await listener.page.keyboard.press("Shift+ArrowRight")
    assert await listener.page.evaluate(selected) == SENTENCES[0][: len(begun) + 3]
    assert await listener.time() == 0


async def test_the_slider_goes_where_it_is_put(api: Api, tabs: Tabs, alice: UUID, narrated: Narrate) -> None:
    generation_id = await narrated()
    duration = (await api.data(alice, LINKS, id=generation_id))["storyGeneration"]["durationSeconds"]
    listener = await listen(tabs, api, alice, generation_id)
    wave = await listener.page.locator("canvas").bounding_box()
    assert wave
    middle = wave["y"] + wave["height"] / 2
    await listener.page.mouse.click(wave["x"] + wave["width"] / 4, middle)
    assert await listener.time() == pytest.approx(duration / 4, rel=0.02)
    await listener.page.mouse.down()
    await listener.page.mouse.move(wave["x"] + wave["width"] * 0.75, middle)
    # While it is held, nothing jumps in what is heard.
    assert await listener.time() == pytest.approx(duration / 4, rel=0.02)
    await listener.page.mouse.up()
    assert await listener.time() == pytest.approx(duration * 0.75, rel=0.02)


async def test_place_and_speed_are_remembered(api: Api, tabs: Tabs, alice: UUID, narrated: Narrate) -> None:
    listener = await listen(tabs, api, alice, await narrated())
    await listener.speed.select_option("1.5")
    await listener.sentence(SENTENCES[3]).click()
    await expect(listener.button("Pause")).to_be_visible()
    await listener.button("Pause").click()
    stopped = await listener.time()
    assert stopped > 5
    await listener.page.reload()
    await expect(listener.speed).to_have_value("1.5")
    assert await listener.time() == 0
    go_on = listener.page.get_by_role("button", name=re.compile("^Go on at 0:"))
    await go_on.click()
    await expect(listener.button("Pause")).to_be_visible()
    assert await listener.time() >= stopped - 0.2
    await expect(go_on).to_be_hidden()
    await listener.hear_the_end()
    await listener.page.reload()
    await expect(listener.button("Play")).to_be_visible()
    await expect(go_on).to_be_hidden()


async def test_a_place_is_kept_under_its_listeners_id(
    api: Api, tabs: Tabs, alice: UUID, narrated: Narrate
) -> None:
    listener = await listen(tabs, api, alice, await narrated())
    await listener.sentence(SENTENCES[3]).click()
    await listener.button("Pause").click()
    kept = await listener.page.evaluate("Object.keys(localStorage).filter((key) => key.includes('places'))")
    assert kept == [f"storycast.places.{alice}"]


@pytest.mark.parametrize("clock", ["right", "an hour behind"])
async def test_links_that_end_meanwhile_are_replaced(
    serve_with: Callable[..., Any], tabs: Tabs, alice: UUID, narrated: Narrate, clock: str
) -> None:
    # Longer than what a browser takes of it at once.
    generation_id = await narrated("The sea went on and on, and so did we. " * 300)
    async with serve_with(link_lifetime_seconds=1) as api:
        listener = await listen(tabs, api, alice, generation_id)
        # Where the clock is right, too: the browser itself asks again with the link that it has.
        listener.tab.watch.allow(REFUSED)
        if clock != "right":
            await listener.page.evaluate("() => { const now = Date.now; Date.now = () => now() - 3600000; }")
        await listener.button("Play").click()
        await until_refused(await listener.sound("currentSrc"))
        await listener.position.press("End")
        await listener.position.press(",")
        await expect(listener.lit).to_have_attribute("data-at", "299")
        await listener.hear_the_end()
        assert await listener.page.get_by_role("alert").count() == 0
        await listener.page.close()


async def test_a_link_that_comes_when_the_page_was_left_plays_nothing(
    serve_with: Callable[..., Any], tabs: Tabs, alice: UUID, narrated: Narrate
) -> None:
    generation_id = await narrated()
    async with serve_with(link_lifetime_seconds=1) as api:
        listener = await listen(tabs, api, alice, generation_id)
        listener.tab.watch.allow(REFUSED)
        page = listener.page
        sound = await page.locator("audio").element_handle()
        asked: asyncio.Queue[Request] = asyncio.Queue()
        has_left = asyncio.Event()

        async def hold(route: Route) -> None:
            await asked.put(route.request)
            await has_left.wait()
            await route.continue_()

        await page.route("**/graphql", hold)
        await until_refused(await listener.sound("currentSrc"))
        await listener.button("Play").click()
        for_link = await asked.get()
        assert "query Narration" in (for_link.post_data or "")
        await page.get_by_role("link", name=re.compile("^Narrations")).click()
        await expect(page.locator("audio")).to_have_count(0)
        async with page.expect_request_finished(lambda request: request == for_link):
            has_left.set()
        # Answers are taken in turn: that one, then this page's.
        await page.locator(f"[data-id='{generation_id}']").get_by_role("link", name="Listen").click()
        await expect(listener.button("Play")).to_be_visible()
        assert await sound.evaluate("(audio) => [audio.paused, audio.hasAttribute('src')]") == [True, False]
        await page.close()


async def until_refused(link: str) -> None:
    async with httpx.AsyncClient() as client:
        while (await client.head(link)).status_code != 403:  # noqa: ASYNC110 - time is all there is to it
            await asyncio.sleep(0.1)


async def test_audio_that_cannot_be_had_is_told_and_tried_again(
    api: Api, tabs: Tabs, alice: UUID, narrated: Narrate
) -> None:
    generation_id = await narrated()
    tab = await tabs.open(api, "/#/narrations", user=alice)
    tab.watch.allow(REFUSED)
    await tab.page.route("**/*.mp3?*", lambda route: route.fulfill(status=403))
    await tab.page.locator(f"[data-id='{generation_id}']").get_by_role("link", name="Listen").click()
    told = tab.page.get_by_role("alert").filter(has_text="The audio cannot be played from here.")
    await expect(told).to_be_visible()
    await expect(tab.page.get_by_text(SENTENCES[0])).to_be_visible()
    await tab.page.unroute("**/*.mp3?*")
    await told.get_by_role("button", name="Try again").click()
    await expect(tab.page.get_by_role("button", name="Pause", exact=True)).to_be_visible()
    await expect(told).to_be_hidden()


async def test_audio_and_captions_are_saved_whole(
    serve_with: Callable[..., Any], tabs: Tabs, alice: UUID, narrated: Narrate, tmp_path: Path
) -> None:
    generation_id = await narrated()
    async with serve_with(link_lifetime_seconds=1) as api:
        listener = await listen(tabs, api, alice, generation_id)
        found = (await api.data(alice, LINKS, id=generation_id))["storyGeneration"]
        for name in ("Audio (MP3)", "Captions (WebVTT)"):
            # Also when the page's link has had its time.
            await until_refused(found["resultUrl"])
            saved = await save(listener.page, name, tmp_path)
            if saved.suffix == ".mp3":
                assert soundfile.info(saved).duration == pytest.approx(found["durationSeconds"], abs=0.1)
            else:
                assert "It carried one letter &amp; a cat." in saved.read_text()
        await listener.page.close()


async def save(page: Page, name: str, folder: Path) -> Path:
    async with page.expect_download() as begun:
        await page.get_by_role("link", name=name).click()
    download = await begun.value
    path = folder / download.suggested_filename
    await download.save_as(path)
    return path


async def test_the_waveform_is_drawn_as_far_as_it_was_played_in_colours_of_the_scheme(
    api: Api, tabs: Tabs, alice: UUID, narrated: Narrate
) -> None:
    listener = await listen(tabs, api, alice, await narrated(), color_scheme="light")
    # The test reads what the page only draws.
    listener.tab.watch.allow("willReadFrequently")
    canvas = listener.page.locator("canvas")
    played, rest = "15,82,87", "139,129,117"
    await until_drawn(canvas, rest)
    await listener.position.press("End")
    await until_drawn(canvas, played)
    await listener.page.mouse.click(*await middle_of(canvas))
    drawn = await until_drawn(canvas, played, rest)
    assert drawn[played] == [pytest.approx(0, abs=0.05), pytest.approx(0.5, abs=0.05)]
    assert drawn[rest] == [pytest.approx(0.5, abs=0.05), pytest.approx(1, abs=0.05)]
    await listener.page.emulate_media(color_scheme="dark")
    await expect(canvas).to_have_css("color", "rgb(143, 208, 200)")
    await until_drawn(canvas, "143,208,200", "118,128,138")


async def until_drawn(canvas: Locator, *colours: str) -> dict[str, list[float]]:
    """Returns once these colours are there, and no others: from where to where each is, of its width."""
    found: dict[str, list[float]] = {}
    async with asyncio.timeout(10):
        while set(found := await canvas.evaluate(COLOURS)) != set(colours):  # noqa: ASYNC110 - a canvas tells nobody
            await asyncio.sleep(0.05)
    return found


async def middle_of(canvas: Any) -> tuple[float, float]:
    box = await canvas.bounding_box()
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
