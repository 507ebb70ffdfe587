"""The contract's queries."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

import strawberry

from narration.voices import VOICES
from resolvers import generations, stories
from resolvers.pages import Page, Slice, decode_cursor, encode_cursor
from schema.context import Info
from schema.lookahead import selects
from schema.types import (
    GenerationId,
    PageInfo,
    PageMeta,
    PageNumber,
    PageSize,
    StatusFilter,
    Story,
    StoryGeneration,
    StoryGenerationConnection,
    StoryGenerationEdge,
    StoryGenerationPage,
    StoryPage,
    Viewer,
    Voice,
    given,
    status_of,
)


@strawberry.type(description="What can be read. All of it is the signed-in user's own.")
class Query:
    @strawberry.field(description="The signed-in user.")
    def viewer(self, info: Info) -> Viewer:
        return Viewer(id=info.context.me)

    @strawberry.field(description="One of your stories, or null when it does not exist or is not yours.")
    async def story(
        self, info: Info, id: Annotated[UUID, strawberry.argument(description="The story's id.")]
    ) -> Story | None:
        context = info.context
        row = await stories.find_story(context.services, context.me, id)
        return Story.of(row) if row else None

    @strawberry.field(description="Your stories, newest first.")
    async def stories(self, info: Info, page: PageNumber = 1, page_size: PageSize = 10) -> StoryPage:
        services, me, numbered = info.context.services, info.context.me, Page(page, page_size)
        listed = await stories.list_stories(services, me, numbered)
        return StoryPage(
            items=[Story.of(row) for row in listed],
            meta=PageMeta.of(numbered, lambda: stories.count_stories(services, me)),
        )

    @strawberry.field(description="One of your generations, or null when it does not exist or is not yours.")
    async def story_generation(self, info: Info, id: GenerationId) -> StoryGeneration | None:
        context = info.context
        row = await generations.find_generation(context.services, context.me, id)
        return StoryGeneration.of(row) if row else None

    @strawberry.field(description="Your generations, newest first, by page number. pageSize is at most 100.")
    async def story_generations(
        self,
        info: Info,
        page: PageNumber = 1,
        page_size: PageSize = 10,
        status: StatusFilter = strawberry.UNSET,
    ) -> StoryGenerationPage:
        services, me, numbered = info.context.services, info.context.me, Page(page, page_size)
        wanted = status_of(status)
        listed = await generations.read_listing(
            services,
            me,
            numbered,
            wanted,
            rows=selects(info, "items"),
            total=selects(info, "meta", "total"),
        )
        return StoryGenerationPage(
            items=[StoryGeneration.of(row) for row in listed.rows],
            meta=PageMeta.of(
                numbered, lambda: generations.count_generations(services, me, wanted), listed.total
            ),
        )

    @strawberry.field(
        description="Your generations, newest first, by cursor: stable while rows arrive, and as fast "
        "at the end as at the start."
    )
    async def story_generations_connection(
        self,
        info: Info,
        first: Annotated[
            int,
            strawberry.argument(
                description="How many at most, from 1 to 100; anything else is an error with the code "
                "BAD_USER_INPUT."
            ),
        ] = 20,
        after: Annotated[
            str | None,
            strawberry.argument(
                description="A cursor from an edge or from endCursor: the part behind it; null for the "
                "start. What is no cursor is an error with the code BAD_USER_INPUT."
            ),
        ] = strawberry.UNSET,
        status: StatusFilter = strawberry.UNSET,
    ) -> StoryGenerationConnection:
        part = Slice(first, decode_cursor(given(after)))
        found = await generations.slice_generations(
            info.context.services, info.context.me, part, status_of(status)
        )
        edges = [
            StoryGenerationEdge(cursor=encode_cursor(row.id), node=StoryGeneration.of(row))
            for row in found.rows
        ]
        how = PageInfo(
            has_next_page=found.has_more,
            end_cursor=edges[-1].cursor if edges else None,
            has_previous_page=given(after) is not None,
            start_cursor=edges[0].cursor if edges else None,
        )
        return StoryGenerationConnection(edges=edges, page_info=how)

    @strawberry.field(description="The voices a story can be narrated in.")
    def voices(self) -> list[Voice]:
        return [Voice.of(voice) for voice in VOICES]
