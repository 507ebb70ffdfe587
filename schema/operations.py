"""Which operation of a document runs."""

from __future__ import annotations

from collections.abc import Iterator

from graphql import get_operation_ast
from strawberry.extensions import SchemaExtension
from strawberry.schema.exceptions import CannotGetOperationTypeError

NAME_ONE = "operationName must name one operation of the document, where there are several"


class OneOperation(SchemaExtension):
    """Refuses a document of several operations where none is named: https://spec.graphql.org/draft/#GetOperation().

    Strawberry would run the first of them.
    """

    def on_parse(self) -> Iterator[None]:
        yield
        document = self.execution_context.graphql_document
        asked = self.execution_context._provided_operation_name  # noqa: SLF001 - `operation_name` is never empty
        if document and get_operation_ast(document, asked) is None:
            raise CannotGetOperationTypeError(asked)
