"""One attempt at a generation: claim, narrate, store, end. Safe to run twice, at once too.

Whatever happens, the row ends in one of four ways: succeeded, failed, left for a later attempt, or
in other hands. Should this process die, or the database be away for longer than the writes below wait,
the lease runs out and the sweeper rings.
"""

from __future__ import annotations

import asyncio
import logging
import tempfile
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from typing import BinaryIO, TypeVar
from uuid import UUID

from core.codes import Failure
from core.errors import NothingToNarrate, StorageError, StorycastError
from core.results import result_key
from db.claims import Change, Claim, claim, fail, find_success, hand_back, retry_later, succeed
from db.sessions import DATABASE_ERRORS, WorkerWrite
from jobs.bench import Bench
from jobs.upkeep import Gauge, upkeep
from narration.narrate import Narration, Stopped, narrate

LONGEST_RETRY_SECONDS = 300
# How long a result that is ready waits for a database that is away.
PATIENCE_SECONDS = 60

logger = logging.getLogger(__name__)

T = TypeVar("T")


class _TimedOut(StorycastError):
    """The narration took longer than an attempt may."""


async def attempt(bench: Bench, generation_id: UUID, shutdown: threading.Event) -> None:
    """Take the generation if it is free, and see it through. `shutdown` hands it back.

    Raises one of DATABASE_ERRORS where the database stays away: the sweeper rings when the lease is over.
    """
    settings = bench.settings
    async with bench.database.write() as session:
        taken = await claim(
            session, generation_id, lease_seconds=settings.lease_seconds, max_attempts=settings.max_attempts
        )
    if taken is None:
        return
    held, change = taken
    await bench.tell(change)
    stop = threading.Event()
    try:
        await _narrate_held(bench, held, stop, shutdown)
    except Stopped:
        if shutdown.is_set():
            await _write(bench, lambda session: hand_back(session, held))
            await bench.doorbell.ring(held.id)
        else:
            logger.info("Generation %s: attempt %d stopped: canceled or taken over", held.id, held.attempt)
    except NothingToNarrate as nothing:
        message, skipped = str(nothing), nothing.skipped
        await _end(
            bench, lambda session: fail(session, held, Failure.NOTHING_TO_NARRATE, message, skipped=skipped)
        )
    except _TimedOut:
        message = f"The narration took longer than {settings.attempt_timeout_seconds:g} seconds"
        await _end(bench, lambda session: fail(session, held, Failure.TIMED_OUT, message))
    except StorageError as error:
        logger.warning("Generation %s: %s", held.id, error)
        await _fail_or_retry(bench, held, Failure.STORAGE_FAILED, "The result could not be stored")
    except DATABASE_ERRORS:
        # Nothing is wrong with the narration, and nothing can be written down: the lease runs out.
        raise
    except Exception:
        logger.exception("Generation %s: attempt %d failed", held.id, held.attempt)
        await _fail_or_retry(bench, held, Failure.NARRATION_FAILED, "The story could not be narrated")


async def _narrate_held(bench: Bench, held: Claim, stop: threading.Event, shutdown: threading.Event) -> None:
    gauge = Gauge()
    with _scratch(bench) as audio, _scratch(bench) as captions:
        async with upkeep(bench, held, gauge, stop):
            speech = partial(narrate, held.text, bench.engine, audio, captions, report=gauge.set)
            narration = await _speak(bench, speech, _Either(stop, shutdown))
            keys = (
                result_key(held.user_id, held.id, held.attempt, ".mp3"),
                result_key(held.user_id, held.id, held.attempt, ".vtt"),
            )
            await bench.storage.put(keys[0], audio)
            await bench.storage.put(keys[1], captions)
            change = await _write(bench, lambda session: _succeed(session, held, keys, narration))
    if change is None:
        await bench.storage.delete(keys)
        raise Stopped
    await bench.tell(change)


async def _speak(bench: Bench, speech: Callable[..., Narration], stop: _Either) -> Narration:
    """Run the speech in a thread, within the time an attempt has. The thread is over when this is."""
    thread = asyncio.create_task(asyncio.to_thread(speech, stopped=stop))
    try:
        async with asyncio.timeout(bench.settings.attempt_timeout_seconds):
            return await asyncio.shield(thread)
    except (TimeoutError, asyncio.CancelledError) as error:
        stop.set()
        await asyncio.gather(thread, return_exceptions=True)
        if isinstance(error, TimeoutError):
            raise _TimedOut from None
        raise


class _Either:
    """Set when either of two events is: this attempt's end, or this process's."""

    def __init__(self, mine: threading.Event, shutdown: threading.Event) -> None:
        self._mine, self._shutdown = mine, shutdown

    def set(self) -> None:
        self._mine.set()

    def is_set(self) -> bool:
        return self._mine.is_set() or self._shutdown.is_set()


@contextmanager
def _scratch(bench: Bench) -> Iterator[BinaryIO]:
    """A file without a name: a process that dies leaves nothing behind."""
    try:
        file = tempfile.TemporaryFile(dir=bench.settings.scratch_directory)  # noqa: SIM115 - closed below
    except OSError as error:
        raise StorageError(f"No scratch file: {error}") from error
    try:
        yield file
    finally:
        # On a full disk the last write fails again here, in the place of the error that tells.
        with suppress(OSError):
            file.close()


async def _succeed(
    session: WorkerWrite, held: Claim, keys: tuple[str, str], narration: Narration
) -> Change | None:
    change = await succeed(
        session,
        held,
        result_key=keys[0],
        captions_key=keys[1],
        duration_seconds=narration.duration_seconds,
        skipped=narration.skipped_lines,
    )
    # An earlier try of this write may have been committed, and its answer lost.
    return change or await find_success(session, held)


async def _fail_or_retry(bench: Bench, held: Claim, code: Failure, message: str) -> None:
    if held.attempt >= bench.settings.max_attempts:
        await _end(bench, lambda session: fail(session, held, code, message))
        return
    delay = min(bench.settings.lease_seconds * 2 ** (held.attempt - 1), LONGEST_RETRY_SECONDS)
    await _end(bench, lambda session: retry_later(session, held, code, message, delay_seconds=delay))


async def _end(bench: Bench, write: Callable[[WorkerWrite], Awaitable[Change | None]]) -> None:
    change = await _write(bench, write)
    if change:
        await bench.tell(change)


async def _write(bench: Bench, write: Callable[[WorkerWrite], Awaitable[T]]) -> T:
    """Run the write in a transaction, again where the database is away: the fence makes that safe."""
    waited = 0.0
    pause = 0.1
    while True:
        try:
            async with bench.database.write() as session:
                return await write(session)
        except DATABASE_ERRORS:
            if waited >= PATIENCE_SECONDS:
                raise
            logger.warning("The database is away; trying again in %.1f s", pause)
        await asyncio.sleep(pause)
        waited += pause
        pause = min(2 * pause, 5)
