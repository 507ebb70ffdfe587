"""The benchmarks, in the order in which `dev.py bench` runs them."""

from __future__ import annotations

from typing import Protocol

from bench import getting, initiating, latency, listing, live, narration, paging, rest, start
from bench.ground import Ground
from bench.tables import Table


class Benchmark(Protocol):
    """A module of this package, as its docstring has it."""

    NAME: str
    ABOUT: str

    async def run(self, ground: Ground) -> list[Table]: ...


MODULES: tuple[Benchmark, ...] = (listing, getting, initiating, rest, paging, live, latency, narration, start)
BENCHMARKS = {module.NAME: module for module in MODULES}
