"""Every write of an attempt that has lost its generation is refused, and changes nothing."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from uuid import UUID

import pytest

from db.claims import Claim, fail, find_success, hand_back, renew, retry_later, succeed, write_progress
from db.sessions import WorkerDatabase, WorkerWrite
from resolvers.generations import cancel_generation, delete_generation
from tests.jobs.claiming import take_free
from tests.jobs.records import Records

Write = Callable[[WorkerWrite, Claim], Awaitable[object]]
Loss = Callable[[Records, WorkerDatabase, UUID], Awaitable[None]]

WRITES: dict[str, Write] = {
    "renew": lambda session, held: renew(session, held, lease_seconds=60),
    "write_progress": lambda session, held: write_progress(session, held, 70),
    "succeed": lambda session, held: succeed(
        session, held, result_key="stale.mp3", captions_key="stale.vtt", duration_seconds=1
    ),
    "find_success": find_success,
    "fail": lambda session, held: fail(session, held, "NARRATION_FAILED", "Stale"),
    "retry_later": lambda session, held: retry_later(session, held, "X", "Stale", delay_seconds=1),
    "hand_back": hand_back,
}


async def take_over(records: Records, database: WorkerDatabase, generation_id: UUID) -> None:
    await records.set(generation_id, lease_until="now() - interval '1 millisecond'")
    await take_free(database, generation_id)


async def take_over_and_succeed(records: Records, database: WorkerDatabase, generation_id: UUID) -> None:
    await records.set(generation_id, lease_until="now() - interval '1 millisecond'")
    held = await take_free(database, generation_id)
    async with database.write() as session:
        assert await succeed(session, held, result_key="a", captions_key="b", duration_seconds=1)


async def cancel(records: Records, _database: WorkerDatabase, generation_id: UUID) -> None:
    await cancel_generation(records.services, records.user, generation_id)


async def cancel_and_delete(records: Records, _database: WorkerDatabase, generation_id: UUID) -> None:
    await cancel_generation(records.services, records.user, generation_id)
    await delete_generation(records.services, records.user, generation_id)


@pytest.mark.parametrize("lose", [take_over, take_over_and_succeed, cancel, cancel_and_delete])
async def test_an_attempt_that_lost_its_generation_writes_nothing(
    records: Records, worker_database: WorkerDatabase, lose: Loss
) -> None:
    generation_id = await records.initiate()
    held = await take_free(worker_database, generation_id)
    await lose(records, worker_database, generation_id)
    before = await records.everything()
    for name, write in WRITES.items():
        async with worker_database.write() as session:
            assert not await write(session, held), name
        assert await records.everything() == before, name


async def test_an_attempt_that_holds_its_generation_may_make_each_of_these_writes(
    records: Records, worker_database: WorkerDatabase
) -> None:
    for name in WRITES.keys() - {"find_success"}:
        held = await take_free(worker_database, await records.initiate())
        async with worker_database.write() as session:
            assert await WRITES[name](session, held), name


async def test_a_success_is_found_again_by_the_attempt_that_made_it(
    records: Records, worker_database: WorkerDatabase
) -> None:
    generation_id = await records.initiate()
    held = await take_free(worker_database, generation_id)
    async with worker_database.write() as session:
        assert await find_success(session, held) is None
        change = await succeed(session, held, result_key="a", captions_key="b", duration_seconds=1)
    async with worker_database.write() as session:
        assert await find_success(session, held) == change
