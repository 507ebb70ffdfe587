"""The limit: Starlette and asyncpg with nothing between, on uvicorn on uvloop and httptools like Storycast.

It answers the benchmarks' requests and no others: no document is read, nothing is checked but the token, and
no limit is held.
"""

from __future__ import annotations

import hashlib
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
            os.environ["JWT_SECRET"],
            algorithms=["HS256"],
            audience=os.environ["JWT_AUDIENCE"],
            issuer=os.environ["JWT_ISSUER"],
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
    page, size = (
        int(request.query_params.get(name, usual)) for name, usual in (("page", 1), ("pageSize", 10))
    )
    per_minute = int(os.environ["INITIATIONS_PER_MINUTE"])
    found = await read_page(request.app.state.pool, me, page, size, per_minute)
    answer = json(
        {
            "data": [
                {
                    "id": row["id"],
                    "story_id": row["story_id"],
                    "status": row["status"],
                    "progress": row["progress"],
                    "result_url": link(row["result_key"]) if row["result_key"] else None,
                }
                for row in found.rows
            ],
            "meta": {"page": page, "pageSize": size, "total": found.total},
        }
    )
    left = per_minute if found.available is None else math.floor(found.available)
    answer.headers["RateLimit-Policy"] = f'"initiations";q={per_minute};w=60'
    answer.headers["RateLimit"] = f'"initiations";r={left}'
    return answer


def link(key: str) -> str:
    """Signed as Storycast signs it, so that the answers are the same."""
    lifetime = int(os.environ["LINK_LIFETIME_SECONDS"])
    step = max(1, min(60, lifetime // 10))
    expires = math.ceil((time.time() + lifetime) / step) * step
    message = f"storycast file link\n{expires}\n{key}".encode()
    digest = hmac.digest(os.environ["LINK_SECRET"].encode(), message, hashlib.sha256)
    signature = urlsafe_b64encode(digest).decode().rstrip("=")
    return f"{os.environ['PUBLIC_URL']}/files/{key}?expires={expires}&signature={signature}"


def json(content: Any, status: int = 200) -> Response:
    return Response(to_json(content), status, media_type="application/json")


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
