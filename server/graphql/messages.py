"""What comes on a socket: whether it is a message of the protocol."""

from __future__ import annotations

from typing import Any

from server.graphql.request import BadRequest, MalformedHash, read_fields


def problem_of(message: Any) -> str | None:
    """What keeps a message from being one of the protocol's, None where nothing does."""
    if not isinstance(message, dict) or not isinstance(message.get("type"), str):
        return "A message must be an object with a type"
    kind, payload = message["type"], message.get("payload")
    if kind in {"subscribe", "complete"} and not (isinstance(message.get("id"), str) and message["id"]):
        return f"{kind} needs an id"
    if kind == "connection_init" and not isinstance(payload, dict | None):
        return "The payload of connection_init must be an object"
    if kind == "subscribe":
        try:
            read_fields(payload)
        except MalformedHash:
            return None  # the operation's own affair
        except BadRequest as problem:
            return str(problem)
    return None
