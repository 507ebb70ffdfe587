"""What must hold once everything has settled, whatever went wrong on the way."""

from __future__ import annotations

from collections.abc import Collection
from uuid import UUID

import asyncpg

from tests.chaos import history
from tests.chaos.experiment import Findings
from tests.chaos.installation import Installation


async def judge(
    made: Installation, findings: Findings, acknowledged: Collection[UUID], *, all_succeed: bool = True
) -> int:
    """Every acknowledged generation is there and final, with one end; and no write broke its life. All have
    succeeded, unless failures are meant (`all_succeed`). The most attempts that one took.

    Expects that nothing was deleted.
    """
    async with made.sql() as connection:
        written = await history.writes(connection)
        ended = await history.final_entries(connection)
        rows = {row["id"]: row for row in await connection.fetch("SELECT * FROM story_generations")}
    files = made.files()
    findings.note("acknowledged", len(acknowledged))
    findings.note("generations", len(rows))
    for status in ("succeeded", "failed"):
        findings.note(status, sum(row["status"] == status for row in rows.values()))
    attempts: int = max((row["attempt"] for row in rows.values()), default=0)
    findings.note("attempts at the most", attempts)
    findings.expect_none("lost", sorted(set(acknowledged) - rows.keys()))
    findings.expect_none("not final", [key for key, row in rows.items() if row["finished_at"] is None])
    if all_succeed:
        failures = [f"{key}: {row['error_code']}" for key, row in rows.items() if row["status"] == "failed"]
        findings.expect_none("ended otherwise than in success", failures)
    findings.expect_none("final entries in the log other than one", [key for key in rows if ended[key] != 1])
    findings.expect_none("falls, and writes after the end", history.faults(written.values()))
    findings.expect_none(
        "succeeded without their own two files",
        [key for key, row in rows.items() if not _has_its_files(row, files.get(key, []))],
    )
    return attempts


def _has_its_files(row: asyncpg.Record, names: Collection[str]) -> bool:
    if row["status"] != "succeeded":
        return True
    return {row["result_key"].rpartition("/")[2], row["captions_key"].rpartition("/")[2]} <= set(names)
