"""How often, and how many at once: limits that hold exactly over any number of API processes."""

from __future__ import annotations

import math

from sqlalchemy import text

from core.errors import RateLimited
from db.sessions import UserWrite

# While the oldest of a user's generations is worked on there is no telling when its place is free.
UNFINISHED_RETRY_SECONDS = 10

_AVAILABLE = """least(
    :capacity,
    quota.tokens + greatest(0, extract(epoch FROM clock_timestamp() - quota.refilled_at)) * :rate
)"""

# The row's lock also lets one initiation of a user run at a time, so that the count below is exact.
# clock_timestamp(), not now(): a transaction that waited for the lock began before the last refill.
_TAKE = text(f"""
INSERT INTO initiation_quotas AS quota (user_id, tokens, refilled_at)
VALUES (:user, :capacity - 1, clock_timestamp())
ON CONFLICT (user_id) DO UPDATE SET tokens = {_AVAILABLE} - 1, refilled_at = clock_timestamp()
WHERE {_AVAILABLE} >= 1
RETURNING tokens
""")  # noqa: S608 - both parts are constants of this module

_WAIT = text(f"""
SELECT (1 - {_AVAILABLE}) / :rate AS seconds FROM initiation_quotas AS quota WHERE user_id = :user
""")  # noqa: S608 - both parts are constants of this module

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


async def take_initiation(session: UserWrite, *, per_minute: int, unfinished: int) -> None:
    """Spend one of the user's `per_minute` initiations, and check there are fewer than `unfinished` underway.

    Raises RateLimited, with the seconds after which to try again; nothing is spent then.
    """
    bucket = {"user": session.user_id, "capacity": float(per_minute), "rate": per_minute / 60}
    if (await session.sql.execute(_TAKE, bucket)).one_or_none() is None:
        seconds = (await session.sql.execute(_WAIT, bucket)).scalar_one()
        wait = max(1, math.ceil(seconds))
        raise RateLimited(f"At most {per_minute} initiations a minute: try again in {wait} s", wait)
    underway = (await session.sql.execute(_UNFINISHED, {"user": session.user_id})).scalar_one()
    if underway >= unfinished:
        raise RateLimited(
            f"At most {unfinished} unfinished generations at once: wait for one to end, or cancel one",
            UNFINISHED_RETRY_SECONDS,
        )
