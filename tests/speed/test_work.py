"""How much work an answer takes, in calls of functions: the same on any machine, however busy.

The limits are what was counted, and a tenth. Who raises one says in docs/performance.md what for.
"""

from __future__ import annotations

from uuid import UUID

import pytest

from tests.callers import Api
from tests.speed.caller import Caller

pytestmark = pytest.mark.plans

LIST = """query List($page: Int!, $pageSize: Int!) {
  storyGenerations(page: $page, pageSize: $pageSize) {
    items { id storyId status progress revision createdAt durationSeconds voice { id } }
    meta { page pageSize total }
  }
}"""
GET = "query Get($id: UUID!) { storyGeneration(id: $id) { id storyId status progress resultUrl } }"
INITIATE = """mutation Initiate($input: InitiateStoryGenerationInput!) {
  initiateStoryGeneration(input: $input) {
    ... on InitiateStoryGenerationSuccess {
      generation { id storyId status progress revision createdAt durationSeconds voice { id } }
    }
    ... on Error { code message }
  }
}"""


@pytest.fixture
async def story(api: Api, alice: UUID) -> str:
    return await api.add_story(alice)


@pytest.fixture
async def generation(api: Api, alice: UUID, story: str) -> str:
    """The last of Alice's twelve."""
    return [await api.initiate(alice, story) for _ in range(12)][-1]


@pytest.fixture
def caller(api: Api, alice: UUID) -> Caller:
    return Caller(api, alice)


async def test_a_list_and_its_total(caller: Caller, generation: str) -> None:
    page = (await caller.graphql(LIST, page=1, pageSize=10))["data"]["storyGenerations"]
    assert page["items"][0]["id"] == generation
    assert page["meta"] == {"page": 1, "pageSize": 10, "total": 12}
    work = await caller.work(lambda: caller.graphql(LIST, page=1, pageSize=10))
    assert work.calls < 580
    assert (work.database, work.redis) == (1, 0)


async def test_one_by_its_id(caller: Caller, generation: str) -> None:
    assert (await caller.graphql(GET, id=generation))["data"]["storyGeneration"]["id"] == generation
    work = await caller.work(lambda: caller.graphql(GET, id=generation))
    assert work.calls < 387
    assert (work.database, work.redis) == (1, 0)


async def test_a_list_over_rest(caller: Caller, generation: str) -> None:
    address = "/api/story-generations?page=1&page_size=10"
    answer = await caller.rest(address)
    assert answer["data"][0]["id"] == generation
    assert answer["meta"]["total"] == 12
    work = await caller.work(lambda: caller.rest(address))
    assert work.calls < 358
    assert (work.database, work.redis) == (1, 0)


async def test_an_initiation(caller: Caller, story: str) -> None:
    """Row, log and quota in one question to the database; doorbell and news in one write to Redis."""
    wish = {"storyId": story}
    made = (await caller.graphql(INITIATE, input=wish))["data"]["initiateStoryGeneration"]["generation"]
    assert (made["storyId"], made["status"]) == (story, "PENDING")
    work = await caller.work(lambda: caller.graphql(INITIATE, input=wish))
    assert work.calls < 905
    assert (work.database, work.redis) == (1, 1)
