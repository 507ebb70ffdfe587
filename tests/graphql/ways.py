"""The ways an operation can come, and what it is answered, whichever it was."""

from __future__ import annotations

import hashlib
import json
from typing import Any
from uuid import UUID, uuid4

from tests.callers import Api

EVENTS = {"Accept": "text/event-stream"}
WHO = "query Who { viewer { id } }"
WAYS = ["GET", "POST", "GET as events", "POST as events", "websocket"]


async def asked(api: Api, way: str, user: UUID, **fields: Any) -> dict[str, Any]:
    """The result of an operation with one, or the errors that kept it from having one."""
    if way == "websocket":
        return await _on_a_socket(api, user, fields)
    method, _, form = way.partition(" as ")
    headers = EVENTS if form else {"Accept": "application/json"}
    if method == "GET":
        written = {name: v if isinstance(v, str) else json.dumps(v) for name, v in fields.items()}
        response = await api.request("GET", "/graphql", user, params=written, headers=headers)
    else:
        response = await api.request("POST", "/graphql", user, json=fields, headers=headers)
    # What is no well-formed request is refused as any other is.
    if form and response.status_code == 200:
        assert response.headers["content-type"] == "text/event-stream; charset=utf-8"
        events = [lines for lines in response.text.split("\n\n") if not lines.startswith(":")]
        told, *rest = events
        assert rest == ["event: complete\ndata:", ""], response.text
        return dict(json.loads(told.partition("data: ")[2]))
    return dict(response.json())


async def _on_a_socket(api: Api, user: UUID, fields: dict[str, Any]) -> dict[str, Any]:
    async with api.socket(user) as socket:
        await socket.send({"type": "subscribe", "id": "1", "payload": fields})
        message = await socket.receive()
        if message["type"] == "error":
            return {"errors": message["payload"]}
        assert await socket.receive() == {"type": "complete", "id": "1"}
        return dict(message["payload"])


def sha256(document: str) -> str:
    return hashlib.sha256(document.encode()).hexdigest()


def by_hash(document: str, **more: Any) -> dict[str, Any]:
    """What an automatic persisted query says of its document."""
    return {"persistedQuery": {"version": 1, "sha256Hash": sha256(document), **more}}


def fresh(document: str = WHO) -> str:
    """A document like that one which nobody has sent."""
    return f"{document} # {uuid4()}"


def who(user: UUID) -> dict[str, Any]:
    """What WHO is answered."""
    return {"data": {"viewer": {"id": str(user)}}}


def codes(answer: dict[str, Any]) -> list[str]:
    assert "data" not in answer or answer["data"] is None, answer
    return [error["extensions"]["code"] for error in answer["errors"]]
