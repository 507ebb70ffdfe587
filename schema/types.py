"""The types of the contract that are read: stories, generations and what belongs to them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime
from enum import Enum
from typing import Annotated
from uuid import UUID

import strawberry

import db.models as rows
import narration.voices
from core.codes import Failure
from core.errors import StoryNotFound
from db.generations import Window
from db.logs import Event
from resolvers.pages import Page
from schema.allowance import current_answer
from schema.context import Info


@strawberry.enum(description="Where a generation is in its life. SUCCEEDED and FAILED are final.")
class GenerationStatus(Enum):
    PENDING = strawberry.enum_value("pending", description="It waits for a worker.")
    IN_PROGRESS = strawberry.enum_value(
        "in_progress", description="A worker has begun, or will try again: it never goes back to PENDING."
    )
    SUCCEEDED = strawberry.enum_value(
        "succeeded", description="The audio and its timed text are there: resultUrl, captionsUrl."
    )
    FAILED = strawberry.enum_value("failed", description="It was canceled, or given up: error says why.")


_STATUSES: dict[str, GenerationStatus] = {str(status.value): status for status in GenerationStatus}

GenerationId = Annotated[UUID, strawberry.argument(description="The generation's id.")]
PageNumber = Annotated[
    int,
    strawberry.argument(
        description="From 1 to 1,000,000; anything else is an error with the code BAD_USER_INPUT. A page "
        "past the end is empty."
    ),
]
PageSize = Annotated[
    int,
    strawberry.argument(
        description="Items a page, from 1 to 100; anything else is an error with the code BAD_USER_INPUT."
    ),
]
StatusFilter = Annotated[
    GenerationStatus | None, strawberry.argument(description="Those in this status alone; null for all.")
]


def given(value: str | None) -> str | None:
    """An argument that may be left out, None where it is."""
    return None if value is strawberry.UNSET else value


def status_of(wanted: GenerationStatus | None) -> rows.Status | None:
    """The database's name for a status of the contract; None where none was given."""
    return rows.Status[wanted.name] if wanted else None


@strawberry.type(description="Whoever the request's token speaks for.")
class Viewer:
    id: UUID = strawberry.field(description="The token's `sub`.")


@strawberry.type(description="A voice that narrates.")
class Voice:
    id: strawberry.ID = strawberry.field(description="What initiateStoryGeneration takes as its voice.")
    name: str = strawberry.field(description="For people.")
    language: str = strawberry.field(
        description="What it speaks, as a BCP 47 tag (en-US); empty for a voice that is no longer on offer."
    )

    @classmethod
    def of(cls, voice: narration.voices.Voice) -> Voice:
        return cls(id=strawberry.ID(voice.id), name=voice.name, language=voice.language)

    @classmethod
    def named(cls, voice_id: str) -> Voice:
        """The voice of that id, which may have left the catalogue: what it narrated stays."""
        return _OFFERED.get(voice_id) or cls(id=strawberry.ID(voice_id), name=voice_id, language="")


_OFFERED = {voice.id: Voice.of(voice) for voice in narration.voices.VOICES}


@strawberry.type(description="Why a generation FAILED. What to do about each code is in docs/errors.md.")
class GenerationError:
    code: str = strawberry.field(description=", ".join(Failure))
    message: str = strawberry.field(description="For people.")


@strawberry.type(description="One thing that happened to a generation.")
class GenerationLogEntry:
    event: str = strawberry.field(
        description=f"{', '.join(event for event in Event if event is not Event.DELETED)}. There may be "
        "more of them one day."
    )
    detail: str | None = strawberry.field(
        description="For people: which attempt, what was skipped, which error. Null where there is no more "
        "to say."
    )
    occurred_at: datetime = strawberry.field(description="By the database's clock.")


@strawberry.type(description="Which part of a list a page is.")
class PageMeta:
    page: int = strawberry.field(description="The page's number, as it was asked for.")
    page_size: int = strawberry.field(description="Items a page, as it was asked for.")
    count: strawberry.Private[Callable[[], Awaitable[int]]]
    counted: strawberry.Private[int | None]

    @strawberry.field(description="Items on all pages together, counted only where this is asked for.")
    async def total(self) -> int:
        return await self.count() if self.counted is None else self.counted

    @classmethod
    def of(cls, page: Page, count: Callable[[], Awaitable[int]], counted: int | None = None) -> PageMeta:
        """`counted` is the total where that is known; else `count` is awaited where it is asked for."""
        return cls(page=page.number, page_size=page.size, count=count, counted=counted)


