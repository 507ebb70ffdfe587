"""The limit: Starlette and asyncpg with nothing between, on uvicorn on uvloop and httptools like Storycast.

It answers the benchmarks' requests and no others: no document is read, nothing is checked but the token, and
no limit is held.
"""

from __future__ import annotations

import hmac
import math
import os
import time
from base64 import urlsafe_b64encode
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

import asyncpg
import jwt
import uvicorn
from pydantic_core import from_json, to_json
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bench.peers.starlette_sql import open_pool, read_one, read_page

JWT_SECRET = os.environ["JWT_SECRET"]
JWT_AUDIENCE = os.environ["JWT_AUDIENCE"]
JWT_ISSUER = os.environ["JWT_ISSUER"]
PER_MINUTE = int(os.environ["INITIATIONS_PER_MINUTE"])
POLICY = f'"initiations";q={PER_MINUTE};w=60'
FILES = f"{os.environ['PUBLIC_URL']}/files/"
LINK_SECRET = os.environ["LINK_SECRET"].encode()
LINK_LIFETIME = int(os.environ["LINK_LIFETIME_SECONDS"])
LINK_STEP = max(1, min(60, LINK_LIFETIME // 10))

verified: dict[str, tuple[UUID, float]] = {}


def identify(request: Request) -> UUID | None:
    """Whose token it is, None where it does not verify. One that was verified holds until it expires."""
    token = request.headers.get("authorization", "").removeprefix("Bearer ")
    known = verified.get(token)
    if known and known[1] > time.time():
        return known[0]
    try:
        claims = jwt.decode(
            token,
            JWT_SECRET,
            algorithms=["HS256"],
            audience=JWT_AUDIENCE,
            issuer=JWT_ISSUER,
            options={"require": ["exp", "sub", "aud", "iss"]},
        )
    except jwt.PyJWTError:
        return None
    me = UUID(claims["sub"])
    verified[token] = me, claims["exp"]
    return me


async def graphql(request: Request) -> Response:
    """The variables tell what is asked."""
    me = identify(request)
    if me is None:
        return json({"errors": [{"message": "Unauthorized"}]}, 401)
    variables = from_json(await request.body())["variables"]
    pool = request.app.state.pool
    if "id" in variables:
        row = await read_one(pool, me, UUID(variables["id"]))
        return json({"data": {"storyGeneration": shown(row) if row else None}})
    page, size = variables["page"], variables["pageSize"]
    found = await read_page(pool, me, page, size, None)
    meta = {"page": page, "pageSize": size, "total": found.total}
    return json({"data": {"storyGenerations": {"items": [shown(row) for row in found.rows], "meta": meta}}})


def shown(row: asyncpg.Record) -> dict[str, Any]:
    return {
        "id": row["id"],
        "storyId": row["story_id"],
        "status": row["status"].upper(),
        "progress": row["progress"],
        "revision": row["revision"],
        "createdAt": row["created_at"],
        "durationSeconds": row["duration_seconds"],
        "voice": {"id": row["voice"]},
    }


async def listing(request: Request) -> Response:
    """REST, with the headers that say what is left of initiations."""
    me = identify(request)
    if me is None:
        return json({"error": "Unauthorized"}, 401)
    query = request.query_params
    page, size = int(query.get("page", 1)), int(query.get("pageSize", 10))
    found = await read_page(request.app.state.pool, me, page, size, PER_MINUTE)
    expires = math.ceil((time.time() + LINK_LIFETIME) / LINK_STEP) * LINK_STEP
    data = [
        {
            "id": row["id"],
            "story_id": row["story_id"],
            "status": row["status"],
            "progress": row["progress"],
            "result_url": link(row["result_key"], expires) if row["result_key"] else None,
        }
        for row in found.rows
    ]
    left = PER_MINUTE if found.available is None else math.floor(found.available)
    headers = {"RateLimit-Policy": POLICY, "RateLimit": f'"initiations";r={left}'}
    meta = {"page": page, "pageSize": size, "total": found.total}
    return json({"data": data, "meta": meta}, headers=headers)


def link(key: str, expires: int) -> str:
    """Signed as Storycast signs it, so that the answers are the same."""
    message = f"storycast file link\n{expires}\n{key}".encode()
    signature = urlsafe_b64encode(hmac.digest(LINK_SECRET, message, "sha256")).decode().rstrip("=")
    return f"{FILES}{key}?expires={expires}&signature={signature}"


def json(content: Any, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    return Response(to_json(content), status, headers, media_type="application/json")


async def healthz(_: Request) -> Response:
    return json({})


@asynccontextmanager
async def lifespan(app: Starlette) -> AsyncIterator[None]:
    app.state.pool = await open_pool()
    yield
    await app.state.pool.close()


if __name__ == "__main__":
    routes = [
        Route("/graphql", graphql, methods=["POST"]),
        Route("/api/story-generations", listing),
        Route("/healthz", healthz),
    ]
    uvicorn.run(
        Starlette(routes=routes, lifespan=lifespan),
        port=int(os.environ["PORT"]),
        loop="uvloop",
        http="httptools",
        access_log=False,
        log_level="warning",
    )
