"""Users who go on asking, whatever happens to what they ask."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from random import Random
from typing import Any
from uuid import UUID, uuid5

import httpx

from tests.callers import INITIATE, Client
from tests.chaos.installation import Installation
from tests.chaos.pauses import is_over
from tests.processes import ApiProcess

SENTENCES = (
    "The lamp on the pier burned through the night.",
    "Nobody had asked the ferryman what he wanted.",
    "Rain came over the hills, and with it the smell of cut grass.",
    "She counted the steps, forgot the number, and began again.",
    "There were nine apples in the bowl; by noon there were four.",
)
_PEOPLE = UUID("018f0000-0000-7000-8000-00000000c4a0")
WORKERS = 2
REST = "/api/story-generations"
# Beyond what any answer should take: the documented 500 of a database that is away comes sooner.
ANSWER_SECONDS = 30


def people(number: int) -> list[UUID]:
    """So many users, the same in every run."""
    return [uuid5(_PEOPLE, str(each)) for each in range(number)]


def story(dice: Random, sentences: int) -> str:
    """A text of so many sentences, none of them at the same place in every story."""
    return " ".join(dice.choice(SENTENCES) for _ in range(sentences))


@dataclass
class Asked:
    """What became of requests."""

    acknowledged: list[UUID] = field(default_factory=list)
    refused: Counter[str] = field(default_factory=Counter)  # by what the client saw
    slowest: float = 0.0  # seconds that an answer took
    listed: int = 0  # pages of generations


@asynccontextmanager
async def working(
    made: Installation, users: int, *, graphql_share: float = 0
) -> AsyncIterator[tuple[ApiProcess, Crowd]]:
    """An API process, two workers that are up, and so many users with a story of one sentence each."""
    api = made.start_api()
    async with made.client(api) as client:
        for _ in range(WORKERS):
            made.start_worker()
        crowd = Crowd([client], made.plan.dice, people(users), graphql_share=graphql_share)
        await crowd.write_stories([1])
        await crowd.warm_up(made, WORKERS)
        yield api, crowd


class Crowd:
    """Users with a story each, who initiate through any of the clients, one request at a time: over REST, but
    for a share of them over GraphQL.
    """

    def __init__(
        self, clients: Sequence[Client], dice: Random, users: Sequence[UUID], *, graphql_share: float = 0
    ) -> None:
        self.clients = clients
        self._graphql_share = graphql_share
        self.dice = dice
        self.users = users
        self.stories: dict[UUID, str] = {}
        self.asked = Asked()

    async def write_stories(self, sentences: Sequence[int]) -> None:
        """One story for each user, of a number of sentences that is drawn from `sentences`."""
        for user in self.users:
            text = story(self.dice, self.dice.choice(sentences))
            self.stories[user] = await self.dice.choice(self.clients).add_story(user, text)

    async def warm_up(self, made: Installation, workers: int) -> None:
        """Have one generation narrated for each of so many workers, so that all of them are up."""
        await self.initiate(4 * workers)
        assert await made.settle(60), "the workers do not work"

    async def initiate(self, number: int, *, at_once: int = 8) -> None:
        """Ask for so many generations."""
        turns = iter(range(number))

        async def ask() -> None:
            for turn in turns:
                await self.ask(self.users[turn % len(self.users)])

        async with asyncio.TaskGroup() as tasks:
            for _ in range(at_once):
                tasks.create_task(ask())

    async def initiate_until(self, over: asyncio.Event, *, pause: float, at_once: int = 4) -> None:
        """Ask again and again until `over` is set, each asker `pause` seconds after its last answer."""
        await self._until(over, self.ask, pause, at_once)

    async def list_until(self, over: asyncio.Event, *, pause: float, at_once: int = 4) -> None:
        """List generations again and again until `over` is set, as `initiate_until` asks for them."""
        await self._until(over, self.list_own, pause, at_once)

    async def _until(
        self, over: asyncio.Event, deed: Callable[[UUID], Awaitable[object]], pause: float, at_once: int
    ) -> None:
        async def go_on() -> None:
            while not over.is_set():
                await deed(self.dice.choice(self.users))
                await is_over(over, pause)

        async with asyncio.TaskGroup() as tasks:
            for _ in range(at_once):
                tasks.create_task(go_on())

    async def list_own(self, user: UUID) -> None:
        """One page of a user's generations over REST."""
        if await self._send("GET", REST, user, 200):
            self.asked.listed += 1

    async def ask_until_acknowledged(self, user: UUID, key: str) -> UUID:
        """The same request again and again, as its idempotency key allows; the generation's id."""
        while (acknowledged := await self.ask(user, {"Idempotency-Key": key})) is None:  # noqa: ASYNC110 - time
            await asyncio.sleep(self.dice.uniform(0.05, 0.2))
        return acknowledged

    async def ask(self, user: UUID, headers: Mapping[str, str] | None = None) -> UUID | None:
        """One request; the generation's id where it was acknowledged. With `headers` it is over REST."""
        if headers is None and self._graphql_share and self.dice.random() < self._graphql_share:
            acknowledged = await self._ask_over_graphql(user)
        else:
            acknowledged = await self._ask_over_rest(user, headers or {})
        if acknowledged:
            self.asked.acknowledged.append(acknowledged)
        return acknowledged

    async def _ask_over_rest(self, user: UUID, headers: Mapping[str, str]) -> UUID | None:
        body = {"story_id": self.stories[user]}
        answer = await self._send("POST", REST, user, 202, json=body, headers=dict(headers))
        return UUID(answer.json()["id"]) if answer else None

    async def _ask_over_graphql(self, user: UUID) -> UUID | None:
        body = {"query": INITIATE, "variables": {"input": {"storyId": self.stories[user]}}}
        answer = await self._send("POST", "/graphql", user, 200, json=body)
        if answer is None:
            return None
        told = answer.json()
        if "errors" in told:
            codes = [error["extensions"]["code"] for error in told["errors"]]
            self.asked.refused[f"GraphQL {', '.join(codes)}"] += 1
            return None
        return UUID(told["data"]["initiateStoryGeneration"]["generation"]["id"])

    async def _send(
        self, method: str, path: str, user: UUID, expected: int, **more: Any
    ) -> httpx.Response | None:
        """The answer where it has the status that is expected; all others are counted as refused."""
        client = self.dice.choice(self.clients)
        began = time.monotonic()
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                answer = await client.request(method, path, user, **more)
        except (httpx.TransportError, TimeoutError) as error:
            self.asked.refused[type(error).__name__] += 1
            return None
        self.asked.slowest = max(self.asked.slowest, time.monotonic() - began)
        if answer.status_code != expected:
            self.asked.refused[f"{answer.status_code} {answer.text}"] += 1
            return None
        return answer
