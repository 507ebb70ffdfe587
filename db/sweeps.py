"""What the sweeper looks for: generations nobody works on, and rows that only stood for a while."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from uuid import UUID

from sqlalchemy import select, text

from core.codes import Failure
from db.claims import FREE, Change, change_of
from db.logs import Event, write_log
from db.models import Generation
from db.sessions import WorkerWrite

BATCH = 500
LONGEST_WAIT_SECONDS = 300

# Each ring waits as long again as the generation has waited so far, up to the longest wait.
_TO_RING = text(f"""
UPDATE story_generations
SET next_wake_at = now() + least(
    make_interval(secs => :longest),
    greatest(make_interval(secs => :shortest), now() - coalesce(lease_until, updated_at))
)
WHERE id IN (
    SELECT id FROM story_generations
    WHERE status IN ('pending', 'in_progress') AND next_wake_at < now()
      AND (status = 'pending' OR {FREE})
    ORDER BY next_wake_at LIMIT :batch FOR UPDATE SKIP LOCKED
)
RETURNING id
""")  # noqa: S608 - built of constants

_STOP_WAITING = text(f"""
UPDATE story_generations SET next_wake_at = updated_at
WHERE status IN ('pending', 'in_progress') AND next_wake_at > now() AND (status = 'pending' OR {FREE})
  AND coalesce(lease_until, updated_at) < now() - make_interval(secs => :waited)
""")  # noqa: S608 - built of constants

_EXHAUSTED = text("""
UPDATE story_generations
SET status = 'failed', revision = revision + 1, text = '', lease_until = NULL, next_wake_at = NULL,
    error_code = coalesce(error_code, :exhausted),
    error_message = coalesce(error_message, 'The narration was given up after ' || attempt || ' attempts'),
    finished_at = now(), updated_at = now()
WHERE id IN (
    SELECT id FROM story_generations
    WHERE status = 'in_progress' AND lease_until < now() AND attempt >= :max_attempts
    ORDER BY next_wake_at LIMIT :batch FOR UPDATE SKIP LOCKED
)
RETURNING id, user_id, status, progress, revision, attempt, error_code, error_message
""")

_FORGET = text("""
DELETE FROM generation_logs WHERE event = 'deleted' AND occurred_at < now() - interval '1 day'
""")


async def find_to_ring(
    session: WorkerWrite, *, shortest_wait_seconds: float, max_attempts: int
) -> Sequence[UUID]:
    """Generations overdue for a worker, each told once until its next wait is over."""
    found = await session.sql.execute(
        _TO_RING,
        {
            "shortest": shortest_wait_seconds,
            "longest": LONGEST_WAIT_SECONDS,
            "max_attempts": max_attempts,
            "batch": BATCH,
        },
    )
    return found.scalars().all()


async def stop_waiting(session: WorkerWrite, *, waited_seconds: float, max_attempts: int) -> None:
    """Make overdue what nobody works on and has waited for so long, however long its next wait was to be."""
    await session.sql.execute(_STOP_WAITING, {"waited": waited_seconds, "max_attempts": max_attempts})


async def fail_exhausted(session: WorkerWrite, *, max_attempts: int) -> Sequence[Change]:
    """End those whose last attempt's lease ran out, with the cause that was seen, if any was."""
    rows = (
        await session.sql.execute(
            _EXHAUSTED,
            {"max_attempts": max_attempts, "batch": BATCH, "exhausted": Failure.ATTEMPTS_EXHAUSTED.value},
        )
    ).all()
    for row in rows:
        await write_log(session, row.user_id, row.id, Event.FAILED, f"{row.error_code}: {row.error_message}")
    return [change_of(row) for row in rows]


async def forget_burials(session: WorkerWrite) -> None:
    """Drop the entries of generations deleted more than a day ago."""
    await session.sql.execute(_FORGET)


async def find_kept_keys(
    session: WorkerWrite, generation_ids: Collection[UUID]
) -> tuple[set[str], set[UUID]]:
    """Of these generations: the result files that rows name, and the ids that are still being worked on."""
    query = select(Generation.id, Generation.result_key, Generation.captions_key, Generation.status).where(
        Generation.id.in_(generation_ids)
    )
    keys: set[str] = set()
    working: set[UUID] = set()
    for row in await session.sql.execute(query):
        keys.update(key for key in (row.result_key, row.captions_key) if key)
        if row.status in {"pending", "in_progress"}:
            working.add(row.id)
    return keys, working
