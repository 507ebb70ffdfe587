"""Event streams byte by byte, through cuts, and for clients that read nothing."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from functools import partial
from typing import Any
from uuid import UUID

import httpx

from core.events import user_channel
from tests.callers import Api, Client
from tests.edges.raw import posted, wire
from tests.live.event_streams import Message, stream
from tests.live.hand import Hand
from tests.live.streams import DELETE, EVENTS, PROGRESS, is_idle, state, until
from tests.tunnel import Tunnel, tunnel

STREAM = {"Accept": "text/event-stream"}
COMPLETE = b"event: complete\ndata:\n\n"
MANY_CUTS_SECONDS = 60
BROKEN = (httpx.TransportError, EOFError)
# What would end a line, an event or a stream, were it not within a string.
TRAPS = "a\r\nb\rc\n\nevent: complete\ndata:\n\n:\n\u2028d\u2029e\u0085f\x0bg\x0ch\ufeffi"


async def whole(api: Api, user: UUID, query: str, **variables: Any) -> bytes:
    """The bytes of a stream that ends by itself."""
    body = {"query": query, "variables": variables}
    return (await api.request("POST", "/graphql", user, json=body, headers=STREAM)).content


async def test_text_that_looks_like_the_stream_s_own_arrives_as_it_is(door: Api, alice: UUID) -> None:
    story = await door.add_story(alice, TRAPS)
    body = await whole(door, alice, "query ($id: UUID!) { story(id: $id) { content } }", id=story)
    found = re.fullmatch(rb"event: next\ndata: ([^\r\n]+)\n\n" + COMPLETE, body)
    assert found
    assert json.loads(found[1]) == {"data": {"story": {"content": TRAPS}}}


async def test_a_subscription_is_next_id_data_and_at_its_end_complete(
    door: Api, door_hand: Hand, alice: UUID
) -> None:
    generation = await door.initiate(alice, await door.add_story(alice))
    await door_hand.succeed(await door_hand.claim(generation))
    body = await whole(door, alice, PROGRESS, id=generation)
    told = {"data": {"storyGenerationProgress": {"status": "SUCCEEDED", "progress": 100, "revision": 3}}}
    found = re.fullmatch(rb"(?::\n\n)*event: next\nid: ([^\n]+)\ndata: ([^\n]+)\n\n" + COMPLETE, body)
    assert found
    assert (found[1].decode(), json.loads(found[2])) == (f"{generation}/3", told)


async def test_a_large_story_comes_whole_with_each_event(door: Api, alice: UUID) -> None:
    content = "x" * 900_000 + "ü"
    generation = await door.initiate(alice, await door.add_story(alice, content))
    query = "subscription ($id: UUID!) { storyGenerationProgress(id: $id) { story { content } } }"
    async with stream(door, alice, query, id=generation) as following:
        assert (await following.next())["storyGenerationProgress"]["story"]["content"] == content


async def resumed(api: Client, user: UUID, query: str, **variables: Any) -> AsyncGenerator[Message, None]:
    """All events of a client that comes back with the last id after each break, up to the completion."""
    last = ""
    while True:
        try:
            async with stream(api, user, query, last_event_id=last, **variables) as following:
                following.last_id = last
                while True:
                    message = await following.message()
                    last = message.last_id
                    if message.event == "complete":
                        return
                    yield message
        except BROKEN:
            continue


async def cut_again_and_again(way: Tunnel) -> None:
    """Each connection a little later than the one before: the last ones get somewhere on any machine."""
    for number in range(1_000):
        await until(partial(_is_opened, way, more_than=number))
        await asyncio.sleep(0.003 * number)
        way.cut()


def _is_opened(way: Tunnel, more_than: int) -> bool:
    return way.opened > more_than


async def test_a_stream_cut_at_every_moment_misses_nothing_and_repeats_nothing(
    door: Api, door_hand: Hand, alice: UUID
) -> None:
    generation = await door.initiate(alice, await door.add_story(alice))
    held = await door_hand.claim(generation)
    async with tunnel(door.base) as way:
        cutting = asyncio.create_task(cut_again_and_again(way))
        moving = asyncio.create_task(_move(door_hand, held, way))
        async with asyncio.timeout(MANY_CUTS_SECONDS):
            client = Client(way.base, door.settings)
            async with aclosing(resumed(client, alice, PROGRESS, id=generation)) as messages:
                events = [message.result["data"] async for message in messages if message.event]
        await moving
        cutting.cancel()
    told = [state(event["storyGenerationProgress"]) for event in events]
    revisions = [revision for *_, revision in told]
    assert revisions == sorted(set(revisions))
    assert told[-1] == ("SUCCEEDED", 100, 102)


async def _move(hand: Hand, held: Any, way: Tunnel) -> None:
    for percent in range(1, 100):
        await hand.progress(held, percent)
        if percent % 20 == 0:
            # Whoever comes back meanwhile has been told already.
            await until(partial(_is_opened, way, more_than=way.opened + 2))
    await hand.succeed(held)


async def test_of_all_generations_a_stream_cut_again_and_again_tells_each_beginning_end_and_deletion(
    door: Api, door_hand: Hand, alice: UUID
) -> None:
    story = await door.add_story(alice)
    told: dict[str, set[str]] = {}
    ended: asyncio.Queue[str] = asyncio.Queue()
    async with tunnel(door.base) as way:
        client = Client(way.base, door.settings)
        async with (
            asyncio.timeout(MANY_CUTS_SECONDS),
            aclosing(resumed(client, alice, EVENTS)) as messages,
        ):
            while not (await anext(messages)).last_id:
                pass
            cutting = asyncio.create_task(cut_again_and_again(way))
            living = [asyncio.create_task(_live(door, door_hand, alice, story, ended)) for _ in range(10)]
            async for message in messages:
                if not message.event:
                    continue
                event = message.result["data"]["storyGenerationEvents"]
                seen = told.setdefault(event["id"], set())
                seen |= {event["change"], *([event["generation"]["status"]] if event["generation"] else [])}
                if event["generation"] and event["generation"]["status"] == "SUCCEEDED":
                    ended.put_nowait(event["id"])
                if len(told) == 10 and all("DELETED" in changes for changes in told.values()):
                    break
        await asyncio.gather(*living)
        cutting.cancel()
        assert way.opened > 5
    assert all({"CREATED", "SUCCEEDED", "DELETED"} <= changes for changes in told.values())


async def _live(api: Api, hand: Hand, user: UUID, story: str, ended: asyncio.Queue[str]) -> None:
    await hand.succeed(await hand.claim(await api.initiate(user, story)))
    # One that was told to have ended, twice perhaps: deleting it again changes nothing.
    await api.data(user, DELETE, id=await ended.get())


async def test_one_who_reads_nothing_is_cut_off_and_a_quiet_one_who_reads_is_not(
    serve_with: Callable[..., Any], hand: Hand, alice: UUID, bob: UUID
) -> None:
    large = "subscription ($id: UUID!) { storyGenerationProgress(id: $id) { story { content } } }"
    async with serve_with(request_seconds=2, ping_seconds=0.2) as api, stream(api, bob, EVENTS) as quiet:
        generation = await api.initiate(alice, await api.add_story(alice, "x" * 900_000))
        held = await hand.claim(generation)
        body = json.dumps({"query": large, "variables": {"id": generation}}).encode()
        async with wire(api.base, receive_buffer=4096) as end:
            end.reader._transport.pause_reading()  # type: ignore[attr-defined]  # noqa: SLF001
            head = posted("/graphql", {**api.headers(alice), **STREAM}, len(body))
            await end.send(head + body)
            watchers = api.services.feed._watchers  # noqa: SLF001 - a leak shows nowhere else
            await until(lambda: user_channel(alice) in watchers)
            for percent in range(1, 6):
                await hand.progress(held, percent)
            await until(lambda: user_channel(alice) not in watchers)
        # Longer than that one was given; and comments came all the time.
        mine = await api.initiate(bob, await api.add_story(bob))
        assert (await quiet.next())["storyGenerationEvents"]["id"] == mine
    await until(lambda: is_idle(api.services.feed))
