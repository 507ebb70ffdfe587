"""Every experiment there is."""

from __future__ import annotations

from tests.chaos.experiment import Experiment
from tests.chaos.experiments import (
    calls,
    column_added,
    documents,
    frames,
    frozen_worker,
    full_disk,
    killer_story,
    limits,
    links,
    lost_news,
    lost_ring,
    many_sockets,
    orderly_stops,
    pairs,
    postgres_stops,
    slow_readers,
    slow_requests,
    tokens,
    valkey_kills,
    worker_kills,
    wrong_clock,
)

EXPERIMENTS: dict[str, Experiment] = {
    experiment.name: experiment
    for experiment in (
        worker_kills.EXPERIMENT,
        valkey_kills.EXPERIMENT,
        postgres_stops.EXPERIMENT,
        frozen_worker.EXPERIMENT,
        killer_story.EXPERIMENT,
        lost_ring.EXPERIMENT,
        lost_news.EXPERIMENT,
        slow_readers.EXPERIMENT,
        many_sockets.EXPERIMENT,
        full_disk.EXPERIMENT,
        orderly_stops.EXPERIMENT,
        column_added.EXPERIMENT,
        wrong_clock.EXPERIMENT,
        documents.EXPERIMENT,
        calls.EXPERIMENT,
        pairs.EXPERIMENT,
        frames.EXPERIMENT,
        links.EXPERIMENT,
        limits.EXPERIMENT,
        tokens.EXPERIMENT,
        slow_requests.EXPERIMENT,
    )
}
