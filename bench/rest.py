"""A page of REST, beside Starlette and asyncpg doing the same by hand."""

from __future__ import annotations

from bench.compare import COLUMNS, compare
from bench.contenders import STORYCAST, Contender, start_limit
from bench.ground import Ground
from bench.http_load import Request
from bench.pages import PAGE_SIZE, ask_for
from bench.tables import Table

NAME = "rest"
ABOUT = "REST list of 10 and the total, beside bare Starlette with asyncpg"

TRANSACTION = "Starlette + asyncpg, in a transaction"
ONE_TRIP = "Starlette + asyncpg, in one round trip"


def ask(token: str, page: int) -> Request:
    return Request("GET", f"/api/story-generations?page={page}&pageSize={PAGE_SIZE}", token)


async def run(ground: Ground) -> list[Table]:
    timed, odd = await ask_for(ground, ask)
    contenders = {
        STORYCAST: Contender(await ground.start_api()),
        TRANSACTION: await start_limit(ground, one_trip=False),
        ONE_TRIP: await start_limit(ground, one_trip=True),
    }
    figures = await compare(ground, contenders, timed, odd)
    return [Table(f"REST list of {PAGE_SIZE} and the total", ONE_TRIP, COLUMNS, figures)]
