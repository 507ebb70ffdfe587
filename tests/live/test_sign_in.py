"""Who may use a socket, and for how long."""

from __future__ import annotations

import time
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from tests.callers import Api, Socket
from tests.live.streams import EVENTS, closed, follow, is_idle, until

INIT = {"type": "connection_init"}
VIEWER = "{ viewer { id } }"


async def whoever_is_signed_in(socket: Socket) -> str:
    await socket.subscribe("who", VIEWER)
    viewer: str = (await socket.next("who"))["viewer"]["id"]
    return viewer


def credentials(api: Api, name: str, user: UUID) -> dict[str, Any]:
    token = api.token(user)
    named: dict[str, dict[str, Any]] = {
        "good": {"Authorization": f"Bearer {token}"},
        "in another case": {"authorization": f"bearer {token}"},
        "missing": {},
        "wrong": {"Authorization": f"Bearer {token[:-5]}AAAAA"},
        "expired": {"Authorization": f"Bearer {api.token(user, timedelta(seconds=-2))}"},
        "another scheme": {"Authorization": f"Basic {token}"},
        "empty": {"Authorization": ""},
        "no string": {"Authorization": 5},
        "null": {"Authorization": None},
    }
    return named[name]


@pytest.mark.parametrize("name", ["good", "in another case"])
async def test_a_token_in_connection_init_signs_in(door: Api, alice: UUID, name: str) -> None:
    async with door.raw_socket() as connection:
        socket = Socket(connection)
        await socket.send({**INIT, "payload": credentials(door, name, alice)})
        assert await socket.receive() == {"type": "connection_ack"}
        assert await whoever_is_signed_in(socket) == str(alice)


@pytest.mark.parametrize("init", [INIT, {**INIT, "payload": None}, {**INIT, "payload": {"client": "x"}}])
async def test_a_token_in_the_upgrade_header_signs_in(door: Api, alice: UUID, init: dict[str, Any]) -> None:
    async with door.raw_socket(door.headers(alice)) as connection:
        socket = Socket(connection)
        await socket.send(init)
        assert await socket.receive() == {"type": "connection_ack"}
        assert await whoever_is_signed_in(socket) == str(alice)


async def test_connection_init_wins_over_the_header(door: Api, alice: UUID, bob: UUID) -> None:
    async with door.raw_socket(door.headers(bob)) as connection:
        socket = Socket(connection)
        await socket.send({**INIT, "payload": door.headers(alice)})
        assert await socket.receive() == {"type": "connection_ack"}
        assert await whoever_is_signed_in(socket) == str(alice)


@pytest.mark.parametrize(
    "name", ["missing", "wrong", "expired", "another scheme", "empty", "no string", "null"]
)
async def test_a_refused_sign_in_closes_with_4403(door: Api, alice: UUID, name: str) -> None:
    async with door.raw_socket() as connection:
        await Socket(connection).send({**INIT, "payload": credentials(door, name, alice)})
        assert await closed(connection) == (4403, "Forbidden")


async def test_a_wrong_token_in_connection_init_is_not_made_good_by_the_header(
    door: Api, alice: UUID
) -> None:
    async with door.raw_socket(door.headers(alice)) as connection:
        await Socket(connection).send({**INIT, "payload": credentials(door, "wrong", alice)})
        assert await closed(connection) == (4403, "Forbidden")


async def test_an_operation_before_the_sign_in_closes_with_4401(door: Api, alice: UUID) -> None:
    async with door.raw_socket(door.headers(alice)) as connection:
        await Socket(connection).subscribe("1", VIEWER)
        assert await closed(connection) == (4401, "Unauthorized")


async def test_a_second_connection_init_closes_with_4429(door: Api, alice: UUID) -> None:
    async with door.socket(alice) as socket:
        await socket.send({**INIT, "payload": door.headers(alice)})
        assert await closed(socket.connection) == (4429, "Too many initialisation requests")


