"""What can be done with generations."""

from __future__ import annotations

import asyncio
import hashlib
import logging
from collections.abc import Awaitable, Sequence
from dataclasses import dataclass
from uuid import UUID

import db.generations as rows
from core.errors import (
    GenerationFinished,
    GenerationInProgress,
    GenerationNotFound,
    StorageError,
)
from core.events import ChangeKind, GenerationChange
from db import reads
from db.generations import Window
from db.initiations import Initiated, Limits, Wish, initiate
from db.models import AnyGeneration, Generation, GenerationRow, Status
from db.quotas import Left, read_quota
from db.reads import Listing
from resolvers.inputs import check_initiation
from resolvers.pages import Page, Slice
from resolvers.services import Services

logger = logging.getLogger(__name__)


async def initiate_generation(
    services: Services,
    me: UUID,
    story_id: UUID,
    *,
    voice: str | None = None,
    idempotency_key: str | None = None,
) -> GenerationRow:
    """Start narrating a story: the generation is pending, and on its way to a worker.

    A key already used answers with the generation it made, as it is by now, before any limit.
    Raises Invalid, StoryNotFound, RateLimited; IdempotencyConflict for a used key with another request.
    """
    initiated = await initiate_with_quota(
        services, me, story_id, voice=voice, idempotency_key=idempotency_key
    )
    return initiated.generation


async def initiate_with_quota(
    services: Services,
    me: UUID,
    story_id: UUID,
    *,
    voice: str | None = None,
    idempotency_key: str | None = None,
) -> Initiated:
    """`initiate_generation`, for those who tell the user what is left besides."""
    narrator = check_initiation(voice, idempotency_key)
    request_hash = hashlib.sha256(f"{story_id} {voice or ''}".encode()).digest()
    settings = services.settings
    initiated = await initiate(
        services.database.call(me),
        Wish(story_id, narrator, idempotency_key, request_hash),
        Limits(settings.initiations_per_minute, settings.unfinished_generations),
        wake_after_seconds=settings.sweep_seconds,
    )
    if initiated.quota is not None:
        generation = initiated.generation
        # Both are on their way before either is awaited.
        rung = services.doorbell.ring(generation.id)
        await tell(services, me, ChangeKind.CREATED, [generation])
        await rung
    return initiated


def find_generation(services: Services, me: UUID, generation_id: UUID) -> Awaitable[GenerationRow | None]:
    return reads.read_generation(services.database.call(me), generation_id)


def read_listing(
    services: Services,
    me: UUID,
    page: Page,
    status: Status | None,
    *,
    rows: bool = True,
    total: bool = True,
) -> Awaitable[Listing]:
    """A page, its rows and the total, whichever is asked, in one round trip."""
    window = Window(page.size if rows else 0, page.offset, status)
    return reads.read_listing(services.database.call(me), window, is_counted=total)


async def list_generations(
    services: Services, me: UUID, page: Page, status: Status | None
) -> Sequence[GenerationRow]:
    return (await read_listing(services, me, page, status, total=False)).rows


async def count_generations(services: Services, me: UUID, status: Status | None) -> int:
    return (await read_listing(services, me, Page(1, 1), status, rows=False)).total or 0


async def find_with_quota(
    services: Services, me: UUID, generation_id: UUID
) -> tuple[GenerationRow | None, Left]:
    """A generation, and what is left of the user's initiations."""
    per_minute = services.settings.initiations_per_minute
    return await reads.read_with_quota(services.database.call(me), generation_id, per_minute)


async def read_page(services: Services, me: UUID, page: Page, status: Status | None) -> Listing:
    """A page, the total, and what is left of the user's initiations."""
    window, per_minute = Window(page.size, page.offset, status), services.settings.initiations_per_minute
    call = services.database.call(me)
    return await reads.read_listing(call, window, is_counted=True, per_minute=per_minute)


async def find_quota(services: Services, me: UUID) -> Left:
    async with services.database.read(me) as session:
        return await read_quota(session, services.settings.initiations_per_minute)


@dataclass(frozen=True)
class GenerationSlice:
    """Some rows, and whether there are more after them."""

    rows: Sequence[GenerationRow]
    has_more: bool


async def slice_generations(
    services: Services, me: UUID, part: Slice, status: Status | None
) -> GenerationSlice:
    found = await reads.read_before(services.database.call(me), part.after, part.first + 1, status)
    return GenerationSlice(found[: part.first], len(found) > part.first)


async def cancel_generation(services: Services, me: UUID, generation_id: UUID) -> Generation:
    """End an unfinished generation; its worker stops at its next write.

    Raises GenerationNotFound, GenerationFinished.
    """
    async with services.database.write(me) as session:
        canceled = await rows.cancel_generation(session, generation_id)
        if canceled is None:
            found = await rows.find_generation(session, generation_id)
            raise GenerationFinished if found else GenerationNotFound
    await tell(services, me, ChangeKind.UPDATED, [canceled])
    return canceled


async def delete_generation(services: Services, me: UUID, generation_id: UUID) -> None:
    """Delete a finished generation and its files.

    Raises GenerationNotFound; GenerationInProgress while it is unfinished.
    """
    async with services.database.write(me) as session:
        removed = await rows.remove_generation(session, generation_id)
        if removed is None:
            found = await rows.find_generation(session, generation_id)
            raise GenerationInProgress if found else GenerationNotFound
    await clear_away(services, me, [removed])


async def clear_away(services: Services, me: UUID, removed: Sequence[Generation]) -> None:
    """What follows the deletion of rows: their files go, and subscribers are told."""
    keys = [key for row in removed for key in (row.result_key, row.captions_key) if key]
    if keys:
        try:
            await services.storage.delete(keys)
        except StorageError as error:
            logger.warning("Files of deleted generations of %s stay until the next sweep: %s", me, error)
    await tell(services, me, ChangeKind.DELETED, removed)


def tell(
    services: Services, me: UUID, kind: ChangeKind, changed: Sequence[AnyGeneration]
) -> asyncio.Future[None]:
    """Publish committed changes. A deletion counts as one more revision of what was deleted."""
    later = int(kind is ChangeKind.DELETED)
    changes = [
        GenerationChange(row.id, kind, row.revision + later, row.status, row.progress) for row in changed
    ]
    return services.publisher.publish(me, *changes)
