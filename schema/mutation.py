"""The contract's mutations. What a caller can act on comes back as a member of the result's union."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

import strawberry

from core.errors import Refusal
from resolvers import generations, stories
from schema.context import Info
from schema.errors import (
    GenerationFinishedError,
    GenerationInProgressError,
    GenerationNotFoundError,
    IdempotencyConflictError,
    RateLimitedError,
    StoryInUseError,
    StoryNotFoundError,
    ValidationError,
    as_error,
)
from schema.types import GenerationId, Story, StoryGeneration, given

_TITLE = "1 to 200 characters."
_CONTENT = "1 to 1,000,000 characters."
_STORABLE = "U+0000 cannot be stored, nor half of a surrogate pair."


@strawberry.input(description="A story to be.")
class CreateStoryInput:
    title: str = strawberry.field(description=f"{_TITLE} {_STORABLE}")
    content: str = strawberry.field(description=f"{_CONTENT} {_STORABLE}")


@strawberry.input(description="Changes to a story.")
class UpdateStoryInput:
    id: UUID = strawberry.field(description="The story's id.")
    title: str | None = strawberry.field(
        default=strawberry.UNSET, description=f"{_TITLE} Null, or nothing, leaves it as it is. {_STORABLE}"
    )
    content: str | None = strawberry.field(
        default=strawberry.UNSET, description=f"{_CONTENT} Null, or nothing, leaves it as it is. {_STORABLE}"
    )


@strawberry.input(description="Which story to narrate, and how. An idempotencyKey has 1 to 255 characters.")
class InitiateStoryGenerationInput:
    story_id: UUID = strawberry.field(description="The story's id.")
    voice: strawberry.ID | None = strawberry.field(
        default=strawberry.UNSET, description="A Voice id; the server's default voice when left out."
    )
    idempotency_key: str | None = strawberry.field(
        default=strawberry.UNSET,
        description="Same key, same input: the same generation comes back, and nothing new starts.",
    )


@strawberry.type(description="The story was created.")
class CreateStorySuccess:
    story: Story = strawberry.field(description="The story.")


@strawberry.type(description="The story was changed.")
class UpdateStorySuccess:
    story: Story = strawberry.field(description="The story as it has become.")


@strawberry.type(description="The story was deleted.")
class DeleteStorySuccess:
    id: UUID = strawberry.field(description="The id that it had.")


@strawberry.type(description="The generation was asked for, or had been, with the same idempotency key.")
class InitiateStoryGenerationSuccess:
    generation: StoryGeneration = strawberry.field(
        description="PENDING; where the key was used before, as that generation is by now."
    )


@strawberry.type(description="The generation was stopped.")
class CancelStoryGenerationSuccess:
    generation: StoryGeneration = strawberry.field(description="FAILED, with the error CANCELED.")


@strawberry.type(description="The generation was deleted.")
class DeleteStoryGenerationSuccess:
    id: UUID = strawberry.field(description="The id that it had.")


CreateStoryResult = Annotated[
    CreateStorySuccess | ValidationError,
    strawberry.union("CreateStoryResult", description="What came of createStory."),
]
UpdateStoryResult = Annotated[
    UpdateStorySuccess | StoryNotFoundError | ValidationError,
    strawberry.union("UpdateStoryResult", description="What came of updateStory."),
]
DeleteStoryResult = Annotated[
    DeleteStorySuccess | StoryNotFoundError | StoryInUseError,
    strawberry.union("DeleteStoryResult", description="What came of deleteStory."),
]
InitiateStoryGenerationResult = Annotated[
    InitiateStoryGenerationSuccess
    | StoryNotFoundError
    | RateLimitedError
    | IdempotencyConflictError
    | ValidationError,
    strawberry.union("InitiateStoryGenerationResult", description="What came of initiateStoryGeneration."),
]
CancelStoryGenerationResult = Annotated[
    CancelStoryGenerationSuccess | GenerationNotFoundError | GenerationFinishedError,
    strawberry.union("CancelStoryGenerationResult", description="What came of cancelStoryGeneration."),
]
DeleteStoryGenerationResult = Annotated[
    DeleteStoryGenerationSuccess | GenerationNotFoundError | GenerationInProgressError,
    strawberry.union("DeleteStoryGenerationResult", description="What came of deleteStoryGeneration."),
]


@strawberry.type(
    description="What can be done. Failures that the caller can act on are members of each result."
)
class Mutation:
    @strawberry.mutation(description="Creates a story of yours.")
    async def create_story(
        self,
        info: Info,
        input: Annotated[CreateStoryInput, strawberry.argument(description="The story to be.")],
    ) -> CreateStoryResult:
        context = info.context
        try:
            row = await stories.create_story(context.services, context.me, input.title, input.content)
        except Refusal as refusal:
            return _refused(refusal)
        return CreateStorySuccess(story=Story.of(row))

    @strawberry.mutation(
        description="Changes a story's title, its content, or both. Generations that were asked for "
        "before keep what it was."
    )
    async def update_story(
        self,
        info: Info,
        input: Annotated[UpdateStoryInput, strawberry.argument(description="The story, and its changes.")],
    ) -> UpdateStoryResult:
        context = info.context
        given = {"title": input.title, "content": input.content}
        changes = {name: value for name, value in given.items() if isinstance(value, str)}
        try:
            row = await stories.update_story(context.services, context.me, input.id, **changes)
        except Refusal as refusal:
            return _refused(refusal)
        return UpdateStorySuccess(story=Story.of(row))

    @strawberry.mutation(
        description="Deletes a story with its finished generations; refused while one is unfinished."
    )
    async def delete_story(
        self, info: Info, id: Annotated[UUID, strawberry.argument(description="The story's id.")]
    ) -> DeleteStoryResult:
        context = info.context
        try:
            await stories.delete_story(context.services, context.me, id)
        except Refusal as refusal:
            return _refused(refusal)
        return DeleteStorySuccess(id=id)

    @strawberry.mutation(description="Starts narrating a story. Returns at once with a PENDING generation.")
    async def initiate_story_generation(
        self,
        info: Info,
        input: Annotated[
            InitiateStoryGenerationInput, strawberry.argument(description="Which story, and how.")
        ],
    ) -> InitiateStoryGenerationResult:
        context = info.context
        try:
            row = await generations.initiate_generation(
                context.services,
                context.me,
                input.story_id,
                voice=given(input.voice),
                idempotency_key=given(input.idempotency_key),
            )
        except Refusal as refusal:
            return _refused(refusal)
        return InitiateStoryGenerationSuccess(generation=StoryGeneration.of(row))

    @strawberry.mutation(
        description="Stops a pending or running generation; it ends FAILED with the code CANCELED."
    )
    async def cancel_story_generation(self, info: Info, id: GenerationId) -> CancelStoryGenerationResult:
        context = info.context
        try:
            row = await generations.cancel_generation(context.services, context.me, id)
        except Refusal as refusal:
            return _refused(refusal)
        return CancelStoryGenerationSuccess(generation=StoryGeneration.of(row))

    @strawberry.mutation(description="Deletes a finished generation and its files.")
    async def delete_story_generation(self, info: Info, id: GenerationId) -> DeleteStoryGenerationResult:
        context = info.context
        try:
            await generations.delete_generation(context.services, context.me, id)
        except Refusal as refusal:
            return _refused(refusal)
        return DeleteStoryGenerationSuccess(id=id)


def _refused(refusal: Refusal) -> Any:
    """Any: which members a union has is checked by Strawberry, when it returns one."""
    return as_error(refusal)
