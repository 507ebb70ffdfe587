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
from schema.types import Story, StoryGeneration, given


@strawberry.input
class CreateStoryInput:
    title: str
    content: str


@strawberry.input
class UpdateStoryInput:
    id: UUID
    title: str | None = strawberry.UNSET
    content: str | None = strawberry.UNSET


@strawberry.input
class InitiateStoryGenerationInput:
    story_id: UUID
    voice: strawberry.ID | None = strawberry.field(
        default=strawberry.UNSET, description="A Voice id; the server's default voice when left out."
    )
    idempotency_key: str | None = strawberry.field(
        default=strawberry.UNSET,
        description="Same key, same input: the same generation comes back, and nothing new starts.",
    )


@strawberry.type
class CreateStorySuccess:
    story: Story


@strawberry.type
class UpdateStorySuccess:
    story: Story


@strawberry.type
class DeleteStorySuccess:
    id: UUID


@strawberry.type
class InitiateStoryGenerationSuccess:
    generation: StoryGeneration


@strawberry.type
class CancelStoryGenerationSuccess:
    generation: StoryGeneration


@strawberry.type
class DeleteStoryGenerationSuccess:
    id: UUID


CreateStoryResult = Annotated[CreateStorySuccess | ValidationError, strawberry.union("CreateStoryResult")]
UpdateStoryResult = Annotated[
    UpdateStorySuccess | StoryNotFoundError | ValidationError, strawberry.union("UpdateStoryResult")
]
DeleteStoryResult = Annotated[
    DeleteStorySuccess | StoryNotFoundError | StoryInUseError, strawberry.union("DeleteStoryResult")
]
InitiateStoryGenerationResult = Annotated[
    InitiateStoryGenerationSuccess
    | StoryNotFoundError
    | RateLimitedError
    | IdempotencyConflictError
    | ValidationError,
    strawberry.union("InitiateStoryGenerationResult"),
]
CancelStoryGenerationResult = Annotated[
    CancelStoryGenerationSuccess | GenerationNotFoundError | GenerationFinishedError,
    strawberry.union("CancelStoryGenerationResult"),
]
DeleteStoryGenerationResult = Annotated[
    DeleteStoryGenerationSuccess | GenerationNotFoundError | GenerationInProgressError,
    strawberry.union("DeleteStoryGenerationResult"),
]


@strawberry.type
class Mutation:
    @strawberry.mutation
    async def create_story(self, info: Info, input: CreateStoryInput) -> CreateStoryResult:
        context = info.context
        try:
            row = await stories.create_story(context.services, context.me, input.title, input.content)
        except Refusal as refusal:
            return _refused(refusal)
        return CreateStorySuccess(story=Story.of(row))

    @strawberry.mutation
    async def update_story(self, info: Info, input: UpdateStoryInput) -> UpdateStoryResult:
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
    async def delete_story(self, info: Info, id: UUID) -> DeleteStoryResult:
        context = info.context
        try:
            await stories.delete_story(context.services, context.me, id)
        except Refusal as refusal:
            return _refused(refusal)
        return DeleteStorySuccess(id=id)

    @strawberry.mutation(description="Starts narrating a story. Returns at once with a PENDING generation.")
    async def initiate_story_generation(
        self, info: Info, input: InitiateStoryGenerationInput
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
    async def cancel_story_generation(self, info: Info, id: UUID) -> CancelStoryGenerationResult:
        context = info.context
        try:
            row = await generations.cancel_generation(context.services, context.me, id)
        except Refusal as refusal:
            return _refused(refusal)
        return CancelStoryGenerationSuccess(generation=StoryGeneration.of(row))

    @strawberry.mutation(description="Deletes a finished generation and its files.")
    async def delete_story_generation(self, info: Info, id: UUID) -> DeleteStoryGenerationResult:
        context = info.context
        try:
            await generations.delete_generation(context.services, context.me, id)
        except Refusal as refusal:
            return _refused(refusal)
        return DeleteStoryGenerationSuccess(id=id)


def _refused(refusal: Refusal) -> Any:
    """Any: which members a union has is checked by Strawberry, when it returns one."""
    return as_error(refusal)
