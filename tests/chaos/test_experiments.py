"""The short version of each experiment: its promise holds, and without its guard it visibly does not."""

from __future__ import annotations

import pytest

from tests.chaos.__main__ import perform, table
from tests.chaos.experiment import Experiment
from tests.chaos.registry import EXPERIMENTS

SEED = 1

each = pytest.mark.parametrize("experiment", EXPERIMENTS.values(), ids=list(EXPERIMENTS))


@pytest.mark.long
@each
def test_the_promise_holds(experiment: Experiment) -> None:
    findings = perform(experiment, experiment.short, SEED)

    assert not findings.broken, table(findings)


@pytest.mark.long
@each
def test_without_its_guard_it_breaks(experiment: Experiment) -> None:
    findings = perform(experiment, experiment.short, SEED, without=experiment.guard)

    assert findings.broken, table(findings)
