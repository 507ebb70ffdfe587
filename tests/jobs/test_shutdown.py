"""Workers that are told to stop."""

from __future__ import annotations

import asyncio
import signal

from db.logs import Event
from tests.jobs.crew import Crew
from tests.jobs.records import Records, started
from tests.narration.prose import prose

# A sweep that comes too late to be what helped.
NO_SWEEP = 600
# Three seconds of work.
LONG = prose(8000)
END_SECONDS = 15


async def test_a_worker_told_to_stop_hands_its_narration_back_and_leaves_the_queue_to_others(
    records: Records, crew: Crew
) -> None:
    first, second = await crew.start_pair(lease_seconds=600, sweep_seconds=NO_SWEEP, drain_seconds=0)
    long_id, _ = await crew.begin(LONG)
    short_ids = [await records.initiate() for _ in range(3)]
    first.send(signal.SIGTERM)
    assert await asyncio.to_thread(first.process.wait, END_SECONDS) == 0
    assert sorted(records.rings()) == sorted([long_id, *short_ids])
    assert records.files() == []
    second.send(signal.SIGCONT)
    rows = [await records.until_final(generation_id) for generation_id in (long_id, *short_ids)]
    assert [(row["status"], row["attempt"]) for row in rows] == [("succeeded", 2), *[("succeeded", 1)] * 3]
    assert await records.log(long_id) == [
        *started(1),
        (Event.HANDED_BACK, "Attempt 1: its worker was stopped"),
        (Event.STARTED, "Attempt 2"),
        (Event.SUCCEEDED, None),
    ]
    await records.until_true(lambda: records.rings() == [])


async def test_a_narration_that_is_nearly_done_is_finished_before_its_worker_ends(
    records: Records, crew: Crew
) -> None:
    [worker] = await crew.start(1, sweep_seconds=NO_SWEEP, drain_seconds=15)
    generation_id, _ = await crew.begin(prose(4000))
    worker.send(signal.SIGTERM)
    assert await asyncio.to_thread(worker.process.wait, 15 + END_SECONDS) == 0
    row = await records.row(generation_id)
    assert (row["status"], row["attempt"]) == ("succeeded", 1)


async def test_an_idle_worker_waits_for_nothing_before_it_ends(crew: Crew) -> None:
    [worker] = await crew.start(1, drain_seconds=600)
    worker.send(signal.SIGINT)
    assert await asyncio.to_thread(worker.process.wait, END_SECONDS) == 0
