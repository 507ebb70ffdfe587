"""The OpenAPI document: valid, whole, true of what is served, and there for everybody."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import jsonschema_rs
import pytest
from graphql import FieldNode, OperationDefinitionNode, build_schema, parse, validate
from schemathesis.specs.openapi.definitions import OPENAPI_31_VALIDATOR

from core.identity import open_verifier
from core.settings import Settings
from resolvers.services import Services
from schema.root import schema
from server.edges.doors import Door
from server.rest import rest_routes
from server.rest.openapi import build_document
from server.rest.operations import OPERATIONS, Operation
from tests.callers import Api

DOCUMENT = "/api/openapi.json"
PATH = "/api/story-generations"
# The contract's tables: what each operation may answer.
STATUSES = {
    ("post", PATH): {202, 400, 401, 404, 405, 408, 413, 415, 422, 429, 500},
    ("get", PATH): {200, 400, 401, 405, 429, 500},
    ("get", f"{PATH}/{{id}}"): {200, 400, 401, 404, 405, 429, 500},
    ("delete", f"{PATH}/{{id}}"): {204, 400, 401, 404, 405, 409, 429, 500},
}


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    return build_document(Settings(port=8000))


def described(document: dict[str, Any]) -> Iterator[tuple[tuple[str, str], dict[str, Any]]]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield (method, path), operation


def contents(document: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Each body of the document, of requests and of answers, with its name."""
    for (method, path), operation in described(document):
        for status, told in [("request", operation.get("requestBody", {})), *operation["responses"].items()]:
            for content in told.get("content", {}).values():
                yield f"{method} {path} {status}", content


def references(part: Any) -> Iterator[str]:
    if isinstance(part, dict):
        if isinstance(part.get("$ref"), str):
            yield part["$ref"]
        part = list(part.values())
    if isinstance(part, list):
        for each in part:
            yield from references(each)


def resolve(document: dict[str, Any], reference: str) -> Any:
    found: Any = document
    for step in reference.removeprefix("#/").split("/"):
        found = found[step]
    return found


def validator(document: dict[str, Any], schema: dict[str, Any]) -> jsonschema_rs.Draft202012Validator:
    whole = {**schema, "components": document["components"]}
    return jsonschema_rs.Draft202012Validator(whole, validate_formats=True)


def test_the_document_is_openapi_31(document: dict[str, Any]) -> None:
    assert [str(error) for error in OPENAPI_31_VALIDATOR.iter_errors(document)] == []
    for body in document["components"]["schemas"].values():
        jsonschema_rs.meta.validate(body)
    used = set(references(document["paths"])) | set(references(document["components"]))
    for reference in used:
        assert resolve(document, reference)
    kept = {
        f"#/components/{kind}/{name}"
        for kind in ("schemas", "headers")
        for name in document["components"][kind]
    }
    assert kept == used


def test_all_answers_of_the_contract_are_told_and_no_others(document: dict[str, Any]) -> None:
    told = {place: set(map(int, operation["responses"])) for place, operation in described(document)}
    assert told == STATUSES


def test_every_example_is_what_its_schema_says(document: dict[str, Any]) -> None:
    examples = list(contents(document))
    assert len(examples) == 1 + sum(map(len, STATUSES.values())) - 1  # a request's body, and none of 204
    for _, content in examples:
        validator(document, content["schema"]).validate(content["example"])
    for _, operation in described(document):
        for parameter in operation["parameters"]:
            if "example" in parameter:
                validator(document, parameter["schema"]).validate(parameter["example"])
    for header in document["components"]["headers"].values():
        validator(document, header["schema"]).validate(header["example"])


