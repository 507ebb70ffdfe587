"""What the sweeper rings for, ends, and clears away."""

from __future__ import annotations

import asyncio
import os
import threading
import time
from dataclasses import replace
from datetime import timedelta
from uuid import uuid4

import pytest

from core.results import result_key
from core.settings import Settings
from db.logs import Event
from jobs.attempt import attempt
from jobs.bench import Bench
from jobs.sweeper import collect_orphans, sweep, sweep_forever
from narration.hibari import HibariEngine
from resolvers.generations import cancel_generation, delete_generation
from server.local.valkey import LocalValkey
from tests.conftest import adjust, open_bench
from tests.jobs.records import LIMIT_SECONDS, Records, started
from tests.mailbox import watch
from tests.outages import Outages

PAST = "now() - interval '40 seconds'"
FUTURE = "now() + interval '40 seconds'"
DUE = {"next_wake_at": PAST, "lease_until": PAST}


WORKING = {"status": "'in_progress'", "attempt": "1"}
STATES = {
    "pending and overdue": {"next_wake_at": PAST},
    "abandoned": {**WORKING, **DUE},
    "abandoned four times": {**WORKING, **DUE, "attempt": "4"},
    "handed back by the last attempt": {**WORKING, **DUE, "attempt": "5", "lease_until": "NULL"},
    "pending": {"next_wake_at": FUTURE},
    "leased": {**WORKING, **DUE, "lease_until": FUTURE},
    "abandoned and just rung for": {**WORKING, **DUE, "next_wake_at": FUTURE},
    "succeeded": {**WORKING, **DUE, "status": "'succeeded'"},
    "failed": {**WORKING, **DUE, "status": "'failed'"},
}
RUNG = {"pending and overdue", "abandoned", "abandoned four times", "handed back by the last attempt"}


async def test_the_sweeper_rings_for_what_waits_too_long_and_for_nothing_else(
    records: Records, bench: Bench
) -> None:
    ids = {name: await records.initiate() for name in STATES}
    before = {name: await records.set(ids[name], **state) for name, state in STATES.items()}
    records.silence()
    await bench.doorbell.ring(another := uuid4())
    await sweep(bench)
    assert sorted(records.rings()) == sorted([another, *(ids[name] for name in RUNG)])
    for name, generation_id in ids.items():
        row = await records.row(generation_id)
        assert row == {**before[name], "next_wake_at": row["next_wake_at"]}, name
        assert (row["next_wake_at"] != before[name]["next_wake_at"]) is (name in RUNG), name
        assert await records.log(generation_id) == started()


async def test_each_ring_waits_as_long_as_the_generation_has_waited_up_to_five_minutes(
    records: Records, bench: Bench
) -> None:
    next_waits = {0: 0.5, 40: 40, 299: 299, 3600: 300}
    ids = {waited: await records.initiate() for waited in next_waits}
    before = {
        waited: await records.set(
            ids[waited], updated_at=f"now() - interval '{waited} seconds'", next_wake_at=PAST
        )
        for waited in ids
    }
    await sweep(bench)
    for waited, next_wait in next_waits.items():
        row = await records.row(ids[waited])
        # The sweep comes a moment after the row was set.
        late = row["next_wake_at"] - before[waited]["updated_at"] - timedelta(seconds=waited + next_wait)
        assert timedelta(0) <= late < timedelta(seconds=9), waited


async def test_twenty_sweeps_at_once_ring_once_for_each(records: Records, bench: Bench) -> None:
    wanted = {await records.initiate() for _ in range(10)}
    for generation_id in wanted:
        await records.set(generation_id, next_wake_at=PAST, updated_at=PAST)
    records.silence()
    await bench.doorbell.ring(another := uuid4())
    await asyncio.gather(*(sweep(bench) for _ in range(20)))
    rings = records.rings()
    assert len(rings) == 11
    assert set(rings) == {another, *wanted}
    await asyncio.gather(*(sweep(bench) for _ in range(20)))
    assert records.rings() == rings


async def test_what_has_lost_its_ring_is_rung_for_as_soon_as_no_ring_waits_for_a_worker(
    records: Records, bench: Bench
) -> None:
    waiting = await records.initiate()
    before = await records.set(waiting, next_wake_at=FUTURE, updated_at=PAST)
    await sweep(bench)
    assert await records.row(waiting) == before
    assert records.rings() == [waiting]
    young = await records.initiate()
    await records.set(young, updated_at="now() + interval '1 second'")
    records.silence()
    await sweep(bench)
    assert records.rings() == [waiting]


async def test_rings_wait_while_redis_is_away(
    settings: Settings, own_valkey: Outages, records: Records, engine: HibariEngine
) -> None:
    assert isinstance(own_valkey.server, LocalValkey)
    records = replace(records, settings=adjust(settings, redis_url=own_valkey.server.url()))
    waiting = await records.initiate()
    before = await records.set(waiting, next_wake_at=PAST)
    async with open_bench(records.settings, engine) as bench:
        own_valkey.kill()
        await sweep(bench)
        assert await records.row(waiting) == before
        own_valkey.start()
        await sweep(bench)
        assert records.rings() == [waiting]


