"""What changed lately: how a subscriber catches up after its live connection was away."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from db.calls import Function, UserCall
from db.models import GenerationRow
from db.sessions import STATEMENT_TIMEOUT_MS

# An entry's time is taken before its transaction commits: look back further than one may last.
OVERLAP = timedelta(milliseconds=4 * STATEMENT_TIMEOUT_MS)

_CHANGES = Function("read_generation_changes", 4)
_SOME = Function("read_generations", 2)
_WIDTH = len(GenerationRow._fields)


@dataclass(frozen=True)
class Changes:
    """`generations` are in their newest state; `until` is where the next look may start."""

    generations: Sequence[GenerationRow]
    deleted: Sequence[UUID]
    until: datetime


async def read_changes(call: UserCall, since: datetime | None, followed: Collection[UUID] = ()) -> Changes:
    """The user's generations that changed status since then (None: this moment), are unfinished or
    `followed`, and those deleted. Times are the database's.

    The look goes back further than asked, so what was told before may come again: revisions tell it apart.
    """
    found = await call.rows(_CHANGES, since, OVERLAP, list(followed))
    generations = [GenerationRow._make(row[:_WIDTH]) for row in found if row[0]]
    deleted = [row[_WIDTH] for row in found if row[_WIDTH]]
    return Changes(generations, deleted, until=found[0][_WIDTH + 1])


async def read_generations(call: UserCall, generation_ids: Collection[UUID]) -> Sequence[GenerationRow]:
    """Those of the user's generations that are there."""
    return [GenerationRow._make(row) for row in await call.rows(_SOME, list(generation_ids))]
