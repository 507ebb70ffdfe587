"""Limits are exact over several API processes, whether Redis is there, frozen or gone."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import AsyncExitStack, ExitStack
from itertools import cycle
from uuid import UUID, uuid4

import asyncpg
import pytest

from core.settings import Settings
from tests.clients import Client
from tests.conftest import adjust
from tests.limits.asking import BOTH, Answer
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
    assert await burst(apis, user, story) == UNFINISHED
    await sql.execute("UPDATE story_generations SET status = 'failed' WHERE user_id = $1", user)
    admitted = await burst(apis, user, story)
    refilled = int((time.monotonic() - began) * A_MINUTE / 60)  # 0, unless this machine is very slow
    assert A_MINUTE <= UNFINISHED + admitted <= A_MINUTE + refilled
    count = "SELECT count(*) FROM story_generations WHERE user_id = $1"
    assert await sql.fetchval(count, user) == UNFINISHED + admitted


async def burst(apis: Sequence[Client], user: UUID, story: str) -> int:
    """How many are admitted of those who ask at once; the others are told why not."""
    ways = cycle([(api, ask) for ask in BOTH.values() for api in apis])
    asked = [ask(api, user, story) for _, (api, ask) in zip(range(ASKED), ways, strict=False)]
    answers: list[Answer] = await asyncio.gather(*asked)
    admitted = {answer.generation for answer in answers if answer.generation}
    refused = [answer.refusal for answer in answers if not answer.generation]
    assert refused == ["RATE_LIMITED"] * (ASKED - len(admitted))
    return len(admitted)
