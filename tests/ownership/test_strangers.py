"""Whoever asks for what is somebody else's learns nothing, not even that it exists, and changes nothing."""

from __future__ import annotations

import asyncio
import json
from typing import Any
from uuid import UUID

import asyncpg
import pytest
from websockets.asyncio.client import ClientConnection

from core.identity import open_verifier
from core.settings import Settings
from resolvers.services import Services
from schema.root import schema
from server.edges.doors import Door
from server.rest import rest_routes
from tests.callers import LIMIT_SECONDS, Api, Socket
from tests.database.belongings import Belongings, dump
from tests.ownership.operations import ANSWERING, CALLS, OPERATIONS, Call, Operation, nowhere

UNAUTHENTICATED = {"errors": [{"message": "Unauthorized", "extensions": {"code": "UNAUTHENTICATED"}}]}


def test_every_field_of_the_schema_is_tried_below() -> None:
    types = schema._schema  # noqa: SLF001 - Strawberry shows its types no other way
    roots = (types.query_type, types.mutation_type, types.subscription_type)
    fields = {(root.name.lower(), field) for root in roots if root for field in root.fields}
    assert {(operation.kind, operation.field) for operation in OPERATIONS} == fields


async def test_every_route_under_api_is_tried_below(services: Services, settings: Settings) -> None:
    routes = rest_routes(services, Door(open_verifier(settings), 1))
    served = {(method, route.path) for route in routes for method in route.methods or ()} - {
        ("HEAD", route.path) for route in routes
    }
    assert {(call.method, call.path) for call in CALLS} == served


@pytest.mark.parametrize("operation", ANSWERING, ids=lambda operation: operation.field)
async def test_a_stranger_learns_and_changes_nothing_over_graphql(
    narrow: Api, sql: asyncpg.Connection, hers: Belongings, bob: UUID, operation: Operation
) -> None:
    before = await dump(sql, hers.user)
    for theirs, nobodys in zip(operation.variables(hers), operation.variables(nowhere()), strict=True):
        answer, unknown = [await post(narrow, bob, operation, variables) for variables in (theirs, nobodys)]
        assert answer.status_code == unknown.status_code == 200
        assert answer.json() == {"data": expected_for(bob, operation)}
        assert answer.content == unknown.content
        assert kept_headers(answer) == kept_headers(unknown)
        assert not leaks(answer.text, hers)
    assert await dump(sql, hers.user) == before


@pytest.mark.parametrize("operation", ANSWERING, ids=lambda operation: operation.field)
async def test_a_stranger_learns_and_changes_nothing_over_a_websocket(
    narrow: Api, sql: asyncpg.Connection, hers: Belongings, bob: UUID, operation: Operation
) -> None:
    before = await dump(sql, hers.user)
    async with narrow.socket(bob) as socket:
        for variables in (*operation.variables(hers), *operation.variables(nowhere())):
            await socket.subscribe("1", operation.document, **variables)
            assert await socket.until_complete("1") == [expected_for(bob, operation)]
    assert await dump(sql, hers.user) == before


async def test_a_stranger_cannot_follow_a_generation(
    narrow: Api, sql: asyncpg.Connection, hers: Belongings, bob: UUID
) -> None:
    operation = next(each for each in OPERATIONS if each.field == "storyGenerationProgress")
    before = await dump(sql)
    async with narrow.socket(bob) as socket:
        told = [
            [await refusal(socket, operation, variables) for variables in operation.variables(theirs)]
            for theirs in (hers, nowhere())
        ]
    assert told[0] == told[1]
    assert {error["extensions"]["code"] for error in told[0]} == {operation.expected}
    assert not leaks(json.dumps(told), hers)
    assert await dump(sql) == before


