"""For schemathesis, in whose process this runs: leads half of its good ids to what there is.

Made up, they all lead nowhere, and 404 is all that one ever sees.
"""

from __future__ import annotations

import json
import os
from typing import Any
from uuid import UUID

import schemathesis

# {"stories": […], "generations": […]}, ids of the caller's.
_known: dict[str, list[str]] = json.loads(os.environ["SCHEMATHESIS_BELONGINGS"])


@schemathesis.hook
def map_body(_context: schemathesis.HookContext, body: Any) -> Any:
    if isinstance(body, dict) and "story_id" in body:
        return {**body, "story_id": _lead(body["story_id"], _known["stories"])}
    return body


@schemathesis.hook
def map_path_parameters(_context: schemathesis.HookContext, parameters: Any) -> Any:
    if isinstance(parameters, dict) and "id" in parameters:
        return {**parameters, "id": _lead(parameters["id"], _known["generations"])}
    return parameters


def _lead(given: Any, known: list[str]) -> Any:
    """The same for the same value, so that a run can be repeated."""
    try:
        number = UUID(given).int
    except (ValueError, AttributeError, TypeError):
        return given
    return known[number // 2 % len(known)] if number % 2 else given
