"""GraphQL requests as they go over the wire, well-formed or not."""

from __future__ import annotations

import json
from typing import Any
from uuid import UUID

import httpx

from tests.callers import Api

PLAIN = "application/json"
RESPONSE = "application/graphql-response+json"
JSON = {"Content-Type": PLAIN}

WHO = "{ viewer { id } }"


async def post(api: Api, user: UUID | None, body: Any, accept: str = PLAIN) -> httpx.Response:
    """A POST of `body`: bytes as they are, anything else as JSON."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return await api.request("POST", "/graphql", user, content=content, headers={**JSON, "Accept": accept})


async def get(api: Api, user: UUID, accept: str = PLAIN, **parameters: str) -> httpx.Response:
    return await api.request("GET", "/graphql", user, params=parameters, headers={"Accept": accept})


def code(response: httpx.Response) -> str:
    (error,) = response.json()["errors"]
    told: str = error["extensions"]["code"]
    return told
