"""npm `graphql-ws` and `graphql-sse` (distinct connections): what works over the one works over the other."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable
from typing import Any
from uuid import UUID, uuid4

import pytest

from core.settings import Settings
from tests.callers import Api, Client
from tests.clients.remote import Remote, remote
from tests.live.hand import Hand
from tests.live.streams import CANCEL, DELETE, EVENTS, PROGRESS, State, is_idle, state, until
from tests.processes import ApiProcess, Worker, free_port
from tests.tunnel import tunnel

pytestmark = [pytest.mark.long, pytest.mark.usefixtures("packages")]

WHO = "{ viewer { id } }"
CREATE = """mutation ($input: CreateStoryInput!) {
    createStory(input: $input) { ... on CreateStorySuccess { story { title } } } }"""
STORIES = "{ stories { items { title } meta { total } } }"


def progress(data: Any) -> State:
    return state(data["storyGenerationProgress"])


async def begin(api: Client, user: UUID) -> str:
    return await api.initiate(user, await api.add_story(user))


async def test_a_story_is_followed_until_it_is_audio(
    client: Remote, api: Api, worker: Worker, alice: UUID
) -> None:
    generation = await begin(api, alice)
    await client.subscribe("1", PROGRESS, id=generation)
    states = [progress(event) for event in await client.until_complete("1")]
    revisions = [revision for *_, revision in states]
    assert revisions == sorted(set(revisions))
    assert states[-1][:2] == ("SUCCEEDED", 100)


async def test_what_the_client_unsubscribes_from_the_server_lets_go(
    client: Remote, api: Api, hand: Hand, alice: UUID
) -> None:
    generation = await begin(api, alice)
    await client.subscribe("progress", PROGRESS, id=generation)
    assert progress(await client.next("progress")) == ("PENDING", 0, 1)
    await client.subscribe("events", EVENTS)
    held = await hand.claim(generation)
    await until(lambda: not client.is_quiet("progress"))
    for operation in ("progress", "events"):
        assert not is_idle(api.services.feed)
        await client.unsubscribe(operation)
        await client.until_complete(operation)
    await until(lambda: is_idle(api.services.feed))
    await hand.progress(held, 50)
    await client.subscribe("query", WHO)
    assert await client.until_complete("query") == [{"viewer": {"id": str(alice)}}]
    assert client.is_quiet("progress")
    assert client.is_quiet("events")


async def test_five_operations_at_once_each_get_their_own_results(
    client: Remote, api: Api, alice: UUID
) -> None:
    first, second = await begin(api, alice), await begin(api, alice)
    await client.subscribe("first", PROGRESS, id=first)
    await client.subscribe("second", PROGRESS, id=second)
    await client.subscribe("who", WHO)
    await client.subscribe("voices", "{ voices { id } }")
    await client.subscribe("create", CREATE, input={"title": "Mine", "content": "Hello."})
    assert await client.until_complete("who") == [{"viewer": {"id": str(alice)}}]
    voices = (await api.data(alice, "{ voices { id } }"))["voices"]
    assert await client.until_complete("voices") == [{"voices": voices}]
    assert await client.until_complete("create") == [{"createStory": {"story": {"title": "Mine"}}}]
    for operation in ("first", "second"):
        assert progress(await client.next(operation)) == ("PENDING", 0, 1)
    await api.data(alice, CANCEL, id=first)
    assert [progress(event) for event in await client.until_complete("first")] == [("FAILED", 0, 2)]
    assert client.is_quiet("second")
    await api.data(alice, CANCEL, id=second)
    assert [progress(event) for event in await client.until_complete("second")] == [("FAILED", 0, 2)]


async def test_a_generation_is_followed_to_its_end_though_the_connection_is_cut_again_and_again(
    client_of: Any, api: Api, hand: Hand, alice: UUID
) -> None:
    generation = await begin(api, alice)
    async with tunnel(api.base) as way, client_of(way.base, api.token(alice)) as client:
        await client.subscribe("1", PROGRESS, id=generation)
        told = [progress(await client.next("1"))]
        held = await hand.claim(generation)
        for percent in (10, 30, 50, 70, 90):
            way.cut()
            await hand.progress(held, percent)
            while told[-1][1] < percent:
                told.append(progress(await client.next("1")))
        way.cut()
        await hand.succeed(held)
        told += [progress(event) for event in await client.until_complete("1")]
        assert way.opened == 7
    # A connection begins with the present state, which may be the one that was told last.
    revisions = [revision for *_, revision in told]
    assert revisions == sorted(revisions)
    percents = {state[1] for state in told}
    assert {0, 10, 30, 50, 70, 90, 100} == percents
    assert list(dict.fromkeys(status for status, *_ in told)) == ["PENDING", "IN_PROGRESS", "SUCCEEDED"]
    await until(lambda: is_idle(api.services.feed))


async def test_creation_end_and_deletion_are_told_on_each_connection_after_a_cut(
    client_of: Any, api: Api, hand: Hand, alice: UUID
) -> None:
    canary = await hand.claim(await begin(api, alice))
    percents = iter(range(1, 100))
    async with tunnel(api.base) as way, client_of(way.base, api.token(alice)) as client:
        await client.subscribe("1", EVENTS)
        for connection in range(1, 4):
            # There is no sign that a subscription has begun, but for what it tells.
            while client.is_quiet("1"):
                await hand.progress(canary, next(percents))
                await asyncio.sleep(0.05)
            assert way.opened == connection
            generation = await begin(api, alice)
            seen = await _until_deleted(client, api, hand, generation, alice)
            assert [seen[0], *seen[-2:]] == [
                ("CREATED", "PENDING"),
                ("UPDATED", "SUCCEEDED"),
                ("DELETED", None),
            ]
            way.cut()
            await client.until_told(connected=True)
            while not client.is_quiet("1"):
                await client.next("1")


async def _until_deleted(
    client: Remote, api: Api, hand: Hand, generation: str, user: UUID
) -> list[tuple[str, str | None]]:
    """Brings a generation to its end; its changes and the states they led to, as they are told."""
    seen: list[tuple[str, str | None]] = []
    while not seen or seen[-1][0] != "DELETED":
        event = (await client.next("1"))["storyGenerationEvents"]
        if event["id"] != generation:
            continue
        status = event["generation"] and event["generation"]["status"]
        seen.append((event["change"], status))
        if event["change"] == "CREATED":
            held = await hand.claim(generation)
            await hand.succeed(held)
        elif status == "SUCCEEDED":
            await api.data(user, DELETE, id=generation)
    return seen


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
async def test_a_generation_is_followed_to_its_end_though_the_server_is_replaced(
    client_of: Any, settings: Settings, hand: Hand, alice: UUID, number: signal.Signals
) -> None:
    port = free_port()
    with ApiProcess(settings, port=port) as first:
        callers = Client(first.base, settings)
        generation = await begin(callers, alice)
        held = await hand.claim(generation)
        async with client_of(first.base, callers.token(alice)) as client:
            await client.subscribe("1", PROGRESS, id=generation)
            assert progress(await client.next("1")) == ("IN_PROGRESS", 0, 2)
            first.send(number)
            await asyncio.to_thread(first.process.wait)
            await hand.progress(held, 40)
            with ApiProcess(settings, port=port):
                assert progress(await client.next("1")) == ("IN_PROGRESS", 40, 3)
                await hand.succeed(held)
                states = [progress(event) for event in await client.until_complete("1")]
                assert states[-1] == ("SUCCEEDED", 100, 4)
        await callers.close()


@pytest.mark.parametrize("transport", ["graphql-ws", "graphql-sse"])
async def test_a_client_that_slept_goes_on_where_the_generation_is(
    transport: str, serve_with: Callable[..., Any], hand: Hand, alice: UUID
) -> None:
    """The server finds out that a socket's end does not answer; the machine of an event stream's end does."""
    async with serve_with(ping_seconds=0.5) as api:
        generation = await begin(api, alice)
        async with remote(transport, api.base, api.token(alice)) as client:
            await client.subscribe("1", PROGRESS, id=generation)
            assert progress(await client.next("1")) == ("PENDING", 0, 1)
            client.process.send_signal(signal.SIGSTOP)
            held = await hand.claim(generation)
            if transport == "graphql-ws":
                await until(lambda: is_idle(api.services.feed))
            await hand.progress(held, 70)
            client.process.send_signal(signal.SIGCONT)
            while progress(await client.next("1")) != ("IN_PROGRESS", 70, 3):
                pass
            await hand.succeed(held)
            states = [progress(event) for event in await client.until_complete("1")]
            assert states[-1] == ("SUCCEEDED", 100, 4)


NOT_RUN = [
    ("{ viewer { id }", {}, "GRAPHQL_PARSE_FAILED"),
    ("subscription { nope }", {}, "GRAPHQL_VALIDATION_FAILED"),
    (PROGRESS, {"id": "x"}, "BAD_USER_INPUT"),
    (PROGRESS, {"id": str(UUID(int=1))}, "NOT_FOUND"),
]


@pytest.mark.parametrize(("query", "variables", "code"), NOT_RUN)
async def test_an_operation_that_cannot_run_is_answered_alone(
    *, client: Remote, api: Api, alice: UUID, query: str, variables: dict[str, Any], code: str
) -> None:
    generation = await begin(api, alice)
    await client.subscribe("followed", PROGRESS, id=generation)
    assert progress(await client.next("followed")) == ("PENDING", 0, 1)
    await client.subscribe("1", query, **variables)
    assert await client.errors("1") == [code]
    await api.data(alice, CANCEL, id=generation)
    assert [progress(event) for event in await client.until_complete("followed")] == [("FAILED", 0, 2)]


async def test_what_is_somebody_elses_is_not_there(client: Remote, api: Api) -> None:
    generation = await begin(api, uuid4())
    await client.subscribe("1", PROGRESS, id=generation)
    assert await client.errors("1") == ["NOT_FOUND"]
