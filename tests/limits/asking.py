"""Asking for a generation over either API, and what came of it, told alike."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from itertools import cycle
from uuid import UUID

from tests.callers import Client

PATH = "/api/story-generations"
INITIATE = """mutation ($input: InitiateStoryGenerationInput!) { initiateStoryGeneration(input: $input) {
    __typename
    ... on InitiateStoryGenerationSuccess { generation { id status progress } }
    ... on RateLimitedError { code message retryAfterSeconds }
    ... on ValidationError { code fields { path message } }
    ... on Error { code message } } }"""

REFUSALS = {422: "IDEMPOTENCY_CONFLICT", 404: "STORY_NOT_FOUND", 400: "VALIDATION_ERROR", 429: "RATE_LIMITED"}


@dataclass(frozen=True)
class Answer:
    """`generation`: id, status (as REST has it) and progress. `refusal`: a code. `retry_after` in seconds."""

    generation: tuple[str, str, int] | None = None
    refusal: str | None = None
    retry_after: int | None = None


Ask = Callable[..., Awaitable[Answer]]


async def ask_rest(api: Client, user: UUID, story: str, key: str | bytes | None = None) -> Answer:
    headers = {} if key is None else {"Idempotency-Key": key}
    response = await api.request("POST", PATH, user, json={"story_id": story}, headers=headers)
    body = response.json()
    if response.status_code == 202:
        return Answer((body["id"], body["status"], body["progress"]))
    wait = response.headers.get("retry-after")
    return Answer(refusal=REFUSALS[response.status_code], retry_after=int(wait) if wait else None)


async def ask_graphql(api: Client, user: UUID, story: str, key: str | None = None) -> Answer:
    answered = await api.data(user, INITIATE, input={"storyId": story, "idempotencyKey": key})
    result = answered["initiateStoryGeneration"]
    if result["__typename"] == "InitiateStoryGenerationSuccess":
        generation = result["generation"]
        return Answer((generation["id"], generation["status"].lower(), generation["progress"]))
    return Answer(refusal=result["code"], retry_after=result.get("retryAfterSeconds"))


BOTH: dict[str, Ask] = {"REST": ask_rest, "GraphQL": ask_graphql}


async def burst(apis: Sequence[Client], user: UUID, story: str, asked: int) -> int:
    """How many are admitted of `asked` initiations at once, in all ways; the others must be told why not."""
    ways = cycle([(api, ask) for ask in BOTH.values() for api in apis])
    asking = [ask(api, user, story) for _, (api, ask) in zip(range(asked), ways, strict=False)]
    answers: list[Answer] = await asyncio.gather(*asking)
    admitted = {answer.generation for answer in answers if answer.generation}
    refused = [answer.refusal for answer in answers if not answer.generation]
    assert refused == ["RATE_LIMITED"] * (asked - len(admitted))
    return len(admitted)
