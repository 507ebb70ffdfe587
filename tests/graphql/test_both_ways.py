"""The suite passes whether plans answer or graphql-core does: `pytest --without-plans`."""

from __future__ import annotations

import os
import subprocess
import sys
from uuid import UUID

import pytest

from tests.callers import Api
from tests.processes import ROOT, environment_of

# Whatever speaks GraphQL for most of its time.
PLACES = ("edges/test_frames.py", "edges/test_sockets.py", "graphql", "limits", "live", "ownership")
LIMIT_SECONDS = 1200


@pytest.fixture
def without_plans(request: pytest.FixtureRequest) -> bool:
    return bool(request.config.getoption("--without-plans"))


async def test_a_run_answers_as_it_was_told_to(
    api: Api, alice: UUID, went_as_planned: list[bool], *, without_plans: bool
) -> None:
    for _ in range(3):
        await api.data(alice, "{ stories { items { id } } }")
    assert set(went_as_planned) == (set() if without_plans else {True})
    assert environment_of(api.settings).get("STORYCAST_PLANS") == ("False" if without_plans else None)


@pytest.mark.long
def test_what_speaks_graphql_passes_without_plans(*, without_plans: bool) -> None:
    if without_plans:
        pytest.skip("All of this run is without plans")
    beside = ["-n", "auto", "--maxprocesses", "4", "--dist", "loadfile"]
    places = [f"tests/{place}" for place in PLACES]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-m", "not long", "--without-plans", *beside, *places],
        cwd=ROOT,
        env={**os.environ, "PYTEST_ADDOPTS": "-q -p no:cacheprovider"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=LIMIT_SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stdout
