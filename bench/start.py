"""How long somebody waits who types `python3 dev.py run` a second time."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import psutil

from bench.ground import Ground
from bench.processes import HOST, ROOT
from bench.rounds import interleave
from bench.tables import Column, Table
from core.settings import PREFIX
from server.local.ports import answers, free_port

NAME = "start"
ABOUT = "`dev.py run` on a data directory that is there, until it is ready with its workers"

LIMIT_SECONDS = 180
WORKERS = 1


class NotStarted(Exception):
    """`run` ended, or took too long; says what it said."""


async def run(ground: Ground) -> list[Table]:
    folder = ground.folder / "installation"

    async def start() -> Mapping[str, float]:
        return await asyncio.to_thread(_start_and_stop, folder)

    first = await start()
    figures = await interleave(ground.rounds, {"warm": start})
    columns = (
        Column("api", "s to the API's first answer", 2),
        Column("ready", "s until /readyz is 200 and the worker waits", 2),
        Column("used", "s of processor by then", 2),
        Column("stop", "s to stop", 2),
    )
    notes = (
        f"`python3 dev.py run` with {WORKERS} worker; what it needs is installed, and the UI built.",
        f"The first start, with all that it makes: {first['ready']:.1f} s.",
    )
    return [Table("Start on a data directory that is there", "", columns, figures, notes)]


def _start_and_stop(folder: Path) -> Mapping[str, float]:
    port = free_port(HOST, 0)
    # Python's own may have it compile everything at each start.
    plain = {name: value for name, value in os.environ.items() if not name.startswith((PREFIX, "PYTHON"))}
    log = folder.with_suffix(".log")
    began = time.perf_counter()
    with log.open("wb") as said:
        process = subprocess.Popen(  # noqa: S603 - ours
            [sys.executable, str(ROOT / "dev.py"), "run", "--port", str(port), "--data-dir", str(folder)],
            env={**plain, f"{PREFIX}WORKER_PROCESSES": str(WORKERS)},
            stdout=said,
            stderr=said,
        )
    try:
        _until(process, log, lambda: answers(HOST, port, "/healthz"))
        api = time.perf_counter() - began
        _until(process, log, lambda: "Worker ready" in log.read_text() and answers(HOST, port, "/readyz"))
        ready, used = time.perf_counter() - began, _cpu_seconds(process.pid)
    finally:
        stopped = time.perf_counter()
        process.send_signal(signal.SIGTERM)
        process.wait(LIMIT_SECONDS)
    return {"api": api, "ready": ready, "used": used, "stop": time.perf_counter() - stopped}


def _cpu_seconds(pid: int) -> float:
    """The processor time of a process and all that it started, which end when it does."""
    top = psutil.Process(pid)
    used = [each.cpu_times() for each in (top, *top.children(recursive=True))]
    return float(sum(each.user + each.system + each.children_user + each.children_system for each in used))


def _until(process: subprocess.Popen[bytes], log: Path, holds: Callable[[], bool]) -> None:
    limit = time.monotonic() + LIMIT_SECONDS
    while not holds():
        if process.poll() is not None or time.monotonic() > limit:
            raise NotStarted(log.read_text())
        time.sleep(0.005)
