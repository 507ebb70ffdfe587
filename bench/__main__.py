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

from bench.ground import open_ground
from bench.machine import describe
from bench.registry import BENCHMARKS, Benchmark
from bench.tables import Table

RESULTS = Path(__file__).resolve().parent / "results"


def main(arguments: Sequence[str] | None = None) -> int:
    chosen = _parser().parse_args(arguments)
    for benchmark in chosen.benchmarks or BENCHMARKS.values():
        print(f"{benchmark.NAME}: {benchmark.ABOUT}", file=sys.stderr, flush=True)
        tables = asyncio.run(_perform(benchmark, chosen.rounds, chosen.seconds))
        where = _keep(benchmark.NAME, tables, chosen.results)
        for table in tables:
            print(table.markdown(), flush=True)
        print(f"{_conditions(chosen.rounds, chosen.seconds)} Raw figures: {where}\n", flush=True)
    return 0


async def _perform(benchmark: Benchmark, rounds: int, seconds: float) -> list[Table]:
    async with open_ground(rounds, seconds) as ground:
        return await benchmark.run(ground)


def _keep(name: str, tables: Sequence[Table], folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{datetime.now(UTC):%Y%m%dT%H%M%S}-{name}.json"
    raw = {**describe(), "benchmark": name, "tables": [table.raw() for table in tables]}
    path.write_text(json.dumps(raw, indent=1))
    return path


def _conditions(rounds: int, seconds: float) -> str:
    told = describe()
    return (
        f"{told['date']}, {told['machine']}, {told['system']}; {rounds} rounds of {seconds:g} s;"
        f" median, and from lowest to highest round; ratios are taken within a round. {told['versions']}."
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
    parser.add_argument("--seconds", type=float, default=5.0, help="how long one measurement lasts (5)")
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
