"""Every experiment there is."""

from __future__ import annotations

from tests.chaos import worker_kills
from tests.chaos.experiment import Experiment

EXPERIMENTS: dict[str, Experiment] = {
    experiment.name: experiment for experiment in (worker_kills.EXPERIMENT,)
}
