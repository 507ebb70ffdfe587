"""Sockets whose other end is there no more, though nobody has said so, and those that only keep silent."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

from core.events import user_channel
from tests.callers import Client, Socket
from tests.live.hand import Hand
from tests.live.streams import follow, is_idle, until
from tests.tunnel import tunnel

PING_SECONDS = 1.0


async def test_a_socket_whose_other_end_has_gone_is_found_and_a_silent_one_stays(
    serve_with: Callable[..., Any], hand: Hand, alice: UUID, bob: UUID
) -> None:
    async with (
        serve_with(ping_seconds=PING_SECONDS) as api,
        tunnel(api.base) as way,
        api.socket(bob) as silent,
    ):
        mine = await api.initiate(bob, await api.add_story(bob))
        quiet = await follow(silent, mine)
        assert await quiet.next() == ("PENDING", 0, 1)
        theirs = await api.initiate(alice, await api.add_story(alice))
        async with Client(way.base, api.settings).raw_socket() as connection:
            socket = Socket(connection)
            await socket.send({"type": "connection_init", "payload": api.headers(alice)})
            assert await socket.receive() == {"type": "connection_ack"}
            await (await follow(socket, theirs)).next()
            way.swallow()
            watchers = api.services.feed._watchers  # noqa: SLF001 - a leak shows nowhere else
            # Within a limit that is shorter than twice the default.
            await until(lambda: user_channel(alice) not in watchers)
            way.cut()
        await hand.claim(mine)
        assert await quiet.next() == ("IN_PROGRESS", 0, 2)
    await until(lambda: is_idle(api.services.feed))
