"""How the OpenAPI document tells what requests hold."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel

from db.models import IDEMPOTENCY_KEY_LENGTH
from server.rest.examples import KEY, STORY
from server.rest.models import GenerationPath, InitiateBody, ListQuery
from server.rest.operations import DELETE, INITIATE, LIST, SHOW, Operation
from server.rest.schemas import parameter_schemas, reference

_KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": "Of the caller's choice: whoever asks again with it gets the generation it led to.",
    "schema": {"type": "string", "minLength": 1, "maxLength": IDEMPOTENCY_KEY_LENGTH},
    "example": KEY,
}


def request_parts(operation: Operation) -> dict[str, Any]:
    """Parameters and body of an operation."""
    return _PARTS[operation]


def _parameters(model: type[BaseModel], place: str) -> list[dict[str, Any]]:
    return [
        {
            "name": name,
            "in": place,
            "required": place == "path",
            "description": schema.pop("description"),
            "schema": schema,
        }
        for name, schema in parameter_schemas(model).items()
    ]


def _body(model: type[BaseModel], example: object) -> dict[str, Any]:
    content = {"schema": reference(model), "example": example}
    return {"required": True, "content": {"application/json": content}}


_PARTS: dict[Operation, dict[str, Any]] = {
    INITIATE: {"parameters": [_KEY], "requestBody": _body(InitiateBody, {"story_id": STORY})},
    LIST: {"parameters": _parameters(ListQuery, "query")},
    SHOW: {"parameters": _parameters(GenerationPath, "path")},
    DELETE: {"parameters": _parameters(GenerationPath, "path")},
}
