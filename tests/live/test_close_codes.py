"""The close codes of docs/operations.md, each provoked."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

import pytest
from websockets.asyncio.client import ClientConnection, connect

from core.settings import Settings
from tests.callers import Api, Socket, serving
from tests.graphql.error_page import CLOSE_CODES
from tests.live.streams import EVENTS, closed

CODES = [int(code) for code in re.findall(r"^\| (\d+) \|", CLOSE_CODES, re.MULTILINE)]
WRONG = {"Authorization": "Bearer nothing"}


async def no_frame(connection: ClientConnection) -> None:
    connection.transport.write(b"\xff" * 8)


async def no_text(connection: ClientConnection) -> None:
    await connection.send(b"\xff\xfe", text=True)


async def too_large(connection: ClientConnection) -> None:
    await connection.send("x" * (64 * 1024 + 1))


async def no_message(connection: ClientConnection) -> None:
    await connection.send("[]")


async def too_early(connection: ClientConnection) -> None:
    await Socket(connection).subscribe("1", EVENTS)


async def wrong_token(connection: ClientConnection) -> None:
    await Socket(connection).send({"type": "connection_init", "payload": WRONG})


async def nothing(_: ClientConnection) -> None:
    pass


BEFORE_THE_SIGN_IN: dict[int, Callable[[ClientConnection], Awaitable[None]]] = {
    1002: no_frame,
    1007: no_text,
    1009: too_large,
    4400: no_message,
    4401: too_early,
    4403: wrong_token,
    4408: nothing,
}


async def same_id(socket: Socket) -> None:
    for _ in range(2):
        await socket.subscribe("1", EVENTS)


async def second_sign_in(socket: Socket) -> None:
    await socket.send({"type": "connection_init"})


AFTER_THE_SIGN_IN: dict[int, Callable[[Socket], Awaitable[None]]] = {4409: same_id, 4429: second_sign_in}
# Told by other means than a message.
ELSEWISE = {1012, 1013, 4406}


def test_every_close_code_that_is_documented_is_provoked_here_and_no_other() -> None:
    assert sorted(CODES) == sorted([*BEFORE_THE_SIGN_IN, *AFTER_THE_SIGN_IN, *ELSEWISE])


@pytest.mark.parametrize("code", BEFORE_THE_SIGN_IN)
async def test_what_comes_before_the_sign_in_is_closed_with_its_code(serve_with: Any, code: int) -> None:
    async with serve_with(sign_in_seconds=0.2 if code == 4408 else 10) as api, api.raw_socket() as connection:
        await BEFORE_THE_SIGN_IN[code](connection)
        assert (await closed(connection))[0] == code


@pytest.mark.parametrize("code", AFTER_THE_SIGN_IN)
async def test_what_comes_after_the_sign_in_is_closed_with_its_code(
    door: Api, alice: UUID, code: int
) -> None:
    async with door.socket(alice) as socket:
        await AFTER_THE_SIGN_IN[code](socket)
        assert (await closed(socket.connection))[0] == code


async def test_one_socket_too_many_is_closed_with_1013(serve_with: Any, alice: UUID) -> None:
    async with serve_with(sockets_per_user=1) as api, api.socket(alice), api.raw_socket() as connection:
        await Socket(connection).send({"type": "connection_init", "payload": api.headers(alice)})
        assert (await closed(connection))[0] == 1013


async def test_another_subprotocol_is_closed_with_4406(door: Api) -> None:
    async with connect(door.base.replace("http", "ws") + "/graphql") as connection:
        assert (await closed(connection))[0] == 4406


async def test_a_process_that_is_told_to_stop_closes_with_1012(settings: Settings, alice: UUID) -> None:
    async with serving(settings) as api:
        connection = await api.raw_socket()
        await Socket(connection).send({"type": "connection_init", "payload": api.headers(alice)})
        await connection.recv()
    assert (await closed(connection))[0] == 1012
