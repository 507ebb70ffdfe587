"""The four operations: where they are, what they are called, and what replaces them in GraphQL."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit

from core.settings import Settings

COLLECTION = "/api/story-generations"
ITEM = "/api/story-generations/{id}"
DOCUMENT = "/api/openapi.json"
DOCS = "/api/docs"


@dataclass(frozen=True)
class Operation:
    """One method of one path. `successor` is a GraphQL document that does the same."""

    method: str
    path: str
    name: str
    summary: str
    description: str
    kind: str
    field: str
    successor: str

    @property
    def replaced_by(self) -> str:
        return f"{self.kind} {self.field}"

    def link(self, base: str) -> str:
        """The Link header (RFC 8288): the operation that replaces it, where `DOCS` shows it, and what
        describes this one (RFC 8631). `base`: what the public address has before `/api`.
        """
        return (
            f'<{base}{DOCS}#{self.field}>; rel="successor-version"; title="{self.replaced_by}",'
            f' <{base}{DOCUMENT}>; rel="service-desc"; type="application/json",'
            f' <{base}{DOCS}>; rel="service-doc"; type="text/html"'
        )


INITIATE = Operation(
    method="POST",
    path=COLLECTION,
    name="initiateGeneration",
    summary="Narrate a story",
    description=(
        "Asks for the narration of a story. The answer comes at once, with an id to ask after; `status` tells"
        " when it is done. With an `Idempotency-Key` it is safe to ask again: the same key and body lead to"
        " the same generation, and nothing is spent. The body may come without a Content-Type."
    ),
    kind="mutation",
    field="initiateStoryGeneration",
    successor="""\
mutation Initiate($input: InitiateStoryGenerationInput!) {
  initiateStoryGeneration(input: $input) {
    ... on InitiateStoryGenerationSuccess {
      generation { id status progress }
    }
    ... on Error { code message }
    ... on RateLimitedError { retryAfterSeconds }
  }
}""",
)
LIST = Operation(
    method="GET",
    path=COLLECTION,
    name="listGenerations",
    summary="List generations",
    description="The caller's generations, newest first, in pages by number.",
    kind="query",
    field="storyGenerations",
    successor="""\
query List($page: Int! = 1, $pageSize: Int! = 10, $status: GenerationStatus) {
  storyGenerations(page: $page, pageSize: $pageSize, status: $status) {
    items { id storyId status progress resultUrl }
    meta { page pageSize total }
  }
}""",
)
SHOW = Operation(
    method="GET",
    path=ITEM,
    name="getGeneration",
    summary="Show a generation",
    description=(
        "One generation, with a link to its result once it succeeded. The link expires: ask again for a fresh"
        " one."
    ),
    kind="query",
    field="storyGeneration",
    successor="""\
query Show($id: UUID!) {
  storyGeneration(id: $id) { id storyId status progress resultUrl }
}""",
)
DELETE = Operation(
    method="DELETE",
    path=ITEM,
    name="deleteGeneration",
    summary="Delete a generation",
    description="Deletes a generation that succeeded or failed, and its files.",
    kind="mutation",
    field="deleteStoryGeneration",
    successor="""\
mutation Delete($id: UUID!) {
  deleteStoryGeneration(id: $id) {
    ... on DeleteStoryGenerationSuccess { id }
    ... on Error { code message }
  }
}""",
)
OPERATIONS = (INITIATE, LIST, SHOW, DELETE)


def public_path(settings: Settings) -> str:
    """What the public address has before `/api`: nothing, or the path that a proxy serves it under."""
    return urlsplit(settings.public_base).path
