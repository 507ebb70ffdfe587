"""The list of 10 and the total, over GraphQL."""

from __future__ import annotations

from uuid import uuid4

from bench import data
from bench.compare import both_ways
from bench.ground import Ground
from bench.http_load import Request
from bench.tables import Table

NAME = "list"
ABOUT = "GraphQL list of 10 and the total, in a conventional transaction and in one round trip"

DOCUMENT = """query List($page: Int!, $pageSize: Int!) {
  storyGenerations(page: $page, pageSize: $pageSize) {
    items { id storyId status progress revision createdAt durationSeconds voice { id } }
    meta { page pageSize total }
  }
}"""
USERS, EACH, PAGE_SIZE = 1000, 200, 10
ASKING = 32  # of the users


def ask(token: str, page: int) -> Request:
    variables = {"page": page, "pageSize": PAGE_SIZE}
    return Request("POST", "/graphql", token, {"query": DOCUMENT, "variables": variables})


async def run(ground: Ground) -> list[Table]:
    users = await data.fill(ground, USERS, EACH)
    tokens = [ground.token(user.id) for user in users[:ASKING]]
    last = EACH // PAGE_SIZE
    timed = [ask(token, page) for token in tokens for page in range(1, last + 1)]
    odd = [ask(tokens[0], last + 1), ask(ground.token(uuid4()), 1), ask(tokens[0][:-2] + "AA", 1)]
    return await both_ways(ground, f"GraphQL list of {PAGE_SIZE} and the total", timed, odd)
