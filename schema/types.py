"""The types of the contract that are read: stories, generations and what belongs to them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime
from enum import Enum
from uuid import UUID

import strawberry

import db.models as rows
import narration.voices
from core.errors import StoryNotFound
from db.generations import Window
from resolvers.pages import Page
from schema.allowance import current_answer
from schema.context import Info


@strawberry.enum(description="Where a generation is in its life. SUCCEEDED and FAILED are final.")
class GenerationStatus(Enum):
    PENDING = "pending"
    IN_PROGRESS = "in_progress"
    SUCCEEDED = "succeeded"
    FAILED = "failed"


def given(value: str | None) -> str | None:
    """An argument that may be left out, None where it is."""
    return None if value is strawberry.UNSET else value


def status_of(wanted: GenerationStatus | None) -> rows.Status | None:
    """The database's name for a status of the contract; None where none was given."""
    return rows.Status(wanted.value) if wanted else None


@strawberry.type
class Viewer:
    id: UUID


@strawberry.type
class Voice:
    id: strawberry.ID
    name: str
    language: str

    @classmethod
    def of(cls, voice: narration.voices.Voice) -> Voice:
        return cls(id=strawberry.ID(voice.id), name=voice.name, language=voice.language)


@strawberry.type
class GenerationError:
    code: str = strawberry.field(
        description="CANCELED, NOTHING_TO_NARRATE, NARRATION_FAILED, STORAGE_FAILED, TIMED_OUT, "
        "ATTEMPTS_EXHAUSTED"
    )
    message: str


@strawberry.type
class GenerationLogEntry:
    event: str
    detail: str | None
    occurred_at: datetime


@strawberry.type
class PageMeta:
    page: int
    page_size: int
    count: strawberry.Private[Callable[[], Awaitable[int]]]

    @strawberry.field
    async def total(self) -> int:
        return await self.count()

    @classmethod
    def of(cls, page: Page, count: Callable[[], Awaitable[int]]) -> PageMeta:
        """`count` is awaited only where the total is asked for."""
        return cls(page=page.number, page_size=page.size, count=count)


@strawberry.type
class Story:
    row: strawberry.Private[rows.Story]
    id: UUID
    title: str
    created_at: datetime
    updated_at: datetime

    @strawberry.field
    async def content(self, info: Info) -> str:
        answer = current_answer()
        await answer.begin(info.context.turns)
        content = self.row.__dict__.get("content")
        if content is None:
            content = await info.context.contents.load(self.id)
        if content is None:
            # The story went since the rest of it was read.
            raise StoryNotFound
        answer.spend(content)
        return content

    @strawberry.field
    async def generations(
        self,
        info: Info,
        page: int = 1,
        page_size: int = 10,
        status: GenerationStatus | None = strawberry.UNSET,
    ) -> StoryGenerationPage:
        context, wanted, numbered = info.context, status_of(status), Page(page, page_size)
        listed = await context.generations.load((self.id, Window(numbered.size, numbered.offset, wanted)))
        return StoryGenerationPage(
            items=[StoryGeneration.of(row) for row in listed],
            meta=PageMeta.of(numbered, lambda: context.generation_counts.load((self.id, wanted))),
        )

    @classmethod
    def of(cls, row: rows.Story) -> Story:
        return cls(row=row, id=row.id, title=row.title, created_at=row.created_at, updated_at=row.updated_at)


@strawberry.type
class StoryGeneration:
    row: strawberry.Private[rows.Generation]
    id: UUID
    story_id: UUID
    status: GenerationStatus
    progress: int = strawberry.field(description="Percent done, 0 to 100. Never falls.")
    revision: int = strawberry.field(
        description="Rises with every change. Drop whatever is not newer than what you hold."
    )
    duration_seconds: float | None
    attempts: int
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None

    @strawberry.field
    async def story(self, info: Info) -> Story:
        found = await info.context.stories.load(self.story_id)
        if found is None:
            # It went, and the generation with it, since that was read.
            raise StoryNotFound
        return Story.of(found)

    @strawberry.field(
        description="Where to GET the audio, without further credentials, until the link expires. "
        "Null until SUCCEEDED."
    )
    def result_url(self, info: Info) -> str | None:
        key = self.row.result_key
        return info.context.services.links.url(key) if key else None

    @strawberry.field(
        description="Timed text (WebVTT) of the narration, one cue a sentence. Null until SUCCEEDED."
    )
    def captions_url(self, info: Info) -> str | None:
        key = self.row.captions_key
        return info.context.services.links.url(key) if key else None

    @strawberry.field
    def voice(self) -> Voice:
        known = narration.voices.find_voice(self.row.voice)
        # A voice may leave the catalogue; what it narrated stays.
        return (
            Voice.of(known)
            if known
            else Voice(id=strawberry.ID(self.row.voice), name=self.row.voice, language="")
        )

    @strawberry.field(description="Why it FAILED; null otherwise.")
    def error(self) -> GenerationError | None:
        if self.status is not GenerationStatus.FAILED:
            return None
        return GenerationError(code=self.row.error_code or "", message=self.row.error_message or "")

    @strawberry.field(description="What happened, oldest first.")
    async def log(self, info: Info) -> list[GenerationLogEntry]:
        return [
            GenerationLogEntry(event=entry.event, detail=entry.detail, occurred_at=entry.occurred_at)
            for entry in await info.context.logs.load(self.id)
        ]

    @classmethod
    def of(cls, row: rows.Generation) -> StoryGeneration:
        return cls(
            row=row,
            id=row.id,
            story_id=row.story_id,
            status=GenerationStatus(row.status),
            progress=row.progress,
            revision=row.revision,
            duration_seconds=row.duration_seconds,
            attempts=row.attempt,
            created_at=row.created_at,
            started_at=row.started_at,
            finished_at=row.finished_at,
        )


@strawberry.type
class StoryPage:
    items: list[Story]
    meta: PageMeta


@strawberry.type
class StoryGenerationPage:
    items: list[StoryGeneration]
    meta: PageMeta


@strawberry.type
class StoryGenerationEdge:
    cursor: str
    node: StoryGeneration


@strawberry.type
class PageInfo:
    has_next_page: bool
    end_cursor: str | None


@strawberry.type
class StoryGenerationConnection:
    edges: list[StoryGenerationEdge]
    page_info: PageInfo
