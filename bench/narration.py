"""From the request to the stored MP3 and captions, beside the engine alone; and two workers beside one."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from uuid import uuid4

import psutil

from bench.ground import Ground
from bench.narration_caller import Caller, open_caller
from bench.processes import ROOT, Process
from bench.rounds import interleave
from bench.tables import Column, Table
from bench.usage import cpu_seconds

NAME = "narration"
ABOUT = "a story to its MP3 and captions beside the bare engine, on one core; two workers beside one"

UNLIMITED = {"initiations_per_minute": 100_000, "unfinished_generations": 1000}
NOTE = "The user's limits on initiations are raised by setting; all else is as in production."
SENTENCES = (
    "The lighthouse keeper had three rules, and he had broken two of them before breakfast. ",
    "Why? ",
    'A bell rang over the harbour, though nobody had touched it in forty years. "Who is there?" said Mara. ',
    "She counted one hundred and twelve steps, each of them wet, to a lamp that was still warm. ",
    "Beside it lay a letter with her name on it, and a chair that somebody had left in a hurry.\n\n",
)
# Six minutes of sound, and two.
STORY = "".join(SENTENCES * 18)
MEDIUM = "".join(SENTENCES * 6)
QUEUED = 10


async def run(ground: Ground) -> list[Table]:
    api = await ground.start_api(**UNLIMITED)
    async with open_caller(api.base, ground.token(uuid4())) as caller:
        worker = ground.start_worker()
        tables = [await _share(ground, caller, worker)] if _can_pin() else []
        return [*tables, await _pair(ground, caller, worker)]


async def _share(ground: Ground, caller: Caller, worker: Process) -> Table:
    story_id = await caller.add_story(STORY)
    cores = sorted(os.sched_getaffinity(0))
    everybody = psutil.Process().children(recursive=True)
    with _bare(ground.folder) as bare:
        # The rest of the installation stays off the core that is measured.
        for process in everybody:
            _pin(process.pid, cores[:-1] or cores)
        for pid in (bare.pid, worker.pid):
            _pin(pid, cores[-1:])

        async def alone() -> Mapping[str, float]:
            used = cpu_seconds(bare.pid)
            taken = await asyncio.to_thread(_speak, bare)
            return {"speed": len(STORY) / taken, "thrift": len(STORY) / (cpu_seconds(bare.pid) - used)}

        async def whole() -> Mapping[str, float]:
            began, used = time.perf_counter(), cpu_seconds(worker.pid)
            await asyncio.gather(caller.initiate(story_id), caller.hear_ends(1))
            taken = time.perf_counter() - began
            return {"speed": len(STORY) / taken, "thrift": len(STORY) / (cpu_seconds(worker.pid) - used)}

        await whole()
        await alone()
        figures = await interleave(ground.rounds, {"hibari-tts alone": alone, "Storycast": whole})
    for process in everybody:
        _pin(process.pid, cores)
    columns = (
        Column("speed", "characters a second"),
        Column("thrift", "characters a second of processor"),
    )
    about = (
        f"Both on one core of their own, with one thread of ONNX; the story has {len(STORY):,} characters."
    )
    timed = "Storycast is timed from the request to the event that says SUCCEEDED."
    return Table("Narration beside its engine", "hibari-tts alone", columns, figures, (about, timed, NOTE))


async def _pair(ground: Ground, caller: Caller, first: Process) -> Table:
    story_id = await caller.add_story(MEDIUM)
    second = ground.start_worker()
    workers = (first, second)

    async def narrate(*, both: bool) -> Mapping[str, float]:
        # A frozen worker takes nothing: it is asked nothing while it waits.
        second.popen.send_signal(signal.SIGCONT if both else signal.SIGSTOP)
        began, used = time.perf_counter(), sum(cpu_seconds(each.pid) for each in workers)
        await asyncio.gather(caller.hear_ends(QUEUED), *(caller.initiate(story_id) for _ in range(QUEUED)))
        taken, used = time.perf_counter() - began, sum(cpu_seconds(each.pid) for each in workers) - used
        return {"speed": QUEUED * len(MEDIUM) / taken, "busy": used / taken * 100}

    await narrate(both=True)
    await narrate(both=True)
    contenders = {"one worker": partial(narrate, both=False), "two workers": partial(narrate, both=True)}
    figures = await interleave(ground.rounds, contenders)
    second.popen.send_signal(signal.SIGCONT)
    columns = (Column("speed", "characters a second"), Column("busy", "% of a core, workers", compared=False))
    about = (
        f"{QUEUED} stories of {len(MEDIUM):,} characters asked for at once, until the last has succeeded."
        f" {os.cpu_count()} cores for the workers, and the API, PostgreSQL, Valkey and the client besides."
    )
    return Table("Two workers beside one", "one worker", columns, figures, (about, NOTE))


@contextmanager
def _bare(folder: Path) -> Iterator[subprocess.Popen[str]]:
    story = folder / "story.txt"
    story.write_text(STORY)
    process = subprocess.Popen(  # noqa: S603 - ours
        [sys.executable, "-P", "-m", "bench.narration_bare", str(story)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    try:
        yield process
    finally:
        process.communicate()


def _speak(process: subprocess.Popen[str]) -> float:
    """The seconds that the engine took for the story."""
    assert process.stdin, "spawned with pipes"
    assert process.stdout, "spawned with pipes"
    process.stdin.write("\n")
    process.stdin.flush()
    return float(process.stdout.readline())


def _can_pin() -> bool:
    return hasattr(os, "sched_setaffinity")


def _pin(pid: int, cores: list[int]) -> None:
    """Hold a process, and every thread that it has, to these cores."""
    for thread in psutil.Process(pid).threads():
        os.sched_setaffinity(thread.id, cores)
