"""The benchmarks, in the order in which `dev.py bench` runs them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Protocol

from bench.ground import Ground
from bench.tables import Table


class Benchmark(Protocol):
    """A module of this package, as its docstring has it."""

    NAME: str
    ABOUT: str
    run: Callable[[Ground], Awaitable[list[Table]]]


MODULES: tuple[Benchmark, ...] = ()
BENCHMARKS = {module.NAME: module for module in MODULES}
