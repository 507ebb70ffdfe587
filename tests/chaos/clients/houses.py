"""API processes that believe different issuers, and what each of these signs."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jwt

from tests.chaos.clients.doors import Doors
from tests.chaos.installation import Installation
from tests.chaos.sabotage.stalls import SHORT_COOL_DOWN, stalls_file
from tests.identity.conftest import key
from tests.identity.hostility import document, say
from tests.identity.issuer import PUBLISHED, Key, Scripted, response, scripted_server

COOL_DOWN = 10.0


@dataclass(frozen=True)
class House:
    """One API process. `sign` is its issuer's; `port`, where it listens; `stalls`, where it writes them."""

    algorithm: str
    port: int
    sign: Callable[..., str]
    doors: Doors
    stalls: Path


@dataclass(frozen=True)
class KeyedHouse(House):
    """One that takes tokens of an issuer's published keys, of which `known` is one all the time. It asks once
    in `cool_down` seconds at the most.
    """

    known: Key
    issuer: Scripted
    cool_down: float

    def publish(self, *more: Key) -> None:
        self.issuer.script = say(response(document(*(each.entry for each in (self.known, *more)))))(
            self.issuer
        )


@asynccontextmanager
async def open_houses(made: Installation, issuers: ExitStack) -> AsyncIterator[list[House]]:
    """One with a shared secret, and one for each algorithm of published keys; `issuers` ends their issuers.

    Where a run has to be short (`Size`), a second is what they wait before they ask an issuer again.
    """
    hasty = made.plan.size.sweep_seconds < 5
    faults = "tells_stalls,short_cool_down" if hasty else "tells_stalls"

    async def open_one(algorithm: str, **told: Any) -> dict[str, Any]:
        api = await asyncio.to_thread(made.start_api, fault=faults, jwt_algorithm=algorithm, **told)
        doors = Doors(api.port)
        stack.push_async_callback(doors.close)
        stalls = stalls_file(made.plan.directory, api.port)
        return {"algorithm": algorithm, "port": api.port, "doors": doors, "stalls": stalls}

    async def open_keyed(algorithm: str) -> House:
        known, issuer = key(algorithm, "first"), issuers.enter_context(scripted_server())
        opened = await open_one(algorithm, jwt_secret=None, jwks_url=issuer.url)
        house = KeyedHouse(
            **opened,
            sign=known.sign,
            known=known,
            issuer=issuer,
            cool_down=SHORT_COOL_DOWN if hasty else COOL_DOWN,
        )
        house.publish()
        return house

    async def open_shared() -> House:
        secret = made.settings.need("jwt_secret")
        return House(
            **await open_one("HS256"),
            sign=lambda content, **headers: jwt.encode(content, secret, "HS256", headers=headers or None),
        )

    async with AsyncExitStack() as stack:
        yield list(await asyncio.gather(open_shared(), *map(open_keyed, PUBLISHED)))
