"""Everything a user can own, put into a database, and read back in full."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

import asyncpg
from uuid_utils.compat import uuid7

from core.results import result_key
from db.models import FINAL, Base, Status

TABLES = sorted(Base.metadata.tables)
TITLE = "A title nobody else should read"
CONTENT = "A content nobody else should hear."
DETAIL = "A detail nobody else should learn"

Dump = Mapping[str, list[tuple[object, ...]]]


@dataclass(frozen=True)
class Belongings:
    """A story, a generation of it in each status, an idempotency key used on the first, and a deletion."""

    user: UUID
    story: UUID
    generations: Mapping[Status, UUID]
    key: str
    deleted: UUID

    @property
    def files(self) -> list[str]:
        """The result keys of the generation that succeeded."""
        succeeded = self.generations[Status.SUCCEEDED]
        return [result_key(self.user, succeeded, 1, ".mp3"), result_key(self.user, succeeded, 1, ".vtt")]

    @property
    def secrets(self) -> list[str]:
        """What no answer to somebody else may hold."""
        ids = [self.user, self.story, self.deleted, *self.generations.values()]
        return [*(str(each) for each in ids), TITLE, CONTENT, DETAIL, *self.files]


async def plant(sql: asyncpg.Connection, user: UUID) -> Belongings:
    """Put them in by a connection that row security does not bind. No worker takes them for its own."""
    planted = Belongings(user, uuid7(), {status: uuid7() for status in Status}, f"key of {user}", uuid7())
    await sql.execute(
        "INSERT INTO stories (id, user_id, title, content) VALUES ($1, $2, $3, $4)",
        *(planted.story, user, TITLE, CONTENT),
    )
    for status, generation in planted.generations.items():
        audio, captions = planted.files if status is Status.SUCCEEDED else (None, None)
        await sql.execute(
            """INSERT INTO story_generations (id, user_id, story_id, text, voice, status, attempt, result_key,
                   captions_key, finished_at, lease_until, idempotency_key)
               VALUES ($1, $2, $3, $4, 'hibari', $5, 1, $6, $7, $8, now() + interval '1 hour', $9)""",
            *(generation, user, planted.story, CONTENT, status.value, audio, captions),
            datetime.now(UTC) if status in FINAL else None,
            planted.key if status is Status.PENDING else None,
        )
    entries = [(generation, user, "created") for generation in planted.generations.values()]
    await sql.executemany(
        "INSERT INTO generation_logs (generation_id, user_id, event, detail) VALUES ($1, $2, $3, $4)",
        [(*entry, DETAIL) for entry in [*entries, (planted.deleted, user, "deleted")]],
    )
    await sql.execute("INSERT INTO initiation_quotas VALUES ($1, 0.25, now())", user)
    return planted


async def dump(sql: asyncpg.Connection, user: UUID | None = None) -> Dump:
    """Every row of every table, or of one user's, read past row security."""
    return {
        table: [
            tuple(row)
            for row in await sql.fetch(
                f"SELECT * FROM {table} WHERE user_id = coalesce($1, user_id) ORDER BY 1", user
            )
        ]
        for table in TABLES
    }
