"""How long an API process's event loop is away: measured in the process, read outside.

What others did to the machine meanwhile is taken off: the time in which threads of the process wanted to run,
and were not let.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

from tests.chaos.sabotage.faults import fault
from tests.chaos.sabotage.guards import replace

TICK_SECONDS = 0.005
WORTH_TELLING = 0.005
TELL_SECONDS = 0.1
COME_BACK_SECONDS = 10
SHORT_COOL_DOWN = 1.0


def stalls_file(folder: Path, port: int) -> Path:
    return folder / f"stalls-{port}"


async def longest_stall(file: Path, since: float, until: float) -> tuple[float, float]:
    """Seconds: of the process's own doing, and by the clock on the wall. Between moments since the epoch,
    the second of which is not far off. Without end, where the loop does not come back.
    """
    own = wall = 0.0
    limit = time.monotonic() + COME_BACK_SECONDS
    while not (told := _told(file)) or told[-1][0] < until:
        if time.monotonic() > limit:
            return float("inf"), float("inf")
        await asyncio.sleep(TELL_SECONDS)
    for at, took, waited in told:
        # What was under way at `until` counts.
        if at >= since and at - took <= until:
            own, wall = max(own, took - waited), max(wall, took)
    return own, wall


def _told(file: Path) -> list[tuple[float, ...]]:
    whole = file.read_text().rpartition("\n")[0]
    return [tuple(map(float, line.split())) for line in whole.splitlines()]


def waited_to_run() -> float:
    """Seconds that threads of this process, taken together, have been kept waiting for a processor."""
    total = 0
    for task in Path("/proc/self/task").iterdir():
        try:
            total += int((task / "schedstat").read_text().split()[1])
        except OSError:  # the thread has ended
            continue
    return total / 1e9


async def tell_stalls(tell: Callable[[str], object]) -> None:
    told = 0.0
    while True:
        waited, began = waited_to_run(), time.perf_counter()
        await asyncio.sleep(TICK_SECONDS)
        stall = time.perf_counter() - began - TICK_SECONDS
        # At times without a reason, to show that the loop is there.
        if stall > WORTH_TELLING or began - told > TELL_SECONDS:
            told = began
            tell(f"{time.time()} {stall} {min(stall, max(0.0, waited_to_run() - waited))}\n")


@fault
def tells_stalls() -> None:
    """No fault: an API process writes down each time that its event loop was away."""
    serve: Any = import_module("server.serve")
    serves = serve._serve  # noqa: SLF001 - there is no other place inside its loop

    async def measured(settings: Any) -> None:
        with stalls_file(settings.scratch_directory, settings.port).open("a", buffering=1) as file:
            telling = asyncio.create_task(tell_stalls(file.write))
            try:
                await serves(settings)
            finally:
                telling.cancel()

    replace("server.serve", "_serve", measured)


@fault
def short_cool_down() -> None:
    """An issuer is asked once a second at the most, not every ten."""
    key_set: Any = import_module("core.jwks").KeySet
    assert "cool_down" in key_set.__init__.__kwdefaults__
    key_set.__init__.__kwdefaults__["cool_down"] = SHORT_COOL_DOWN
