"""How many clients a process lets in, by the files that it may have open."""

from __future__ import annotations

import resource

import pytest

from core.errors import StartupError
from core.settings import Settings
from server.edges.descriptors import SPARE, room_for_connections

POOL_SIZE = 10


@pytest.fixture
def limit(monkeypatch: pytest.MonkeyPatch) -> dict[str, int]:
    """The limit of a machine in the process's stead: lowering one's own cannot be undone."""
    held = {"soft": 100, "hard": 500}

    def set_limit(_: int, pair: tuple[int, int]) -> None:
        held["soft"], held["hard"] = pair

    monkeypatch.setattr(resource, "getrlimit", lambda _: (held["soft"], held["hard"]))
    monkeypatch.setattr(resource, "setrlimit", set_limit)
    return held


@pytest.mark.parametrize(
    ("soft", "hard", "connections", "room"),
    [
        (resource.RLIM_INFINITY, resource.RLIM_INFINITY, 10_000, 10_000),
        (100_000, 100_000, 10_000, 10_000),
        (1024, resource.RLIM_INFINITY, 10_000, 10_000),
        (1024, 100_000, 10_000, 10_000),
        (1024, 4096, 10_000, 4096 - SPARE - POOL_SIZE),
        (SPARE + POOL_SIZE + 1, SPARE + POOL_SIZE + 1, 10_000, 1),
        (1024, 1024, 50, 50),
    ],
)
def test_there_is_room_for_as_many_as_the_settings_say_or_as_files_may_be_open(
    limit: dict[str, int], soft: int, hard: int, connections: int, room: int
) -> None:
    limit.update(soft=soft, hard=hard)
    assert room_for_connections(settings(connections)) == room
    assert limit["hard"] == hard
    assert limit["soft"] == resource.RLIM_INFINITY or limit["soft"] >= room


def test_less_room_than_wanted_is_told_with_what_to_do(
    limit: dict[str, int], caplog: pytest.LogCaptureFixture
) -> None:
    limit.update(soft=200, hard=200)
    assert room_for_connections(settings(1000)) == 200 - SPARE - POOL_SIZE
    (told,) = caplog.messages
    assert "Room for 126 connections instead of 1000" in told
    assert "ulimit -n" in told


def test_enough_room_needs_no_word(limit: dict[str, int], caplog: pytest.LogCaptureFixture) -> None:
    assert room_for_connections(settings(10)) == 10
    assert caplog.messages == []


def test_a_process_without_room_for_anybody_does_not_start(limit: dict[str, int]) -> None:
    limit.update(soft=SPARE + POOL_SIZE, hard=SPARE + POOL_SIZE)
    with pytest.raises(StartupError, match="ulimit -n"):
        room_for_connections(settings(10))


def settings(connections: int) -> Settings:
    return Settings(connections=connections, database_pool_size=POOL_SIZE)
