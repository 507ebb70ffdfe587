"""Asking for a narration over GraphQL: row, log and quota in a transaction, then doorbell and news."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from functools import partial
from uuid import UUID, uuid4

import asyncpg
import redis.asyncio

from bench import data
from bench.compare import Work, both_ways
from bench.ground import Ground
from bench.http_load import CONNECTIONS, Request
from bench.rounds import Different
from bench.tables import Table

NAME = "initiate"
ABOUT = "GraphQL initiate: row, log, quota and doorbell, in a transaction and in one round trip"

DOCUMENT = """mutation Initiate($input: InitiateStoryGenerationInput!) {
  initiateStoryGeneration(input: $input) {
    ... on InitiateStoryGenerationSuccess {
      generation { id storyId status progress revision createdAt durationSeconds voice { id } }
    }
    ... on Error { code message }
  }
}"""
USERS, EACH = 1000, 200
ROOMY = {"initiations_per_minute": 100_000, "unfinished_generations": 100_000}
NOTES = (
    "Raised by setting, as the run would end at once: 100,000 initiations a minute and unfinished, per user.",
    "Each measurement begins with the same rows; after it each row is seen to have its log entry and ring.",
)
QUEUE = "dramatiq:narrations"
SETTLE_SECONDS = 10
BUSY = "SELECT count(*) FROM pg_stat_activity WHERE usename = 'storycast_api' AND state <> 'idle'"


def ask(token: str, story_id: UUID) -> Request:
    body = {"query": DOCUMENT, "variables": {"input": {"storyId": str(story_id)}}}
    return Request("POST", "/graphql", token, body)


async def run(ground: Ground) -> list[Table]:
    users = await data.fill(ground, USERS, EACH)
    ground.settings = ground.adjusted(**ROOMY)
    tokens = [ground.token(user.id) for user in users]
    timed = [ask(token, user.story_id) for token, user in zip(tokens, users, strict=True)]
    odd = [ask(tokens[0], users[1].story_id), ask(tokens[0], uuid4()), ask(tokens[0][:-2] + "AA", uuid4())]
    async with redis.asyncio.from_url(ground.settings.need("redis_url")) as valkey:
        work = Work(("id", "createdAt"), partial(clear_away, ground, valkey), partial(check, ground, valkey))
        tables = await both_ways(ground, "GraphQL initiate", timed, odd, work)
    return [replace(table, notes=NOTES) for table in tables]


async def clear_away(ground: Ground, valkey: redis.asyncio.Redis) -> None:
    """Leave what `fill` made, as it was then."""
    async with ground.sql() as sql:
        await until_idle(sql)
        await sql.execute("DELETE FROM story_generations WHERE status = 'pending'")
        await sql.execute("TRUNCATE generation_logs, initiation_quotas")
        await sql.execute("VACUUM (ANALYZE) story_generations, generation_logs, initiation_quotas")
        await sql.execute("CHECKPOINT")
    await valkey.flushdb()


async def until_idle(sql: asyncpg.Connection) -> None:
    """Until what was asked over connections that are closed by now has been carried out, too."""
    limit = asyncio.get_running_loop().time() + SETTLE_SECONDS
    while await sql.fetchval(BUSY):
        if asyncio.get_running_loop().time() > limit:
            raise Different("somebody still writes to the database")
        await asyncio.sleep(0.05)


async def check(ground: Ground, valkey: redis.asyncio.Redis, answers: int) -> None:
    """Raises Different unless each answer stands for a new row, which has its log entry and its doorbell."""
    limit = asyncio.get_running_loop().time() + SETTLE_SECONDS
    async with ground.sql() as sql:
        while True:
            rows, logs, rung = (
                await sql.fetchval("SELECT count(*) FROM story_generations WHERE status = 'pending'"),
                await sql.fetchval("SELECT count(*) FROM generation_logs WHERE event = 'created'"),
                await valkey.llen(QUEUE),
            )
            # Those that were underway when their connections were closed had no answer.
            if rows == logs == rung and 0 <= rows - answers <= CONNECTIONS:
                return
            if asyncio.get_running_loop().time() > limit:
                raise Different(f"{answers} answers, {rows} rows, {logs} log entries and {rung} doorbells")
            await asyncio.sleep(0.05)
