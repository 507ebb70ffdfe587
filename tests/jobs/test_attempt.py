"""How an attempt ends: each end with its row, its log and its files, exactly."""

from __future__ import annotations

import asyncio
import resource
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import BinaryIO
from uuid import UUID

import pytest
import soundfile

from core.events import ChangeKind, GenerationChange
from core.folder import Folder
from core.settings import Settings
from core.storage import Storage
from db.logs import Event
from jobs.attempt import attempt
from jobs.bench import Bench
from narration.narrate import MOST_SKIPPED
from resolvers.generations import cancel_generation
from tests.conftest import adjust
from tests.jobs.engines import BrokenEngine, SlowEngine, WaitingEngine
from tests.jobs.records import LIMIT_SECONDS, Records, Row, started
from tests.mailbox import watch

NOT_YET = threading.Event()

Adjust = Callable[..., Bench]


@pytest.fixture
def with_engine(bench: Bench) -> Callable[..., Bench]:
    """The bench with another voice, and settings changed."""
    return lambda engine, **changes: replace(bench, engine=engine, settings=adjust(bench.settings, **changes))


def ending(row: Row) -> tuple[object, ...]:
    return (row["status"], row["progress"], row["error_code"], row["error_message"])


async def test_a_story_is_narrated_into_two_files_named_for_the_attempt(
    records: Records, bench: Bench
) -> None:
    generation_id = await records.initiate("Once upon a time there was a fox. \u4f60\u597d\u3002 It slept.")
    pending = await records.row(generation_id)
    async with watch(records.services.feed, records.user) as mailbox:
        await attempt(bench, generation_id, NOT_YET)
        async with asyncio.timeout(LIMIT_SECONDS):
            while (told := (await mailbox.take(LIMIT_SECONDS)).changes[-1]).status != "succeeded":
                pass
    row = await records.row(generation_id)
    keys = records.keys(generation_id, 1)
    assert row == {
        **pending,
        "status": "succeeded",
        "progress": 100,
        "attempt": 1,
        "text": "",
        "result_key": keys[0],
        "captions_key": keys[1],
        "duration_seconds": row["duration_seconds"],
        "lease_until": None,
        "next_wake_at": None,
        "error_code": None,
        "error_message": None,
        "started_at": row["started_at"],
        "finished_at": row["updated_at"],
        "updated_at": row["updated_at"],
        "revision": row["revision"],
    }
    assert pending["created_at"] < row["started_at"] < row["finished_at"]
    assert told == GenerationChange(
        generation_id, ChangeKind.UPDATED, row["revision"], "succeeded", 100, attempt=1
    )
    assert records.files() == keys
    heard = soundfile.info(records.path(keys[0]))
    assert (heard.samplerate, heard.channels) == (24_000, 1)
    assert heard.duration == pytest.approx(row["duration_seconds"], abs=0.05)
    assert records.path(keys[1]).read_text().count(" --> ") == 2
    assert await records.log(generation_id) == [
        *started(1),
        (Event.SENTENCE_SKIPPED, "The voice cannot read it: \u4f60\u597d\u3002"),
        (Event.SUCCEEDED, None),
    ]


async def test_what_is_skipped_beyond_what_is_named_is_counted(records: Records, bench: Bench) -> None:
    generation_id = await records.initiate(
        "\n\n".join(["It slept.", *["\u4f60\u597d\u3002"] * (MOST_SKIPPED + 7)])
    )
    await attempt(bench, generation_id, NOT_YET)
    told = [detail for event, detail in await records.log(generation_id) if event == Event.SENTENCE_SKIPPED]
    assert told == [*["The voice cannot read it: \u4f60\u597d\u3002"] * MOST_SKIPPED, "7 more"]


async def test_a_second_attempt_at_what_is_done_does_nothing(records: Records, bench: Bench) -> None:
    generation_id = await records.initiate()
    await attempt(bench, generation_id, NOT_YET)
    before = await records.everything()
    await attempt(bench, generation_id, NOT_YET)
    assert await records.everything() == before
    assert records.files() == records.keys(generation_id, 1)


