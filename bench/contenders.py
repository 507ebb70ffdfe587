"""Storycast and the servers it is measured beside, started."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from bench.ground import Ground
from bench.http_load import Request
from bench.processes import Process

STORYCAST = "Storycast"
MERCURIUS = "Mercurius"
LIMIT = "Starlette + asyncpg, no GraphQL"
NODE = {MERCURIUS: "mercurius.js", "GraphQL Yoga": "yoga.js", "Apollo Server": "apollo.js"}
RESPONDER = "a constant answer (the generator's limit)"


def asked_as_it_is(request: Request) -> Request:
    return request


def read_as_it_is(_: Request, answer: Any) -> Any:
    return answer


@dataclass(frozen=True)
class Contender:
    """A server. One with another contract says how a request is put to it (`phrase`), and what its answer to
    that would be in Storycast's words (`read`).
    """

    process: Process
    phrase: Callable[[Request], Request] = asked_as_it_is
    read: Callable[[Request, Any], Any] = read_as_it_is


async def start_node(ground: Ground, *, one_trip: bool) -> dict[str, Contender]:
    """The GraphQL servers in Node."""
    return {
        name: Contender(await ground.start_peer(script, _trips(one_trip=one_trip)))
        for name, script in NODE.items()
    }


async def start_limit(ground: Ground, *, one_trip: bool) -> Contender:
    """Starlette with asyncpg and nothing between."""
    program = [sys.executable, "-P", "-m", "bench.peers.starlette_peer"]
    return Contender(await ground.start_program("starlette", program, _trips(one_trip=one_trip)))


async def start_responder(ground: Ground, length: int) -> Process:
    """Something that answers with `length` bytes at once, whatever is asked."""
    program = [sys.executable, "-P", "-m", "bench.responder", str(length)]
    return await ground.start_program("responder", program, {})


def _trips(*, one_trip: bool) -> dict[str, str]:
    return {"TRIPS": "1" if one_trip else ""}
