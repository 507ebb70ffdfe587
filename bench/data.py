"""Rows to ask for, put in by COPY."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from bench.ground import Ground
from core.results import result_key
from narration.voices import DEFAULT_VOICE

# Everything made from it is the same in every run: ids, times, statuses.
SEED = 20261123
BEGAN = datetime(2026, 1, 1, tzinfo=UTC)
CONTENT = "It was a dark and stormy night. The rain fell in torrents, and nobody was about."

_STORY = ("id", "user_id", "title", "content")
_GENERATION = (
    *(
        "id",
        "user_id",
        "story_id",
        "text",
        "voice",
        "status",
        "progress",
        "revision",
        "attempt",
        "result_key",
    ),
    *("captions_key", "duration_seconds", "created_at", "started_at", "finished_at", "updated_at"),
)


@dataclass(frozen=True)
class User:
    """Whose rows: one story, and generations of it, newest first."""

    id: UUID
    story_id: UUID
    generation_ids: list[UUID]


async def fill(ground: Ground, users: int, each: int) -> list[User]:
    """`users` users with one story and `each` finished generations of it; statistics are up to date by then.

    The users' generations lie among each other, as they do where people come and go.
    """
    chance = random.Random(SEED)  # noqa: S311 - made-up rows, the same each time
    people = [(_uuid4(chance), _uuid7(chance, index)) for index in range(users)]
    ids: list[list[UUID]] = [[] for _ in people]

    def generations() -> Iterator[tuple[Any, ...]]:
        for number in range(users * each):
            owner = number % users
            made = _uuid7(chance, users + number)
            ids[owner].append(made)
            yield _generation(made, *people[owner], BEGAN + timedelta(seconds=users + number))

    async with ground.sql() as sql:
        stories = [(story, user, f"Story of {user}", CONTENT) for user, story in people]
        await sql.copy_records_to_table("stories", records=stories, columns=_STORY)
        await sql.copy_records_to_table("story_generations", records=generations(), columns=_GENERATION)
        await sql.execute("VACUUM (ANALYZE)")
    return [User(user, story, made[::-1]) for (user, story), made in zip(people, ids, strict=True)]


def _generation(made: UUID, user: UUID, story: UUID, at: datetime) -> tuple[Any, ...]:
    done = at + timedelta(seconds=2)
    return (
        *(made, user, story, "", DEFAULT_VOICE.id, "succeeded", 100, 4, 1, result_key(user, made, 1, ".mp3")),
        *(result_key(user, made, 1, ".vtt"), 4.25, at, at + timedelta(seconds=1), done, done),
    )


def _uuid4(chance: random.Random) -> UUID:
    return UUID(int=chance.getrandbits(128), version=4)


def _uuid7(chance: random.Random, seconds: int) -> UUID:
    """A UUIDv7 of that many seconds after BEGAN (RFC 9562, section 5.7)."""
    milliseconds = int((BEGAN + timedelta(seconds=seconds)).timestamp() * 1000)
    return UUID(
        int=milliseconds << 80 | 7 << 76 | chance.getrandbits(12) << 64 | 2 << 62 | chance.getrandbits(62)
    )
