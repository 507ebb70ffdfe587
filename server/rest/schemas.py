"""The models' JSON schemas, as the OpenAPI document has them."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema, models_json_schema

from server.rest.models import Begun, Failure, InitiateBody, Invalid, Listed, Shown

PLACE = "#/components/schemas/{model}"
TAKEN: tuple[type[BaseModel], ...] = (InitiateBody,)
GIVEN: tuple[type[BaseModel], ...] = (Begun, Shown, Listed, Failure, Invalid)


class _Untitled(GenerateJsonSchema):
    """Fields go without the titles that pydantic makes of their names."""

    def field_title_should_be_set(self, schema: Any) -> bool:  # noqa: ARG002 - whichever it is
        return False


def reference(model: type[BaseModel]) -> dict[str, str]:
    return {"$ref": PLACE.format(model=model.__name__)}


def body_schemas() -> dict[str, Any]:
    """Of what is taken as it is checked, of what is given as it is written."""
    bodies: list[tuple[type[BaseModel], Literal["validation", "serialization"]]] = [
        *((model, "validation") for model in TAKEN),
        *((model, "serialization") for model in GIVEN),
    ]
    _, schemas = models_json_schema(bodies, ref_template=PLACE, schema_generator=_Untitled)
    definitions: dict[str, Any] = schemas["$defs"]
    return definitions


def parameter_schemas(model: type[BaseModel]) -> dict[str, dict[str, Any]]:
    """Of each field. A parameter that is left out has no value to describe: there is no null in a URL."""
    schema = model.model_json_schema(ref_template=PLACE, schema_generator=_Untitled)
    return {name: _without_null(field) for name, field in schema["properties"].items()}


def _without_null(field: dict[str, Any]) -> dict[str, Any]:
    if "anyOf" not in field:
        return field
    (some,) = [option for option in field["anyOf"] if option != {"type": "null"}]
    return {**some, "description": field["description"]}