async def test_a_socket_that_never_signs_in_closes_with_4408(serve_with: Any) -> None:
    async with serve_with(sign_in_seconds=0.2) as api, api.raw_socket() as connection:
        assert await closed(connection) == (4408, "Connection initialisation timeout")


async def test_a_socket_ends_with_its_token_and_all_that_it_followed_with_it(door: Api, alice: UUID) -> None:
    generation = await door.initiate(alice, await door.add_story(alice))
    async with door.raw_socket() as connection:
        socket = Socket(connection)
        token = door.token(alice, timedelta(seconds=1))
        expires = _expiry(token)
        await socket.send({**INIT, "payload": {"Authorization": f"Bearer {token}"}})
        assert await socket.receive() == {"type": "connection_ack"}
        assert await (await follow(socket, generation)).next() == ("PENDING", 0, 1)
        await socket.subscribe("2", EVENTS)
        assert await closed(connection) == (4403, "Token expired")
        assert 0 <= time.time() - expires < 1
    await until(lambda: is_idle(door.services.feed))


def _expiry(token: str) -> float:
    claims: dict[str, Any] = jwt.decode(token, options={"verify_signature": False})
    return float(claims["exp"])


@pytest.mark.parametrize("origin", ["http://elsewhere.example", "null", "http://127.0.0.1:1", "nonsense"])
async def test_a_page_of_another_origin_is_refused(door: Api, alice: UUID, origin: str) -> None:
    with pytest.raises(InvalidStatus) as refused:
        async with door.raw_socket({**door.headers(alice), "Origin": origin}):
            pass
    assert refused.value.response.status_code == 403


async def test_a_page_of_our_own_origin_is_let_in(door: Api, alice: UUID) -> None:
    async with door.raw_socket({"Origin": door.base}) as connection:
        await Socket(connection).send({**INIT, "payload": door.headers(alice)})
        assert await Socket(connection).receive() == {"type": "connection_ack"}


async def test_a_page_of_the_public_address_is_let_in_whatever_host_a_proxy_names(
    door: Api, alice: UUID
) -> None:
    behind = door.base.replace("http", "ws").replace("127.0.0.1", "behind-a-proxy") + "/graphql"
    offered: Any = ["graphql-transport-ws"]
    # Where the handshake names one host, and the connection goes to another.
    port = urlsplit(door.base).port
    async with connect(
        behind,
        host="127.0.0.1",
        port=port,
        subprotocols=offered,
        origin=door.base,  # type: ignore[arg-type]  # a NewType of str
    ) as connection:
        await Socket(connection).send({**INIT, "payload": door.headers(alice)})
        assert await Socket(connection).receive() == {"type": "connection_ack"}


@pytest.mark.parametrize("offered", [None, ["graphql-ws"], ["soap"]])
async def test_another_subprotocol_closes_with_4406(door: Api, offered: Any) -> None:
    async with connect(door.base.replace("http", "ws") + "/graphql", subprotocols=offered) as connection:
        assert connection.subprotocol is None
        assert await closed(connection) == (4406, "Subprotocol not acceptable")


async def test_ours_is_chosen_among_others(door: Api) -> None:
    offered: Any = ["soap", "graphql-transport-ws", "graphql-ws"]
    async with connect(door.base.replace("http", "ws") + "/graphql", subprotocols=offered) as connection:
        assert connection.subprotocol == "graphql-transport-ws"


async def test_while_no_keys_can_be_had_a_socket_is_told_to_try_again(
    serve_with: Any, alice: UUID, caplog: pytest.LogCaptureFixture
) -> None:
    keys_away = {"jwt_secret": None, "jwks_url": "http://127.0.0.1:1/keys", "jwt_algorithm": "ES256"}
    token = jwt.encode({"sub": str(alice)}, ec.generate_private_key(ec.SECP256R1()), "ES256")
    async with serve_with(**keys_away) as api, api.raw_socket() as connection:
        await Socket(connection).send({**INIT, "payload": {"Authorization": f"Bearer {token}"}})
        assert await closed(connection) == (1013, "Try again later")
    assert "Traceback" not in caplog.text
