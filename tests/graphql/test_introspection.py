"""What a client may learn of the schema: introspection by setting, and names suggested in errors."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import pytest

from core.settings import Environment, Settings
from tests.callers import Api, serving
from tests.conftest import adjust

TYPENAME = "{ __typename viewer { __typename } }"
ASKING = {
    "__schema": "{ __schema { queryType { name } } }",
    "__type": '{ __type(name: "Story") { name } }',
    "__schema in a fragment": "{ ...Q } fragment Q on Query { __schema { queryType { name } } }",
    "__type in an inline fragment": '{ ... on Query { a: __type(name: "Story") { name } } }',
    "__schema in an operation that does not run": (
        "query A { viewer { id } } query B { __schema { queryType { name } } }"
    ),
    "__type in a fragment that is not used": (
        '{ viewer { id } } fragment Q on Query { __type(name: "Story") { name } }'
    ),
}


@pytest.fixture(scope="module")
async def production(shared_settings: Settings) -> AsyncIterator[Api]:
    async with serving(adjust(shared_settings, environment=Environment.PRODUCTION)) as served:
        yield served


async def told(api: Api, user: UUID, transport: str, query: str, variables: dict[str, Any]) -> list[str]:
    """The messages of the errors."""
    body = {"query": query, "variables": variables, "operationName": "A" if "query A" in query else None}
    if transport == "http":
        errors = (await api.request("POST", "/graphql", user, json=body)).json()["errors"]
    else:
        async with api.socket(user) as socket:
            await socket.send({"type": "subscribe", "id": "1", "payload": body})
            answered = await socket.receive()
            assert answered["type"] == "error"
            errors = answered["payload"]
    return [error["message"] for error in errors]


@pytest.mark.parametrize("transport", ["http", "websocket"])
@pytest.mark.parametrize(("name", "document"), ASKING.items(), ids=ASKING.keys())
async def test_introspection_is_off_in_production(
    production: Api, alice: UUID, name: str, document: str, transport: str
) -> None:
    field = name.split(maxsplit=1)[0]
    assert await told(production, alice, transport, document, {}) == [
        f"Introspection is off on this server, so {field} cannot be asked"
    ]


async def test_typenames_are_no_introspection(production: Api, alice: UUID) -> None:
    assert await production.data(alice, TYPENAME) == {
        "__typename": "Query",
        "viewer": {"__typename": "Viewer"},
    }


@pytest.mark.parametrize("environment", Environment)
@pytest.mark.parametrize("setting", [True, False, None])
async def test_the_setting_decides_and_else_the_environment(
    shared_settings: Settings, alice: UUID, *, environment: Environment, setting: bool | None
) -> None:
    settings = adjust(shared_settings, environment=environment, introspection=setting)
    async with serving(settings) as api:
        answered = await api.answer(alice, ASKING["__schema"])
    allowed = setting is True or (setting is None and environment is Environment.LOCAL)
    if allowed:
        assert answered == {"data": {"__schema": {"queryType": {"name": "Query"}}}}
    else:
        assert [error["extensions"] for error in answered["errors"]] == [
            {"code": "GRAPHQL_VALIDATION_FAILED"}
        ]


CREATE = "createStory(input: $i) { __typename }"
# A name that is nearly right, and what a local server says of it.
MISTAKES: dict[str, tuple[str, dict[str, Any], str]] = {
    "a field": ("{ voicez { id } }", {}, "'voices'"),
    "a field of one of the union's types": (
        'mutation { deleteStory(id: "1") { code } }',
        {},
        "to use an inline fragment on",
    ),
    "a type in a fragment": ("{ viewer { ... on Viewe { id } } }", {}, "'Viewer'"),
    "a type of a variable": ("query ($a: Strin) { viewer { id } }", {}, "'String'"),
    "an argument": ("{ stories(pageSiz: 1) { meta { page } } }", {}, "'pageSize'"),
    "a directive's argument": ("{ viewer { id @skip(iff: true) } }", {}, "'if'"),
    "an enum value": ("{ storyGenerations(status: SUCCEEDE) { meta { page } } }", {}, "the enum value"),
    "an enum value as a string": (
        '{ storyGenerations(status: "SUCCEEDED") { meta { page } } }',
        {},
        "the enum value",
    ),
    "an enum value in a variable": (
        "query ($s: GenerationStatus) { storyGenerations(status: $s) { meta { page } } }",
        {"s": "SUCCEEDE"},
        "the enum value",
    ),
    "an enum value in a variable's default": (
        "query ($s: GenerationStatus = SUCCEEDE) { storyGenerations(status: $s) { meta { page } } }",
        {},
        "the enum value",
    ),
    "an input field": (
        'mutation { createStory(input: {titl: "a", content: "b"}) { __typename } }',
        {},
        "'title'",
    ),
    "an input field in a variable": (
        f"mutation ($i: CreateStoryInput!) {{ {CREATE} }}",
        {"i": {"titl": "a", "content": "b"}},
        "'title'",
    ),
    "an input field in a variable's default": (
        f'mutation ($i: CreateStoryInput! = {{titl: "a", content: "b"}}) {{ {CREATE} }}',
        {},
        "'title'",
    ),
}


@pytest.mark.parametrize("transport", ["http", "websocket"])
@pytest.mark.parametrize(("document", "variables", "suggestion"), MISTAKES.values(), ids=MISTAKES.keys())
async def test_names_are_suggested_locally_and_kept_back_in_production(
    shared: Api,
    production: Api,
    alice: UUID,
    *,
    document: str,
    variables: dict[str, Any],
    suggestion: str,
    transport: str,
) -> None:
    local = await told(shared, alice, transport, document, variables)
    assert any(f"Did you mean {suggestion}" in message for message in local), local
    kept = await told(production, alice, transport, document, variables)
    assert len(kept) == len(local)
    assert not any("Did you mean" in message for message in kept), kept


@pytest.mark.parametrize(
    ("document", "variables"),
    [
        ("subscription { storyGenerationEvent { id } }", {}),
        ("subscription ($i: UUI!) { storyGenerationProgress(id: $i) { id } }", {}),
        ("subscription { storyGenerationProgress(idd: 1) { id } }", {}),
    ],
)
async def test_subscriptions_suggest_no_more(
    shared: Api, production: Api, alice: UUID, *, document: str, variables: dict[str, Any]
) -> None:
    local = await told(shared, alice, "websocket", document, variables)
    assert "Did you mean" in local[0]
    kept = await told(production, alice, "websocket", document, variables)
    assert len(kept) == len(local)
    assert not any("Did you mean" in message for message in kept), kept
