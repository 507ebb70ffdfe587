"""What can be done with stories."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

import db.stories as rows
from core.errors import StoryInUse, StoryNotFound
from db.generations import has_unfinished, remove_generations_of_story
from db.models import Story
from resolvers.generations import clear_away
from resolvers.inputs import check_story
from resolvers.pages import Page
from resolvers.services import Services


async def create_story(services: Services, me: UUID, title: str, content: str) -> Story:
    """Raises Invalid."""
    check_story(title=title, content=content)
    async with services.database.write(me) as session:
        return await rows.add_story(session, title, content)


async def find_story(services: Services, me: UUID, story_id: UUID) -> Story | None:
    async with services.database.read(me) as session:
        return await rows.find_story(session, story_id)


async def list_stories(services: Services, me: UUID, page: Page) -> Sequence[Story]:
    async with services.database.read(me) as session:
        return await rows.list_stories(session, limit=page.size, offset=page.offset)


async def count_stories(services: Services, me: UUID) -> int:
    async with services.database.read(me) as session:
        return await rows.count_stories(session)


async def update_story(services: Services, me: UUID, story_id: UUID, **changes: str) -> Story:
    """Set `title` or `content`, whichever is given. What is being narrated stays as it was when asked for.

    Raises Invalid, StoryNotFound.
    """
    check_story(**changes)
    async with services.database.write(me) as session:
        story = (
            await rows.change_story(session, story_id, changes)
            if changes
            else await rows.find_story(session, story_id)
        )
    if story is None:
        raise StoryNotFound
    return story


async def delete_story(services: Services, me: UUID, story_id: UUID) -> None:
    """Delete the story, its finished generations, and their files.

    Raises StoryNotFound; StoryInUse while a generation of it is unfinished.
    """
    async with services.database.write(me) as session:
        if not await rows.lock_story(session, story_id):
            raise StoryNotFound
        if await has_unfinished(session, story_id):
            raise StoryInUse
        removed = await remove_generations_of_story(session, story_id)
        await rows.remove_story(session, story_id)
    await clear_away(services, me, removed)
