"""Writing, changing and deleting stories."""

from __future__ import annotations

import re
from uuid import UUID

import asyncpg
import pytest
from playwright.async_api import FilePayload, Locator, Page, Route, expect

from tests.browser.people import narration, scroll_until, write_story
from tests.browser.tabs import Tabs
from tests.callers import Api

pytestmark = pytest.mark.long

STORY = "SELECT title, content FROM stories"
ANOTHER_VOICE = {"id": "nobody", "name": "Nobody", "language": "en-US"}
DROP = """([kind, name, text]) => {
    const files = new DataTransfer();
    files.items.add(new File([text], name, { type: name.endsWith('.txt') ? 'text/plain' : '' }));
    const given = { bubbles: true, cancelable: true, dataTransfer: files, clipboardData: files };
    const target = document.body;
    if (kind === 'drop') target.dispatchEvent(new DragEvent('dragover', given));
    target.dispatchEvent(kind === 'drop' ? new DragEvent('drop', given) : new ClipboardEvent('paste', given));
}"""


def title_of(page: Page) -> Locator:
    return page.get_by_role("textbox", name="Title", exact=True)


def content_of(page: Page) -> Locator:
    return page.get_by_role("textbox", name="Story", exact=True)


async def test_a_story_is_changed_and_the_list_says_so_in_every_tab(
    api: Api, tabs: Tabs, alice: UUID, sql: asyncpg.Connection
) -> None:
    story = await api.add_story(alice, "Once.", title="The Rain")
    tab = await tabs.open(api, f"/#/stories/{story}", user=alice)
    other = await tabs.beside(tab, "/#/stories")
    await expect(other.page.get_by_role("link", name="The Rain")).to_be_visible()
    await title_of(tab.page).fill("The Snow")
    await content_of(tab.page).fill("Twice.")
    await tab.page.keyboard.press("Control+s")
    await expect(tab.page.get_by_role("button", name="Saved")).to_be_visible()
    assert tuple(await sql.fetchrow(STORY)) == ("The Snow", "Twice.")
    for each in (tab, other):
        await expect(each.page.get_by_role("link", name="The Snow")).to_be_visible()


async def test_saving_twice_at_once_saves_once(
    api: Api, tabs: Tabs, alice: UUID, sql: asyncpg.Connection
) -> None:
    tab = await tabs.open(api, user=alice)
    await write_story(tab.page, "The Rain", "Once.")
    await tab.page.evaluate(
        """() => { for (const _ of [1, 2, 3]) document.querySelector('.desk').dispatchEvent(
            new KeyboardEvent('keydown', { key: 's', ctrlKey: true, bubbles: true })) }"""
    )
    await expect(tab.page.get_by_role("button", name="Saved")).to_be_visible()
    assert await sql.fetchval("SELECT count(*) FROM stories") == 1


async def test_what_is_wrong_is_said_at_its_field_and_costs_nothing(
    api: Api, tabs: Tabs, alice: UUID, sql: asyncpg.Connection
) -> None:
    tab = await tabs.open(api, user=alice)
    page = tab.page
    await write_story(page, "", "Once.")
    await page.get_by_role("button", name="Save", exact=True).click()
    await expect(title_of(page)).to_have_accessible_description("A story needs a title.")
    await expect(title_of(page)).to_have_attribute("aria-invalid", "true")
    await title_of(page).fill("x" * 201)
    await page.get_by_role("button", name="Save", exact=True).click()
    await expect(title_of(page)).to_have_accessible_description("A title has at most 200 characters.")
    # What only the server knows comes back to the field too.
    await title_of(page).fill("The Rain")
    await content_of(page).evaluate(
        """(field) => {
            field.value = 'a\\ud800b';
            field.dispatchEvent(new Event('input', { bubbles: true }));
        }"""
    )
    await page.get_by_role("button", name="Save", exact=True).click()
    await expect(content_of(page)).to_have_attribute("aria-invalid", "true")
    await expect(content_of(page)).to_have_accessible_description(
        re.compile("^Character 2 is U.D800, which cannot be stored")
    )
    await content_of(page).fill("a" * 1_000_003)
    await page.get_by_role("button", name="Save", exact=True).click()
    await expect(content_of(page)).to_have_accessible_description(re.compile("3 characters too long"))
    assert await sql.fetchval("SELECT count(*) FROM stories") == 0
    await content_of(page).fill("Once.")
    await page.get_by_role("button", name="Save", exact=True).click()
    await expect(page.get_by_role("button", name="Saved")).to_be_visible()
    assert tuple(await sql.fetchrow(STORY)) == ("The Rain", "Once.")


