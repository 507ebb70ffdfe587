"""Event ids: all up to the one that a client brings back, it has been told."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import AsyncExitStack
from typing import Any
from uuid import UUID

from schema.context import MOST_STORY_ANSWERS
from tests.callers import Api
from tests.live.event_streams import stream
from tests.live.hand import Hand

WITH_STORY = """subscription ($id: UUID!) { storyGenerationProgress(id: $id) {
    status revision story { a: content b: content c: content d: content e: content f: content } } }"""
UPDATE = "mutation ($input: UpdateStoryInput!) { updateStory(input: $input) { __typename } }"
# Six times this is more than one answer may hold.
LONG = "x" * 900_000


async def test_a_heartbeat_says_nothing_of_an_event_that_is_still_being_made(
    serve_with: Callable[..., Any], hand: Hand, alice: UUID
) -> None:
    async with serve_with(ping_seconds=0.1) as api:
        generation = await api.initiate(alice, await api.add_story(alice))
        held = await hand.claim(generation)
        async with stream(api, alice, WITH_STORY, id=generation) as following, AsyncExitStack() as busy:
            assert (await following.event()).last_id == f"{generation}/2"
            turns = api.services.story_turns.setdefault(alice, asyncio.Semaphore(MOST_STORY_ANSWERS))
            for _ in range(MOST_STORY_ANSWERS):
                await busy.enter_async_context(turns)
            await hand.succeed(held)
            for _ in range(10):
                message = await following.message()
                assert (message.event, message.last_id) == ("", f"{generation}/2")
            await busy.aclose()
            message = await following.event()
            assert message.result["data"]["storyGenerationProgress"]["status"] == "SUCCEEDED"
            assert message.last_id == f"{generation}/3"


async def test_an_event_that_failed_is_told_again(api: Api, hand: Hand, alice: UUID) -> None:
    story = await api.add_story(alice)
    generation = await api.initiate(alice, story)
    held = await hand.claim(generation)
    async with stream(api, alice, WITH_STORY, id=generation) as following:
        assert (await following.event()).last_id == f"{generation}/2"
        await api.data(alice, UPDATE, input={"id": story, "content": LONG})
        await hand.succeed(held)
        message = await following.event()
        assert {error["extensions"]["code"] for error in message.result["errors"]} == {"BAD_USER_INPUT"}
        assert message.last_id == f"{generation}/2"
        assert await following.is_complete()
    await api.data(alice, UPDATE, input={"id": story, "content": "Short again."})
    async with stream(api, alice, WITH_STORY, last_event_id=message.last_id, id=generation) as following:
        assert (await following.next())["storyGenerationProgress"]["status"] == "SUCCEEDED"
        assert following.last_id == f"{generation}/3"
        assert await following.is_complete()
