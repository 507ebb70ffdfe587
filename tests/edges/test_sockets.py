"""How many sockets a user may have, how much may run on one, and what is left of those that ended."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta
from typing import Any
from uuid import UUID

import psutil
import pytest
import uvicorn

from core.identity import open_verifier
from core.settings import Settings
from server.app import create_app
from server.edges.socket_protocol import SocketProtocol
from server.serve import open_services, server_config
from tests.callers import LIMIT_SECONDS, Client, Socket
from tests.conftest import adjust
from tests.edges.conftest import Edge
from tests.edges.raw import CLOSE, PING, Wire, frame, wire
from tests.live.streams import closed, until
from tests.processes import free_port

ACKNOWLEDGED = '{"type":"connection_ack"}'
TRY_AGAIN_LATER = (1013, "Too many sockets")
EVENTS = "subscription { storyGenerationEvents { id generation { story { content } } } }"
REQUEST_SECONDS = 1.0
MEBIBYTE = 1024 * 1024


async def is_admitted(client: Client, user: UUID) -> bool:
    async with client.raw_socket() as connection:
        await connection.send(json.dumps({"type": "connection_init", "payload": client.headers(user)}))
        try:
            return await connection.recv() == ACKNOWLEDGED
        except Exception:  # noqa: BLE001 - closed: whether with the right code, other tests say
            return False


async def are_admitted_together(client: Client, user: UUID, sockets: int) -> bool:
    async with AsyncExitStack() as stack:
        opened = [await stack.enter_async_context(client.raw_socket()) for _ in range(sockets)]
        for socket in opened:
            await socket.send(json.dumps({"type": "connection_init", "payload": client.headers(user)}))
        told = await asyncio.gather(*(socket.recv() for socket in opened), return_exceptions=True)
    return told == [ACKNOWLEDGED] * sockets


async def eventually_admitted(client: Client, user: UUID) -> None:
    async with asyncio.timeout(LIMIT_SECONDS):
        while not await is_admitted(client, user):
            pass


@pytest.fixture(scope="module")
def edge_settings(edge_settings: Settings) -> Settings:
    return adjust(edge_settings, sockets_per_user=3, operations_per_socket=5, request_seconds=REQUEST_SECONDS)


async def test_one_socket_too_many_of_a_user_is_told_to_try_again_later_and_others_are_not(
    edge: Edge, alice: UUID, bob: UUID
) -> None:
    async with AsyncExitStack() as stack:
        for _ in range(3):
            await stack.enter_async_context(edge.client.socket(alice))
        async with edge.client.raw_socket() as connection:
            init = {"type": "connection_init", "payload": edge.client.headers(alice)}
            await connection.send(json.dumps(init))
            assert await closed(connection) == TRY_AGAIN_LATER
        assert await is_admitted(edge.client, bob)
        assert not await is_admitted(edge.client, alice)
    await eventually_admitted(edge.client, alice)


async def test_the_places_taken_are_exactly_as_many_as_allowed(edge: Edge, alice: UUID) -> None:
    """Asked for by all at the same moment."""
    async with AsyncExitStack() as stack:
        sockets = [await stack.enter_async_context(edge.client.raw_socket()) for _ in range(20)]
        init = json.dumps({"type": "connection_init", "payload": edge.client.headers(alice)})
        await asyncio.gather(*(socket.send(init) for socket in sockets))
        told = await asyncio.gather(*(socket.recv() for socket in sockets), return_exceptions=True)
        assert told.count(ACKNOWLEDGED) == 3


async def aborted(socket: Socket) -> None:
    socket.connection.transport.abort()


async def closed_by_the_client(socket: Socket) -> None:
    await socket.connection.close()


async def closed_by_us(socket: Socket) -> None:
    await socket.connection.send("[]")
    await closed(socket.connection)


async def initialised_twice(socket: Socket) -> None:
    await socket.send({"type": "connection_init"})
    assert (await closed(socket.connection))[0] == 4429


async def used_an_id_twice(socket: Socket) -> None:
    for _ in range(2):
        await socket.subscribe("1", EVENTS)
    assert (await closed(socket.connection))[0] == 4409


@pytest.mark.parametrize(
    "ended", [aborted, closed_by_the_client, closed_by_us, initialised_twice, used_an_id_twice]
)
async def test_a_socket_frees_its_place_however_it_ends(edge: Edge, alice: UUID, ended: Any) -> None:
    for _ in range(3):
        async with AsyncExitStack() as stack:
            sockets = [await stack.enter_async_context(edge.client.socket(alice)) for _ in range(3)]
            await asyncio.gather(*(ended(socket) for socket in sockets))
            await eventually_admitted(edge.client, alice)
            # Not only one of the three places.
            async with asyncio.timeout(LIMIT_SECONDS):
                while not await are_admitted_together(edge.client, alice, 3):
                    pass


async def test_sockets_last_as_long_as_their_token_and_free_their_places_with_it(
    edge: Edge, alice: UUID
) -> None:
    token = edge.client.token(alice, timedelta(seconds=3 * REQUEST_SECONDS))
    async with AsyncExitStack() as stack:
        sockets = [await stack.enter_async_context(edge.client.raw_socket()) for _ in range(3)]
        for socket in sockets:
            init = {"type": "connection_init", "payload": {"Authorization": f"Bearer {token}"}}
            await socket.send(json.dumps(init))
            assert json.loads(await socket.recv()) == {"type": "connection_ack"}
        assert not await is_admitted(edge.client, alice)
        assert [await closed(socket) for socket in sockets] == [(4403, "Token expired")] * 3
        await eventually_admitted(edge.client, alice)


async def test_a_socket_that_is_refused_takes_no_place(edge: Edge, alice: UUID) -> None:
    for _ in range(5):
        async with edge.client.raw_socket() as connection:
            wrong = {"Authorization": edge.client.headers(alice)["Authorization"][:-4] + "AAAA"}
            await connection.send(json.dumps({"type": "connection_init", "payload": wrong}))
            assert (await closed(connection))[0] == 4403
    assert await is_admitted(edge.client, alice)


async def test_one_operation_too_many_is_refused_with_a_code_and_the_others_go_on(
    edge: Edge, alice: UUID
) -> None:
    async with edge.client.socket(alice) as socket:
        for number in range(5):
            await socket.subscribe(str(number), EVENTS)
        await socket.subscribe("one more", "{ viewer { id } }")
        assert await socket.receive() == {
            "type": "error",
            "id": "one more",
            "payload": [
                {
                    "message": "No more than 5 operations at once on a socket",
                    "extensions": {"code": "TOO_MANY_OPERATIONS"},
                }
            ],
        }
        await socket.send({"type": "complete", "id": "4"})
        await socket.subscribe("one more", "{ viewer { id } }")
        assert await socket.until_complete("one more") == [{"viewer": {"id": str(alice)}}]
        await socket.subscribe("0", EVENTS)
        assert (await closed(socket.connection))[0] == 4409


async def test_a_socket_has_the_time_that_is_set_for_its_connection_init(edge_with: Any) -> None:
    async with edge_with(sign_in_seconds=0.3) as edge:
        async with edge.client.raw_socket() as silent:
            assert await closed(silent) == (4408, "Connection initialisation timeout")
        async with wire(edge.base) as end:  # and pings are no sign-in
            await end.upgrade()
            pinging = asyncio.create_task(_ping_forever(end))
            try:
                assert await end.close_code() == 4408
            finally:
                pinging.cancel()
        assert edge.complaints() == []


async def _ping_forever(end: Wire) -> None:
    while True:
        await end.say({"type": "ping"})
        await asyncio.sleep(0.05)


@pytest.mark.parametrize("last_word", [b"", frame(b"\x03\xe8", CLOSE)], ids=["silent", "saying goodbye"])
async def test_one_who_stops_reading_is_gone_soon_with_all_that_was_kept_for_him(
    edge_with: Any, alice: UUID, last_word: bytes
) -> None:
    async with edge_with(ping_seconds=0.5, sockets_per_user=1) as edge:
        process = psutil.Process(edge.process.pid)
        story = await edge.client.add_story(alice, "x" * 900_000)
        async with wire(edge.base, receive_buffer=4096) as end:
            await end.upgrade()
            await end.say({"type": "connection_init", "payload": edge.client.headers(alice)})
            await end.hear()
            for number in range(20):
                payload = {"query": EVENTS}
                await end.say({"type": "subscribe", "id": str(number), "payload": payload})
            end.reader._transport.pause_reading()  # type: ignore[attr-defined]  # noqa: SLF001
            port = end.writer.get_extra_info("sockname")[1]
            assert _is_connected(process, port)
            for _ in range(3):
                await edge.client.initiate(alice, story)
            await end.send(last_word)
            await until(lambda: not _is_connected(process, port))
            # This end is open still, and would read.
            assert not end.writer.transport.is_closing()
            await eventually_admitted(edge.client, alice)
        assert edge.complaints() == []


def _is_connected(process: psutil.Process, port: int) -> bool:
    """Whether the process holds its end of the connection from `port`."""
    return any(found.raddr[1:] == (port,) for found in process.net_connections("tcp"))


@asynccontextmanager
async def inside(settings: Settings) -> AsyncIterator[tuple[str, uvicorn.Server]]:
    """The API served by this process, to look into."""
    async with open_services(settings) as services:
        app = create_app(services, open_verifier(settings))
        config = server_config(app, settings)
        config.host, config.port = "127.0.0.1", settings.port
        server = uvicorn.Server(config)
        task = asyncio.create_task(server.serve())
        try:
            await until(lambda: server.started)
            yield f"http://127.0.0.1:{settings.port}", server
        finally:
            server.should_exit = True
            await task


async def test_pongs_do_not_pile_up_for_one_who_does_not_read(edge_settings: Settings) -> None:
    # However long it takes, it is not given up for its own silence.
    settings = adjust(edge_settings, port=free_port(), ping_seconds=600, sign_in_seconds=600)
    async with inside(settings) as (base, server), wire(base, receive_buffer=4096) as end:
        await end.upgrade()
        end.reader._transport.pause_reading()  # type: ignore[attr-defined]  # noqa: SLF001
        (protocol,) = [one for one in server.server_state.connections if isinstance(one, SocketProtocol)]
        flood = frame(b"x" * 125, PING) * 500
        largest = 0
        # Far beyond what the kernel keeps for both ends.
        for _ in range(16 * MEBIBYTE // len(flood)):
            await end.send(flood)
            largest = max(largest, protocol.transport.get_write_buffer_size())
        assert 0 < largest < MEBIBYTE


async def test_one_who_answers_no_ping_may_come_again(edge_settings: Settings) -> None:
    """A laptop that slept: clients of graphql-ws would take uvicorn's own 1011 for the end."""
    settings = adjust(edge_settings, port=free_port(), ping_seconds=0.3)
    async with inside(settings) as (base, server):
        async with wire(base) as end:
            await end.upgrade()
            assert await end.close_code() == 1013
            assert await end.rest() == b""
        await until(lambda: not server.server_state.connections)


@pytest.mark.skipif(not hasattr(socket, "TCP_USER_TIMEOUT"), reason="Linux has it")
async def test_one_who_is_gone_without_a_word_is_given_up_as_soon_as_one_who_does_not_read(
    edge_settings: Settings,
) -> None:
    """The kernel's work, which no test on one machine sees: nothing gets lost on its way."""
    settings = adjust(edge_settings, port=free_port(), request_seconds=7)
    async with inside(settings) as (base, server), wire(base):
        await until(lambda: bool(server.server_state.connections))
        (protocol,) = server.server_state.connections
        held = protocol.transport.get_extra_info("socket")
        assert held.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) == 7000


FEW_FILES = """
import resource, sys
resource.setrlimit(resource.RLIMIT_NOFILE, (64, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
from server.__main__ import main
sys.exit(main(sys.argv[1:]))
"""


async def test_a_shells_limit_on_open_files_is_none_on_sockets(edge_with: Any) -> None:
    async with edge_with(("-c", FEW_FILES)) as edge, AsyncExitStack() as stack:
        ends = [await stack.enter_async_context(wire(edge.base)) for _ in range(100)]
        await asyncio.gather(*(end.upgrade() for end in ends))
        assert edge.complaints() == []
