"""Workers that die or freeze in the middle of a narration."""

from __future__ import annotations

import asyncio
import signal
from dataclasses import replace
from datetime import datetime

from db.logs import Event
from jobs.bench import Bench
from jobs.sweeper import sweep_forever
from tests.conftest import adjust
from tests.jobs.crew import Crew
from tests.jobs.records import Records, started
from tests.narration.prose import prose

LEASE_SECONDS = 1.0
SWEEP_SECONDS = 0.3
# What a busy machine may add.
SPARE_SECONDS = 5
# Three seconds of work.
LONG = prose(8000)


async def time_of(records: Records, detail: str) -> datetime:
    found: datetime = await records.connection.fetchval(
        "SELECT occurred_at FROM generation_logs WHERE detail = $1", detail
    )
    return found


async def test_a_killed_workers_narration_is_finished_by_another_soon_after_its_lease_ran_out(
    records: Records, crew: Crew
) -> None:
    first, second = await crew.start_pair(lease_seconds=LEASE_SECONDS, sweep_seconds=SWEEP_SECONDS)
    generation_id, _ = await crew.begin(LONG)
    second.send(signal.SIGCONT)
    first.kill()
    left = await records.row(generation_id)
    row = await records.until_final(generation_id)
    assert (row["status"], row["attempt"], row["progress"]) == ("succeeded", 2, 100)
    assert await records.log(generation_id) == [*started(1, 2), (Event.SUCCEEDED, None)]
    assert records.files() == records.keys(generation_id, 2) == [row["result_key"], row["captions_key"]]
    waited = await time_of(records, "Attempt 2") - left["lease_until"]
    assert 0 < waited.total_seconds() < SWEEP_SECONDS + SPARE_SECONDS


async def test_a_worker_frozen_past_its_lease_can_change_nothing_when_it_wakes(
    records: Records, crew: Crew
) -> None:
    first, second = await crew.start_pair(lease_seconds=LEASE_SECONDS, sweep_seconds=SWEEP_SECONDS)
    generation_id, _ = await crew.begin(LONG)
    first.send(signal.SIGSTOP)
    second.send(signal.SIGCONT)
    row = await records.until_final(generation_id)
    assert (row["status"], row["attempt"]) == ("succeeded", 2)
    second.kill()
    first.send(signal.SIGCONT)
    # It narrates one at a time, so whatever it does next comes after its stale attempt.
    last_id = await records.initiate()
    last = await records.until_final(last_id)
    assert last["status"] == "succeeded"
    assert await records.row(generation_id) == row
    assert records.files() == sorted(
        [*records.keys(generation_id, 2), *records.keys(last_id, last["attempt"])]
    )
    assert await records.log(generation_id) == [*started(1, 2), (Event.SUCCEEDED, None)]


async def test_a_story_that_kills_each_worker_is_given_up_after_the_last_attempt(
    records: Records, crew: Crew, bench: Bench
) -> None:
    workers = await crew.start_pair(lease_seconds=LEASE_SECONDS, sweep_seconds=SWEEP_SECONDS, max_attempts=2)
    generation_id = await records.initiate(LONG)
    for number, worker in enumerate(workers, start=1):
        worker.send(signal.SIGCONT)
        await records.until_attempt(generation_id, number)
        worker.kill()
    sweeper = replace(bench, settings=adjust(bench.settings, max_attempts=2))
    sweeping = asyncio.create_task(sweep_forever(sweeper))
    try:
        row = await records.until_final(generation_id)
    finally:
        sweeping.cancel()
    message = "The narration was given up after 2 attempts"
    assert (row["status"], row["error_code"], row["error_message"], row["text"]) == (
        *("failed", "ATTEMPTS_EXHAUSTED"),
        *(message, ""),
    )
    assert await records.log(generation_id) == [
        *started(1, 2),
        (Event.FAILED, f"ATTEMPTS_EXHAUSTED: {message}"),
    ]
    assert records.files() == []
