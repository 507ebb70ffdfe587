"""Waiting in experiments: for a time, or until something is over."""

from __future__ import annotations

import asyncio


async def is_over(over: asyncio.Event, seconds: float) -> bool:
    """Wait for so long; whether `over` was set meanwhile, which ends the wait."""
    try:
        async with asyncio.timeout(seconds):
            return await over.wait()
    except TimeoutError:
        return False
