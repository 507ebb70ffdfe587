"""Waiting by the wall clock."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime

LONGEST_NAP_SECONDS = 3600


async def until(moment: datetime) -> None:
    """Returns once `moment` has come. It is looked at again every hour: a machine may sleep, and its clock
    be set.
    """
    while (left := (moment - datetime.now(UTC)).total_seconds()) > 0:  # noqa: ASYNC110 - no event: time
        await asyncio.sleep(min(left, LONGEST_NAP_SECONDS))


class Alarm:
    """Calls once a moment has come, unless it is canceled; looks at the clock as `until` does."""

    __slots__ = ("_call", "_handle", "_moment")

    def __init__(self, moment: datetime, call: Callable[[], None]) -> None:
        self._moment = moment
        self._call = call
        self._handle: asyncio.TimerHandle | None = None
        self._look()

    def cancel(self) -> None:
        if self._handle:
            self._handle.cancel()
            self._handle = None

    def _look(self) -> None:
        left = (self._moment - datetime.now(UTC)).total_seconds()
        if left > 0:
            self._handle = asyncio.get_running_loop().call_later(min(left, LONGEST_NAP_SECONDS), self._look)
        else:
            self._handle = None
            self._call()
