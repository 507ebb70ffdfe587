"""Messages: what rings twice, never, for nothing or in gibberish, and who waits for whom."""

from __future__ import annotations

import signal
from dataclasses import replace
from datetime import datetime
from itertools import pairwise
from uuid import UUID, uuid4

import redis
from dramatiq import Message
from dramatiq.middleware import AsyncIO, TimeLimit

from core.pipeline import Pipeline
from core.settings import Settings
from db.logs import Event
from jobs.doorbell import ACTOR, QUEUE, Doorbell
from jobs.waiting import open_broker
from tests.jobs.crew import Crew
from tests.jobs.records import Records, started
from tests.narration.prose import prose


def test_the_broker_has_no_middleware_but_what_it_is_given(settings: Settings) -> None:
    given = (AsyncIO(), TimeLimit())
    assert open_broker(settings.need("redis_url"), *given).middleware == list(given)


async def test_a_ring_is_enqueued_as_dramatiq_enqueues(settings: Settings) -> None:
    url, wanted = settings.need("redis_url"), uuid4()
    async with Pipeline(url) as pipeline:
        await Doorbell(pipeline).ring(wanted)
    broker = open_broker(url)
    broker.enqueue(Message(queue_name=QUEUE, actor_name=ACTOR, args=(str(wanted),), kwargs={}, options={}))
    with redis.Redis.from_url(url) as client:
        queued = client.lrange(f"dramatiq:{QUEUE}", 0, -1)
        stored = client.hgetall(f"dramatiq:{QUEUE}.msgs")
    assert sorted(stored) == sorted(queued)
    ours, theirs = (Message.decode(stored[each]) for each in queued)
    assert ours.options == {"redis_message_id": queued[0].decode()}
    assert theirs == replace(
        ours,
        options={"redis_message_id": queued[1].decode()},
        message_id=theirs.message_id,
        message_timestamp=theirs.message_timestamp,
    )
    assert abs(theirs.message_timestamp - ours.message_timestamp) < 60_000
    assert uuid_of(ours) != uuid_of(theirs)


def uuid_of(message: Message[None]) -> UUID:
    return UUID(message.message_id)


async def test_rings_that_come_twice_or_name_nothing_or_make_no_sense_do_no_harm(
    records: Records, crew: Crew
) -> None:
    wanted = await records.initiate()
    broker = open_broker(records.settings.need("redis_url"))
    async with Pipeline(records.settings.need("redis_url")) as pipeline:
        doorbell = Doorbell(pipeline)
        await doorbell.ring(wanted)
        await doorbell.ring(uuid4())
    for actor, arguments in ((ACTOR, ("no id",)), (ACTOR, ()), (ACTOR, (1, 2)), ("stranger", (str(wanted),))):
        broker.enqueue(Message(queue_name=QUEUE, actor_name=actor, args=arguments, kwargs={}, options={}))
    with redis.Redis.from_url(records.settings.need("redis_url")) as client:
        client.hset(f"dramatiq:{QUEUE}.msgs", "gibberish", b"\xff\x00")
        client.rpush(f"dramatiq:{QUEUE}", "gibberish")
    last = await records.initiate()
    await crew.start(1)
    assert (await records.until_final(last))["status"] == "succeeded"
    for generation_id in (wanted, last):
        assert await records.log(generation_id) == [*started(1), (Event.SUCCEEDED, None)]
    assert records.files() == sorted([*records.keys(wanted, 1), *records.keys(last, 1)])
    with redis.Redis.from_url(records.settings.need("redis_url")) as client:
        # For the stranger, and only for Dramatiq's seven days.
        assert client.zcard(f"dramatiq:{QUEUE}.XQ") == 1


async def test_a_generation_whose_ring_was_lost_is_rung_for_again(records: Records, crew: Crew) -> None:
    generation_id = await records.initiate()
    records.silence()
    await crew.start(1)
    row = await records.until_final(generation_id)
    assert (row["status"], row["attempt"]) == ("succeeded", 1)


async def test_short_stories_do_not_queue_behind_a_long_one_and_each_worker_narrates_one_at_a_time(
    records: Records, crew: Crew
) -> None:
    # No sweep comes to the help of a message that waits for the wrong worker.
    _, idle = await crew.start_pair(sweep_seconds=600)
    long_id, begun = await crew.begin(prose(12_000))
    short_ids = [await records.initiate(prose(300)) for _ in range(4)]
    await records.until(long_id, lambda row: row["progress"] > begun["progress"])
    assert records.rings() == short_ids
    idle.send(signal.SIGCONT)
    short = [await records.until_final(generation_id) for generation_id in short_ids]
    assert (await records.row(long_id))["status"] == "in_progress"
    spans: list[tuple[datetime, datetime]] = sorted((row["started_at"], row["finished_at"]) for row in short)
    assert all(before[1] <= after[0] for before, after in pairwise(spans))
    long = await records.until_final(long_id)
    assert [row["attempt"] for row in (long, *short)] == [1] * 5
