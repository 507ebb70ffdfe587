"""A page of REST, beside Starlette and asyncpg doing the same by hand."""

from __future__ import annotations

from uuid import uuid4

from bench import data
from bench.compare import COLUMNS, compare
from bench.contenders import STORYCAST, Contender, start_limit
from bench.ground import Ground
from bench.http_load import Request
from bench.tables import Table

NAME = "rest"
ABOUT = "REST list of 10 and the total, beside bare Starlette with asyncpg"

USERS, EACH, PAGE_SIZE = 1000, 200, 10
ASKING = 32  # of the users
TRANSACTION = "Starlette + asyncpg, in a transaction"
ONE_TRIP = "Starlette + asyncpg, in one round trip"


def ask(token: str, page: int) -> Request:
    return Request("GET", f"/api/story-generations?page={page}&pageSize={PAGE_SIZE}", token)


async def run(ground: Ground) -> list[Table]:
    users = await data.fill(ground, USERS, EACH)
    tokens = [ground.token(user.id) for user in users[:ASKING]]
    last = EACH // PAGE_SIZE
    timed = [ask(token, page) for token in tokens for page in range(1, last + 1)]
    odd = [ask(tokens[0], last + 1), ask(ground.token(uuid4()), 1), ask(tokens[0][:-2] + "AA", 1)]
    contenders = {
        STORYCAST: Contender(await ground.start_api()),
        TRANSACTION: await start_limit(ground, one_trip=False),
        ONE_TRIP: await start_limit(ground, one_trip=True),
    }
    figures = await compare(ground, contenders, timed, odd)
    return [Table(f"REST list of {PAGE_SIZE} and the total", ONE_TRIP, COLUMNS, figures)]
