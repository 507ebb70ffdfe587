"""Which streams plans tell, and which graphql-core."""

from __future__ import annotations

import asyncio
from types import CoroutineType
from uuid import UUID

from tests.callers import Api, Socket
from tests.live.streams import follow, until


def tasks_of_sockets() -> list[str]:
    """What still goes on for sockets in this process, which serves them."""
    running = [task.get_coro() for task in asyncio.all_tasks()]
    names = [coroutine.__qualname__ for coroutine in running if isinstance(coroutine, CoroutineType)]
    return [name for name in names if name.startswith(("Line.", "SocketHandler.", "BaseGraphQL"))]


def by_graphql_core() -> int:
    """How many of the streams underway are graphql-core's, which have a task each."""
    return sum("run_operation" in name for name in tasks_of_sockets())


def has_streams(api: Api, user: UUID, number: int) -> bool:
    """Whether so many streams of the user's are there."""
    kept = api.services.desk._news.get(user)  # noqa: SLF001 - the protocol has no sign of it
    return number == (len(kept.news) if kept else 0)


async def begin(api: Api, socket: Socket, generation: str) -> None:
    """Have its document known: whoever follows a generation after this does so by a plan."""
    assert (await (await follow(socket, generation, "by graphql-core")).next())[0] == "IN_PROGRESS"
    await socket.send({"type": "complete", "id": "by graphql-core"})
    await until(lambda: not by_graphql_core())
