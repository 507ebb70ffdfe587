"""Two users who do everything at once over one small pool, to themselves and to each other."""

from __future__ import annotations

import asyncio
import dataclasses
import json
import subprocess
import sys

from core.settings import load_settings
from tests.chaos.experiment import Experiment, Findings, Plan, Size
from tests.chaos.installation import installation
from tests.chaos.sabotage.guards import GUARDS
from tests.ownership.crowd import Figures, run_crowd
from tests.processes import ROOT, environment_of


async def run(plan: Plan) -> Findings:
    """`many` users for `seconds`; a third of their requests are broken off."""
    findings = Findings()
    async with installation(plan) as made:
        # A process of its own, as a guard cannot be put back.
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "tests.chaos.experiments.pairs", str(plan.size.seconds), str(plan.seed)),
            *(str(plan.size.many), plan.without or ""),
            cwd=ROOT,
            env=environment_of(made.settings),
            stdout=subprocess.PIPE,
        )
        told, _ = await process.communicate()
    findings.expect(process.returncode == 0, f"the crowd ended with {process.returncode}")
    figures = Figures(**json.loads(told))
    for name in ("requests", "cut_off", "answers", "own_ids"):
        findings.note(name.replace("_", " "), getattr(figures, name))
    findings.note("pairs of users and operations", f"{figures.covered} of {figures.to_cover}")
    findings.expect(figures.covered == figures.to_cover, "not every pair has met in every operation")
    findings.expect_none("ids of somebody else's, and changes to theirs", figures.foreign)
    findings.expect_none("faults of ours", figures.faults)
    return findings


def main(seconds: str, seed: str, users: str, without: str) -> None:
    """Print the crowd's figures as JSON."""
    if without:
        GUARDS[without]()
    figures = asyncio.run(
        run_crowd(load_settings(), seconds=float(seconds), seed=int(seed), users=int(users))
    )
    sys.stdout.write(json.dumps(dataclasses.asdict(figures), default=list))


EXPERIMENT = Experiment(
    name="pairs",
    promise="every operation by every pair of users, a third broken off: no row of somebody else's, ever",
    guard="whose",
    breaks="ids of somebody else's",
    run=run,
    full=Size(seconds=60, many=3),
    short=Size(seconds=3, many=2),
)

if __name__ == "__main__":
    main(*sys.argv[1:])
