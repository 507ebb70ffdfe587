"""What a client learns of a refused sign-in, and of what is our own fault; and what the log learns."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Callable, Iterator, MutableMapping
from datetime import timedelta
from typing import Any
from uuid import UUID

import asyncpg
import pytest
import strawberry
from graphql import GraphQLError
from starlette.requests import ClientDisconnect, Request
from strawberry.extensions import SchemaExtension
from strawberry.types.execution import PreExecutionError

from core.identity import open_verifier
from schema.context import Context
from schema.execution import open_documents
from schema.faults import Faults
from server.edges.doors import Door
from server.edges.places import Places
from server.graphql.answers import answer
from server.graphql.documents import Documents
from server.graphql.http import GraphQLEndpoint
from tests.callers import Api
from tests.graphql.rows import Rows
from tests.graphql.statements import just_before
from tests.graphql.wire import PLAIN, RESPONSE
from tests.identity.issuer import Key, claims, jwks_server

MASKED = "Internal server error"


@pytest.mark.parametrize("accept", [PLAIN, RESPONSE])
@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize(
    "token", [None, "Bearer", "Bearer nonsense", "Basic dTpw", "expired", "other secret"]
)
async def test_without_a_good_token_everything_is_401(
    shared: Api, alice: UUID, token: str | None, method: str, accept: str
) -> None:
    if token == "expired":
        token = f"Bearer {shared.token(alice, timedelta(seconds=-1))}"
    elif token == "other secret":
        head, middle, _ = shared.token(alice).split(".")
        token = f"Bearer {head}.{middle}.{'A' * 43}"
    headers = {"Accept": accept, **({"Authorization": token} if token else {})}
    options: dict[str, Any] = {"params": {"query": "{ voices { id } }"}}
    if method == "POST":
        options = {"content": b"not even JSON"}
    response = await shared.request(method, "/graphql", headers=headers, **options)
    assert response.status_code == 401
    assert response.headers["www-authenticate"] == "Bearer"
    assert response.headers["content-type"] == f"{accept}; charset=utf-8"
    assert response.json() == {
        "errors": [{"message": "Unauthorized", "extensions": {"code": "UNAUTHENTICATED"}}]
    }


async def test_every_answer_has_a_request_id_of_its_own(shared: Api, alice: UUID) -> None:
    answers = [
        await shared.request("GET", "/graphql", alice, params={"query": "{ viewer { id } }"}),
        await shared.request("GET", "/graphql", alice, params={"query": "{"}),
        await shared.request("GET", "/graphql"),
        await shared.request("PUT", "/graphql"),
    ]
    ids = [answer.headers["x-request-id"] for answer in answers]
    assert len(set(ids)) == 4
    assert all(len(each) == 16 for each in ids)


@pytest.mark.parametrize("accept", [PLAIN, RESPONSE])
async def test_our_own_faults_are_masked_with_the_id_under_which_the_log_tells_all(
    api: Api, alice: UUID, sql: asyncpg.Connection, caplog: pytest.LogCaptureFixture, accept: str
) -> None:
    story = await api.add_story(alice)
    await sql.execute("REVOKE SELECT ON story_generations FROM storycast_api")
    document = "{ stories { items { id } } storyGeneration(id: $id) { id } }".replace("$id", f'"{story}"')
    response = await api.request(
        "POST", "/graphql", alice, json={"query": document}, headers={"Accept": accept}
    )
    request_id = response.headers["x-request-id"]
    assert response.status_code == 200
    assert response.json() == {
        "data": {"stories": {"items": [{"id": story}]}, "storyGeneration": None},
        "errors": [
            {
                "message": MASKED,
                "locations": [{"line": 1, "column": 28}],
                "path": ["storyGeneration"],
                "extensions": {"code": "INTERNAL_SERVER_ERROR", "requestId": request_id},
            }
        ],
    }
    (record,) = [each for each in caplog.records if each.levelno >= logging.ERROR]
    assert record.getMessage() == f"Request {request_id}: ['storyGeneration'] failed"
    assert "Traceback" in caplog.text
    assert "permission denied for table story_generations" in caplog.text


async def test_a_mutation_that_breaks_is_masked_and_changes_nothing(
    api: Api, alice: UUID, sql: asyncpg.Connection, caplog: pytest.LogCaptureFixture
) -> None:
    story = await api.add_story(alice)
    await sql.execute("REVOKE INSERT ON generation_logs FROM storycast_api")
    document = """mutation ($id: UUID!) {
        initiateStoryGeneration(input: {storyId: $id}) { __typename } }"""
    answered = await api.answer(alice, document, id=story)
    assert answered["data"] is None
    assert [error["message"] for error in answered["errors"]] == [MASKED]
    assert "permission denied for table generation_logs" in caplog.text
    assert await sql.fetchval("SELECT count(*) FROM story_generations") == 0
    assert await sql.fetchval("SELECT count(*) FROM initiation_quotas") == 0


@pytest.mark.parametrize("accept", [PLAIN, RESPONSE])
async def test_while_no_key_can_be_had_the_answer_is_a_masked_500(
    serve_with: Callable[..., Any], caplog: pytest.LogCaptureFixture, accept: str
) -> None:
    with jwks_server() as issuer:
        issuer.status = 503
        async with serve_with(jwt_secret=None, jwks_url=issuer.url, jwt_algorithm="EdDSA") as api:
            token = Key("EdDSA", "1").sign(claims())
            headers = {"Authorization": f"Bearer {token}", "Accept": accept}
            response = await api.request("GET", "/graphql", headers=headers, params={"query": "{ a }"})
    request_id = response.headers["x-request-id"]
    assert response.status_code == 500
    assert response.headers["content-type"] == f"{accept}; charset=utf-8"
    extensions = {"code": "INTERNAL_SERVER_ERROR", "requestId": request_id}
    assert response.json() == {"errors": [{"message": MASKED, "extensions": extensions}]}
    assert f"Request {request_id} failed" in caplog.text
    assert "KeysUnavailable" in caplog.text


async def test_a_client_that_leaves_while_it_sends_is_no_fault_of_ours(
    api: Api, alice: UUID, caplog: pytest.LogCaptureFixture
) -> None:
    started = asyncio.Event()

    async def receive() -> MutableMapping[str, Any]:
        if started.is_set():
            return {"type": "http.disconnect"}
        started.set()
        return {"type": "http.request", "body": b'{"query', "more_body": True}

    headers = {"content-type": PLAIN, **api.headers(alice)}
    raw = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
    request = Request({"type": "http", "method": "POST", "headers": raw}, receive)
    door, documents = Door(open_verifier(api.settings), 1), Documents({}, trusted_alone=False)
    endpoint = GraphQLEndpoint(api.services, door, documents, open_documents(plans=True), Places(1))
    with pytest.raises(ClientDisconnect):
        await endpoint.answer(request)
    assert [each for each in caplog.records if each.levelno >= logging.ERROR] == []


async def test_what_breaks_outside_of_any_field_is_masked_too(
    api: Api, caplog: pytest.LogCaptureFixture
) -> None:
    @strawberry.type
    class Query:
        here: bool = True

    class Broken(SchemaExtension):
        def on_validate(self) -> Iterator[None]:
            raise RuntimeError("the password is swordfish")
            yield

    schema = strawberry.Schema(Query, extensions=[Faults, Broken])
    result = await schema.execute("{ here }", context_value=Context(api.services, "the id"))
    assert result.data is None
    (error,) = result.errors or []
    assert (error.message, error.path) == (MASKED, None)
    assert error.extensions == {"code": "INTERNAL_SERVER_ERROR", "requestId": "the id"}
    assert "Request the id: the operation failed" in caplog.text
    assert "swordfish" in caplog.text


@pytest.mark.parametrize(("accept", "status"), [(PLAIN, 200), (RESPONSE, 500)])
def test_what_breaks_before_any_field_is_a_500_where_the_media_type_tells(accept: str, status: int) -> None:
    masked = GraphQLError(MASKED, extensions={"code": "INTERNAL_SERVER_ERROR"})
    assert answer(accept, PreExecutionError(None, [masked])).status_code == status


async def test_a_result_that_does_not_fit_its_type_is_our_fault_and_not_the_caller_s(
    api: Api, caplog: pytest.LogCaptureFixture
) -> None:
    @strawberry.type
    class Query:
        @strawberry.field
        def number(self) -> int:
            return 2**40

    schema = strawberry.Schema(Query, extensions=[Faults])
    result = await schema.execute("{ number }", context_value=Context(api.services, "the id"))
    (error,) = result.errors or []
    assert error.extensions == {"code": "INTERNAL_SERVER_ERROR", "requestId": "the id"}
    assert "Int cannot represent" in caplog.text


@pytest.mark.parametrize(
    ("document", "statement"),
    [
        ("{ storyGenerations { items { story { title } } } }", "FROM stories"),
        ("{ stories { items { content } } }", "SELECT stories.id, CASE"),
    ],
)
async def test_a_story_that_goes_while_it_is_read_is_not_found(
    shared: Api, alice: UUID, rows: Rows, caplog: pytest.LogCaptureFixture, *, document: str, statement: str
) -> None:
    (story,) = await rows.stories(alice)
    await rows.generations(alice, story)

    async def delete() -> None:
        await rows.sql.execute("DELETE FROM story_generations WHERE user_id = $1", alice)
        await rows.sql.execute("DELETE FROM stories WHERE user_id = $1", alice)

    with just_before(shared, statement, delete):
        (error,) = await shared.errors(alice, document)
    assert (error["message"], error["extensions"]) == ("Story not found", {"code": "NOT_FOUND"})
    assert [each for each in caplog.records if each.levelno >= logging.ERROR] == []


async def test_the_answers_text_is_plain_json_whatever_it_quotes(shared: Api, alice: UUID) -> None:
    query = "query ($id: UUID!) { story(id: $id) { id } }"
    response = await shared.request(
        "POST",
        "/graphql",
        alice,
        content=json.dumps({"query": query, "variables": {"id": "\ud800"}}),
        headers={"Content-Type": PLAIN},
    )
    response.content.decode("utf-8")
    assert "\ud800" in response.json()["errors"][0]["message"]
