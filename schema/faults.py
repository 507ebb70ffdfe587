"""What a client learns of an error that is no member of a result: a code, and nothing of our inside."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import Any

from graphql import GraphQLError, GraphQLSyntaxError
from strawberry.extensions import SchemaExtension

from core.errors import BadUserInput, GenerationNotFound, Unauthenticated
from schema.context import Context

logger = logging.getLogger(__name__)

PARSE_FAILED = "GRAPHQL_PARSE_FAILED"
VALIDATION_FAILED = "GRAPHQL_VALIDATION_FAILED"
BAD_USER_INPUT = "BAD_USER_INPUT"
UNAUTHENTICATED = "UNAUTHENTICATED"
NOT_FOUND = "NOT_FOUND"
INTERNAL = "INTERNAL_SERVER_ERROR"


class Faults(SchemaExtension):
    """Gives each error its code; masks and logs those that are our own faults."""

    def on_operation(self) -> Iterator[None]:
        self._streams = False
        self._executes = False
        yield
        if not self._streams:
            self._tell(self.execution_context.result)

    def on_execute(self) -> Iterator[None]:
        self._executes = True
        yield

    def on_stream_result(self, result: Any) -> Iterator[None]:
        self._streams = True
        self._tell(result)
        yield

    def _tell(self, result: Any) -> None:
        if result is not None and result.errors:
            result.errors = [self._told(error) for error in result.errors]

    def _told(self, error: GraphQLError) -> GraphQLError:
        cause = error.original_error
        if isinstance(cause, Unauthenticated):
            return _coded(error, UNAUTHENTICATED, "Unauthorized")
        code = self._callers_fault(error)
        if code:
            return _coded(error, code)
        context: Context = self.execution_context.context
        where = error.path or "its stream of events"
        logger.error("Request %s: %s failed", context.request_id, where, exc_info=cause or error)
        return _coded(error, INTERNAL, "Internal server error", requestId=context.request_id)

    def _callers_fault(self, error: GraphQLError) -> str | None:
        """The code of an error that its caller can mend; None where it is ours."""
        if isinstance(error.original_error, GenerationNotFound):
            return NOT_FOUND
        if isinstance(error, GraphQLSyntaxError):
            return PARSE_FAILED
        if not self._executes:
            return VALIDATION_FAILED
        # Before any field has run, an error that names a part of the document is about a variable.
        blames_variable = error.path is None and error.nodes
        return BAD_USER_INPUT if blames_variable or isinstance(error.original_error, BadUserInput) else None


def _coded(error: GraphQLError, code: str, message: str | None = None, **extensions: str) -> GraphQLError:
    return GraphQLError(
        message or error.message,
        nodes=error.nodes,
        source=error.source,
        positions=error.positions,
        path=error.path,
        extensions={"code": code, **extensions},
    )