@pytest.mark.parametrize(
    ("seen", "code", "message"),
    [
        ({}, "ATTEMPTS_EXHAUSTED", "The narration was given up after 5 attempts"),
        ({"error_code": "'STORAGE_FAILED'", "error_message": "'No room'"}, "STORAGE_FAILED", "No room"),
    ],
    ids=["a worker died of it", "the cause was seen"],
)
async def test_after_the_last_attempt_a_generation_fails_and_subscribers_are_told(
    records: Records, bench: Bench, seen: dict[str, str], code: str, message: str
) -> None:
    generation_id = await records.initiate()
    before = await records.set(
        generation_id, status="'in_progress'", attempt="5", progress="30", **DUE, **seen
    )
    records.silence()
    async with watch(records.services.feed, records.user) as mailbox:
        await sweep(bench)
        [told] = (await mailbox.take(LIMIT_SECONDS)).changes
    row = await records.row(generation_id)
    assert row == {
        **before,
        "status": "failed",
        "error_code": code,
        "error_message": message,
        "text": "",
        "lease_until": None,
        "next_wake_at": None,
        "revision": before["revision"] + 1,
        "finished_at": row["updated_at"],
        "updated_at": row["updated_at"],
    }
    assert (told.status, told.progress, told.revision) == ("failed", 30, row["revision"])
    assert await records.log(generation_id) == [*started(), (Event.FAILED, f"{code}: {message}")]
    assert records.rings() == []
    await sweep(bench)
    assert await records.row(generation_id) == row


@pytest.mark.parametrize("lease_until", [FUTURE, "NULL"], ids=["leased", "handed back"])
async def test_a_generation_whose_last_attempt_did_not_die_is_not_given_up(
    records: Records, bench: Bench, lease_until: str
) -> None:
    generation_id = await records.initiate()
    before = await records.set(
        generation_id, status="'in_progress'", attempt="5", next_wake_at=FUTURE, lease_until=lease_until
    )
    await sweep(bench)
    assert await records.row(generation_id) == before


def plant(records: Records, key: str, age_seconds: float) -> str:
    path = records.path(key)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"sound")
    written = time.time() - age_seconds
    os.utime(path, (written, written))
    return key


async def test_files_that_no_row_names_are_removed_once_they_are_old_and_all_others_stay(
    records: Records, bench: Bench
) -> None:
    bench = replace(bench, settings=adjust(bench.settings, orphan_seconds=100))
    done = await records.initiate()
    await attempt(bench, done, threading.Event())
    working = await records.initiate()
    await records.set(working, status="'in_progress'", attempt="2", lease_until=FUTURE)
    waiting = await records.initiate()
    failed = await records.initiate()
    await cancel_generation(records.services, records.user, failed)
    gone = uuid4()
    kept = [
        *(plant(records, key, 200) for key in records.keys(done, 1)),
        plant(records, result_key(records.user, working, 1, ".mp3"), 200),
        plant(records, f"{result_key(records.user, working, 2, '.vtt')}.{'a' * 16}.part", 200),
        plant(records, result_key(records.user, waiting, 1, ".mp3"), 200),
        plant(records, result_key(records.user, gone, 1, ".mp3"), 50),
        plant(records, f"{records.user}/{gone}/notes.txt", 200),
    ]
    plant(records, result_key(records.user, done, 2, ".mp3"), 200)
    plant(records, result_key(records.user, failed, 1, ".mp3"), 200)
    plant(records, result_key(records.user, gone, 2, ".mp3"), 200)
    plant(records, f"{result_key(records.user, done, 1, '.mp3')}.{'a' * 16}.part", 200)
    plant(records, f"{result_key(records.user, gone, 3, '.vtt')}.{'b' * 16}.part", 200)
    before = await records.everything()
    await collect_orphans(bench)
    assert records.files() == sorted(kept)
    assert await records.everything() == before


async def test_a_deletion_is_remembered_for_a_day_and_every_other_entry_for_good(
    records: Records, bench: Bench
) -> None:
    young, old, live = [await records.initiate() for _ in range(3)]
    for generation_id in (young, old, live):
        await cancel_generation(records.services, records.user, generation_id)
    for generation_id in (young, old):
        await delete_generation(records.services, records.user, generation_id)
    for generation_id, age in ((young, "23 hours"), (old, "25 hours"), (live, "25 hours")):
        await records.connection.execute(
            f"UPDATE generation_logs SET occurred_at = now() - interval '{age}' WHERE generation_id = $1",
            generation_id,
        )
    await collect_orphans(bench)
    assert [await records.log(generation_id) for generation_id in (young, old, live)] == [
        [(Event.DELETED, None)],
        [],
        [(Event.CREATED, None), (Event.CANCELED, None)],
    ]


async def test_the_sweeper_goes_on_after_a_storage_it_could_not_list(records: Records, bench: Bench) -> None:
    bench = replace(bench, settings=adjust(bench.settings, sweep_seconds=0.1, orphan_seconds=1))
    root = records.path("")
    root.rmdir()
    root.touch()
    sweeping = asyncio.create_task(sweep_forever(bench))
    try:
        first = await records.initiate()
        await records.set(first, status="'in_progress'", attempt="5", **DUE)
        await records.until_final(first)
        root.unlink()
        orphan = plant(records, result_key(records.user, uuid4(), 1, ".mp3"), 100)
        await records.until(first, lambda _row: not records.path(orphan).exists())
    finally:
        sweeping.cancel()
