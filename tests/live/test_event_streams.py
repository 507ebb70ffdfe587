"""Subscriptions without websockets: GraphQL over server-sent events."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from server.serve import GRACE_SECONDS
from tests.callers import Api
from tests.live.event_streams import stream, until_there_is_a_place
from tests.live.hand import Hand
from tests.live.streams import DELETE, EVENTS, PROGRESS, State, closed, is_idle, state, until

VIEWER = "{ viewer { id } }"
# What npm @urql/core sends with queries and mutations.
URQL = (
    "application/graphql-response+json, application/graphql+json, application/json,"
    " text/event-stream, multipart/mixed"
)


def shown(data: Any) -> State:
    return state(data["storyGenerationProgress"])


async def test_a_generation_is_followed_to_its_end(door: Api, door_hand: Hand, alice: UUID) -> None:
    generation = await door.initiate(alice, await door.add_story(alice))
    held = await door_hand.claim(generation)
    async with stream(door, alice, PROGRESS, id=generation) as following:
        assert following.response.status_code == 200
        assert following.response.headers["content-type"] == "text/event-stream; charset=utf-8"
        assert following.response.headers["x-accel-buffering"] == "no"
        assert "no-transform" in following.response.headers["cache-control"]
        assert shown(await following.next()) == ("IN_PROGRESS", 0, 2)
        await door_hand.progress(held, 40)
        assert shown(await following.next()) == ("IN_PROGRESS", 40, 3)
        await door_hand.succeed(held)
        assert shown(await following.next()) == ("SUCCEEDED", 100, 4)
        assert await following.is_complete()
    await until(lambda: is_idle(door.services.feed))


async def test_who_comes_back_is_told_what_was_missed_and_no_more(
    door: Api, door_hand: Hand, alice: UUID
) -> None:
    generation = await door.initiate(alice, await door.add_story(alice))
    held = await door_hand.claim(generation)
    async with stream(door, alice, PROGRESS, id=generation) as following:
        first = await following.event()
    async with stream(door, alice, PROGRESS, last_event_id=first.last_id, id=generation) as following:
        await until(lambda: not is_idle(door.services.feed))
        await door_hand.progress(held, 40)
        assert shown(await following.next()) == ("IN_PROGRESS", 40, 3)
        last = following.last_id
    await door_hand.succeed(held)
    async with stream(door, alice, PROGRESS, last_event_id=last, id=generation) as following:
        assert shown(await following.next()) == ("SUCCEEDED", 100, 4)
        last = following.last_id
        assert await following.is_complete()
    async with stream(door, alice, PROGRESS, last_event_id=last, id=generation) as following:
        assert await following.is_complete()


@pytest.mark.parametrize(
    "brought",
    ["", "riddle", "at/1", f"{UUID(int=0)}/2", "{own}/99", "{own}/0", "{own}/two", "{own}/" + "2" * 19],
)
async def test_an_event_id_that_says_nothing_of_this_stream_changes_nothing(
    door: Api, door_hand: Hand, alice: UUID, brought: str
) -> None:
    generation = await door.initiate(alice, await door.add_story(alice))
    await door_hand.claim(generation)
    last = brought.replace("{own}", generation)
    async with stream(door, alice, PROGRESS, last_event_id=last, id=generation) as following:
        assert shown(await following.next()) == ("IN_PROGRESS", 0, 2)


@pytest.mark.parametrize("brought", ["riddle", "at/", "at/0", "at/1764000000000000", "at/" + "9" * 18])
async def test_a_moment_too_long_ago_or_none_at_all_begins_anew(
    door: Api, door_hand: Hand, alice: UUID, brought: str
) -> None:
    story = await door.add_story(alice)
    earlier = await door.initiate(alice, story)
    await door_hand.succeed(await door_hand.claim(earlier))
    async with stream(door, alice, EVENTS, last_event_id=brought) as following:
        while not following.last_id:
            assert not (await following.message()).event
        later = await door.initiate(alice, story)
        event = (await following.next())["storyGenerationEvents"]
        assert (event["change"], event["id"]) == ("CREATED", later)


async def test_of_all_generations_what_happened_meanwhile_is_told_too(
    door: Api, door_hand: Hand, alice: UUID
) -> None:
    story = await door.add_story(alice)
    moved, ended = [await door.initiate(alice, story) for _ in range(2)]
    held = await door_hand.claim(ended)
    async with stream(door, alice, EVENTS) as following:
        while not following.last_id:
            assert not (await following.message()).event
        last = following.last_id
    await door_hand.claim(moved, lost=True)
    await door_hand.succeed(held, lost=True)
    created = await door.initiate(alice, story)
    gone = await door.initiate(alice, story)
    await door_hand.succeed(await door_hand.claim(gone))
    await door.data(alice, DELETE, id=gone)
    told = {}
    async with stream(door, alice, EVENTS, last_event_id=last) as following:
        for _ in range(4):
            event = (await following.next())["storyGenerationEvents"]
            told[event["id"]] = event["generation"] and state(event["generation"])
    assert told == {
        moved: ("IN_PROGRESS", 0, 2),
        ended: ("SUCCEEDED", 100, 3),
        created: ("PENDING", 0, 1),
        gone: None,
    }


@pytest.mark.parametrize(
    "query", [VIEWER, "{ nope }", "{", "query A { viewer { id } } query B { viewer { id } }"]
)
async def test_what_is_no_subscription_comes_as_one_event(door: Api, alice: UUID, query: str) -> None:
    answered = await door.answer(alice, query)
    async with stream(door, alice, query) as following:
        assert following.response.status_code == 200
        message = await following.event()
        assert (message.event, message.result) == ("next", answered)
        assert await following.is_complete()


async def test_what_is_not_there_is_one_error_and_the_end(door: Api, alice: UUID) -> None:
    async with stream(door, alice, PROGRESS, id=str(uuid4())) as following:
        message = await following.event()
        assert [error["extensions"]["code"] for error in message.result["errors"]] == ["NOT_FOUND"]
        assert await following.is_complete()


@pytest.mark.parametrize(
    ("accept", "form"),
    [
        (URQL, "application/graphql-response+json"),
        ("application/json, text/event-stream;q=0.9", "application/json"),
        ("text/event-stream;q=0.5, application/json", "application/json"),
        ("*/*, text/event-stream", "application/json"),
        ("text/event-stream, */*", "text/event-stream"),
        ("text/event-stream;q=0, application/json", "application/json"),
        ("text/event-stream", "text/event-stream"),
    ],
)
async def test_a_plain_query_is_a_stream_only_for_who_likes_that_best(
    door: Api, alice: UUID, accept: str, form: str
) -> None:
    response = await door.request(
        "GET", "/graphql", alice, params={"query": VIEWER}, headers={"Accept": accept}
    )
    assert response.headers["content-type"] == f"{form}; charset=utf-8"


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_a_subscription_is_a_stream_for_whoever_takes_one_at_all(
    door: Api, door_hand: Hand, alice: UUID, method: str
) -> None:
    generation = await door.initiate(alice, await door.add_story(alice))
    await door_hand.succeed(await door_hand.claim(generation))
    query = f'subscription {{ storyGenerationProgress(id: "{generation}") {{ status }} }}'
    sent: dict[str, Any] = {"params" if method == "GET" else "json": {"query": query}}
    headers = {"Accept": "application/json, text/event-stream"}
    response = await door.request(method, "/graphql", alice, headers=headers, **sent)
    assert response.headers["content-type"] == "text/event-stream; charset=utf-8"
    response = await door.request(method, "/graphql", alice, headers={"Accept": "application/json"}, **sent)
    assert response.status_code == 400
    assert "text/event-stream" in response.json()["errors"][0]["message"]


async def test_a_mutation_needs_post(door: Api, alice: UUID) -> None:
    query = 'mutation { createStory(input: {title: "t", content: "c"}) { __typename } }'
    headers = {"Accept": "text/event-stream"}
    response = await door.request("GET", "/graphql", alice, params={"query": query}, headers=headers)
    assert (response.status_code, response.headers["allow"]) == (405, "POST")
    assert response.headers["content-type"] == "application/json; charset=utf-8"
    async with stream(door, alice, query) as following:
        assert (await following.next())["createStory"] == {"__typename": "CreateStorySuccess"}
        assert await following.is_complete()


async def test_head_has_the_headers_and_no_stream(door: Api, alice: UUID) -> None:
    response = await door.request(
        "HEAD",
        "/graphql",
        alice,
        params={"query": EVENTS},
        headers={"Accept": "text/event-stream"},
    )
    assert (response.status_code, response.content) == (200, b"")
    assert response.headers["content-type"] == "text/event-stream; charset=utf-8"
    assert is_idle(door.services.feed)


async def test_nobody_comes_in_without_a_token(door: Api) -> None:
    headers = {"Accept": "text/event-stream"}
    response = await door.request("POST", "/graphql", json={"query": EVENTS}, headers=headers)
    assert (response.status_code, response.headers["www-authenticate"]) == (401, "Bearer")


async def test_a_quiet_stream_is_kept_open_by_comments(serve_with: Callable[..., Any], alice: UUID) -> None:
    async with serve_with(ping_seconds=0.1) as api, stream(api, alice, EVENTS) as following:
        for _ in range(5):
            message = await following.message()
            assert (message.event, message.data, message.comments) == ("", "", 1)


async def test_a_stream_breaks_off_with_its_token(
    api: Api, alice: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    short = api.token(alice, timedelta(seconds=3))
    monkeypatch.setattr(api, "token", lambda _: short)
    async with stream(api, alice, EVENTS) as following:
        # Not by its end: clients would take it for the subscription's.
        with pytest.raises(httpx.RemoteProtocolError):
            await following.event()
    await until(lambda: is_idle(api.services.feed))


async def test_a_client_that_leaves_leaves_nothing_behind(api: Api, alice: UUID) -> None:
    async with stream(api, alice, EVENTS) as following:
        await following.message()
        await until(lambda: not is_idle(api.services.feed))
    await until(lambda: is_idle(api.services.feed))


async def test_streams_have_their_places_and_sockets_share_them(
    serve_with: Callable[..., Any], alice: UUID, bob: UUID
) -> None:
    async with serve_with(sockets_per_user=1, requests_per_user=1) as api:
        async with stream(api, alice, EVENTS) as following:
            await following.message()
            # It is no request underway any more.
            assert await api.data(alice, VIEWER) == {"viewer": {"id": str(alice)}}
            async with stream(api, alice, EVENTS) as refused:
                assert (refused.response.status_code, refused.response.headers["retry-after"]) == (429, "1")
                body = b"".join([chunk async for chunk in refused.response.aiter_bytes()])
            assert b"TOO_MANY_STREAMS" in body
            async with stream(api, bob, EVENTS) as others:
                assert others.response.status_code == 200
            async with api.raw_socket() as socket:
                init = {"type": "connection_init", "payload": api.headers(alice)}
                await socket.send(json.dumps(init))
                assert await closed(socket) == (1013, "Too many sockets")
        await until_there_is_a_place(api, alice)


async def test_a_server_that_stops_breaks_its_streams_off_at_once(
    serve_with: Callable[..., Any], alice: UUID
) -> None:
    loop = asyncio.get_running_loop()
    async with asyncio.timeout(20):
        async with serve_with() as api:
            following = stream(api, alice, EVENTS)
            opened = await following.__aenter__()
            await opened.message()
            began = loop.time()
        assert loop.time() - began < GRACE_SECONDS
        with pytest.raises(httpx.RemoteProtocolError):
            await opened.event()
        await following.__aexit__(None, None, None)
