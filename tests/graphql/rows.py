"""Rows in any number and state, put past the operations that would make them."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

import asyncpg
from uuid_utils.compat import uuid7


@dataclass(frozen=True)
class Rows:
    """All ids are those of a time order, and returned newest first, as lists are."""

    sql: asyncpg.Connection

    async def stories(self, user: UUID, number: int = 1, content: str = "Once.") -> list[str]:
        ids = _ids(number)
        await self.sql.execute(
            "INSERT INTO stories (id, user_id, title, content) SELECT unnest($1::uuid[]), $2, 'A story', $3",
            ids,
            user,
            content,
        )
        return _newest_first(ids)

    async def generations(
        self, user: UUID, story: str, number: int = 1, status: str = "succeeded", **columns: object
    ) -> list[str]:
        """Each with one entry in its log."""
        ids = _ids(number)
        names = "".join(f", {name}" for name in columns)
        values = "".join(f", ${place}" for place in range(5, 5 + len(columns)))
        await self.sql.execute(
            f"INSERT INTO story_generations (id, user_id, story_id, text, voice, status{names})"
            f" SELECT unnest($1::uuid[]), $2, $3, '', 'heart', $4{values}",
            ids,
            user,
            UUID(story),
            status,
            *columns.values(),
        )
        await self.sql.execute(
            "INSERT INTO generation_logs (generation_id, user_id, event)"
            " SELECT unnest($1::uuid[]), $2, 'created'",
            ids,
            user,
        )
        return _newest_first(ids)


def _ids(number: int) -> list[UUID]:
    return sorted(uuid7() for _ in range(number))


def _newest_first(ids: list[UUID]) -> list[str]:
    return [str(each) for each in reversed(ids)]
