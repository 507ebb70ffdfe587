"""How often, and how many at once: limits that hold exactly over any number of API processes."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from sqlalchemy import text

from core.errors import RateLimited
from db.sessions import UserRead, UserWrite

# While the oldest of a user's generations is worked on there is no telling when its place is free.
UNFINISHED_RETRY_SECONDS = 10

_AVAILABLE = "available_initiations(quota.tokens, quota.refilled_at, :per_minute)"

# The row's lock also lets one initiation of a user run at a time, so that the count below is exact.
# clock_timestamp(), not now(): a transaction that waited for the lock began before the last refill.
_TAKE = text(f"""
INSERT INTO initiation_quotas AS quota (user_id, tokens, refilled_at)
VALUES (:user, :per_minute - 1, clock_timestamp())
ON CONFLICT (user_id) DO UPDATE SET tokens = {_AVAILABLE} - 1, refilled_at = clock_timestamp()
WHERE {_AVAILABLE} >= 1
RETURNING tokens
""")  # noqa: S608 - both parts are constants of this module

_READ = text(f"""
SELECT {_AVAILABLE} AS available FROM initiation_quotas AS quota WHERE quota.user_id = :user
""")  # noqa: S608 - a constant of this module

_UNFINISHED = text("""
SELECT count(*) FROM story_generations WHERE user_id = :user AND status IN ('pending', 'in_progress')
""")


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


async def take_initiation(session: UserWrite, *, per_minute: int, unfinished: int) -> Left:
    """Spend one of the user's `per_minute` initiations, and check there are fewer than `unfinished` underway.

    What is left then. Raises RateLimited, with the seconds after which to try again; nothing is spent then.
    """
    tokens = (await session.sql.execute(_TAKE, _bucket(session, per_minute))).scalar_one_or_none()
    if tokens is None:
        quota = await read_quota(session, per_minute)
        # One may have come since.
        wait = 1 if quota.remaining else quota.next_seconds
        raise RateLimited(f"At most {per_minute} initiations a minute: try again in {wait} s", wait)
    underway = (await session.sql.execute(_UNFINISHED, {"user": session.user_id})).scalar_one()
    if underway >= unfinished:
        raise RateLimited(
            f"At most {unfinished} unfinished generations at once: wait for one to end, or cancel one",
            UNFINISHED_RETRY_SECONDS,
        )
    return as_quota(per_minute, tokens)
