"""The first page of a very long list, one in its depths, and its last."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import AsyncExitStack
from datetime import timedelta
from functools import partial
from typing import Any
from uuid import UUID

import httpx

from bench import data
from bench.ground import Ground
from bench.http_load import CONNECTIONS, Expected, Request, open_load
from bench.processes import Process
from bench.rounds import SLICES, Different, interleave
from bench.tables import Column, Table
from resolvers.pages import encode_cursor

NAME = "paging"
ABOUT = "page 1, page 1,000 and the last of 1,000,000 own rows, by cursor"

ROWS = 1_000_000
FIRST = 20
TIMES = 3
# Others' rows lie among them.
OTHERS, EACH = 1000, 200
DOCUMENT = """query Page($first: Int!, $after: String) {
  storyGenerationsConnection(first: $first, after: $after) {
    edges { cursor node { id storyId status progress revision createdAt durationSeconds voice { id } } }
    pageInfo { hasNextPage endCursor }
  }
}"""


async def run(ground: Ground) -> list[Table]:
    owner = (await data.fill(ground, OTHERS, EACH))[0]
    ids = await _fill(ground, owner)
    api = await ground.start_api()
    token = ground.token(owner.id)
    last = (len(ids) - 1) // FIRST + 1
    async with AsyncExitStack() as stack:
        contenders = {}
        for number in (1, 1000, last):
            asked = _page(token, ids, number)
            await _check(api, asked, ids[(number - 1) * FIRST : number * FIRST], has_more=number < last)
            load = await stack.enter_async_context(open_load(api, [Expected(asked, 200, None)]))
            contenders[f"page {number:,}"] = partial(load.measure, ground.seconds / SLICES)
        # Pages differ by less than what a slice does by itself: several times as many of them.
        figures = await interleave(ground.rounds, contenders, TIMES * SLICES)
    columns = (
        Column("p50", "p50 ms", 2),
        Column("per_second", "requests/s"),
        Column("cpu", "µs of processor a request", compared=False),
        Column("p99", "p99 ms", 1, compared=False),
    )
    about = (
        f"One user with {len(ids):,} generations, and {OTHERS - 1:,} others with {EACH} each;"
        f" {FIRST} of them a page, {CONNECTIONS} connections; each is measured {TIMES} times as long as the"
        " round has seconds."
    )
    return [Table("Pages by cursor", "page 1", columns, figures, (about,))]


async def _fill(ground: Ground, owner: data.User) -> list[UUID]:
    """The ids of all of the owner's rows, newest first, once there are ROWS of them."""
    chance = random.Random(data.SEED)  # noqa: S311 - made-up rows, the same each time
    more = sorted(UUID(int=owner.generation_ids[-1].int + chance.getrandbits(94)) for _ in range(ROWS - EACH))

    def rows() -> Iterator[tuple[Any, ...]]:
        for number, made in enumerate(more):
            at = data.BEGAN + timedelta(seconds=number)
            yield (made, owner.id, owner.story_id, "", "heart", "succeeded", 100, 4, 1, 4.25, at, at, at, at)

    columns = (
        *("id", "user_id", "story_id", "text", "voice", "status", "progress", "revision", "attempt"),
        *("duration_seconds", "created_at", "started_at", "finished_at", "updated_at"),
    )
    async with ground.sql() as sql:
        await sql.copy_records_to_table("story_generations", records=rows(), columns=columns)
        await sql.execute("VACUUM (ANALYZE)")
    return sorted([*more, *owner.generation_ids], reverse=True)


def _page(token: str, ids: list[UUID], number: int) -> Request:
    after = encode_cursor(ids[(number - 1) * FIRST - 1]) if number > 1 else None
    body = {"query": DOCUMENT, "variables": {"first": FIRST, "after": after}}
    return Request("POST", "/graphql", token, body)


async def _check(api: Process, asked: Request, expected: list[UUID], *, has_more: bool) -> None:
    """Raises Different unless the page holds these rows, and says rightly whether more follow."""
    headers = {"Authorization": f"Bearer {asked.token}"}
    async with httpx.AsyncClient(base_url=api.base, trust_env=False) as http:
        answered = (await http.post(asked.path, json=asked.body, headers=headers)).json()
    page = answered["data"]["storyGenerationsConnection"]
    found = [edge["node"]["id"] for edge in page["edges"]]
    if found != [str(each) for each in expected] or page["pageInfo"]["hasNextPage"] != has_more:
        raise Different(f"{asked.body['variables']} is answered {str(answered)[:500]}")
