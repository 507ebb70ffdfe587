"""What sockets wait by, held to asyncio's own."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from server.edges.clock import Alarm
from server.edges.light import Gate, Inbox


def set_event() -> asyncio.Event:
    event = asyncio.Event()
    event.set()
    return event


@pytest.mark.parametrize("make", [Gate, set_event])
async def test_a_gate_lets_in_all_who_wait_once_it_opens(make: Callable[[], Any]) -> None:
    gate = make()
    assert gate.is_set()
    assert await gate.wait() is True
    gate.clear()
    waiting = [asyncio.create_task(gate.wait()) for _ in range(4)]
    await asyncio.sleep(0)
    waiting[1].cancel()
    assert not gate.is_set()
    gate.set()
    gate.clear()
    waiting.append(asyncio.create_task(gate.wait()))
    done, still = await asyncio.wait(waiting, timeout=0.05)
    assert (len(done), still) == (4, {waiting[-1]})
    assert [task.cancelled() for task in waiting[:4]] == [False, True, False, False]
    gate.set()
    assert await waiting[-1] is True


@pytest.mark.parametrize("make", [Inbox, asyncio.Queue])
async def test_an_inbox_gives_everything_in_turn(make: Callable[[], Any]) -> None:
    inbox = make()
    assert inbox.empty()
    canceled = asyncio.create_task(inbox.get())
    await asyncio.sleep(0)
    canceled.cancel()
    await asyncio.wait([canceled])
    waiting = asyncio.create_task(inbox.get())
    await asyncio.sleep(0)
    for number in range(3):
        inbox.put_nowait(number)
    assert not inbox.empty()
    assert [await waiting, await inbox.get(), await inbox.get()] == [0, 1, 2]
    assert inbox.empty()


async def test_an_alarm_calls_when_its_moment_comes_and_never_once_canceled() -> None:
    rung: list[str] = []
    soon = datetime.now(UTC) + timedelta(seconds=0.05)
    canceled = Alarm(soon, lambda: rung.append("canceled"))
    over = asyncio.Event()
    Alarm(soon, over.set)
    canceled.cancel()
    Alarm(soon - timedelta(seconds=10), lambda: rung.append("past"))
    assert rung == ["past"]
    await asyncio.wait_for(over.wait(), 5)
    assert datetime.now(UTC) >= soon
    assert rung == ["past"]
