"""The OpenAPI 3.1 document of the four operations, made of the models that check and write what they tell."""

from __future__ import annotations

from typing import Any

from core.settings import Settings
from server.rest.headers import HEADERS
from server.rest.operations import OPERATIONS, Operation, public_path
from server.rest.outcomes import responses
from server.rest.requests import request_parts
from server.rest.schemas import body_schemas

ABOUT = """\
Four operations for callers that know Storycast by REST. They stay as they are; the GraphQL API at \
`/graphql` does the same and more. Each operation names the one that replaces it, here and in the `Link` \
header of its answers (`successor-version`).

Every request carries `Authorization: Bearer` and a JSON Web Token; whose stories and generations are meant \
follows from its `sub`. What is somebody else's is not found.

A path that is not here is answered with 404 and `{"error": "Not found"}`. Answers to callers who are signed \
in tell in `RateLimit` what is left of their initiations; where there is a `Retry-After` too, keep to that."""
TOKEN = {
    "type": "http",
    "scheme": "bearer",
    "bearerFormat": "JWT",
    "description": "The token holds `sub` (a UUID), `exp`, `aud` and `iss`.",
}


def build_document(settings: Settings) -> dict[str, Any]:
    """The document, as JSON has it."""
    paths: dict[str, dict[str, Any]] = {}
    for operation in OPERATIONS:
        paths.setdefault(operation.path, {})[operation.method.lower()] = _describe(operation)
    return {
        "openapi": "3.1.1",
        "info": {"title": "Storycast REST API", "version": "1.0.0", "description": ABOUT},
        "servers": [{"url": public_path(settings) or "/"}],
        "security": [{"token": []}],
        "paths": paths,
        "components": {
            "schemas": body_schemas(),
            "headers": HEADERS,
            "securitySchemes": {"token": TOKEN},
        },
    }


def _describe(operation: Operation) -> dict[str, Any]:
    replaced = f"Replaced by the GraphQL operation `{operation.replaced_by}`."
    return {
        "operationId": operation.name,
        "summary": operation.summary,
        "description": f"{operation.description} {replaced}",
        **request_parts(operation),
        "responses": responses(operation),
    }
