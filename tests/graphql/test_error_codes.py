"""Every row of docs/errors.md, asked for: each code with each status that it has there, and no other."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID, uuid4

import asyncpg
import httpx

from core.links import SignedLinks
from core.results import result_key
from tests.callers import Api
from tests.edges.raw import posted, wire
from tests.graphql.error_page import table
from tests.graphql.wire import RESPONSE, WHO, get, post
from tests.identity.issuer import Key, claims, jwks_server

UNKNOWN = str(uuid4())
PROGRESS = "subscription ($id: UUID!) { storyGenerationProgress(id: $id) { id } }"
LISTED = "{ stories { items { id } } }"
SOME_HASH = {"persistedQuery": {"version": 1, "sha256Hash": "0" * 64}}
OTHER_HASH = {"query": WHO, "extensions": SOME_HASH}
LONG = 65_537

Said = set[tuple[str, str]]


def told(response: httpx.Response) -> tuple[str, str]:
    """The one code of an answer, and its status."""
    body = response.json() if "json" in response.headers["content-type"] else events(response.text)
    [error] = body["errors"]
    return error["extensions"]["code"], str(response.status_code)


def events(stream: str) -> Any:
    """The result of the first event of a stream."""
    return json.loads(
        next(line for line in stream.splitlines() if line.startswith("data: ")).removeprefix("data: ")
    )


async def by_http(api: Api, alice: UUID) -> Said:
    stream = {"Accept": "text/event-stream"}
    answers = [
        await post(api, alice, {"query": "{"}, RESPONSE),
        await post(api, alice, {"query": "{ nope }"}, RESPONSE),
        await post(api, alice, {"query": "query ($id: UUID!) { story(id: $id) { id } }"}, RESPONSE),
        await post(api, alice, {"query": "{ stories(page: 0) { meta { page } } }"}, RESPONSE),
        await api.request(
            "POST", "/graphql", alice, json={"query": PROGRESS, "variables": {"id": UNKNOWN}}, headers=stream
        ),
        await post(api, None, {"query": WHO}, RESPONSE),
        await post(api, alice, [], RESPONSE),
        await post(api, alice, {"query": PROGRESS, "variables": {"id": UNKNOWN}}, RESPONSE),
        await post(api, alice, OTHER_HASH, RESPONSE),
        await get(api, alice, RESPONSE, query="mutation { deleteStory(id: 1) { __typename } }"),
        await post(api, alice, {"query": WHO.ljust(LONG)}, RESPONSE),
        await api.request("POST", "/graphql", alice, content=b"", headers={"Accept": RESPONSE}),
        await api.request("POST", "/graphql", alice, headers={"Accept": "image/png"}),
        await post(api, alice, {"extensions": SOME_HASH}, RESPONSE),
    ]
    return {told(answer) for answer in answers}


async def by_socket(api: Api, alice: UUID) -> Said:
    """Of a socket that may have one operation underway."""
    payloads: list[dict[str, Any]] = [
        {"query": "{"},
        {"query": "{ nope }"},
        {"query": "{ stories(page: 0) { meta { page } } }"},
        {"query": PROGRESS, "variables": {"id": UNKNOWN}},
        OTHER_HASH,
        {"extensions": SOME_HASH},
    ]
    async with api.socket(alice) as socket:
        found = [await asked(socket, payload) for payload in payloads]
        await socket.subscribe("lasting", "subscription { storyGenerationEvents { id } }")
        found.append(await asked(socket, {"query": WHO}))
    return {(code, "socket") for code in found}


async def asked(socket: Any, payload: dict[str, Any]) -> str:
    """The code that an operation gets, which is over then."""
    await socket.send({"type": "subscribe", "id": "1", "payload": payload})
    message = await socket.receive()
    if message["type"] == "next":
        [error] = message["payload"]["errors"]
        assert await socket.receive() == {"type": "complete", "id": "1"}
    else:
        assert message["type"] == "error"
        [error] = message["payload"]
    code: str = error["extensions"]["code"]
    return code


async def by_bodies(api: Api, alice: UUID) -> Said:
    """Of bodies that do not come, of a user who may have one request underway."""
    large = posted("/graphql", api.headers(uuid4()), 4 * 1024 * 1024 + 1)
    slow = posted("/graphql", {**api.headers(alice), "Expect": "100-continue"}, 10)
    async with wire(api.base) as first, wire(api.base) as second:
        await first.send(large)
        await second.send(slow)
        # It is let in by then.
        assert await second.answer() == b"HTTP/1.1 100 Continue\r\n\r\n"
        beside = await post(api, alice, {"query": WHO}, RESPONSE)
        return {told(beside), read(await first.rest()), read(await second.rest())}


def read(answer: bytes) -> tuple[str, str]:
    head, _, body = answer.partition(b"\r\n\r\n")
    [error] = json.loads(body)["errors"]
    return error["extensions"]["code"], head.split()[1].decode()


async def by_streams(api: Api, alice: UUID) -> Said:
    """Of a user who may have one socket or stream."""
    headers = {"Accept": "text/event-stream"}
    async with api.socket(alice):
        options = {"json": {"query": "subscription { storyGenerationEvents { id } }"}, "headers": headers}
        return {told(await api.request("POST", "/graphql", alice, **options))}


async def test_every_code_is_said_with_the_statuses_of_its_row_and_no_others(
    serve_with: Callable[..., Any], alice: UUID, sql: asyncpg.Connection, tmp_path: Path
) -> None:
    manifest = tmp_path / "documents.json"
    manifest.write_text(json.dumps({"voices": "{ voices { id } }"}))
    trusted = {"trusted_documents": str(manifest), "trusted_documents_only": True}
    async with serve_with(operations_per_socket=1) as api:
        said = await by_http(api, alice) | await by_socket(api, alice)
    async with serve_with(requests_per_user=1, request_seconds=2) as api:
        said |= await by_bodies(api, alice)
    async with serve_with(sockets_per_user=1) as api:
        said |= await by_streams(api, alice)
    async with serve_with(**trusted) as api, api.socket(alice) as socket:
        said |= {told(await post(api, alice, {"query": WHO}, RESPONSE))}
        said |= {(await asked(socket, {"query": WHO}), "socket")}
    with jwks_server() as issuer:
        issuer.status = 503
        async with serve_with(jwt_secret=None, jwks_url=issuer.url, jwt_algorithm="EdDSA") as api:
            headers = {"Authorization": f"Bearer {Key('EdDSA', '1').sign(claims())}"}
            said |= {told(await api.request("POST", "/graphql", headers=headers))}
    await sql.execute("REVOKE SELECT ON stories FROM storycast_api")
    async with serve_with() as api, api.socket(alice) as socket:
        said |= {told(await post(api, alice, {"query": LISTED}, RESPONSE))}
        said |= {(await asked(socket, {"query": LISTED}), "socket")}
    listed = {(row[0], place) for row in table("GraphQL: errors") for place in row[1].split(", ")}
    assert said == listed


async def test_links_are_refused_as_the_page_says(shared: Api, alice: UUID) -> None:
    links = shared.services.links
    assert isinstance(links, SignedLinks)
    key = result_key(alice, uuid4(), 1, ".mp3")
    expired = SignedLinks(links.base, -3600, links.secret)
    answers = [
        await shared.request("GET", urlsplit(link)._replace(scheme="", netloc="").geturl())
        for link in (links.url(key), links.url(key) + "0", expired.url(key))
    ]
    said = {(str(answer.status_code), answer.json()["error"]) for answer in answers}
    assert said == {(row[0], row[1]) for row in table("Links to results")}
