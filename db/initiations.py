"""Asking for a generation: the row that makes it so, and the key that makes asking twice harmless."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from uuid_utils.compat import uuid7

from core.errors import IdempotencyConflict, RateLimited, StoryNotFound
from db.calls import Function, UserCall
from db.models import GenerationRow
from db.quotas import Left, as_quota

_INITIATE = Function("initiate_generation", 9)
_WIDTH = len(GenerationRow._fields)

# While the oldest of a user's generations is worked on there is no telling when its place is free.
UNFINISHED_RETRY_SECONDS = 10


@dataclass(frozen=True)
class Wish:
    """What is asked for. `request_hash` tells whether a key comes back with the same."""

    story_id: UUID
    voice: str
    key: str | None
    request_hash: bytes


@dataclass(frozen=True)
class Limits:
    """So many initiations `per_minute`, and only while fewer than `unfinished` are underway."""

    per_minute: int
    unfinished: int


@dataclass(frozen=True)
class Initiated:
    """A generation that was asked for, and what is left of the user's initiations.

    `quota` is None where a key was answered, which spends nothing.
    """

    generation: GenerationRow
    quota: Left | None = None


async def initiate(call: UserCall, wish: Wish, limits: Limits, wake_after_seconds: float) -> Initiated:
    """A pending generation of the story as it is at this moment, or the one that the key already made.

    `wake_after_seconds`: when the sweeper may ring for it, should the first ring be lost.
    Whoever else asks with the same key waits until this is decided. Raises IdempotencyConflict, StoryNotFound
    and RateLimited, and nothing is spent then.
    """
    (row,) = await call.rows(
        _INITIATE,
        uuid7(),
        wish.story_id,
        wish.voice,
        wish.key,
        wish.request_hash,
        limits.per_minute,
        limits.unfinished,
        wake_after_seconds,
    )
    outcome, available = row[_WIDTH:]
    if outcome == "conflict":
        raise IdempotencyConflict
    if outcome == "no story":
        raise StoryNotFound
    if outcome == "too often":
        wait = as_quota(limits.per_minute, available).next_seconds
        raise RateLimited(f"At most {limits.per_minute} initiations a minute: try again in {wait} s", wait)
    if outcome == "too many":
        raise RateLimited(
            f"At most {limits.unfinished} unfinished generations at once: wait for one to end, or cancel one",
            UNFINISHED_RETRY_SECONDS,
        )
    quota = as_quota(limits.per_minute, available) if outcome == "made" else None
    return Initiated(GenerationRow._make(row[:_WIDTH]), quota)
