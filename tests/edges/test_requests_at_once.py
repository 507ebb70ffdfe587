"""How many requests a user has underway, how long their answers wait to be read, and what is left of them."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any
from uuid import UUID

import pytest

from core.settings import Settings
from schema.context import MOST_STORY_ANSWERS
from tests.callers import LIMIT_SECONDS
from tests.conftest import adjust
from tests.edges.conftest import Edge
from tests.edges.raw import HANDSHAKE, Wire, posted, wire

MOST = 8
UNREAD_SECONDS = 3.0
LONGEST = 1_000_000
LONG = "query ($id: UUID!) { story(id: $id) { a: content b: content c: content d: content e: content } }"
# Far less than an answer of `LONG`, of which a client then has taken next to nothing.
SMALL_BUFFER = 4096
REFUSED = {
    "/graphql": {
        "errors": [{"message": "Too many requests at once", "extensions": {"code": "TOO_MANY_REQUESTS"}}]
    },
    "/api/story-generations": {"error": "Too many requests"},
}
# What answers of our own to nobody in particular take.
QUIET_SECONDS = 0.5


@pytest.fixture(scope="module")
def edge_settings(edge_settings: Settings) -> Settings:
    return adjust(edge_settings, requests_per_user=MOST)


@pytest.fixture
async def hasty(edge_with: Any) -> AsyncIterator[Edge]:
    """A process that waits for little time."""
    async with edge_with(request_seconds=UNREAD_SECONDS) as served:
        yield served


@asynccontextmanager
async def begun(
    edge: Edge, user: UUID, path: str = "/graphql", length: int = 100, receive_buffer: int | None = None
) -> AsyncIterator[Wire]:
    """A request that has been let in, whose body has not come."""
    async with wire(edge.base, receive_buffer=receive_buffer) as end:
        await end.send(posted(path, {**edge.client.headers(user), "Expect": "100-continue"}, length))
        assert (await end.answer()).startswith(b"HTTP/1.1 100 ")
        yield end


@asynccontextmanager
async def asked_for_long(edge: Edge, user: UUID, story: str) -> AsyncIterator[Wire]:
    """A request, let in, for five million characters that nobody reads yet."""
    body = json.dumps({"query": LONG, "variables": {"id": story}}).encode()
    async with begun(edge, user, length=len(body), receive_buffer=SMALL_BUFFER) as end:
        end.writer.transport.pause_reading()  # type: ignore[attr-defined]  # every transport here reads
        await end.send(body)
        yield end


async def is_served(edge: Edge, user: UUID) -> bool:
    return (await edge.client.request("GET", "/api/story-generations", user)).status_code == 200


async def eventually_served(edge: Edge, user: UUID) -> None:
    async with asyncio.timeout(LIMIT_SECONDS):
        while not await is_served(edge, user):
            pass


@pytest.mark.parametrize("path", REFUSED)
async def test_one_request_too_many_of_a_user_is_told_to_try_again_later_and_others_are_not(
    edge: Edge, alice: UUID, bob: UUID, path: str
) -> None:
    async with AsyncExitStack() as stack:
        for number in range(MOST):
            await stack.enter_async_context(begun(edge, alice, list(REFUSED)[number % 2]))
        for method in ("GET", "POST"):
            answer = await edge.client.request(method, path, alice)
            assert (answer.status_code, answer.headers["retry-after"]) == (429, "1")
            assert answer.json() == REFUSED[path]
        assert await is_served(edge, bob)
        assert (await edge.client.request("GET", "/healthz")).status_code == 200
    await eventually_served(edge, alice)


async def test_whoever_sends_without_a_token_takes_nobodys_place(edge: Edge, alice: UUID) -> None:
    for _ in range(2 * MOST):
        headers = {"Authorization": edge.client.headers(alice)["Authorization"][:-4] + "AAAA"}
        answer = await edge.client.request("POST", "/graphql", headers=headers)
        assert answer.status_code == 401
    assert await is_served(edge, alice)


@pytest.mark.parametrize("path", REFUSED)
async def test_requests_that_break_off_or_are_refused_give_their_places_back(
    edge: Edge, alice: UUID, path: str
) -> None:
    for _ in range(2 * MOST):
        assert (await edge.client.request("POST", path, alice)).status_code in {400, 415}
        async with begun(edge, alice, path):
            pass
    async with AsyncExitStack() as stack:
        await eventually_served(edge, alice)
        for _ in range(MOST):
            await stack.enter_async_context(begun(edge, alice, path))


async def test_an_answer_that_nobody_reads_keeps_its_place_until_it_is_cut_off(
    hasty: Edge, alice: UUID
) -> None:
    story = await hasty.client.add_story(alice, "x" * LONGEST)
    async with AsyncExitStack() as stack:
        began = time.monotonic()
        for _ in range(MOST):
            await stack.enter_async_context(asked_for_long(hasty, alice, story))
        assert not await is_served(hasty, alice)
        await eventually_served(hasty, alice)
        assert time.monotonic() - began > UNREAD_SECONDS * 0.9
        for _ in range(MOST):
            await eventually_served(hasty, alice)
            await stack.enter_async_context(begun(hasty, alice))


# The second is made, and lies half in the kernel and half in the process, when the upgrade comes.
@pytest.mark.parametrize("letters", [LONGEST, 28_000], ids=["underway", "made"])
async def test_no_upgrade_takes_over_from_an_answer_that_nobody_reads(
    edge: Edge, alice: UUID, letters: int
) -> None:
    story = await edge.client.add_story(alice, "x" * letters)
    for _ in range(MOST + 1):
        await eventually_served(edge, alice)
        async with asked_for_long(edge, alice, story) as end:
            await asyncio.sleep(QUIET_SECONDS / 5)
            await end.send(HANDSHAKE.format(host="localhost", more="").encode())
            end.writer.transport.resume_reading()  # type: ignore[attr-defined]
            # Less than the answer, or all of it where the kernel had taken it by then.
            assert b"HTTP/1.1 101" not in await end.rest()


async def test_an_answer_that_is_read_slowly_is_not_cut_off(hasty: Edge, alice: UUID) -> None:
    story = await hasty.client.add_story(alice, "x" * LONGEST)
    async with asked_for_long(hasty, alice, story) as end:
        end.writer.transport.resume_reading()  # type: ignore[attr-defined]
        began, received = time.monotonic(), 0
        head = await end.answer()
        length = int(head.lower().partition(b"content-length: ")[2].split()[0])
        async with asyncio.timeout(2 * UNREAD_SECONDS + LIMIT_SECONDS):
            while received < length:
                part = await end.reader.read(length // 50)
                assert part, f"cut off after {received} of {length} bytes"
                received += len(part)
                if time.monotonic() < began + 2 * UNREAD_SECONDS:
                    await asyncio.sleep(UNREAD_SECONDS / 20)
    assert time.monotonic() - began > 2 * UNREAD_SECONDS


async def test_few_answers_with_stories_are_on_their_way_to_a_user_at_once(
    edge: Edge, alice: UUID, bob: UUID
) -> None:
    story, bobs = [await edge.client.add_story(user, "x" * LONGEST) for user in (alice, bob)]
    async with AsyncExitStack() as stack:
        ends = [
            await stack.enter_async_context(asked_for_long(edge, alice, story))
            for _ in range(MOST_STORY_ANSWERS)
        ]
        await asyncio.sleep(QUIET_SECONDS)
        waiting = asyncio.create_task(edge.client.data(alice, LONG, id=story))
        assert (await edge.client.data(bob, LONG, id=bobs))["story"]["e"] == "x" * LONGEST
        assert (await edge.client.data(alice, "{ viewer { id } }"))["viewer"]["id"] == str(alice)
        assert not waiting.done()
        ends[0].writer.transport.abort()
        assert (await waiting)["story"]["e"] == "x" * LONGEST