async def test_unsaved_text_outlives_the_page_and_is_its_writers_alone(
    api: Api, tabs: Tabs, alice: UUID, bob: UUID
) -> None:
    tab = await tabs.open(api, user=alice)
    await write_story(tab.page, "The Rain", "It rained.")
    await tab.page.close()
    again = await tabs.beside(tab, "/#/stories/new")
    await expect(content_of(again.page)).to_have_value("It rained.")
    await expect(title_of(again.page)).to_have_value("The Rain")
    await again.page.get_by_role("button", name="Discard changes").click()
    await expect(content_of(again.page)).to_have_value("")
    await again.page.reload()
    await expect(content_of(again.page)).to_have_value("")

    await content_of(again.page).fill("It snowed.")
    await again.page.evaluate(f"sessionStorage.setItem('storycast.token', '{api.token(bob)}')")
    await again.page.reload()
    await expect(content_of(again.page)).to_have_value("")
    await again.page.evaluate(f"sessionStorage.setItem('storycast.token', '{api.token(alice)}')")
    await again.page.reload()
    await expect(content_of(again.page)).to_have_value("It snowed.")


async def test_dropped_pasted_and_chosen_files_become_stories(api: Api, tabs: Tabs, alice: UUID) -> None:
    tab = await tabs.open(api, user=alice)
    page = tab.page
    await expect(page.get_by_text("No stories yet.")).to_be_visible()
    for kind in ("drop", "paste"):
        await page.evaluate(DROP, [kind, "fog.md", "# The Fog\n\nIt came."])
        await expect(title_of(page)).to_have_value("The Fog")
        await expect(content_of(page)).to_have_value("# The Fog\n\nIt came.")
        # A second one does not overwrite what is not saved.
        await page.evaluate(DROP, [kind, "rain.txt", "It rained."])
        await expect(page.get_by_text("Save or discard the new story first")).to_be_visible()
        await expect(title_of(page)).to_have_value("The Fog")
        await page.get_by_role("button", name="Discard changes").click()
        await page.get_by_role("button", name="Dismiss").click()
    # A text is one too, where there is no field for it.
    await page.evaluate(
        """() => { const text = new DataTransfer(); text.setData('text/plain', 'Pasted.');
        document.body.dispatchEvent(new ClipboardEvent('paste', { bubbles: true, clipboardData: text })) }"""
    )
    await expect(content_of(page)).to_have_value("Pasted.")
    await page.get_by_role("button", name="Discard changes").click()
    for name, words in (("song.mp3", "song.mp3 is no .txt or .md file."), ("a.txt", "a.txt is empty.")):
        await page.evaluate(DROP, ["drop", name, ""])
        await expect(page.get_by_text(words)).to_be_visible()
    async with page.expect_file_chooser() as chosen:
        await page.get_by_role("button", name="Open a file").click()
    file = FilePayload(
        name="rain.txt", mimeType="text/plain", buffer="Es regnete für immer.".encode("latin-1")
    )
    await (await chosen.value).set_files(file)
    await expect(title_of(page)).to_have_value("rain")
    await expect(content_of(page)).to_have_value("Es regnete für immer.")


async def test_a_story_changed_elsewhere_is_shown_or_told(api: Api, tabs: Tabs, alice: UUID) -> None:
    story = await api.add_story(alice, "Once.", title="The Rain")
    tab = await tabs.open(api, f"/#/stories/{story}", user=alice)
    other = await tabs.beside(tab, f"/#/stories/{story}")
    await expect(content_of(tab.page)).to_have_value("Once.")
    await content_of(other.page).fill("Twice.")
    await other.page.get_by_role("button", name="Save", exact=True).click()
    await expect(content_of(tab.page)).to_have_value("Twice.")

    await content_of(tab.page).fill("Mine.")
    await content_of(other.page).fill("Theirs.")
    await other.page.get_by_role("button", name="Save", exact=True).click()
    await expect(tab.page.get_by_text("This story was changed elsewhere")).to_be_visible()
    await expect(content_of(tab.page)).to_have_value("Mine.")
    await tab.page.get_by_role("button", name="Discard changes").click()
    await expect(content_of(tab.page)).to_have_value("Theirs.")


