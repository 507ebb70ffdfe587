"""Claims as a worker makes them, one by one."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from db.claims import Change, Claim, claim
from db.sessions import WorkerDatabase

LEASE = timedelta(minutes=1)


async def take(database: WorkerDatabase, generation_id: UUID) -> tuple[Claim, Change] | None:
    async with database.write() as session:
        return await claim(session, generation_id, lease_seconds=LEASE.total_seconds(), max_attempts=5)


async def take_free(database: WorkerDatabase, generation_id: UUID) -> Claim:
    """A claim that must be had."""
    taken = await take(database, generation_id)
    assert taken is not None
    return taken[0]
