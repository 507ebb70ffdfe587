"""Every code that clients meet, but for those of refusals: each has its own in `core.errors`.

docs/errors.md says of each what it means and what to do; a test holds that page against this module.
"""

from __future__ import annotations

from enum import StrEnum


class Fault(StrEnum):
    """`errors[].extensions.code` of a GraphQL answer."""

    # By the document, or what was given to it.
    GRAPHQL_PARSE_FAILED = "GRAPHQL_PARSE_FAILED"
    GRAPHQL_VALIDATION_FAILED = "GRAPHQL_VALIDATION_FAILED"
    BAD_USER_INPUT = "BAD_USER_INPUT"
    NOT_FOUND = "NOT_FOUND"
    INTERNAL_SERVER_ERROR = "INTERNAL_SERVER_ERROR"
    # By the request, or who sends it.
    UNAUTHENTICATED = "UNAUTHENTICATED"
    BAD_REQUEST = "BAD_REQUEST"
    NOT_ACCEPTABLE = "NOT_ACCEPTABLE"
    BODY_TOO_LARGE = "BODY_TOO_LARGE"
    BODY_TOO_SLOW = "BODY_TOO_SLOW"
    TOO_MANY_REQUESTS = "TOO_MANY_REQUESTS"
    TOO_MANY_OPERATIONS = "TOO_MANY_OPERATIONS"
    TOO_MANY_STREAMS = "TOO_MANY_STREAMS"
    PERSISTED_QUERY_NOT_FOUND = "PERSISTED_QUERY_NOT_FOUND"
    DOCUMENT_NOT_TRUSTED = "DOCUMENT_NOT_TRUSTED"


class Failure(StrEnum):
    """`StoryGeneration.error.code`: why a generation failed."""

    CANCELED = "CANCELED"
    NOTHING_TO_NARRATE = "NOTHING_TO_NARRATE"
    NARRATION_FAILED = "NARRATION_FAILED"
    STORAGE_FAILED = "STORAGE_FAILED"
    TIMED_OUT = "TIMED_OUT"
    ATTEMPTS_EXHAUSTED = "ATTEMPTS_EXHAUSTED"
