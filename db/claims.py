"""A worker's hold on a generation: the claim, the lease, and writes that a stale attempt cannot make.

`attempt` is the fencing token. Every write names it and the status; where no row comes back, somebody
else holds the generation or it has ended, and the worker must stop at once. Only the database's clock
decides leases.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import Row, TextClause, text

from db.logs import Event, write_log
from db.models import Status
from db.sessions import WorkerWrite


@dataclass(frozen=True)
class Claim:
    """What one attempt works on."""

    id: UUID
    user_id: UUID
    attempt: int
    progress: int
    text: str
    voice: str


@dataclass(frozen=True)
class Change:
    """A generation's state after a write: what is published about it."""

    id: UUID
    user_id: UUID
    status: Status
    progress: int
    revision: int
    attempt: int


_STATE = "id, user_id, status, progress, revision, attempt"
_FENCE = "id = :id AND attempt = :attempt AND status = 'in_progress'"

# Without a lease it was handed back: nothing is wrong with it, so no limit applies.
FREE = "(lease_until IS NULL OR (lease_until < now() AND attempt < :max_attempts))"

_CLAIM = text(f"""
UPDATE story_generations
SET status = 'in_progress', attempt = attempt + 1, revision = revision + 1,
    lease_until = now() + make_interval(secs => :lease), next_wake_at = now() + make_interval(secs => :lease),
    error_code = NULL, error_message = NULL, started_at = coalesce(started_at, now()), updated_at = now()
WHERE id = :id
  AND (status = 'pending' OR (status = 'in_progress' AND {FREE}))
RETURNING {_STATE}, text, voice
""")  # noqa: S608 - built of constants

_RENEW = text(f"""
UPDATE story_generations
SET lease_until = now() + make_interval(secs => :lease), next_wake_at = now() + make_interval(secs => :lease)
WHERE {_FENCE} RETURNING id
""")  # noqa: S608 - built of constants

_PROGRESS = text(f"""
UPDATE story_generations
SET progress = greatest(progress, :progress), revision = revision + 1, updated_at = now()
WHERE {_FENCE} RETURNING {_STATE}
""")  # noqa: S608 - built of constants

_SUCCEED = text(f"""
UPDATE story_generations
SET status = 'succeeded', progress = 100, revision = revision + 1, text = '',
    result_key = :result_key, captions_key = :captions_key, duration_seconds = :duration,
    lease_until = NULL, next_wake_at = NULL, finished_at = now(), updated_at = now()
WHERE {_FENCE} RETURNING {_STATE}
""")  # noqa: S608 - built of constants

_SUCCEEDED = text(f"""
SELECT {_STATE} FROM story_generations
WHERE id = :id AND attempt = :attempt AND status = 'succeeded'
""")  # noqa: S608 - built of constants

_FAIL = text(f"""
UPDATE story_generations
SET status = 'failed', revision = revision + 1, text = '', error_code = :code, error_message = :message,
    lease_until = NULL, next_wake_at = NULL, finished_at = now(), updated_at = now()
WHERE {_FENCE} RETURNING {_STATE}
""")  # noqa: S608 - built of constants

_RETRY = text(f"""
UPDATE story_generations
SET revision = revision + 1, error_code = :code, error_message = :message, updated_at = now(),
    lease_until = now() + make_interval(secs => :delay), next_wake_at = now() + make_interval(secs => :delay)
WHERE {_FENCE} RETURNING {_STATE}
""")  # noqa: S608 - built of constants

_HAND_BACK = text(f"""
UPDATE story_generations SET lease_until = NULL, next_wake_at = now(), updated_at = now()
WHERE {_FENCE} RETURNING id
""")  # noqa: S608 - built of constants


