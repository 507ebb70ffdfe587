"""Who works on a generation, for how long, and what it leaves to the next."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from db.claims import Change, Claim, fail, hand_back, renew, retry_later, write_progress
from db.logs import Event
from db.models import Status
from db.sessions import WorkerDatabase
from narration.voices import DEFAULT_VOICE
from tests.callers import Api
from tests.jobs.claiming import LEASE, take, take_free
from tests.jobs.records import Records, started

EXPIRED = "now() - interval '1 millisecond'"
RUNNING = "now() + interval '1 minute'"

GENERATION = """query ($id: UUID!) { storyGeneration(id: $id) {
    status progress attempts error { code message } } }"""


async def test_of_twenty_workers_that_claim_at_once_one_gets_the_generation(
    records: Records, worker_database: WorkerDatabase
) -> None:
    generation_id = await records.initiate("Hello.")
    taken = await asyncio.gather(*(take(worker_database, generation_id) for _ in range(20)))
    [(held, change)] = [claimed for claimed in taken if claimed]
    assert held == Claim(generation_id, records.user, 1, 0, "Hello.", DEFAULT_VOICE.id)
    assert change == Change(generation_id, records.user, Status.IN_PROGRESS, 0, 2, 1)
    row = await records.row(generation_id)
    assert (row["status"], row["attempt"], row["revision"]) == ("in_progress", 1, 2)
    # Both times are the database's, of one transaction: no worker's clock has a say.
    assert row["lease_until"] == row["next_wake_at"] == row["started_at"] + LEASE
    assert await records.log(generation_id) == started(1)


async def test_a_generation_that_is_not_free_is_not_claimed(
    records: Records, worker_database: WorkerDatabase
) -> None:
    for state in (
        {"status": "'in_progress'", "attempt": "1", "lease_until": RUNNING},
        {"status": "'in_progress'", "attempt": "5", "lease_until": EXPIRED},
        {"status": "'succeeded'", "attempt": "1", "lease_until": "NULL"},
        {"status": "'failed'", "attempt": "1", "lease_until": "NULL"},
    ):
        generation_id = await records.initiate()
        before = await records.set(generation_id, **state)
        assert await take(worker_database, generation_id) is None, state
        assert await records.row(generation_id) == before
        assert await records.log(generation_id) == started()


async def test_a_generation_whose_lease_ran_out_is_claimed_with_all_it_had(
    records: Records, worker_database: WorkerDatabase
) -> None:
    generation_id = await records.initiate()
    await take_free(worker_database, generation_id)
    before = await records.set(
        generation_id, lease_until=EXPIRED, progress="40", error_code="'X'", error_message="'x'"
    )
    held = await take_free(worker_database, generation_id)
    assert (held.attempt, held.progress) == (2, 40)
    row = await records.row(generation_id)
    assert row == {
        **before,
        "attempt": 2,
        "revision": before["revision"] + 1,
        "error_code": None,
        "error_message": None,
        "lease_until": row["updated_at"] + LEASE,
        "next_wake_at": row["updated_at"] + LEASE,
        "updated_at": row["updated_at"],
    }
    assert await records.log(generation_id) == started(1, 2)


async def test_a_renewal_lengthens_the_lease_and_nothing_else(
    records: Records, worker_database: WorkerDatabase
) -> None:
    generation_id = await records.initiate()
    held = await take_free(worker_database, generation_id)
    before = await records.row(generation_id)
    async with worker_database.write() as session:
        assert await renew(session, held, lease_seconds=2 * LEASE.total_seconds())
    row = await records.row(generation_id)
    assert row["lease_until"] == row["next_wake_at"] > before["lease_until"] + LEASE
    assert row == {**before, "lease_until": row["lease_until"], "next_wake_at": row["next_wake_at"]}


async def test_progress_never_falls_nor_does_a_new_attempt_begin_below_it(
    records: Records, worker_database: WorkerDatabase
) -> None:
    generation_id = await records.initiate()
    told = []
    for progress in (40, 30, 45):
        # Each of them an attempt that dies.
        await records.set(generation_id, lease_until=EXPIRED)
        held = await take_free(worker_database, generation_id)
        async with worker_database.write() as session:
            change = await write_progress(session, held, progress)
        assert change is not None
        told.append((held.progress, change.progress))
    assert told == [(0, 40), (40, 40), (40, 45)]


async def test_revisions_rise_with_every_change_that_clients_see(
    records: Records, worker_database: WorkerDatabase
) -> None:
    generation_id = await records.initiate()
    revisions = [(await records.row(generation_id))["revision"]]
    taken = await take(worker_database, generation_id)
    assert taken
    revisions.append(taken[1].revision)
    async with worker_database.write() as session:
        for write in (
            write_progress(session, taken[0], 10),
            write_progress(session, taken[0], 20),
            retry_later(session, taken[0], "STORAGE_FAILED", "No room", delay_seconds=0),
            fail(session, taken[0], "STORAGE_FAILED", "No room"),
        ):
            change = await write
            assert change
            revisions.append(change.revision)
    assert revisions == [1, 2, 3, 4, 5, 6]


async def test_a_failed_attempt_leaves_its_generation_in_progress_until_the_next_may_try(
    records: Records, worker_database: WorkerDatabase, api: Api
) -> None:
    generation_id = await records.initiate()
    held = await take_free(worker_database, generation_id)
    async with worker_database.write() as session:
        await write_progress(session, held, 40)
        change = await retry_later(session, held, "STORAGE_FAILED", "No room", delay_seconds=30)
    assert change == Change(generation_id, records.user, Status.IN_PROGRESS, 40, 4, 1)
    row = await records.row(generation_id)
    assert row["lease_until"] == row["next_wake_at"] == row["updated_at"] + timedelta(seconds=30)
    assert (row["error_code"], row["text"], row["finished_at"]) == ("STORAGE_FAILED", "Hello there.", None)
    assert await take(worker_database, generation_id) is None
    assert await records.log(generation_id) == [
        *started(1),
        (Event.ATTEMPT_FAILED, "Attempt 1: STORAGE_FAILED: No room; the next in 30 s"),
    ]
    shown = {"status": "IN_PROGRESS", "progress": 40, "attempts": 1, "error": None}
    assert await api.data(records.user, GENERATION, id=str(generation_id)) == {"storyGeneration": shown}

    await records.set(generation_id, lease_until=EXPIRED)
    held = await take_free(worker_database, generation_id)
    async with worker_database.write() as session:
        await fail(session, held, "STORAGE_FAILED", "No room")
    row = await records.row(generation_id)
    assert (row["text"], row["lease_until"], row["next_wake_at"]) == ("", None, None)
    assert row["finished_at"] == row["updated_at"]
    shown = {
        "status": "FAILED",
        "progress": 40,
        "attempts": 2,
        "error": {"code": "STORAGE_FAILED", "message": "No room"},
    }
    assert await api.data(records.user, GENERATION, id=str(generation_id)) == {"storyGeneration": shown}


@pytest.mark.parametrize("attempt", [1, 5], ids=["the first attempt", "the last attempt"])
async def test_what_is_handed_back_may_be_claimed_at_once_as_nothing_is_wrong_with_it(
    records: Records, worker_database: WorkerDatabase, attempt: int
) -> None:
    generation_id = await records.initiate()
    await records.set(generation_id, attempt=str(attempt - 1))
    held = await take_free(worker_database, generation_id)
    async with worker_database.write() as session:
        assert await hand_back(session, held)
    assert (await take_free(worker_database, generation_id)).attempt == attempt + 1
    assert await records.log(generation_id) == [
        *started(attempt),
        (Event.HANDED_BACK, f"Attempt {attempt}: its worker was stopped"),
        (Event.STARTED, f"Attempt {attempt + 1}"),
    ]
