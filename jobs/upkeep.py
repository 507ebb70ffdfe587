"""What goes on beside a narration: its lease is renewed, its progress told.

Either may find that the attempt is fenced out (canceled, or taken by another worker); the narration is
then asked to stop.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from db.claims import Claim, renew, write_progress
from db.sessions import DATABASE_ERRORS
from jobs.bench import Bench

# At most five changes a second a generation are told. The shortest life that has progress at all fits in
# one: created, claimed, a step, done, deleted.
PROGRESS_SECONDS = 0.5
# The last percent is the stored result.
MOST_WHILE_WORKING = 99
# A renewal that fails has two more chances before the lease is over.
RENEWALS_A_LEASE = 3
# A renewal is also how a cancellation is noticed, where a long story's progress seldom moves.
LONGEST_PAUSE_SECONDS = 1.0

logger = logging.getLogger(__name__)


class Gauge:
    """How far a narration is, set by its thread and read by the event loop."""

    def __init__(self) -> None:
        self._share = 0.0

    def set(self, share: float) -> None:
        """`share`: 0 to 1, of the text."""
        self._share = share

    @property
    def percent(self) -> int:
        return min(MOST_WHILE_WORKING, int(self._share * 100))


@asynccontextmanager
async def upkeep(bench: Bench, held: Claim, gauge: Gauge, stop: threading.Event) -> AsyncIterator[None]:
    """Keep the lease and tell progress while the block runs; sets `stop` once the attempt is fenced out."""
    tasks = [
        asyncio.create_task(_keep_lease(bench, held, stop)),
        asyncio.create_task(_tell_progress(bench, held, gauge, stop)),
    ]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _keep_lease(bench: Bench, held: Claim, stop: threading.Event) -> None:
    lease_seconds = bench.settings.lease_seconds
    while not stop.is_set():
        await asyncio.sleep(min(lease_seconds / RENEWALS_A_LEASE, LONGEST_PAUSE_SECONDS))
        try:
            async with bench.database.write() as session:
                if not await renew(session, held, lease_seconds=lease_seconds):
                    stop.set()
        except DATABASE_ERRORS as error:
            logger.warning("Generation %s: lease not renewed: %s", held.id, error)


async def _tell_progress(bench: Bench, held: Claim, gauge: Gauge, stop: threading.Event) -> None:
    told = held.progress
    while not stop.is_set():
        await asyncio.sleep(PROGRESS_SECONDS)
        percent = gauge.percent
        if percent <= told:
            continue
        try:
            async with bench.database.write() as session:
                change = await write_progress(session, held, percent)
        except DATABASE_ERRORS as error:
            logger.warning("Generation %s: progress not written: %s", held.id, error)
            continue
        if change is None:
            stop.set()
            return
        told = percent
        await bench.tell(change)
