"""The short version of each experiment: its promise holds, and without its guard it visibly does not."""

from __future__ import annotations

import os

import pytest

from tests.chaos.__main__ import perform, table
from tests.chaos.experiment import Experiment, Findings, Unavailable
from tests.chaos.registry import EXPERIMENTS

SEED = 1

each = pytest.mark.parametrize("experiment", EXPERIMENTS.values(), ids=list(EXPERIMENTS))


def run_short(experiment: Experiment, without: str | None = None) -> Findings:
    try:
        return perform(experiment, experiment.short, SEED, without=without)
    except Unavailable as missing:
        if os.environ.get("CI") and not missing.by_nature:
            raise
        pytest.skip(str(missing))


@pytest.mark.long
@each
def test_the_promise_holds(experiment: Experiment) -> None:
    findings = run_short(experiment)

    assert not findings.broken, table(findings)


@pytest.mark.long
@each
def test_without_its_guard_it_breaks(experiment: Experiment) -> None:
    findings = run_short(experiment, without=experiment.guard)

    for words in (experiment.breaks, experiment.breaks_too):
        assert any(words in promise for promise in findings.broken), table(findings)
