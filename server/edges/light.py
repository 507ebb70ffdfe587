"""What asyncio has too, for thousands of sockets: it takes up next to nothing while nobody waits."""

from __future__ import annotations

import asyncio
from typing import Any, Literal


class Gate:
    """An `asyncio.Event` that is set at first."""

    __slots__ = ("_is_open", "_waiting")

    def __init__(self) -> None:
        self._is_open = True
        self._waiting: list[asyncio.Future[None]] | None = None

    def is_set(self) -> bool:
        return self._is_open

    def set(self) -> None:
        self._is_open = True
        for each in self._waiting or ():
            if not each.done():
                each.set_result(None)

    def clear(self) -> None:
        self._is_open = False

    async def wait(self) -> Literal[True]:
        if self._is_open:
            return True
        waiting = self._waiting = self._waiting or []
        passed = asyncio.get_running_loop().create_future()
        waiting.append(passed)
        try:
            await passed
        finally:
            waiting.remove(passed)
            if not waiting and self._waiting is waiting:
                self._waiting = None
        return True


class Inbox:
    """As much of an `asyncio.Queue` as one reader needs."""

    __slots__ = ("_items", "_waiting")

    def __init__(self) -> None:
        self._items: list[Any] = []
        self._waiting: asyncio.Future[None] | None = None

    def put_nowait(self, item: Any) -> None:
        self._items.append(item)
        if self._waiting and not self._waiting.done():
            self._waiting.set_result(None)

    async def get(self) -> Any:
        while not self._items:
            self._waiting = asyncio.get_running_loop().create_future()
            try:
                await self._waiting
            finally:
                self._waiting = None
        return self._items.pop(0)

    def empty(self) -> bool:
        return not self._items
