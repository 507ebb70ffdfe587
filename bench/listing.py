"""The list of 10 and the total, over GraphQL."""

from __future__ import annotations

from bench.compare import both_ways
from bench.ground import Ground
from bench.http_load import Request
from bench.pages import PAGE_SIZE, ask_for
from bench.tables import Table

NAME = "list"
ABOUT = "GraphQL list of 10 and the total, in a conventional transaction and in one round trip"

DOCUMENT = """query List($page: Int!, $pageSize: Int!) {
  storyGenerations(page: $page, pageSize: $pageSize) {
    items { id storyId status progress revision createdAt durationSeconds voice { id } }
    meta { page pageSize total }
  }
}"""


def ask(token: str, page: int) -> Request:
    variables = {"page": page, "pageSize": PAGE_SIZE}
    return Request("POST", "/graphql", token, {"query": DOCUMENT, "variables": variables})


async def run(ground: Ground) -> list[Table]:
    timed, odd = await ask_for(ground, ask)
    return await both_ways(ground, f"GraphQL list of {PAGE_SIZE} and the total", timed, odd)
