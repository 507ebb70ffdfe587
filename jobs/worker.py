"""One worker process: a Dramatiq worker with a single thread, and the sweeper beside it.

Database, Redis and sweeper live on the event loop that Dramatiq's AsyncIO middleware runs; speech runs
in a thread of its own.
"""

from __future__ import annotations

import asyncio
import logging
import signal
import threading
from collections.abc import Callable
from uuid import UUID

import dramatiq
from dramatiq.asyncio import EventLoopThread, get_event_loop_thread
from dramatiq.middleware import AsyncIO, TimeLimit

from core.settings import Settings
from db.roles import WORKER, refuse_wrong_role
from db.sessions import DATABASE_ERRORS, WorkerDatabase
from jobs.attempt import attempt
from jobs.bench import Bench
from jobs.doorbell import ACTOR, QUEUE
from jobs.sweeper import sweep_forever
from jobs.waiting import open_broker
from narration.engine import Engine
from narration.hibari import HibariEngine

# How often an idle worker looks up to see whether it is to stop.
LOOK_UP_MS = 500
# Dramatiq's limit is a last resort behind our own.
SPARE_SECONDS = 120
# Where Redis is away Dramatiq's threads wait for it; they are left behind then.
STOP_MS = 2_000
START_PATIENCE_SECONDS = 30

logger = logging.getLogger(__name__)


def work(settings: Settings, load_engine: Callable[[], Engine] = HibariEngine) -> None:
    """Narrate until SIGTERM or SIGINT; what is underway then ends within `drain_seconds`, or is handed back.

    Raises StartupError or SettingsError when this process cannot start.
    """
    asyncio.run(_check_role(settings))
    limit_ms = int((settings.attempt_timeout_seconds + SPARE_SECONDS) * 1000)
    broker = open_broker(settings.need("redis_url"), AsyncIO(), TimeLimit(time_limit=limit_ms))
    bench = Bench.open(settings, load_engine())
    desk = Desk(bench)
    dramatiq.actor(actor_name=ACTOR, queue_name=QUEUE, broker=broker)(desk.narrate)
    worker = dramatiq.Worker(broker, worker_threads=1, worker_timeout=LOOK_UP_MS)
    worker.queue_prefetch = 1

    leave = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: leave.set())
    worker.start()
    loop = _event_loop()
    sweeper = asyncio.run_coroutine_threadsafe(sweep_forever(bench), loop.loop)
    logger.info("Worker ready")
    leave.wait()
    sweeper.cancel()
    # Messages fetched from here on stay untouched, and go back to the queue for other workers.
    for thread in worker.workers:
        thread.stop()
    loop.run_coroutine(desk.clear())
    # All look up at the same time, then, and not one after the other.
    for consumer in worker.consumers.values():
        consumer.stop()
    for thread in worker.workers:
        thread.join(STOP_MS / 1000)
    loop.run_coroutine(bench.close())
    worker.stop(timeout=STOP_MS)


class Desk:
    """Where the one narration of this process happens. Lives on the event loop."""

    def __init__(self, bench: Bench) -> None:
        self._bench = bench
        self._leaving = False
        self._shutdown = threading.Event()
        self._idle = asyncio.Event()
        self._idle.set()

    async def narrate(self, generation_id: str) -> None:
        """The actor: what it cannot begin or end is the sweeper's to mend."""
        wanted = UUID(generation_id)
        if self._leaving:
            await self._bench.doorbell.ring(wanted)
            return
        self._idle.clear()
        try:
            await attempt(self._bench, wanted, self._shutdown)
        except DATABASE_ERRORS as error:
            logger.warning("Generation %s: left to the sweeper: %s", wanted, error)
        finally:
            self._idle.set()

    async def clear(self) -> None:
        """Let the narration underway end within `drain_seconds`, else hand it back."""
        self._leaving = True
        try:
            async with asyncio.timeout(self._bench.settings.drain_seconds):
                await self._idle.wait()
        except TimeoutError:
            self._shutdown.set()
            await self._idle.wait()


async def _check_role(settings: Settings) -> None:
    database = WorkerDatabase(settings.need("worker_database_url"))
    try:
        await _wait_for(database)
        await refuse_wrong_role(database.engine, WORKER)
    finally:
        await database.close()


async def _wait_for(database: WorkerDatabase) -> None:
    """Machines that start together start in any order. Returns after a while in any case."""
    waited, pause = 0.0, 0.1
    while waited < START_PATIENCE_SECONDS:
        try:
            async with database.engine.connect():
                return
        except DATABASE_ERRORS as error:
            logger.warning("The database is away; trying again in %.1f s: %s", pause, error)
        await asyncio.sleep(pause)
        waited += pause
        pause = min(2 * pause, 5)


def _event_loop() -> EventLoopThread:
    thread = get_event_loop_thread()
    if thread is None:
        raise RuntimeError("Dramatiq's AsyncIO middleware is not in place")
    return thread
