"""Attacks on sockets."""

from __future__ import annotations

import asyncio
import json
import socket
import struct
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any
from uuid import UUID

from core.settings import Settings
from tests.callers import Client
from tests.chaos.clients.bad_frames import KINDS, RIGHT, VIEWER, bad_operation
from tests.chaos.clients.neighbours import Neighbour
from tests.chaos.clients.siege import Attacker
from tests.chaos.clients.watchers import EVENTS
from tests.edges.bad_frames import HANDSHAKES
from tests.edges.raw import CLOSE, HANDSHAKE, Wire, frame, wire

TOO_MANY_OPERATIONS = "TOO_MANY_OPERATIONS"


@dataclass
class SocketAttacker(Attacker):
    """`user` attacks on sockets of its own, and on those of `hosts`, with operations alone."""

    client: Client
    settings: Settings
    user: UUID
    hosts: Sequence[Neighbour]

    async def make(self, dice: Random) -> None:
        ways: dict[Callable[[Random], Awaitable[None]], int] = {
            self._bad_frame: 55,
            self._bad_operation: 25,
            self._out_of_turn: 8,
            self._reset: 8,
            self._bad_handshake: 3,
            self._too_many_operations: 1,
        }
        (way,) = dice.choices(list(ways), list(ways.values()))
        await way(dice)

    async def _bad_frame(self, dice: Random) -> None:
        kind = dice.choice(list(KINDS))
        self.kind = f"frame: {kind}"
        data, code = KINDS[kind](dice)
        await self._is_closed(self._init() + data, code, dice)

    async def _out_of_turn(self, dice: Random) -> None:
        """Messages that are right by themselves."""
        subscribe = _message({**RIGHT, "payload": {"query": EVENTS}})
        forged = _message({"type": "connection_init", "payload": {"Authorization": self._forged(dice)}})
        ways = {
            "an operation before connection_init": (subscribe, 4401),
            "a second connection_init": (self._init() + self._init(), 4429),
            "an id in use": (self._init() + 2 * subscribe, 4409),
            "a forged token": (forged, 4403),
        }
        self.kind = dice.choice(list(ways))
        await self._is_closed(*ways[self.kind], dice)

    async def _is_closed(self, data: bytes, code: int, dice: Random) -> None:
        async with wire(self.client.base) as end:
            await end.upgrade()
            end.writer.write(data)
            closed = await end.close_code()
            if closed != code:
                self.note(f"closed with {closed}, not {code}: {data[-100:]!r}")
            if dice.random() < 0.5:  # else it leaves without a word
                end.writer.write(frame(b"\x03\xe8", CLOSE) + dice.randbytes(100))
                await end.rest()

    async def _bad_operation(self, dice: Random) -> None:
        """Among the operations of somebody honest."""
        kind, payload, has_to_fail = bad_operation(dice, self.settings)
        self.kind = f"operation: {kind}"
        host, name = dice.choice(self.hosts), f"bad {dice.random()} {'x' * dice.choice([0, 0, 0, 9_000])}"
        told = await host.answer(name, payload["query"], payload.get("variables"))
        failed = told["type"] == "error" or (told["type"] == "next" and told["payload"].get("errors"))
        if has_to_fail and not failed:
            self.note(f"{told} to {payload}")

    async def _too_many_operations(self, dice: Random) -> None:
        self.kind = "too many operations"
        most, more = self.settings.operations_per_socket, dice.randrange(1, 20)
        async with wire(self.client.base) as end:
            await end.upgrade()
            await end.send(self._init())
            for number in range(most + more):
                await end.say({**RIGHT, "id": str(number), "payload": {"query": EVENTS}})
            await end.say({"type": "ping"})
            told: list[dict[str, Any]] = []
            while not told or told[-1]["type"] != "pong":
                told.append(json.loads((await end.hear())[1]))
        refused = [each["id"] for each in told if TOO_MANY_OPERATIONS in str(each.get("payload"))]
        if refused != [str(number) for number in range(most, most + more)]:
            self.note(f"of {most + more} these were refused: {refused}")

    async def _bad_handshake(self, dice: Random) -> None:
        self.kind = "bad handshake"
        async with wire(self.client.base) as end:
            handshake = HANDSHAKE.format(host="localhost", more=dice.choice(list(HANDSHAKES.values())))
            await end.send(handshake.encode())
            head = await end.answer()
        if not head.startswith((b"HTTP/1.1 4", b"HTTP/1.1 101 ")):
            self.note(f"{head[:100]!r}")

    async def _reset(self, dice: Random) -> None:
        """In the middle of whatever it is."""
        self.kind = "reset in the middle"
        handshake = HANDSHAKE.format(host="localhost", more="").encode()
        data = self._init() + _message({**RIGHT, "payload": {"query": dice.choice([VIEWER, EVENTS])}})
        async with wire(self.client.base) as end:
            if dice.random() < 0.3:
                await end.send(handshake[: dice.randrange(len(handshake))])
            else:
                await end.upgrade()
                await end.send(data[: dice.randrange(len(data) + 1)])
                await asyncio.sleep(dice.choice([0, 0, 0.01]))
            _reset(end)

    def _forged(self, dice: Random) -> str:
        token = self.client.token(self.user)
        return dice.choice(
            ["", "Bearer ", "Bearer x", f"Bearer {token[:-5]}", f"Basic {token}", "x" * 20_000]
        )

    def _init(self) -> bytes:
        return _message({"type": "connection_init", "payload": self.client.headers(self.user)})


def _message(message: Any) -> bytes:
    return frame(json.dumps(message).encode())


def _reset(end: Wire) -> None:
    held = end.writer.get_extra_info("socket")
    held.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    end.writer.transport.abort()