@pytest.mark.parametrize("call", CALLS, ids=lambda call: f"{call.method} {call.path}")
async def test_a_stranger_learns_and_changes_nothing_over_rest(
    narrow: Api, sql: asyncpg.Connection, hers: Belongings, bob: UUID, call: Call
) -> None:
    before = await dump(sql)
    unknown = nowhere()
    for theirs, nobodys in zip(call.targets(hers), call.targets(unknown), strict=True):
        answers = [
            await rest(narrow, bob, call, owner, target)
            for owner, target in ((hers, theirs), (unknown, nobodys))
        ]
        assert [(answer.status_code, answer.json()) for answer in answers] == [(call.status, call.body)] * 2
        assert kept_headers(answers[0]) == kept_headers(answers[1])
    assert await dump(sql) == before


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.field)
async def test_nobody_gets_nothing_over_graphql(
    narrow: Api, sql: asyncpg.Connection, hers: Belongings, operation: Operation
) -> None:
    before = await dump(sql)
    for variables in operation.variables(hers):
        for headers in ({}, {"Authorization": "Bearer none"}):
            answer = await post(narrow, None, operation, variables, headers)
            assert (answer.status_code, answer.json()) == (401, UNAUTHENTICATED)
    assert await dump(sql) == before


@pytest.mark.parametrize("call", CALLS, ids=lambda call: f"{call.method} {call.path}")
async def test_nobody_gets_nothing_over_rest(
    narrow: Api, sql: asyncpg.Connection, hers: Belongings, call: Call
) -> None:
    before = await dump(sql)
    for target in call.targets(hers):
        answer = await rest(narrow, None, call, hers, target)
        assert (answer.status_code, answer.json()) == (401, {"error": "Unauthorized"})
    assert await dump(sql) == before


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.field)
async def test_nobody_gets_nothing_over_a_websocket(
    narrow: Api, sql: asyncpg.Connection, hers: Belongings, operation: Operation
) -> None:
    before = await dump(sql)
    async with narrow.raw_socket() as connection:
        await Socket(connection).subscribe("1", operation.document, **operation.variables(hers)[0])
        assert await closing(connection) == 4401
    async with narrow.raw_socket() as connection:
        socket = Socket(connection)
        await socket.send({"type": "connection_init", "payload": {"Authorization": "Bearer none"}})
        await socket.subscribe("1", operation.document, **operation.variables(hers)[0])
        assert await closing(connection) == 4403
    assert await dump(sql) == before


async def post(
    api: Api,
    user: UUID | None,
    operation: Operation,
    variables: dict[str, Any],
    headers: dict[str, str] | None = None,
) -> Any:
    body = {"query": operation.document, "variables": variables}
    return await api.request("POST", "/graphql", user, json=body, headers=headers or {})


async def rest(api: Api, user: UUID | None, call: Call, theirs: Belongings, target: UUID) -> Any:
    path = call.path.replace("{id}", str(target))
    return await api.request(call.method, path, user, json=call.json(theirs), headers=call.headers(theirs))


async def refusal(socket: Socket, operation: Operation, variables: dict[str, Any]) -> Any:
    """The error that a subscription ends with before its first event."""
    await socket.subscribe("1", operation.document, **variables)
    message = await socket.receive()
    if message["type"] == "next":
        assert message["payload"]["data"] is None
        assert await socket.receive() == {"type": "complete", "id": "1"}
        (error,) = message["payload"]["errors"]
    else:
        assert message["type"] == "error"
        (error,) = message["payload"]
    return error


async def closing(connection: ClientConnection) -> int | None:
    """The code that the server closes the socket with."""
    async with asyncio.timeout(LIMIT_SECONDS):
        await connection.wait_closed()
    return connection.close_code


def expected_for(user: UUID, operation: Operation) -> Any:
    """What the operation answers to a user who has nothing."""
    return json.loads(json.dumps(operation.expected).replace("<me>", str(user)))


def kept_headers(answer: Any) -> dict[str, str]:
    """Those that could tell two answers apart: not the time, not the request's own id."""
    return {name: value for name, value in answer.headers.items() if name not in {"date", "x-request-id"}}


def leaks(text: str, hers: Belongings) -> list[str]:
    return [secret for secret in hers.secrets if secret in text]
