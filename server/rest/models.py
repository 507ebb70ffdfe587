"""What the shim takes and gives. These models check requests and write answers, and the OpenAPI document
is made of them.
"""

from __future__ import annotations

from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from db.models import Status
from resolvers.pages import LARGEST_PAGE, LAST_PAGE

Progress = Annotated[
    int, Field(ge=0, le=100, description="The share of the text that is narrated, in percent.")
]


class InitiateBody(BaseModel):
    """What to narrate. Other keys are ignored."""

    story_id: UUID = Field(description="A story of the caller's.")


class ListQuery(BaseModel):
    model_config = ConfigDict(validate_by_alias=True)

    page: int = Field(1, ge=1, le=LAST_PAGE, description="Which page; one past the end is empty.")
    page_size: int = Field(
        10, ge=1, le=LARGEST_PAGE, alias="pageSize", description="How many generations a page holds."
    )
    status: Status | None = Field(None, description="Generations of this status alone.")


class GenerationPath(BaseModel):
    id: UUID = Field(description="A generation of the caller's.")


class Answer(BaseModel):
    """An answer's body, which holds its keys and no others."""

    model_config = ConfigDict(extra="forbid", serialize_by_alias=True, validate_by_name=True)


class Begun(Answer):
    """A generation that was asked for."""

    id: UUID
    status: Status
    progress: Progress


class Shown(Answer):
    """A generation."""

    id: UUID
    story_id: UUID
    status: Status
    progress: Progress
    result_url: str | None = Field(
        description="An MP3 that a plain GET can follow, signed and expiring; null until it succeeded.",
        json_schema_extra={"format": "uri"},
    )


class Meta(Answer):
    """Which page it is, and how many generations there are in all."""

    page: int = Field(ge=1, le=LAST_PAGE)
    page_size: int = Field(ge=1, le=LARGEST_PAGE, alias="pageSize")
    total: int = Field(ge=0)


class Listed(Answer):
    """A page of generations, newest first."""

    data: list[Shown] = Field(max_length=LARGEST_PAGE)
    meta: Meta


class Failure(Answer):
    """What went wrong, in a few words that stay the same."""

    error: str = Field(min_length=1)


class Problem(Answer):
    """What is wrong with one part of a request."""

    path: list[str] = Field(
        description="Leads to the part: a key, a parameter, a header. Empty for the whole."
    )
    message: str = Field(min_length=1, description="For people.")
    code: str = Field(
        min_length=1, description="For programs: `missing`, `uuid_parsing`, `less_than_equal` …"
    )


class Invalid(Answer):
    """Everything that is wrong with a request."""

    error: Literal["Validation error"]
    details: list[Problem] = Field(min_length=1)
