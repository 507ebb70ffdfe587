"""Limits are exact over several API processes, whether Redis is there, frozen or gone."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import AsyncExitStack, ExitStack
from uuid import UUID, uuid4

import asyncpg
import pytest

from core.settings import Settings
from tests.callers import Client
from tests.conftest import adjust
from tests.limits.asking import burst
from tests.outages import Outages
from tests.processes import ApiProcess

PROCESSES = 3
ASKED = 30
A_MINUTE = 7
UNFINISHED = 5


@pytest.fixture
def told(settings: Settings, own_valkey: Outages) -> Settings:
    limits = {"initiations_per_minute": A_MINUTE, "unfinished_generations": UNFINISHED}
    return adjust(settings, redis_url=own_valkey.server.url(), **limits)


@pytest.fixture
def processes(told: Settings) -> Iterator[list[ApiProcess]]:
    with ExitStack() as stack:
        started = [ApiProcess(told) for _ in range(PROCESSES)]
        yield [stack.enter_context(process) for process in started]


@pytest.fixture
async def apis(told: Settings, processes: list[ApiProcess]) -> AsyncIterator[list[Client]]:
    async with AsyncExitStack() as stack:
        clients = [Client(process.base, told) for process in processes]
        for client in clients:
            stack.push_async_callback(client.close)
        yield clients


async def test_bursts_over_several_processes_are_admitted_up_to_the_limits_exactly(
    apis: list[Client], sql: asyncpg.Connection, own_valkey: Outages
) -> None:
    await check_both_limits(apis, sql, uuid4())
    own_valkey.freeze()
    await check_both_limits(apis, sql, uuid4())
    own_valkey.thaw()
    own_valkey.kill()
    await check_both_limits(apis, sql, uuid4())


async def check_both_limits(apis: Sequence[Client], sql: asyncpg.Connection, user: UUID) -> None:
    """First so many at once, then, as none is unfinished any more, what is left of the minute."""
    story = await apis[0].add_story(user)
    began = time.monotonic()
    assert await burst(apis, user, story, ASKED) == UNFINISHED
    await sql.execute("UPDATE story_generations SET status = 'failed' WHERE user_id = $1", user)
    admitted = await burst(apis, user, story, ASKED)
    refilled = int((time.monotonic() - began) * A_MINUTE / 60)  # 0, unless this machine is very slow
    assert A_MINUTE <= UNFINISHED + admitted <= A_MINUTE + refilled
    count = "SELECT count(*) FROM story_generations WHERE user_id = $1"
    assert await sql.fetchval(count, user) == UNFINISHED + admitted
