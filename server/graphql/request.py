"""What a GraphQL request asks, by HTTP or on a socket, before its document is looked at."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, NamedTuple

import orjson
from starlette.requests import Request

from core.errors import StorycastError
from server.edges.bodies import media_type, read_body
from server.edges.json_size import MOST_TOKENS, is_within
from server.graphql.negotiation import PLAIN_JSON

# A story of a million characters fits, in any script.
MOST_BODY_BYTES = 4 * 1024 * 1024
# Of the document itself: stories belong into variables.
MOST_QUERY_CHARACTERS = 64 * 1024
# Ids that are hashes of their documents may say so, by GraphQL over HTTP; those of code generators do not.
HASHED_BY = "sha256:"
# Which orjson may take for a fraction, and round.
LONG_NUMBER = re.compile(rb"[0-9]{18}")
SHA256 = re.compile(r"[0-9a-f]{64}")


class BadRequest(StorycastError):
    """A request that is no well-formed GraphQL request."""

    def __init__(self, message: str, status: int = 400, headers: dict[str, str] | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.headers = headers


class MalformedHash(BadRequest):
    """A `persistedQuery` that is not as its protocol has it; on a socket it ends its operation alone."""


class Asked(NamedTuple):
    """One operation. Its document is there as text, by an id, or both.

    `document_id` is GraphQL over HTTP's `documentId`, and `sha256` what Apollo's automatic persisted queries
    send in `extensions`; both without HASHED_BY.
    """

    query: str | None
    document_id: str | None
    sha256: str | None
    variables: dict[str, Any] | None
    operation_name: str | None


async def read_request(request: Request, seconds: float) -> Asked:
    """The operation of an HTTP request, whose body may take so many seconds to arrive.

    Raises BadRequest, BodyTooLarge, BodyTooSlow and ClientDisconnect.
    """
    if request.method == "POST":
        if media_type(request) != PLAIN_JSON:
            raise BadRequest(f"Content-Type must be {PLAIN_JSON}", 415)
        body = await read_body(request, MOST_BODY_BYTES, seconds)
        if not is_within(MOST_TOKENS, body):
            raise BadRequest("The request holds too many values")
        return read_fields(_parse(body))
    given: Mapping[str, Any] = request.query_params
    objects = {name: _parse(given[name]) for name in ("variables", "extensions") if given.get(name)}
    return read_fields({**given, "variables": None, "extensions": None, **objects})


def read_fields(fields: Any) -> Asked:
    """The operation that a request's JSON describes. Raises BadRequest."""
    if not isinstance(fields, dict):
        raise BadRequest("The request must be a JSON object with a query")
    query = _text(fields, "query")
    if query is not None and len(query) > MOST_QUERY_CHARACTERS:
        raise BadRequest(
            f"The document is {len(query):,} characters long, and {MOST_QUERY_CHARACTERS:,} are allowed:"
            " put what is long into variables",
            413,
        )
    document_id = (_text(fields, "documentId") or "").removeprefix(HASHED_BY) or None
    sha256 = _named_hash(_object(fields, "extensions"))
    asked = Asked(
        # Some clients must send a text: beside an id, an empty one is none.
        query=None if query == "" and (document_id or sha256) else query,
        document_id=document_id,
        sha256=sha256,
        variables=_object(fields, "variables"),
        operation_name=_text(fields, "operationName") or None,
    )
    if asked.query is None and asked.document_id is None and asked.sha256 is None:
        raise BadRequest("query must be a string")
    return asked


def _text(fields: Mapping[str, Any], name: str) -> str | None:
    value = fields.get(name)
    if value is not None and not isinstance(value, str):
        raise BadRequest(f"{name} must be a string")
    return value


def _object(fields: Mapping[str, Any], name: str) -> dict[str, Any] | None:
    value = fields.get(name)
    if value is not None and not isinstance(value, dict):
        raise BadRequest(f"{name} must be an object")
    return value


def _named_hash(extensions: dict[str, Any] | None) -> str | None:
    """https://www.apollographql.com/docs/graphos/platform/security/persisted-queries#apq"""
    named = extensions.get("persistedQuery") if extensions else None
    if named is None:
        return None
    said = named if isinstance(named, dict) else {}
    digest = str(said.get("sha256Hash")).removeprefix(HASHED_BY)
    if said.get("version") != 1 or not SHA256.fullmatch(digest):
        raise MalformedHash("persistedQuery must be of version 1, with a sha256Hash of 64 hexadecimal digits")
    return digest


def _parse(text: str | bytes) -> Any:
    if isinstance(text, bytes) and not LONG_NUMBER.search(text):
        # What it does not read, `json` may, or say the same.
        try:
            return orjson.loads(text)
        except orjson.JSONDecodeError:
            pass
    try:
        # Decoded here: `json` would guess at UTF-16, and let halves of surrogates pass.
        decoded = text if isinstance(text, str) else text.decode("utf-8-sig")
        return json.loads(decoded, parse_constant=_refuse_constant)
    except (ValueError, RecursionError):
        raise BadRequest("The request is not valid JSON") from None


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"{name} is Python's, not JSON's")