async def test_a_story_without_a_word_fails_at_once_and_for_good(records: Records, bench: Bench) -> None:
    generation_id = await records.initiate("\u4f60\u597d\u3002")
    await attempt(bench, generation_id, NOT_YET)
    row = await records.row(generation_id)
    message = "The story holds nothing the voice can speak"
    assert ending(row) == ("failed", 0, "NOTHING_TO_NARRATE", message)
    assert (row["attempt"], row["text"], row["result_key"]) == (1, "", None)
    assert await records.log(generation_id) == [
        *started(1),
        (Event.SENTENCE_SKIPPED, "The voice cannot read it: \u4f60\u597d\u3002"),
        (Event.FAILED, f"NOTHING_TO_NARRATE: {message}"),
    ]
    assert records.files() == []


async def until_tries_are_over(records: Records, bench: Bench, generation_id: UUID) -> list[timedelta]:
    """Attempt until the generation is final; how long each attempt left it to wait."""
    waits: list[timedelta] = []
    while (row := await records.row(generation_id))["finished_at"] is None:
        if row["lease_until"]:
            waits.append(row["lease_until"] - row["updated_at"])
            assert len(waits) < 10
            await records.set(generation_id, lease_until="now() - interval '1 millisecond'")
        await attempt(bench, generation_id, NOT_YET)
    return waits


async def test_a_voice_that_fails_is_tried_again_after_growing_delays_until_the_attempts_are_over(
    records: Records, with_engine: Adjust
) -> None:
    generation_id = await records.initiate()
    bench = with_engine(BrokenEngine(), lease_seconds=100, max_attempts=4)
    waits = await until_tries_are_over(records, bench, generation_id)
    assert [wait.total_seconds() for wait in waits] == [100, 200, 300]
    row = await records.row(generation_id)
    message = "The story could not be narrated"
    assert ending(row) == ("failed", 0, "NARRATION_FAILED", message)
    assert (row["attempt"], row["text"]) == (4, "")
    assert await records.log(generation_id) == [
        (Event.CREATED, None),
        (Event.STARTED, "Attempt 1"),
        (Event.ATTEMPT_FAILED, f"Attempt 1: NARRATION_FAILED: {message}; the next in 100 s"),
        (Event.STARTED, "Attempt 2"),
        (Event.ATTEMPT_FAILED, f"Attempt 2: NARRATION_FAILED: {message}; the next in 200 s"),
        (Event.STARTED, "Attempt 3"),
        (Event.ATTEMPT_FAILED, f"Attempt 3: NARRATION_FAILED: {message}; the next in 300 s"),
        (Event.STARTED, "Attempt 4"),
        (Event.FAILED, f"NARRATION_FAILED: {message}"),
    ]


def a_file_in_the_folders_place(settings: Settings) -> Iterator[None]:
    folder = Path(settings.need("results_url").removeprefix("file://"))
    folder.rmdir()
    folder.touch()
    yield
    folder.unlink()
    folder.mkdir()


def no_scratch_folder(settings: Settings) -> Iterator[None]:
    assert settings.scratch_directory
    moved = settings.scratch_directory.rename(settings.scratch_directory.with_name("moved"))
    yield
    moved.rename(settings.scratch_directory)


def no_room_for_scratch_files(_settings: Settings) -> Iterator[None]:
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.mark.parametrize(
    "trouble", [a_file_in_the_folders_place, no_scratch_folder, no_room_for_scratch_files]
)
async def test_a_result_that_cannot_be_stored_is_tried_again_and_succeeds_when_it_can(
    records: Records, bench: Bench, trouble: Callable[[Settings], Iterator[None]]
) -> None:
    generation_id = await records.initiate("The fox slept. " * 20)
    with contextmanager(trouble)(bench.settings):
        await attempt(bench, generation_id, NOT_YET)
    row = await records.row(generation_id)
    assert ending(row)[:1] + ending(row)[2:] == (
        "in_progress",
        "STORAGE_FAILED",
        "The result could not be stored",
    )
    assert records.files() == []
    assert [event for event, _ in await records.log(generation_id)] == [
        "created",
        "started",
        "attempt_failed",
    ]
    await until_tries_are_over(records, bench, generation_id)
    assert ending(await records.row(generation_id)) == ("succeeded", 100, None, None)
    assert records.files() == records.keys(generation_id, 2)


