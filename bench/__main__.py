"""`python3 dev.py bench`: run benchmarks, print their tables, keep the raw figures."""

# ruff: noqa: T201 - a command line prints
from __future__ import annotations

import argparse
import asyncio
import json
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bench import page
from bench.ground import open_ground
from bench.http_load import LoadFailed
from bench.machine import describe, load_average
from bench.processes import NotReady
from bench.registry import BENCHMARKS, Benchmark
from bench.rounds import Different
from bench.tables import Table

RESULTS = Path(__file__).resolve().parent / "results"


def main(arguments: Sequence[str] | None = None) -> int:
    chosen = _parser().parse_args(arguments)
    for benchmark in chosen.benchmarks or BENCHMARKS.values():
        print(f"{benchmark.NAME}: {benchmark.ABOUT}", file=sys.stderr, flush=True)
        told = {
            **describe(),
            "load_before": load_average(),
            "rounds": chosen.rounds,
            "seconds": chosen.seconds,
        }
        try:
            tables = asyncio.run(_perform(benchmark, chosen.rounds, chosen.seconds))
        except (Different, LoadFailed, NotReady) as problem:
            print(f"{benchmark.NAME} was broken off: {problem}", file=sys.stderr, flush=True)
            return 1
        where = _keep(benchmark.NAME, told, tables, chosen.results)
        shown = "\n".join([*(table.markdown() for table in tables), conditions(told)])
        print(f"{shown}\n", flush=True)
        if chosen.keep:
            page.put(benchmark.NAME, shown)
        print(f"Raw figures: {where}", file=sys.stderr, flush=True)
    return 0


async def _perform(benchmark: Benchmark, rounds: int, seconds: float) -> list[Table]:
    async with open_ground(rounds, seconds) as ground:
        return await benchmark.run(ground)


def _keep(name: str, told: dict[str, Any], tables: Sequence[Table], folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{datetime.now(UTC):%Y%m%dT%H%M%S}-{name}.json"
    path.write_text(
        json.dumps({**told, "benchmark": name, "tables": [table.raw() for table in tables]}, indent=1)
    )
    return path


def conditions(told: dict[str, Any]) -> str:
    """What has to be known beside a table."""
    return (
        f"{told['date']}, commit {told['commit']}, {told['machine']}, {told['system']}; load before the run"
        f" {told['load_before']:.1f}; {told['rounds']} rounds of {told['seconds']:g} s. {told['versions']}."
    )


def _parser() -> argparse.ArgumentParser:
    listed = "\n".join(f"  {each.NAME:16}{each.ABOUT}" for each in BENCHMARKS.values())
    parser = argparse.ArgumentParser(
        prog="dev.py bench",
        description="Storycast beside its peers, on this machine.",
        epilog=f"benchmarks (all, where none is named):\n{listed}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("benchmarks", nargs="*", metavar="NAME", type=_benchmark)
    parser.add_argument("--rounds", type=_positive, default=5, help="how often each is measured (5)")
    parser.add_argument("--seconds", type=float, default=2.0, help="of each, a round (2)")
    parser.add_argument("--keep", action="store_true", help="put the tables into docs/performance.md")
    parser.add_argument("--results", type=Path, default=RESULTS, metavar="DIR", help="where raw figures go")
    return parser


def _benchmark(name: str) -> Benchmark:
    if name not in BENCHMARKS:
        raise argparse.ArgumentTypeError(f"there is no {name}; there are {', '.join(BENCHMARKS)}")
    return BENCHMARKS[name]


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("must be 1 or more")
    return number


if __name__ == "__main__":
    sys.exit(main())