async def claim(
    session: WorkerWrite, generation_id: UUID, *, lease_seconds: float, max_attempts: int
) -> tuple[Claim, Change] | None:
    """Take a generation that waits, was handed back, or whose lease ran out before its last attempt; None
    where there is nothing to take.
    """
    row = (
        await session.sql.execute(
            _CLAIM, {"id": generation_id, "lease": lease_seconds, "max_attempts": max_attempts}
        )
    ).one_or_none()
    if row is None:
        return None
    await write_log(session, row.user_id, row.id, Event.STARTED, f"Attempt {row.attempt}")
    return Claim(row.id, row.user_id, row.attempt, row.progress, row.text, row.voice), change_of(row)


async def renew(session: WorkerWrite, held: Claim, *, lease_seconds: float) -> bool:
    """Lengthen the lease; False where it is no longer this attempt's."""
    found = await session.sql.execute(_RENEW, {**_fence(held), "lease": lease_seconds})
    return found.one_or_none() is not None


async def write_progress(session: WorkerWrite, held: Claim, progress: int) -> Change | None:
    """Raise the progress (0 to 100), which never falls; None where this attempt is fenced out."""
    return await _write(session, _PROGRESS, held, progress=progress)


async def succeed(
    session: WorkerWrite,
    held: Claim,
    *,
    result_key: str,
    captions_key: str,
    duration_seconds: float,
    skipped: Sequence[str] = (),
) -> Change | None:
    """End the generation with its result, and log what of it was `skipped`; None where this attempt is
    fenced out.
    """
    change = await _write(
        session, _SUCCEED, held, result_key=result_key, captions_key=captions_key, duration=duration_seconds
    )
    if change:
        await _log_skipped(session, held, skipped)
        await write_log(session, held.user_id, held.id, Event.SUCCEEDED)
    return change


async def find_success(session: WorkerWrite, held: Claim) -> Change | None:
    """The state that this very attempt's success left; None where it did not succeed."""
    row = (await session.sql.execute(_SUCCEEDED, _fence(held))).one_or_none()
    return change_of(row) if row else None


async def fail(
    session: WorkerWrite, held: Claim, code: str, message: str, *, skipped: Sequence[str] = ()
) -> Change | None:
    """End the generation as failed, and log what of it was `skipped`; None where this attempt is fenced
    out.
    """
    change = await _write(session, _FAIL, held, code=code, message=message)
    if change:
        await _log_skipped(session, held, skipped)
        await write_log(session, held.user_id, held.id, Event.FAILED, f"{code}: {message}")
    return change


async def retry_later(
    session: WorkerWrite, held: Claim, code: str, message: str, *, delay_seconds: float
) -> Change | None:
    """Leave the generation for another attempt after the delay; None where this attempt is fenced out."""
    change = await _write(session, _RETRY, held, code=code, message=message, delay=delay_seconds)
    if change:
        detail = f"Attempt {held.attempt}: {code}: {message}; the next in {delay_seconds:g} s"
        await write_log(session, held.user_id, held.id, Event.ATTEMPT_FAILED, detail)
    return change


async def hand_back(session: WorkerWrite, held: Claim) -> bool:
    """Let go of the lease, so that another worker may go on at once; False where it was not held."""
    if (await session.sql.execute(_HAND_BACK, _fence(held))).one_or_none() is None:
        return False
    detail = f"Attempt {held.attempt}: its worker was stopped"
    await write_log(session, held.user_id, held.id, Event.HANDED_BACK, detail)
    return True


def change_of(row: Row[tuple[object, ...]]) -> Change:
    return Change(row.id, row.user_id, Status(row.status), row.progress, row.revision, row.attempt)


async def _log_skipped(session: WorkerWrite, held: Claim, skipped: Sequence[str]) -> None:
    if skipped:
        await write_log(session, held.user_id, held.id, Event.SENTENCE_SKIPPED, *skipped)


def _fence(held: Claim) -> dict[str, object]:
    return {"id": held.id, "attempt": held.attempt}


async def _write(session: WorkerWrite, statement: TextClause, held: Claim, **values: object) -> Change | None:
    row = (await session.sql.execute(statement, {**_fence(held), **values})).one_or_none()
    return change_of(row) if row else None
