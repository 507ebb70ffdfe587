"""The list of 10 and the total, over GraphQL."""

from __future__ import annotations

from functools import partial
from uuid import uuid4

from bench import answers, data, http_load, rounds
from bench.contenders import LIMIT, MERCURIUS, STORYCAST, start_limit, start_node
from bench.ground import Ground
from bench.http_load import Request
from bench.processes import Process
from bench.tables import Column, Table

NAME = "list"
ABOUT = "GraphQL list of 10 and the total, in a conventional transaction and in one round trip"

DOCUMENT = """query List($page: Int!, $pageSize: Int!) {
  storyGenerations(page: $page, pageSize: $pageSize) {
    items { id storyId status progress revision createdAt durationSeconds voice { id } }
    meta { page pageSize total }
  }
}"""
USERS, EACH, PAGE_SIZE = 1000, 200, 10
ASKING = 64  # of the users
COLUMNS = (
    Column("per_second", "requests/s"),
    Column("cpu", "µs of processor a request"),
    Column("p50", "p50 ms", 1, compared=False),
    Column("p99", "p99 ms", 1, compared=False),
)


def ask(token: str, page: int) -> Request:
    return Request(
        "POST",
        "/graphql",
        token,
        {"query": DOCUMENT, "variables": {"page": page, "pageSize": PAGE_SIZE}},
    )


async def run(ground: Ground) -> list[Table]:
    users = await data.fill(ground, USERS, EACH)
    tokens = [ground.token(user.id) for user in users[:ASKING]]
    last = EACH // PAGE_SIZE
    timed = [ask(token, page) for token in tokens for page in range(1, last + 1)]
    odd = [ask(tokens[0], last + 1), ask(ground.token(uuid4()), 1), ask(tokens[0][:-2] + "AA", 1)]
    storycast = await ground.start_api()
    tables = []
    for one_trip in (False, True):
        contenders: dict[str, Process] = {
            STORYCAST: storycast,
            **await start_node(ground, one_trip=one_trip),
            LIMIT: await start_limit(ground, one_trip=one_trip),
        }
        await answers.agree(contenders, odd)
        expected = await answers.agree(contenders, timed)
        figures = await rounds.interleave(
            ground.rounds,
            {
                name: partial(http_load.measure, process, expected[name], ground.seconds)
                for name, process in contenders.items()
            },
        )
        how = "in one round trip" if one_trip else "in a conventional transaction"
        tables.append(Table(f"GraphQL list of {PAGE_SIZE} and the total, {how}", MERCURIUS, COLUMNS, figures))
    return tables
