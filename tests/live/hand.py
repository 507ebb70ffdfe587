"""A worker's hand: what it does to generations, one step at a time."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from core.results import result_key
from db.claims import Change, Claim, claim, succeed, write_progress
from jobs.bench import Bench


@dataclass(frozen=True)
class Hand:
    """Each step is committed, then published, unless its message is to be `lost`."""

    bench: Bench

    async def claim(self, generation_id: str | UUID, *, lost: bool = False) -> Claim:
        async with self.bench.database.write() as session:
            taken = await claim(session, UUID(str(generation_id)), lease_seconds=600, max_attempts=5)
        assert taken is not None
        await self._tell(taken[1], lost=lost)
        return taken[0]

    async def progress(self, held: Claim, percent: int, *, lost: bool = False) -> None:
        async with self.bench.database.write() as session:
            change = await write_progress(session, held, percent)
        await self._tell(change, lost=lost)

    async def succeed(self, held: Claim, *, lost: bool = False) -> None:
        async with self.bench.database.write() as session:
            change = await succeed(
                session,
                held,
                result_key=result_key(held.user_id, held.id, held.attempt, ".mp3"),
                captions_key=result_key(held.user_id, held.id, held.attempt, ".vtt"),
                duration_seconds=1.0,
            )
        await self._tell(change, lost=lost)

    async def _tell(self, change: Change | None, *, lost: bool) -> None:
        assert change is not None
        if not lost:
            await self.bench.tell(change)
