"""Who asks for which pages of their narrations, for whoever offers a list of them."""

from __future__ import annotations

from collections.abc import Callable
from uuid import uuid4

from bench import data
from bench.ground import Ground
from bench.http_load import Request

USERS, EACH, PAGE_SIZE = 1000, 200, 10
ASKING = 32  # of the users

Ask = Callable[[str, int], Request]


async def ask_for(ground: Ground, ask: Ask) -> tuple[list[Request], list[Request]]:
    """Requests to be timed, once there are rows: `ask` makes one of a token and a page. And odd ones: a page
    past the end, a user with nothing, a token that does not verify.
    """
    users = await data.fill(ground, USERS, EACH)
    tokens = [ground.token(user.id) for user in users[:ASKING]]
    last = EACH // PAGE_SIZE
    timed = [ask(token, page) for token in tokens for page in range(1, last + 1)]
    return timed, [ask(tokens[0], last + 1), ask(ground.token(uuid4()), 1), ask(tokens[0][:-2] + "AA", 1)]
