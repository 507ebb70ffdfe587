"""No token, secret, signature or story gets into the log, at its most talkative, whatever goes wrong."""

from __future__ import annotations

import io
import json
from datetime import timedelta
from typing import Any
from uuid import UUID

import asyncpg

from core.folder import open_folder
from core.links import SignedLinks
from core.results import result_key
from tests.edges.conftest import Edge
from tests.edges.raw import frame, wire

STORY = "A story that nobody else may read."
JSON = {"Content-Type": "application/json"}
QUERY = "{ storyGenerations { items { id } } }"


def variants(token: str) -> dict[str, str]:
    """A token that works, and some that do not."""
    header, claims, signature = token.split(".")
    return {
        "good": token,
        "forged": f"{header}.{claims}.{signature[::-1]}",
        "oversized": token + signature * 250,
        "of no parts": token.replace(".", ""),
        "spelled with line ends": token.replace(".", ".%0A"),
    }


async def use(edge: Edge, token: str, link: str) -> None:
    """A token in every place where clients put them, rightly or wrongly."""
    client = edge.client
    bearer = {"Authorization": f"Bearer {token}"}
    for path in ("/graphql", "/api/story-generations", "/nowhere", "/readyz"):
        await client.request("GET", path, headers=bearer, params={"query": QUERY})
        await client.request("GET", f"{path}?token={token}&access_token={token}")
        await client.request("POST", path, headers=bearer, json={"query": QUERY, "token": token})
        await client.request(
            "POST", path, headers={**bearer, "Content-Type": "application/json"}, content=token
        )
    await client.request("GET", f"/api/story-generations/{token}", headers=bearer)
    await client.request("POST", "/graphql", headers=bearer, json={"query": token})
    await client.request("GET", link, headers=bearer)
    async with wire(edge.base) as end:
        await end.send(f"GET /?{token} HTTP/1.1\r\nAuthorization: {token}\0\r\n\r\n".encode())
        await end.rest()
    for payload in ({"Authorization": f"Bearer {token}"}, {"Authorization": token}, {"token": token}):
        async with wire(edge.base) as end:
            await end.upgrade()
            await end.say({"type": "connection_init", "payload": payload})
            if (await end.hear())[0] == 1:
                await end.say({"type": "subscribe", "id": token, "payload": {"query": QUERY}})
                await end.hear()
                await end.say({"type": token})
                await end.close_code()
    async with wire(edge.base) as end:
        await end.upgrade(f"Cookie: token={token[:4000]}\r\n")
        await end.send(frame(json.dumps({"type": token}).encode()[:60_000]))
        await end.close_code()


async def test_nothing_that_opens_anything_is_logged(edge_with: Any, alice: UUID) -> None:
    async with edge_with(log_level="debug") as edge:
        story = await edge.client.add_story(alice, STORY)
        await edge.client.initiate(alice, story)
        folder = open_folder(edge.settings.need("results_url"))
        key = result_key(alice, UUID(int=5), 1, ".mp3")
        await folder.put(key, io.BytesIO(b"sound"))
        secret = edge.settings.need("link_secret")
        link = SignedLinks(edge.base, 3600, secret.encode()).url(key)
        expired = SignedLinks(edge.base, -60, secret.encode()).url(key)
        tokens = variants(edge.client.token(alice, timedelta(hours=1)))
        for token in tokens.values():
            await use(edge, token, link)
        for broken in (link[:-3], link + "x", expired, link.replace(".mp3", ".vtt")):
            await edge.client.request("GET", broken)
        administrator = await asyncpg.connect(edge.settings.need("migration_database_url"))
        try:  # a fault of ours, behind each door
            await administrator.execute("REVOKE SELECT ON story_generations FROM storycast_api")
            await use(edge, tokens["good"], link)
        finally:
            await administrator.execute("GRANT SELECT ON story_generations TO storycast_api")
            await administrator.close()
    written = edge.log.read_text()
    # The test is about a log that tells something.
    assert "permission denied for table story_generations" in written
    assert "Socket refused" in written
    signatures = [each.rpartition("signature=")[2] for each in (link, expired)]
    jwt_secret = edge.settings.need("jwt_secret")
    claims = tokens["good"].split(".")[1]
    for opener in (
        *tokens.values(),
        claims,
        tokens["good"].split(".")[2],
        *signatures,
        secret,
        jwt_secret,
        STORY,
    ):
        assert opener not in written
    for url in (edge.settings.need("database_url"), edge.settings.need("redis_url")):
        assert url not in written
