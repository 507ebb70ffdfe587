"""Live progress: thousands of sockets, each with a subscription, beside graphql-ws with ioredis."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from bench import data
from bench.ground import Ground
from bench.processes import Process, start_helper
from bench.rounds import interleave
from bench.tables import Column, Table
from core.events import user_channel

NAME = "live"
ABOUT = "subscriptions of 2,000 sockets: delay, memory, events delivered, beside graphql-ws with ioredis"

SOCKETS, USERS = 2000, 500
# Published a second: each is delivered to all the sockets of its user.
RATE = 1500
# What may be delivered a second: the highest of these steps that is.
STEPS = (8_000, 12_000, 16_000, 20_000, 25_000, 30_000, 36_000, 43_000, 52_000, 62_000)
STEADY_SECONDS, STEP_SECONDS = 5.0, 2.0

FIELDS = "id status progress revision"
PROGRESS = f"subscription ($id: UUID!) {{ storyGenerationProgress(id: $id) {{ {FIELDS} }} }}"
EVENTS = f"subscription {{ storyGenerationEvents {{ change id generation {{ {FIELDS} }} }} }}"

COLUMNS = (
    Column("p50", "median delay, ms", 2),
    Column("p99", "p99, ms", 2),
    Column("memory", "KiB a subscriber", 1),
    Column("delivered", "delivered a second before falling behind"),
    Column("cpu", "µs of processor time an event", 1),
)
NOTES = (
    f"{SOCKETS:,} sockets of {USERS} users, half following one generation, half all of their user's.",
    f"Delays at {RATE:,} changes published a second, {RATE * SOCKETS // USERS:,} events delivered.",
    "Falling behind: less than 97 % told when a step of two seconds ends, or a p99 over 250 ms, twice.",
    "The steps end at 62,000 a second, and lie a sixth apart: who keeps up with the last may do more.",
    "Storycast reads its rows again every 10 to 15 seconds all the while; the peer never does.",
    "The load, one process, publishes and receives; it uses less than two thirds of a core.",
)


async def run(ground: Ground) -> list[Table]:
    users = [(user.id, user.generation_ids[0]) for user in await data.fill(ground, USERS, 1)]
    await _begin(ground)
    streams = [_stream(ground, *user, number) for number in range(SOCKETS // USERS) for user in users]
    targets = [[user_channel(user), str(generation)] for user, generation in users]

    async def measured(contender: Process) -> Mapping[str, float]:
        try:
            return await _measure(ground, contender, streams, targets)
        finally:
            await asyncio.to_thread(contender.stop)

    async def storycast() -> Mapping[str, float]:
        return await measured(await ground.start_api())

    async def peer() -> Mapping[str, float]:
        return await measured(await ground.start_peer("live.js"))

    figures = await interleave(ground.rounds, {"Storycast": storycast, "graphql-ws + ioredis": peer})
    return [Table("Live progress", "graphql-ws + ioredis", COLUMNS, figures, NOTES)]


async def _begin(ground: Ground) -> None:
    """Have a worker at work on every generation, for all that anybody can see."""
    async with ground.sql() as sql:
        await sql.execute(
            "UPDATE story_generations SET status = 'in_progress', progress = 1, revision = 2, attempt = 1,"
            " result_key = NULL, captions_key = NULL, duration_seconds = NULL, finished_at = NULL,"
            " lease_until = now() + interval '1 day', next_wake_at = now() + interval '1 day'"
        )


def _stream(ground: Ground, user: UUID, generation: UUID, number: int) -> dict[str, Any]:
    token = ground.token(user)
    if number % 2:
        return {"token": token, "query": EVENTS, "variables": {}}
    return {"token": token, "query": PROGRESS, "variables": {"id": str(generation)}}


async def _measure(
    ground: Ground, contender: Process, streams: list[dict[str, Any]], targets: list[list[str]]
) -> dict[str, float]:
    fan_out = SOCKETS / USERS
    ramp = [{"rate": delivered / fan_out, "seconds": STEP_SECONDS} for delivered in STEPS]
    load = {
        "address": f"{contender.base}/graphql",
        "pid": contender.pid,
        "redis": ground.peer_environment()["REDIS_SOCKET"],
        "streams": streams,
        "targets": targets,
        "steady": {"rate": RATE, "seconds": max(ground.seconds, STEADY_SECONDS)},
        "ramp": ramp,
    }
    process = await start_helper("bench.live_load")
    said, _ = await process.communicate(json.dumps(load).encode())
    if process.returncode:
        raise RuntimeError(f"{contender.name} could not be measured: {contender.tell_end()}")
    return _figures(json.loads(said))


def _figures(found: dict[str, Any]) -> dict[str, float]:
    first, ramp = found["steady"], found["ramp"]
    kept_up = [step for step in ramp if step["kept_up"]]
    return {
        "p50": first["p50_ms"],
        "p99": first["p99_ms"],
        "memory": found["bytes_a_subscriber"] / 1024,
        "delivered": max((step["delivered_a_second"] for step in kept_up), default=0.0),
        "cpu": first["server_cpu"] / first["delivered_a_second"] * 1e6,
        "load": max(step["load_cpu"] for step in (first, *ramp)),
    }