async def test_a_story_is_deleted_with_its_narrations_unless_that_is_undone(
    api: Api, tabs: Tabs, alice: UUID, sql: asyncpg.Connection
) -> None:
    story = await api.add_story(alice, "Once.", title="The Rain")
    tab = await tabs.open(api, f"/#/stories/{story}", user=alice)
    page = tab.page
    await page.get_by_role("button", name="Delete story").click()
    await expect(page.get_by_text("No stories yet.")).to_be_visible()
    await page.get_by_role("button", name="Undo").click()
    await expect(page.get_by_role("link", name="The Rain")).to_be_visible()
    assert await sql.fetchval("SELECT count(*) FROM stories") == 1
    await page.get_by_role("link", name="The Rain").click()
    await page.get_by_role("button", name="Delete story").click()
    await page.get_by_role("button", name="Dismiss").click()
    await expect(page.get_by_role("button", name="Undo")).to_have_count(0)
    other = await tabs.beside(tab, f"/#/stories/{story}")
    await expect(other.page.get_by_text("This story is not there")).to_be_visible()
    assert await sql.fetchval("SELECT count(*) FROM stories") == 0


async def test_a_story_in_use_is_not_deleted_and_the_reason_is_said(
    api: Api, tabs: Tabs, alice: UUID, sql: asyncpg.Connection
) -> None:
    story = await api.add_story(alice, "Once.", title="The Rain")
    tab = await tabs.open(api, f"/#/stories/{story}", user=alice)
    delete = tab.page.get_by_role("button", name="Delete story")
    await expect(delete).to_be_enabled()
    generation = await api.initiate(alice, story)
    await expect(delete).to_be_disabled()
    await expect(delete).to_have_accessible_description(re.compile("none of its narrations is underway"))
    # Where another one starts meanwhile, it comes back.
    await api.data(
        alice, "mutation ($id: UUID!) { cancelStoryGeneration(id: $id) { __typename } }", id=generation
    )
    await delete.click()
    await api.initiate(alice, story)
    await tab.page.get_by_role("button", name="Dismiss").click()
    await expect(tab.page.get_by_text("The Rain was not deleted.")).to_be_visible()
    await expect(tab.page.get_by_role("link", name="The Rain")).to_be_visible()
    assert await sql.fetchval("SELECT count(*) FROM stories") == 1


async def test_text_typed_over_a_story_that_is_gone_becomes_another(
    api: Api, tabs: Tabs, alice: UUID
) -> None:
    story = await api.add_story(alice, "Once.", title="The Rain")
    tab = await tabs.open(api, f"/#/stories/{story}", user=alice)
    await content_of(tab.page).fill("Mine.")
    await api.data(alice, "mutation ($id: UUID!) { deleteStory(id: $id) { __typename } }", id=story)
    await tab.page.get_by_role("button", name="Save", exact=True).click()
    await expect(tab.page.get_by_text("This story was deleted elsewhere.")).to_be_visible()
    await tab.page.reload()
    await tab.page.get_by_role("button", name="Make it a new story").click()
    await expect(content_of(tab.page)).to_have_value("Mine.")
    await tab.page.get_by_role("button", name="Save", exact=True).click()
    await expect(tab.page.get_by_role("button", name="Saved")).to_be_visible()
    await expect(tab.page.get_by_role("link", name="The Rain")).to_be_visible()


async def test_a_list_that_could_not_be_asked_again_is_at_the_next_try(
    api: Api, tabs: Tabs, alice: UUID
) -> None:
    await api.add_story(alice, "Once.", title="The Rain")
    tab = await tabs.open(api, user=alice)
    await expect(tab.page.get_by_role("link", name="The Rain")).to_be_visible()
    tab.watch.allow("ERR_FAILED")
    await tab.page.route("**/graphql", lambda route: route.abort())
    await tab.page.get_by_role("navigation", name="Pages").get_by_text("Narrations").click()
    await tab.page.get_by_role("navigation", name="Pages").get_by_text("Stories").click()
    await expect(tab.page.get_by_text("The server cannot be reached")).to_be_visible()
    await tab.page.unroute("**/graphql")
    await api.add_story(alice, "Once.", title="The Snow")
    await tab.page.get_by_role("button", name="Try again").click()
    await expect(tab.page.get_by_role("link", name="The Snow")).to_be_visible()
    await expect(tab.page.get_by_text("The server cannot be reached")).to_have_count(0)


