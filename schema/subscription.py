"""The contract's subscriptions."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing
from enum import Enum
from uuid import UUID

import strawberry

from core.events import ChangeKind
from resolvers.progress import follow_all, follow_generation
from schema.context import Info
from schema.types import GenerationId, StoryGeneration


@strawberry.enum(description="What became of a generation.")
class GenerationChange(Enum):
    CREATED = strawberry.enum_value("created", description="It was asked for.")
    UPDATED = strawberry.enum_value(
        "updated", description="Its status, its progress or what else it says changed."
    )
    DELETED = strawberry.enum_value("deleted", description="It is gone, with its files.")


@strawberry.type(description="A change to one of your generations.")
class StoryGenerationEvent:
    change: GenerationChange = strawberry.field(description="What became of it.")
    id: UUID = strawberry.field(description="The generation's id, also once it is DELETED.")
    generation: StoryGeneration | None = strawberry.field(description="Null once DELETED.")

    @classmethod
    def of(
        cls, kind: ChangeKind, generation_id: UUID, generation: StoryGeneration | None
    ) -> StoryGenerationEvent:
        return cls(change=GenerationChange(kind.value), id=generation_id, generation=generation)


@strawberry.type(description="What can be watched live.")
class Subscription:
    @strawberry.subscription(
        description="One generation, live. The first event is its present state; then its newest state\n"
        "after each change, with a higher revision each time (quick changes may be merged);\n"
        "it completes after SUCCEEDED, FAILED or deletion. Losing the connection loses nothing:\n"
        "subscribe again and the first event is the present state. An id that does not exist\n"
        "or is not yours is an error with the code NOT_FOUND."
    )
    async def story_generation_progress(
        self, info: Info, id: GenerationId
    ) -> AsyncGenerator[StoryGeneration, None]:
        context = info.context
        told = context.position.revision_of(id)
        async with aclosing(follow_generation(context.services, context.me, id, told)) as rows:
            async for row in rows:
                context.position.at_revision(id, row.revision)
                yield StoryGeneration.of(row)

    @strawberry.subscription(
        description="Changes to any of your generations, from now on: the newest state of each (quick\n"
        "changes to one may be merged; its creation, end and deletion are never left out)."
    )
    async def story_generation_events(self, info: Info) -> AsyncGenerator[StoryGenerationEvent, None]:
        context = info.context
        position = context.position
        following = follow_all(
            context.services, context.me, since=position.moment(), settled=position.at_moment
        )
        async with aclosing(following) as events:
            async for event in events:
                generation = StoryGeneration.of(event.generation) if event.generation else None
                yield StoryGenerationEvent.of(event.kind, event.id, generation)
