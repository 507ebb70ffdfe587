"""Sockets whose tokens end while they are open."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from random import Random
from uuid import UUID

from tests.chaos.clients.houses import House
from tests.chaos.clients.sockets import open_socket
from tests.chaos.experiment import Findings
from tests.chaos.figures import percentile
from tests.identity.issuer import claims

# Time to sign in, on a machine that is busy.
SOONEST_SECONDS = 4
MOST_LATE_SECONDS = 1.0
AT_ONCE = 16
GIVE_UP_SECONDS = 30


async def sit_until_expiry(
    houses: Sequence[House], number: int, spread: int, dice: Random
) -> tuple[list[float], list[str]]:
    """So many sockets, whose tokens end within `spread` seconds of each other: how long after the end each
    was closed, in rising order, and which were closed otherwise than with 4403, or not at all.
    """
    late: list[float] = []
    otherwise: list[str] = []
    opening = asyncio.Semaphore(AT_ONCE)

    async def sit(house: House, lasting: int, user: UUID) -> None:
        async with opening:
            expires = int(time.time()) + lasting
            token = house.sign(claims(sub=str(user), exp=expires))
            socket = await open_socket(house.port, token, lambda *_: None)
        try:
            async with asyncio.timeout(lasting + GIVE_UP_SECONDS):
                await socket.ended.wait()
        except TimeoutError:
            socket.close()
        late.append(time.time() - expires)
        if socket.end != "4403 Token expired" or late[-1] < 0:
            otherwise.append(f"{house.algorithm}: {socket.end} after {late[-1]:.2f} s")

    async with asyncio.TaskGroup() as tasks:
        for turn in range(number):
            lasting = SOONEST_SECONDS + dice.randrange(spread)
            user = UUID(int=dice.getrandbits(128))
            tasks.create_task(sit(houses[turn % len(houses)], lasting, user))
    return sorted(late), otherwise


def judge_expiry(findings: Findings, late: Sequence[float], otherwise: Sequence[str], busy: float) -> None:
    """`busy`: what the machine, and those who ask all at once, make anybody wait for an answer."""
    findings.note("sockets open at the end of their tokens", len(late))
    findings.note("closed after the end, seconds: median", percentile(late, 0.5))
    findings.note(f"closed after the end, seconds: most (promised {MOST_LATE_SECONDS:g})", late[-1])
    findings.expect_none("sockets closed otherwise than with 4403 at the end", otherwise)
    findings.expect(late[-1] <= MOST_LATE_SECONDS + busy, f"a socket outlived its token by {late[-1]:.2f} s")
