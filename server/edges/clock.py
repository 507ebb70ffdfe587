"""Waiting by the wall clock."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

LONGEST_NAP_SECONDS = 3600


async def until(moment: datetime) -> None:
    """Returns once `moment` has come. It is looked at again every hour: a machine may sleep, and its clock
    be set.
    """
    while (left := (moment - datetime.now(UTC)).total_seconds()) > 0:  # noqa: ASYNC110 - no event: time
        await asyncio.sleep(min(left, LONGEST_NAP_SECONDS))
