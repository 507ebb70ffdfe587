"""What is read most, each in one round trip: a user's generations, in pages, by cursor and one by one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from db.calls import Function, Row, UserCall
from db.generations import Window
from db.models import GenerationRow, Status
from db.quotas import Left, as_quota

_PAGE = Function("read_generation_page", 6)
_ONE = Function("read_generation", 3)
_BEFORE = Function("read_generations_before", 4)
_WIDTH = len(GenerationRow._fields)
# Every id is before this one.
_LAST_ID = UUID(int=2**128 - 1)


@dataclass(frozen=True)
class Listing:
    """Rows of a list. `total`, how many there are in all, and `left`, what is left of the user's initiations,
    are None where nobody asked.
    """

    rows: Sequence[GenerationRow]
    total: int | None
    left: Left | None


async def read_listing(
    call: UserCall, window: Window, *, is_counted: bool, per_minute: int | None = None
) -> Listing:
    """One window of the user's generations. Where asked, with the total, and with what is left of so many
    initiations a minute.
    """
    found = await call.rows(_PAGE, window.status, window.limit, window.offset, is_counted, per_minute)
    total, available = found[0][_WIDTH:]
    rows = [] if found[0][0] is None else [GenerationRow._make(row[:_WIDTH]) for row in found]
    return Listing(rows, total, None if per_minute is None else as_quota(per_minute, available))


async def read_generation(call: UserCall, generation_id: UUID) -> GenerationRow | None:
    return _only(await call.rows(_ONE, generation_id, None))


async def read_with_quota(
    call: UserCall, generation_id: UUID, per_minute: int
) -> tuple[GenerationRow | None, Left]:
    """A generation, and what is left of the user's initiations."""
    found = await call.rows(_ONE, generation_id, per_minute)
    return _only(found), as_quota(per_minute, found[0][_WIDTH])


async def read_before(
    call: UserCall, before: UUID | None, limit: int, status: Status | None
) -> Sequence[GenerationRow]:
    """The next `limit` rows older than the id `before`, or from the newest on."""
    found = await call.rows(_BEFORE, status, before or _LAST_ID, limit)
    return [GenerationRow._make(row) for row in found]


def _only(found: Sequence[Row]) -> GenerationRow | None:
    return None if found[0][0] is None else GenerationRow._make(found[0][:_WIDTH])
