"""Waking streams that something has moved for: a few at once, many in slices, with all else in between."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Collection
from typing import Protocol

FEW = 50
SLICE_SECONDS = 0.002

logger = logging.getLogger(__name__)


class Sleeper(Protocol):
    """A stream, as far as it is woken."""

    def wake(self) -> None:
        """Something has moved. Must not raise, and may leave."""


class Waking:
    """One for each process, so that all its users together take no more than a slice at a time."""

    def __init__(self) -> None:
        # By the identity of those who are woken; who comes first is next.
        self._rounds: dict[int, _Round] = {}

    def wake(self, streams: Collection[Sleeper]) -> None:
        """Wake those who are there by now. Who asks again before the last has been woken has one more round:
        a stream looks for all that it has not been told, however often it moved.
        """
        if len(streams) <= FEW:
            for stream in tuple(streams):
                stream.wake()
            return
        underway = self._rounds.get(id(streams))
        if underway:
            underway.once_more = True
            return
        self._rounds[id(streams)] = _Round(streams)
        if len(self._rounds) == 1:
            self._go_on()

    def _go_on(self) -> None:
        until = time.perf_counter() + SLICE_SECONDS
        while self._rounds:
            key = next(iter(self._rounds))
            going = self._rounds[key]
            for stream in going.left:
                try:
                    stream.wake()
                except Exception:
                    # All who wait behind it would wait for good.
                    logger.exception("A stream could not be woken")
                if time.perf_counter() > until:
                    self._rounds[key] = self._rounds.pop(key)
                    asyncio.get_running_loop().call_soon(self._go_on)
                    return
            del self._rounds[key]
            if going.once_more:
                self._rounds[key] = _Round(going.streams)


class _Round:
    __slots__ = ("left", "once_more", "streams")

    def __init__(self, streams: Collection[Sleeper]) -> None:
        self.streams = streams
        self.left = iter(tuple(streams))
        self.once_more = False
