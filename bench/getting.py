"""One generation by its id, over GraphQL."""

from __future__ import annotations

from uuid import UUID, uuid4

from bench import data
from bench.compare import both_ways
from bench.ground import Ground
from bench.http_load import Request
from bench.tables import Table

NAME = "get"
ABOUT = "GraphQL get by id, in a conventional transaction and in one round trip"

DOCUMENT = """query Get($id: UUID!) {
  storyGeneration(id: $id) { id storyId status progress revision createdAt durationSeconds voice { id } }
}"""
USERS, EACH = 1000, 200
ASKING, ASKED = 32, 20  # of the users, and of the generations of each


def ask(token: str, generation_id: UUID) -> Request:
    body = {"query": DOCUMENT, "variables": {"id": str(generation_id)}}
    return Request("POST", "/graphql", token, body)


async def run(ground: Ground) -> list[Table]:
    users = await data.fill(ground, USERS, EACH)
    asking = [(ground.token(user.id), user.generation_ids) for user in users[:ASKING]]
    timed = [ask(token, found) for token, ids in asking for found in ids[:: EACH // ASKED]]
    token, (own, *_) = asking[0]
    odd = [ask(token, asking[1][1][0]), ask(token, uuid4()), ask(token[:-2] + "AA", own)]
    return await both_ways(ground, "GraphQL get by id", timed, odd)
