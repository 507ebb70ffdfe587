"""The guards of live progress, to be taken out."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from tests.chaos.sabotage.guards import guard, replace


def _nothing(_: Any) -> None:
    return None


@guard
def catching_up() -> None:
    """Subscribers believe what is published: no row is read again after a gap, or every so often."""
    news: Any = import_module("resolvers.progress_news")
    news.News.mark_gap = _nothing
    replace("resolvers.progress_desk", "REREAD_SECONDS", (3600.0, 3600.0))


@guard
def back_pressure() -> None:
    """Whatever is sent to a websocket is taken, read or not."""
    protocol: Any = import_module("server.edges.socket_protocol")
    protocol.SocketProtocol.pause_writing = _nothing


@guard
def room_for_connections() -> None:
    """Clients are let in until the process can open no more files."""
    replace("server.serve", "room_for_connections", lambda settings: settings.connections)


@guard
def message_check() -> None:
    """What comes on a socket is taken for a message of the protocol."""
    replace("server.graphql.sockets", "problem_of", _nothing)
