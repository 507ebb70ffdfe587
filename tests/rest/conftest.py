from __future__ import annotations

from collections.abc import Awaitable, Callable
from uuid import UUID

import asyncpg
import pytest
from uuid_utils.compat import uuid7

from tests.callers import Api

PutGeneration = Callable[..., Awaitable[str]]


@pytest.fixture
async def story(api: Api, alice: UUID) -> str:
    """The id of a story of Alice's."""
    return await api.add_story(alice)


@pytest.fixture
def put_generation(sql: asyncpg.Connection, story: str, alice: UUID) -> PutGeneration:
    """Writes a generation of Alice's, in whatever state, past the API; returns its id."""

    async def put(status: str = "pending", *, progress: int = 0, result_key: str | None = None) -> str:
        generation_id = uuid7()
        await sql.execute(
            "INSERT INTO story_generations (id, user_id, story_id, text, voice, status, progress, result_key)"
            " VALUES ($1, $2, $3, '', 'hibari', $4, $5, $6)",
            generation_id,
            alice,
            UUID(story),
            status,
            progress,
            result_key,
        )
        return str(generation_id)

    return put
