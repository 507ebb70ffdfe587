"""Every write to a generation, as the database saw it, and what it must never show."""

from __future__ import annotations

import itertools
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

import asyncpg

FINAL = {"succeeded", "failed"}
ORDER = {"pending": 0, "in_progress": 1, "succeeded": 2, "failed": 2}

# Written by a trigger within the writer's own transaction, so that it misses nothing and shows nothing that
# was rolled back.
_RECORD = """
CREATE TABLE chaos_history (
    number bigint GENERATED ALWAYS AS IDENTITY, at timestamptz NOT NULL DEFAULT clock_timestamp(),
    writer text NOT NULL DEFAULT current_setting('application_name'),
    id uuid NOT NULL, status text, progress int, revision bigint, attempt int, lease_until timestamptz,
    result_key text
);
CREATE FUNCTION chaos_record() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        INSERT INTO chaos_history (id) VALUES (OLD.id);
    ELSE
        INSERT INTO chaos_history (id, status, progress, revision, attempt, lease_until, result_key)
        VALUES (NEW.id, NEW.status, NEW.progress, NEW.revision, NEW.attempt, NEW.lease_until, NEW.result_key);
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER chaos_record AFTER INSERT OR UPDATE OR DELETE ON story_generations
    FOR EACH ROW EXECUTE FUNCTION chaos_record();
"""


@dataclass(frozen=True)
class Write:
    """A generation after one committed write; `status` is None when it was deleted."""

    at: float  # seconds since the epoch, by the database's clock
    writer: str  # what the connection calls itself
    id: UUID
    status: str | None
    progress: int | None
    revision: int | None
    attempt: int | None
    lease_until: float | None
    result_key: str | None


async def record(connection: asyncpg.Connection) -> None:
    """Begin to record, as the database's superuser."""
    await connection.execute(_RECORD)


async def writes(connection: asyncpg.Connection) -> dict[UUID, list[Write]]:
    """All that was recorded, by generation, in order."""
    rows = await connection.fetch(
        "SELECT extract(epoch FROM at)::float8 AS at, writer, id, status, progress, revision, attempt,"
        " extract(epoch FROM lease_until)::float8 AS lease_until, result_key"
        " FROM chaos_history ORDER BY number"
    )
    found: dict[UUID, list[Write]] = defaultdict(list)
    for row in rows:
        found[row["id"]].append(Write(**row))
    return found


def faults(history: Iterable[list[Write]]) -> list[str]:
    """What no generation may do: fall, go back, change after its end, have two results."""
    found: list[str] = []
    for steps in history:
        for before, after in itertools.pairwise(steps):
            if after.status is not None:
                found += _faults_between(before, after)
        results = {step.result_key for step in steps if step.result_key}
        if len(results) > 1:
            found.append(f"{steps[0].id}: {len(results)} results: {sorted(results)}")
    return found


def _faults_between(before: Write, after: Write) -> list[str]:
    found = [
        f"{after.id}: {name} fell from {getattr(before, name)} to {getattr(after, name)}"
        for name in ("progress", "revision", "attempt")
        if getattr(after, name) < getattr(before, name)
    ]
    if before.status is None or ORDER[str(after.status)] < ORDER[before.status]:
        found.append(f"{after.id}: from {before.status} back to {after.status}")
    if before.status in FINAL:
        found.append(f"{after.id}: written after it {before.status}")
    return found


async def final_entries(connection: asyncpg.Connection) -> Counter[UUID]:
    """How many entries of the log end each generation."""
    rows = await connection.fetch(
        "SELECT generation_id FROM generation_logs WHERE event IN ('succeeded', 'failed', 'canceled')"
    )
    return Counter(row["generation_id"] for row in rows)
