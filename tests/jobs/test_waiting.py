"""How a worker waits: nothing here would hold for one that sleeps and looks."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import AsyncIterator
from uuid import UUID, uuid4

import pytest
import redis
from dramatiq import MessageProxy

import jobs.waiting
from core.pipeline import Pipeline
from core.settings import Settings
from jobs.doorbell import QUEUE, Doorbell
from jobs.waiting import WaitingBroker, WaitingConsumer, open_broker
from tests.jobs.crew import Crew
from tests.jobs.records import Records

# Far longer than any wait here takes, and shorter than Redis may take to answer.
LONG = 4.0


class Ringing:
    """A doorbell, and consumers that are to hear it: one message at a time, each with a broker of its own."""

    def __init__(self, settings: Settings) -> None:
        self._url = settings.need("redis_url")
        self.client = redis.Redis.from_url(self._url)
        self._brokers: list[WaitingBroker] = []
        self._pipeline = Pipeline(self._url)
        self.doorbell = Doorbell(self._pipeline)

    def consumer(self) -> WaitingConsumer:
        broker = open_broker(self._url)
        self._brokers.append(broker)
        consumer = broker.consume(QUEUE, prefetch=1, timeout=1)
        assert isinstance(consumer, WaitingConsumer)
        return consumer

    async def until_waiting(self, number: int) -> None:
        """Returns once so many consumers wait for Redis."""
        async with asyncio.timeout(20):
            while int(self.client.info("clients")["blocked_clients"]) < number:  # noqa: ASYNC110 - Redis tells nobody
                await asyncio.sleep(0.005)

    async def close(self) -> None:
        await self._pipeline.close()
        for broker in self._brokers:
            broker.client.connection_pool.disconnect()
        self.client.close()


@pytest.fixture
async def ringing(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Ringing]:
    monkeypatch.setattr(jobs.waiting, "WAIT_SECONDS", LONG)
    opened = Ringing(settings)
    yield opened
    await opened.close()


async def look(consumer: WaitingConsumer) -> MessageProxy | None:
    """One look of a consumer, in a thread as Dramatiq has it."""
    return await asyncio.to_thread(next, consumer)


def named(message: MessageProxy | None) -> UUID | None:
    return UUID(message.args[0]) if message else None


async def test_a_ring_ends_the_wait_that_is_underway(ringing: Ringing) -> None:
    consumer, wanted = ringing.consumer(), uuid4()
    waiting = asyncio.create_task(look(consumer))
    await ringing.until_waiting(1)
    await ringing.doorbell.ring(wanted)
    assert named(await waiting) == wanted


async def test_a_ring_that_two_wait_for_is_heard_by_one(ringing: Ringing) -> None:
    first, second, wanted = ringing.consumer(), ringing.consumer(), uuid4()
    waiting = [asyncio.create_task(look(consumer)) for consumer in (first, second)]
    await ringing.until_waiting(2)
    await ringing.doorbell.ring(wanted)
    heard = await asyncio.gather(*waiting)
    assert sorted(map(str, map(named, heard))) == sorted([str(wanted), "None"])


async def test_waiting_leaves_rings_in_their_order(ringing: Ringing) -> None:
    wanted = [uuid4() for _ in range(3)]
    for generation_id in wanted:
        await ringing.doorbell.ring(generation_id)
    assert [named(await look(ringing.consumer())) for _ in wanted] == wanted


@pytest.mark.parametrize("ending", ["ack", "nack"])
async def test_the_end_of_one_message_ends_the_wait_for_the_next(
    ringing: Ringing, ending: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jobs.waiting, "WAIT_SECONDS", 60)
    consumer, wanted = ringing.consumer(), [uuid4(), uuid4()]
    for generation_id in wanted:
        await ringing.doorbell.ring(generation_id)
    first = await look(consumer)
    assert first is not None
    ended = threading.Timer(0.05, getattr(consumer, ending), [first])
    ended.start()
    async with asyncio.timeout(30):
        assert [named(first), named(await look(consumer))] == wanted
    ended.join()


async def test_an_idle_worker_seldom_asks(records: Records, crew: Crew) -> None:
    await crew.start(1)
    with redis.Redis.from_url(records.settings.need("redis_url")) as client:

        def calls(command: str) -> int:
            stats = client.info("commandstats").get(f"cmdstat_{command}", {"calls": 0})
            return int(stats["calls"])

        began, sweeps, fetches = time.monotonic(), calls("llen"), calls("evalsha")
        await records.until_true(lambda: calls("llen") >= sweeps + 4)
        # Twice a second for each of two queues, as Dramatiq has one for delays.
        assert calls("evalsha") - fetches <= 4 * (time.monotonic() - began) + 4
