"""Every experiment there is."""

from __future__ import annotations

from tests.chaos import frozen_worker, killer_story, valkey_kills, worker_kills
from tests.chaos.experiment import Experiment

EXPERIMENTS: dict[str, Experiment] = {
    experiment.name: experiment
    for experiment in (
        worker_kills.EXPERIMENT,
        valkey_kills.EXPERIMENT,
        frozen_worker.EXPERIMENT,
        killer_story.EXPERIMENT,
    )
}
