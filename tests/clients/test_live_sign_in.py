"""npm `graphql-ws` and `graphql-sse`: how they sign in, and what they do when a token ends."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import pytest

from tests.callers import Api
from tests.clients.remote import Remote, remote
from tests.live.hand import Hand
from tests.live.streams import EVENTS, PROGRESS, state

pytestmark = [pytest.mark.long, pytest.mark.usefixtures("packages")]

WHO = "{ viewer { id } }"


async def renew_for_seconds(client: Remote, api: Api, user: UUID) -> None:
    """Once the client runs: loading it may take as long as the token lasts."""
    await client.subscribe("first", WHO)
    await client.until_complete("first")
    await client.renew(api.token(user, timedelta(seconds=3)))


async def test_a_client_with_a_fresh_token_goes_on_where_the_old_one_ended(
    client: Remote, api: Api, hand: Hand, alice: UUID
) -> None:
    generation = await api.initiate(alice, await api.add_story(alice))
    await renew_for_seconds(client, api, alice)
    await client.subscribe("1", PROGRESS, id=generation)
    assert state((await client.next("1"))["storyGenerationProgress"]) == ("PENDING", 0, 1)
    await client.renew(api.token(alice))
    await client.until_told(connected=True)
    held = await hand.claim(generation)
    await hand.succeed(held)
    states = [state(event["storyGenerationProgress"]) for event in await client.until_complete("1")]
    assert states[-1] == ("SUCCEEDED", 100, 3)


async def test_a_socket_says_why_it_ends_with_its_token(api: Api, alice: UUID) -> None:
    async with remote("graphql-ws", api.base, api.token(alice), retryAttempts=0) as client:
        await renew_for_seconds(client, api, alice)
        await client.subscribe("1", EVENTS)
        await client.until_told(closed=4403, reason="Token expired")
        error = (await client.told("1"))["error"]
        assert (error["code"], error["reason"]) == (4403, "Token expired")


async def test_a_client_that_is_not_lazy_is_connected_before_it_asks(api: Api, alice: UUID) -> None:
    async with remote("graphql-ws", api.base, api.token(alice), lazy=False) as client:
        assert await client.told() == {"connected": False}
        await client.subscribe("1", WHO)
        assert await client.until_complete("1") == [{"viewer": {"id": str(alice)}}]


async def test_a_token_that_is_refused_is_told_as_4403_over_a_websocket(api: Api) -> None:
    async with remote("graphql-ws", api.base, "no token", retryAttempts=0) as client:
        await client.subscribe("1", WHO)
        error = (await client.told("1"))["error"]
        assert (error["code"], error["reason"]) == (4403, "Forbidden")


async def test_a_token_that_is_refused_is_told_as_401_over_sse(api: Api) -> None:
    async with remote("graphql-sse", api.base, "no token", retryAttempts=0) as client:
        await client.subscribe("1", WHO)
        assert (await client.told("1"))["error"]["status"] == 401