def test_bodies_of_answers_hold_their_keys_and_no_others(document: dict[str, Any]) -> None:
    schemas = document["components"]["schemas"]
    keys = {name: set(schema["properties"]) for name, schema in schemas.items() if name != "Status"}
    assert keys == {
        "InitiateBody": {"story_id"},
        "Begun": {"id", "status", "progress"},
        "Shown": {"id", "story_id", "status", "progress", "result_url"},
        "Listed": {"data", "meta"},
        "Meta": {"page", "pageSize", "total"},
        "Failure": {"error"},
        "Invalid": {"error", "details"},
        "Problem": {"path", "message", "code"},
    }
    for name, properties in keys.items():
        assert set(schemas[name]["required"]) == properties
        assert (schemas[name].get("additionalProperties") is False) == (name != "InitiateBody")


def test_every_part_says_what_it_is(document: dict[str, Any]) -> None:
    operations = [operation for _, operation in described(document)]
    assert len({operation["operationId"] for operation in operations}) == 4
    for operation in operations:
        assert operation["summary"]
        assert all(parameter["description"] for parameter in operation["parameters"])
        for told in operation["responses"].values():
            assert told["description"]
            assert told["headers"]
    schemas = document["components"]["schemas"].values()
    assert all(part["description"] for part in [*schemas, *document["components"]["headers"].values()])


async def test_the_operations_told_are_those_served(
    services: Services, settings: Settings, document: dict[str, Any]
) -> None:
    routes = rest_routes(services, Door(open_verifier(settings), 1))
    served = {
        (method.lower(), route.path) for route in routes for method in (route.methods or set()) - {"HEAD"}
    }
    assert served == {place for place, _ in described(document)}


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.name)
def test_what_replaces_an_operation_is_in_the_served_schema(
    operation: Operation, document: dict[str, Any]
) -> None:
    parsed = parse(operation.successor)
    assert validate(build_schema(schema.as_str()), parsed) == []
    (definition,) = parsed.definitions
    assert isinstance(definition, OperationDefinitionNode)
    fields = [each.name.value for each in definition.selection_set.selections if isinstance(each, FieldNode)]
    assert (definition.operation.value, fields) == (operation.kind, [operation.field])
    told = document["paths"][operation.path][operation.method.lower()]
    assert f"`{operation.kind} {operation.field}`" in told["description"]


async def test_it_is_there_for_everybody_and_kept_until_it_changes(api: Api) -> None:
    whole = await api.request("GET", DOCUMENT)
    assert (whole.status_code, whole.headers["content-type"]) == (200, "application/json")
    assert whole.json() == build_document(api.settings)
    assert whole.headers["cache-control"] == "no-cache"
    tag = whole.headers["etag"]
    for known in (tag, f"W/{tag}", f'"other", {tag}', "*"):
        again = await api.request("GET", DOCUMENT, headers={"If-None-Match": known})
        assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)
    other = await api.request("GET", DOCUMENT, headers={"If-None-Match": '"other"'})
    assert (other.status_code, other.content) == (200, whole.content)
    head = await api.request("HEAD", DOCUMENT)
    assert (head.status_code, head.content, head.headers["etag"]) == (200, b"", tag)


@pytest.mark.parametrize("path", [DOCUMENT, "/api/docs"])
async def test_it_is_for_reading_alone(api: Api, path: str) -> None:
    for method in ("POST", "PUT", "PATCH", "DELETE", "OPTIONS"):
        response = await api.request(method, path)
        assert (response.status_code, response.json()) == (405, {"error": "Method not allowed"})
        assert set(response.headers["allow"].split(", ")) == {"GET", "HEAD"}
    for beside in (f"{path}/", f"{path}/x", f"{path}%0a", path.upper()):
        response = await api.request("GET", beside)
        assert (response.status_code, response.json()) == (404, {"error": "Not found"})


def test_behind_a_path_of_a_proxys_all_addresses_have_it() -> None:
    document = build_document(Settings(public_url="https://example.org/stories/"))
    assert document["servers"] == [{"url": "/stories"}]
    link = OPERATIONS[0].link("/stories")
    assert link.count("</stories/api/") == link.count("<") == 3