@strawberry.type(description="A text of yours that can be narrated.")
class Story:
    row: strawberry.Private[rows.Story]
    id: UUID = strawberry.field(description="A UUIDv7, made by the server when the story was created.")
    title: str = strawberry.field(description="1 to 200 characters.")
    created_at: datetime = strawberry.field(description="When it was created.")
    updated_at: datetime = strawberry.field(
        description="When its title or content was last written; at first, when it was created."
    )

    @strawberry.field(
        description="1 to 1,000,000 characters. One answer holds at most 5,000,000 characters of contents; "
        "more is an error with the code BAD_USER_INPUT."
    )
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

    @strawberry.field(description="Its generations, newest first, by page number.")
    async def generations(
        self,
        info: Info,
        page: PageNumber = 1,
        page_size: PageSize = 10,
        status: StatusFilter = strawberry.UNSET,
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


@strawberry.type(
    description="One narration of a story, from asking for it to its audio. It reads the story as it was "
    "when it was asked for, whatever becomes of that since."
)
class StoryGeneration:
    row: strawberry.Private[rows.AnyGeneration]
    id: UUID = strawberry.field(description="A UUIDv7, made by the server when it was asked for.")
    story_id: UUID = strawberry.field(description="The id of its story.")
    status: GenerationStatus = strawberry.field(description="Where it is in its life. Never goes back.")
    progress: int = strawberry.field(description="Percent done, 0 to 100. Never falls.")
    revision: int = strawberry.field(
        description="Rises with every change. Drop whatever is not newer than what you hold."
    )
    duration_seconds: float | None = strawberry.field(
        description="How long the audio is, in seconds. Null until SUCCEEDED."
    )
    attempts: int = strawberry.field(
        description="How often a worker has begun on it: again after a failure, a crash or a stop. 0 while "
        "PENDING."
    )
    created_at: datetime = strawberry.field(description="When it was asked for.")
    started_at: datetime | None = strawberry.field(
        description="When its first attempt began. Null where none has."
    )
    finished_at: datetime | None = strawberry.field(
        description="When it became SUCCEEDED or FAILED. Null until then."
    )

    @strawberry.field(description="Its story, as that is at present.")
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

    @strawberry.field(description="The voice that narrates it.")
    def voice(self) -> Voice:
        return Voice.named(self.row.voice)

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
    def of(cls, row: rows.AnyGeneration) -> StoryGeneration:
        return cls(
            row=row,
            id=row.id,
            story_id=row.story_id,
            status=_STATUSES[row.status],
            progress=row.progress,
            revision=row.revision,
            duration_seconds=row.duration_seconds,
            attempts=row.attempt,
            created_at=row.created_at,
            started_at=row.started_at,
            finished_at=row.finished_at,
        )


@strawberry.type(description="One page of stories.")
class StoryPage:
    items: list[Story] = strawberry.field(description="pageSize of them at most, newest first.")
    meta: PageMeta = strawberry.field(description="Which page this is, of how many items.")


@strawberry.type(description="One page of generations.")
class StoryGenerationPage:
    items: list[StoryGeneration] = strawberry.field(description="pageSize of them at most, newest first.")
    meta: PageMeta = strawberry.field(description="Which page this is, of how many items.")


@strawberry.type(description="A generation, and where it stands in the list.")
class StoryGenerationEdge:
    cursor: str = strawberry.field(description="Opaque; what `after` takes to go on behind this one.")
    node: StoryGeneration = strawberry.field(description="The generation.")


@strawberry.type(description="How a list goes on.")
class PageInfo:
    has_next_page: bool = strawberry.field(description="Whether there is more behind `endCursor`.")
    end_cursor: str | None = strawberry.field(
        description="The last edge's cursor; null where there are no edges."
    )
    has_previous_page: bool = strawberry.field(
        description="Whether there was something before `startCursor`: whether `after` was given."
    )
    start_cursor: str | None = strawberry.field(
        description="The first edge's cursor; null where there are no edges."
    )


@strawberry.type(description="A part of the list of generations, by cursor.")
class StoryGenerationConnection:
    edges: list[StoryGenerationEdge] = strawberry.field(description="`first` of them at most, newest first.")
    page_info: PageInfo = strawberry.field(description="How the list goes on.")
