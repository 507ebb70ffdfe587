"""What a client learns of an error that is no member of a result: a code, and nothing of our inside."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from functools import cached_property
from typing import Any

from graphql import FieldNode, GraphQLError, GraphQLSyntaxError
from strawberry.exceptions import MissingQueryError
from strawberry.extensions import SchemaExtension
from strawberry.schema.exceptions import CannotGetOperationTypeError, InvalidOperationTypeError

from core.codes import Fault
from core.errors import BadUserInput, GenerationNotFound, StoryNotFound, Unauthenticated
from schema.context import Context
from schema.locations import Lines
from schema.operations import NAME_ONE

logger = logging.getLogger(__name__)

INTERNAL_MESSAGE = "Internal server error"

# What Strawberry raises of a request in which there is no operation to run.
UNRUNNABLE = (MissingQueryError, CannotGetOperationTypeError, InvalidOperationTypeError)


class Faults(SchemaExtension):
    """Gives each error its code; masks and logs those that are our own faults."""

    def on_operation(self) -> Iterator[None]:
        self._streams = False
        self._executes = False
        try:
            yield
        except UNRUNNABLE:
            raise
        except Exception as error:
            # Strawberry leaves a GraphQLError as it is, and would tell the client what any other says.
            raise self._told(GraphQLError(str(error), original_error=error)) from error
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
            return self._coded(error, Fault.UNAUTHENTICATED, "Unauthorized")
        if isinstance(cause, CannotGetOperationTypeError):
            return self._coded(error, Fault.BAD_USER_INPUT, NAME_ONE)
        code = self._callers_fault(error)
        if code:
            return self._coded(error, code)
        context: Context = self.execution_context.context
        where = error.path or "the operation"
        logger.error("Request %s: %s failed", context.request_id, where, exc_info=cause or error)
        return self._coded(error, Fault.INTERNAL_SERVER_ERROR, INTERNAL_MESSAGE, requestId=context.request_id)

    def _callers_fault(self, error: GraphQLError) -> Fault | None:
        """The code of an error that its caller can mend; None where it is ours."""
        cause = error.original_error
        if isinstance(cause, GenerationNotFound | StoryNotFound):
            return Fault.NOT_FOUND
        if isinstance(cause, (BadUserInput, *UNRUNNABLE)):
            return Fault.BAD_USER_INPUT
        if not isinstance(cause, GraphQLError | None):
            return None
        if isinstance(error, GraphQLSyntaxError):
            return Fault.GRAPHQL_PARSE_FAILED
        if not self._executes:
            return Fault.GRAPHQL_VALIDATION_FAILED
        # The engine names the variable or the argument that is wrong; where a result is, its field.
        blamed = error.nodes or ()
        return (
            None
            if not blamed or any(isinstance(node, FieldNode) for node in blamed)
            else Fault.BAD_USER_INPUT
        )

    def _coded(
        self, error: GraphQLError, code: Fault, message: str | None = None, **extensions: str
    ) -> GraphQLError:
        told = GraphQLError(
            message or error.message, path=error.path, extensions={"code": code, **extensions}
        )
        if error.positions:
            told.locations = self._lines.locate(error.positions)
        return told

    @cached_property
    def _lines(self) -> Lines:
        return Lines(self.execution_context.query or "")