async def test_an_attempt_that_takes_too_long_ends_its_generation(
    records: Records, with_engine: Adjust
) -> None:
    generation_id = await records.initiate("One. Two. Three. " * 10)
    begun = time.monotonic()
    await attempt(with_engine(SlowEngine(0.3), attempt_timeout_seconds=1), generation_id, NOT_YET)
    assert time.monotonic() - begun < 6
    row = await records.row(generation_id)
    message = "The narration took longer than 1 seconds"
    assert ending(row)[2:] == ("TIMED_OUT", message)
    assert (row["status"], row["text"], row["attempt"]) == ("failed", "", 1)
    assert 0 < row["progress"] < 99
    assert await records.log(generation_id) == [*started(1), (Event.FAILED, f"TIMED_OUT: {message}")]
    assert records.files() == []


async def test_a_canceled_narration_stops_soon_and_leaves_nothing(records: Records, bench: Bench) -> None:
    # A minute of work with a lease of an hour: neither progress nor lease is what tells it.
    settings = adjust(bench.settings, lease_seconds=3600)
    generation_id = await records.initiate("The fox slept under the hill. " * 6000)
    working = asyncio.create_task(attempt(replace(bench, settings=settings), generation_id, NOT_YET))
    await records.until(generation_id, lambda row: row["status"] == "in_progress")
    await cancel_generation(records.services, records.user, generation_id)
    before = await records.everything()
    async with asyncio.timeout(5):
        await working
    assert await records.everything() == before
    assert ending(before[0])[2:] == ("CANCELED", "Canceled by its owner")
    assert await records.log(generation_id) == [*started(1), (Event.CANCELED, None)]
    assert records.files() == []


async def test_a_lease_is_renewed_for_as_long_as_the_narration_takes(
    records: Records, with_engine: Adjust
) -> None:
    generation_id = await records.initiate()
    engine = WaitingEngine()
    bench = with_engine(engine, lease_seconds=0.6)
    working = asyncio.create_task(attempt(bench, generation_id, NOT_YET))
    first = await records.until(generation_id, lambda row: row["lease_until"] is not None)
    await records.until(
        generation_id, lambda row: row["lease_until"] > first["lease_until"] + timedelta(seconds=1)
    )
    await attempt(bench, generation_id, NOT_YET)
    engine.may_speak.set()
    await working
    assert ending(await records.row(generation_id)) == ("succeeded", 100, None, None)
    assert await records.log(generation_id) == [*started(1), (Event.SUCCEEDED, None)]


@dataclass(frozen=True)
class RacedFolder(Folder):
    """A folder that is slow enough for something to happen between the files and the row."""

    records: Records
    generation_id: UUID
    meanwhile: dict[str, str]

    async def put(self, key: str, file: BinaryIO) -> None:
        await super().put(key, file)
        if key.endswith(".vtt"):
            assert self.records.files() == self.records.keys(self.generation_id, 1)
            await self.records.set(self.generation_id, **self.meanwhile)


@pytest.mark.parametrize(
    "meanwhile",
    [
        {"attempt": "2", "lease_until": "now() + interval '1 minute'"},
        {"status": "'failed'", "error_code": "'CANCELED'"},
    ],
    ids=["taken over", "canceled"],
)
async def test_the_files_of_a_result_that_came_too_late_are_removed(
    records: Records, bench: Bench, meanwhile: dict[str, str]
) -> None:
    generation_id = await records.initiate()
    root = records.path("")
    storage: Storage = RacedFolder(root, records, generation_id, meanwhile)
    await attempt(replace(bench, storage=storage), generation_id, NOT_YET)
    row = await records.row(generation_id)
    assert (row["result_key"], row["finished_at"]) == (None, None)
    assert records.files() == []
    assert await records.log(generation_id) == started(1)


async def test_a_process_that_ends_hands_its_narration_back_and_rings_for_it(
    records: Records, with_engine: Adjust
) -> None:
    generation_id = await records.initiate("One. Two.")
    engine = WaitingEngine()
    shutdown = threading.Event()
    bench = with_engine(engine)
    records.silence()
    working = asyncio.create_task(attempt(bench, generation_id, shutdown))
    await asyncio.to_thread(engine.has_begun.wait, LIMIT_SECONDS)
    shutdown.set()
    engine.may_speak.set()
    await working
    assert records.rings() == [generation_id]
    await attempt(bench, generation_id, NOT_YET)
    assert ending(await records.row(generation_id)) == ("succeeded", 100, None, None)
    assert records.files() == records.keys(generation_id, 2)
    assert await records.log(generation_id) == [
        *started(1),
        (Event.HANDED_BACK, "Attempt 1: its worker was stopped"),
        (Event.STARTED, "Attempt 2"),
        (Event.SUCCEEDED, None),
    ]
