"""Storycast and the servers it is measured beside, started."""

from __future__ import annotations

import sys

from bench.ground import Ground
from bench.processes import Process

STORYCAST = "Storycast"
MERCURIUS = "Mercurius"
LIMIT = "Starlette + asyncpg, no GraphQL"
NODE = {MERCURIUS: "mercurius.js", "GraphQL Yoga": "yoga.js", "Apollo Server": "apollo.js"}


async def start_limit(ground: Ground, *, one_trip: bool) -> Process:
    """Starlette with asyncpg and nothing between."""
    program = [sys.executable, "-P", "-m", "bench.peers.starlette_peer"]
    return await ground.start_program("starlette", program, trips(one_trip=one_trip))


async def start_node(ground: Ground, *, one_trip: bool) -> dict[str, Process]:
    """The GraphQL servers in Node."""
    return {name: await ground.start_peer(script, trips(one_trip=one_trip)) for name, script in NODE.items()}


def trips(*, one_trip: bool) -> dict[str, str]:
    return {"TRIPS": "1" if one_trip else ""}
