"""How often, and how many at once: limits that hold exactly over any number of API processes."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from sqlalchemy import text

from db.sessions import UserRead, UserWrite

_AVAILABLE = "available_initiations(quota.tokens, quota.refilled_at, :per_minute)"

_READ = text(f"""
SELECT {_AVAILABLE} AS available FROM initiation_quotas AS quota WHERE quota.user_id = :user
""")  # noqa: S608 - a constant of this module

_ENROLL = text("""
INSERT INTO initiation_quotas (user_id, tokens, refilled_at)
VALUES (:user, 'infinity', clock_timestamp())
ON CONFLICT (user_id) DO NOTHING
RETURNING user_id
""")


async def enroll(session: UserWrite) -> bool:
    """Give the user a full bucket; False where there is one, and the user has been here before."""
    return (await session.sql.execute(_ENROLL, {"user": session.user_id})).one_or_none() is not None


@dataclass(frozen=True)
class Left:
    """What is left of a user's initiations: so many `remaining`, and one more in `next_seconds`, which is 0
    while all are there.
    """

    remaining: int
    next_seconds: int = 0


def as_quota(per_minute: int, available: float | None) -> Left:
    """`available`: what is in the bucket; nothing has been taken of it yet where that is None."""
    if available is None or available >= per_minute:
        return Left(per_minute)
    remaining = max(0, math.floor(available))
    missing = remaining + 1 - available
    return Left(remaining, max(1, math.ceil(missing * 60 / per_minute)))


def _bucket(session: UserRead, per_minute: int) -> dict[str, Any]:
    return {"user": session.user_id, "per_minute": per_minute}


async def read_quota(session: UserRead, per_minute: int) -> Left:
    found = await session.sql.execute(_READ, _bucket(session, per_minute))
    return as_quota(per_minute, found.scalar_one_or_none())
