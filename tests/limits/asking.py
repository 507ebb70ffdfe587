"""Asking for a generation over either API, and what came of it, told alike."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from uuid import UUID

from tests.clients import Api

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


async def ask_rest(api: Api, user: UUID, story: str, key: str | bytes | None = None) -> Answer:
    headers = {} if key is None else {"Idempotency-Key": key}
    response = await api.request("POST", PATH, user, json={"story_id": story}, headers=headers)
    body = response.json()
    if response.status_code == 202:
        return Answer((body["id"], body["status"], body["progress"]))
    wait = response.headers.get("retry-after")
    return Answer(refusal=REFUSALS[response.status_code], retry_after=int(wait) if wait else None)


async def ask_graphql(api: Api, user: UUID, story: str, key: str | None = None) -> Answer:
    answered = await api.data(user, INITIATE, input={"storyId": story, "idempotencyKey": key})
    result = answered["initiateStoryGeneration"]
    if result["__typename"] == "InitiateStoryGenerationSuccess":
        generation = result["generation"]
        return Answer((generation["id"], generation["status"].lower(), generation["progress"]))
    return Answer(refusal=result["code"], retry_after=result.get("retryAfterSeconds"))


BOTH: dict[str, Ask] = {"REST": ask_rest, "GraphQL": ask_graphql}
