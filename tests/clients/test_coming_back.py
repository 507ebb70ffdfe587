"""npm `graphql-ws` comes back after some close codes, gives up after others, as docs/operations.md says."""

from __future__ import annotations

import asyncio
import re

import pytest
from websockets.asyncio.server import ServerConnection, serve

from tests.clients.remote import LIMIT_SECONDS, remote
from tests.graphql.error_page import CLOSE_CODES

pytestmark = [pytest.mark.long, pytest.mark.usefixtures("packages")]

ROWS = re.findall(r"^\| (\d+) \| [^|]+ \| (comes back|gives up)\b", CLOSE_CODES, re.MULTILINE)


def test_every_row_says_what_graphql_ws_does() -> None:
    assert len(ROWS) == CLOSE_CODES.count("\n| ") - 1


@pytest.mark.parametrize(("code", "then"), ROWS)
async def test_after_each_code_graphql_ws_does_what_is_said(code: str, then: str) -> None:
    came = asyncio.Semaphore(0)

    async def close(connection: ServerConnection) -> None:
        came.release()
        await connection.recv()
        await connection.send('{"type": "connection_ack"}')
        await connection.recv()
        await connection.close(int(code))

    offered = ["graphql-transport-ws"]
    async with serve(close, "127.0.0.1", 0, subprotocols=offered) as server:  # type: ignore[arg-type]  # a NewType of str
        base = f"http://127.0.0.1:{next(iter(server.sockets)).getsockname()[1]}"
        async with remote("graphql-ws", base, "a token") as client, asyncio.timeout(LIMIT_SECONDS):
            await client.subscribe("1", "{ viewer { id } }")
            await came.acquire()
            if then == "comes back":
                await came.acquire()
                assert client.is_quiet("1")
            else:
                assert (await client.told("1"))["error"]["code"] == int(code)
                assert came.locked()
