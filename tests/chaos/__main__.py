"""`python3 dev.py chaos`: run experiments, print their figures, say which promises were broken."""

# ruff: noqa: T201 - a command line prints
from __future__ import annotations

import argparse
import asyncio
import random
import shutil
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from tests.chaos.experiment import Experiment, Findings, Plan, Size, Unavailable
from tests.chaos.registry import EXPERIMENTS


def main(arguments: Sequence[str] | None = None) -> int:
    chosen = _parser().parse_args(arguments)
    seed = random.randrange(10**6) if chosen.seed is None else chosen.seed
    broken = 0
    for experiment in chosen.experiments or EXPERIMENTS.values():
        size = experiment.short if chosen.short else experiment.full
        size = replace(size, seconds=chosen.seconds or size.seconds, many=chosen.size or size.many)
        without = experiment.guard if chosen.without_guard else None
        print(_title(experiment, size, seed, without=bool(without)), flush=True)
        began = time.monotonic()
        try:
            findings = perform(experiment, size, seed, without=without, keep=chosen.keep)
        except Unavailable as missing:
            print(f"NOT RUN: {missing}.\n", flush=True)
            broken += 1
            continue
        findings.note("seconds in all", time.monotonic() - began)
        print(table(findings), flush=True)
        broken += bool(findings.broken)
    return 1 if broken else 0


def perform(
    experiment: Experiment, size: Size, seed: int, *, without: str | None = None, keep: Path | None = None
) -> Findings:
    """Run it in a folder of its own, which is gone afterwards, or else lies in `keep`."""
    folder = Path(tempfile.mkdtemp(prefix=f"{experiment.name}-", dir=keep))
    try:
        return asyncio.run(experiment.run(Plan(size, seed, folder, without)))
    finally:
        if keep is None:
            shutil.rmtree(folder, ignore_errors=True)


def table(findings: Findings) -> str:
    """The figures, a line each, then what was broken."""
    lines = [f"| {name} | {value} |" for name, value in findings.figures.items()]
    verdict = [f"BROKEN: {promise}" for promise in findings.broken] or ["Held."]
    return "\n".join(["| figure | value |", "| --- | --- |", *lines, "", *verdict, ""])


def _title(experiment: Experiment, size: Size, seed: int, *, without: bool) -> str:
    breaks = f', without its guard ({experiment.guard}): "{experiment.breaks.strip()}" must come'
    control = breaks if without else ""
    what = f"{size.seconds:g} s, size {size.many}, seed {seed}{control}"
    return f"## {experiment.name}: {what}\n\nPromise: {experiment.promise}.\n"


def _parser() -> argparse.ArgumentParser:
    listed = "\n".join(f"  {each.name:20}{each.promise}" for each in EXPERIMENTS.values())
    parser = argparse.ArgumentParser(
        prog="dev.py chaos",
        description="Faults and attacks on a Storycast of their own; exit code 1 when a promise broke.",
        epilog=f"experiments (all, where none is named):\n{listed}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("experiments", nargs="*", metavar="NAME", type=_experiment)
    parser.add_argument("--seconds", type=float, help="how long faults go on")
    parser.add_argument("--size", type=int, help="how much is at stake: generations, sockets, requests ...")
    parser.add_argument("--seed", type=int, help="of all that is left to chance")
    parser.add_argument("--short", action="store_true", help="the size that the tests run")
    parser.add_argument("--without-guard", action="store_true", help="the negative control: must break")
    parser.add_argument("--keep", type=Path, metavar="DIR", help="leave logs and data there")
    return parser


def _experiment(name: str) -> Experiment:
    if name not in EXPERIMENTS:
        raise argparse.ArgumentTypeError(f"there is no {name}; there are {', '.join(EXPERIMENTS)}")
    return EXPERIMENTS[name]


if __name__ == "__main__":
    sys.exit(main())
