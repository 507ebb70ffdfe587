"""Which worker process holds which generation: known of workers with the fault `named`."""

from __future__ import annotations

from uuid import UUID

import asyncpg

# The first write of a generation's last attempt is the claim.
_HELD = """
SELECT DISTINCT ON (h.id) h.writer, h.id, h.attempt FROM chaos_history h
JOIN story_generations g ON g.id = h.id AND g.attempt = h.attempt AND g.status = 'in_progress'
WHERE h.attempt > 0 ORDER BY h.id, h.number
"""

Held = tuple[UUID, int]


async def find_holders(connection: asyncpg.Connection) -> dict[int, Held]:
    """The generation and the attempt that each worker process, by its id, has in its hands."""
    rows = await connection.fetch(_HELD)
    return {int(row["writer"].split()[1]): (row["id"], row["attempt"]) for row in rows}