async def test_clicking_twice_narrates_once(
    api: Api, tabs: Tabs, alice: UUID, sql: asyncpg.Connection
) -> None:
    story = await api.add_story(alice, "Once.", title="The Rain")
    tab = await tabs.open(api, f"/#/stories/{story}", user=alice)
    await tab.page.get_by_role("button", name="Narrate", exact=True).click(click_count=2, delay=120)
    await expect(tab.page.get_by_text("It has begun")).to_be_visible()
    assert await sql.fetchval("SELECT count(*) FROM story_generations") == 1


async def test_a_renamed_story_renames_its_narrations(api: Api, tabs: Tabs, alice: UUID) -> None:
    story = await api.add_story(alice, "Once.", title="The Rain")
    await api.initiate(alice, story)
    tab = await tabs.open(api, "/#/narrations", user=alice)
    other = await tabs.beside(tab, f"/#/stories/{story}")
    await expect(narration(tab.page, "The Rain")).to_be_visible()
    await title_of(other.page).fill("The Snow")
    await other.page.get_by_role("button", name="Save", exact=True).click()
    await expect(narration(tab.page, "The Snow")).to_be_visible()


async def test_all_stories_are_there_however_many(
    api: Api, tabs: Tabs, alice: UUID, sql: asyncpg.Connection
) -> None:
    await sql.execute(
        "INSERT INTO stories (id, user_id, title, content) SELECT gen_random_uuid(), $1, n::text, 'Once.'"
        " FROM generate_series(1, 130) n",
        alice,
    )
    tab = await tabs.open(api, user=alice)
    listed = tab.page.locator(".shelf-list a")
    await expect(listed.first).to_be_visible()
    await scroll_until(listed, 130)
    titles = await tab.page.locator(".shelf-title").all_inner_texts()
    assert sorted(map(int, titles)) == list(range(1, 131))


async def test_nobody_reaches_anothers_story_or_narration(
    api: Api, tabs: Tabs, alice: UUID, bob: UUID
) -> None:
    story = await api.add_story(alice, "Once.", title="The Rain")
    generation = await api.initiate(alice, story)
    tab = await tabs.open(api, f"/#/stories/{story}", user=bob)
    await expect(tab.page.get_by_text("It was deleted, or it is not yours.")).to_be_visible()
    await tab.page.goto(f"{api.base}/#/narrations/{generation}")
    await expect(tab.page.get_by_text("It was deleted, or it is not yours.")).to_be_visible()
    await expect(tab.page.get_by_text("The Rain")).to_have_count(0)


async def test_a_choice_of_voices_is_offered_where_there_is_one(api: Api, tabs: Tabs, alice: UUID) -> None:
    story = await api.add_story(alice, "Once.", title="The Rain")
    tab = await tabs.open(api, f"/#/stories/{story}", user=alice)
    narrate = tab.page.get_by_role("button", name="Narrate", exact=True)
    await expect(narrate).to_be_visible()
    await expect(tab.page.get_by_label("Voice")).to_have_count(0)

    async def with_another_voice(route: Route) -> None:
        answer = await (await route.fetch()).json()
        answer.get("data", {}).get("voices", []).append(ANOTHER_VOICE)
        await route.fulfill(json=answer)

    # The one that there is, and one that the server does not know.
    await tab.page.route("**/graphql", with_another_voice)
    await tab.page.reload()
    await tab.page.get_by_label("Voice").select_option("Nobody")
    await narrate.click()
    await expect(tab.page.get_by_role("alert").filter(has_text="nobody")).to_be_visible()
    await tab.page.get_by_label("Voice").select_option("Heart")
    await narrate.click()
    await expect(tab.page.get_by_text("It has begun")).to_be_visible()
