"""The sweeper: rings again where a doorbell was not heard, ends what was tried too often, and collects
files that no row names. It runs in every worker; two at once do no harm.
"""

from __future__ import annotations

import asyncio
import logging
import random
import time
from collections import defaultdict
from datetime import timedelta
from uuid import UUID

from core.errors import StorageError
from core.wire import REDIS_ERRORS
from db.sessions import DATABASE_ERRORS
from db.sweeps import fail_exhausted, find_kept_keys, find_to_ring, forget_burials, stop_waiting
from jobs.bench import Bench

FILES_A_QUERY = 500

logger = logging.getLogger(__name__)


async def sweep_forever(bench: Bench) -> None:
    """Sweep every `sweep_seconds`; collect orphaned files a few times in their grace period."""
    collect_every = bench.settings.orphan_seconds / 4
    next_collection = 0.0
    while True:
        try:
            await sweep(bench)
            if time.monotonic() >= next_collection:
                next_collection = time.monotonic() + collect_every
                await collect_orphans(bench)
        except (*DATABASE_ERRORS, StorageError) as error:
            logger.warning("Sweep put off: %s", error)
        except Exception:
            logger.exception("Sweep failed")
        # Not in step with the other workers.
        await asyncio.sleep(bench.settings.sweep_seconds * random.uniform(0.8, 1.0))  # noqa: S311 - no secret


async def sweep(bench: Bench) -> None:
    """One look at the generations."""
    await _end_exhausted(bench)
    await _ring_overdue(bench)


async def _end_exhausted(bench: Bench) -> None:
    async with bench.database.write() as session:
        exhausted = await fail_exhausted(session, max_attempts=bench.settings.max_attempts)
    for change in exhausted:
        await bench.tell(change)


async def _ring_overdue(bench: Bench) -> None:
    """Nothing while Redis is away: what is not rung for stays overdue."""
    settings = bench.settings
    try:
        is_silent = await bench.doorbell.is_silent(settings.sweep_seconds)
    except REDIS_ERRORS as error:
        logger.warning("Rings put off: %r", error)
        return
    if is_silent:
        async with bench.database.write() as session:
            await stop_waiting(
                session, waited_seconds=settings.sweep_seconds, max_attempts=settings.max_attempts
            )
    async with bench.database.write() as session:
        overdue = await find_to_ring(
            session, shortest_wait_seconds=settings.sweep_seconds, max_attempts=settings.max_attempts
        )
    for generation_id in overdue:
        await bench.doorbell.ring(generation_id)


async def collect_orphans(bench: Bench) -> None:
    """Remove result files older than the grace period that no row names, and forget old deletions."""
    async with bench.database.write() as session:
        await forget_burials(session)
    batch: dict[UUID, list[str]] = defaultdict(list)
    async for file in bench.storage.stored(older_than=timedelta(seconds=bench.settings.orphan_seconds)):
        batch[file.generation_id].append(file.key)
        if len(batch) >= FILES_A_QUERY:
            await _collect(bench, batch)
            batch.clear()
    await _collect(bench, batch)


async def _collect(bench: Bench, files: dict[UUID, list[str]]) -> None:
    if not files:
        return
    async with bench.database.write() as session:
        kept, working = await find_kept_keys(session, list(files))
    orphans = [
        key
        for generation_id, keys in files.items()
        if generation_id not in working
        for key in keys
        if key not in kept
    ]
    if orphans:
        await bench.storage.delete(orphans)
        logger.info("Removed %d files that no generation names", len(orphans))
