"""From a request to the first sign of a worker at a client, and what a worker takes that is idle."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from statistics import median
from uuid import uuid4

from bench.ground import Ground
from bench.narration_caller import Caller, open_caller
from bench.rounds import interleave
from bench.tables import Column, Table
from bench.usage import cpu_seconds

NAME = "latency"
ABOUT = "initiate to the first IN_PROGRESS at a client, with an idle worker"

EACH_ROUND = 30
STORY = "Hello there."
# So that requests fall at any moment of whatever the worker does by the clock.
SHORTEST_PAUSE, STEP, STEPS = 0.2, 0.017, 11


async def run(ground: Ground) -> list[Table]:
    api = await ground.start_api(initiations_per_minute=100_000)
    worker = ground.start_worker()
    async with open_caller(api.base, ground.token(uuid4())) as caller:
        story_id = await caller.add_story(STORY)
        for _ in range(5):
            await _time(caller, story_id)

        async def measure() -> Mapping[str, float]:
            timed = []
            for number in range(EACH_ROUND):
                await asyncio.sleep(SHORTEST_PAUSE + STEP * (number % STEPS))
                timed.append(await _time(caller, story_id))
            began, used = time.perf_counter(), cpu_seconds(worker.pid)
            # By then it has swept.
            await asyncio.sleep(max(ground.seconds, ground.settings.sweep_seconds))
            idle = (cpu_seconds(worker.pid) - used) / (time.perf_counter() - began) * 100
            return {
                "answered": median(each[0] for each in timed),
                "begun": median(each[1] for each in timed),
                "slowest": max(each[1] for each in timed),
                "idle": idle,
            }

        figures = await interleave(ground.rounds, {"Storycast": measure})
    columns = (
        Column("begun", "ms to IN_PROGRESS", 1),
        Column("slowest", "slowest", 1),
        Column("answered", "ms to the answer", 1),
        Column("idle", "% of a core, idle worker", 2),
    )
    notes = (
        f"{EACH_ROUND} requests a round, one at a time; median of the round, and its slowest.",
        "The client hears by storyGenerationEvents over graphql-transport-ws, on the same machine.",
        "The user's limit on initiations is raised by setting.",
    )
    return [Table("Initiate to IN_PROGRESS at a client", "", columns, figures, notes)]


async def _time(caller: Caller, story_id: str) -> tuple[float, float]:
    """Milliseconds to the answer, and to the first event that says IN_PROGRESS; the narration has ended."""
    began = time.perf_counter()

    async def answered() -> float:
        await caller.initiate(story_id)
        return _milliseconds(began)

    async def begun() -> float:
        while (status := (await caller.hear())[1]) != "IN_PROGRESS":
            assert status == "PENDING", status
        first = _milliseconds(began)
        await caller.hear_ends(1)
        return first

    answer, beginning = await asyncio.gather(answered(), begun())
    return answer, beginning


def _milliseconds(began: float) -> float:
    return (time.perf_counter() - began) * 1000
