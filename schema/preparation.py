"""Has each document looked at once: what was found good is kept, and not looked at again."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Mapping
from typing import Any

from graphql import ExecutionResult, OperationDefinitionNode
from strawberry.extensions import SchemaExtension
from strawberry.types import ExecutionContext

from resolvers.pages import LARGEST_PAGE
from schema.context import Context
from schema.measure import measure
from schema.plans.plan import Kept
from schema.prepared import Prepared

# Each is measured by itself.
MOST_OPERATIONS = 10


class _Largest(Mapping[str, Any]):
    """Variables of which each asks for as much as one may."""

    def __getitem__(self, _: str) -> int:
        return LARGEST_PAGE

    def __contains__(self, _: object) -> bool:
        return True

    def __iter__(self) -> Iterator[str]:
        return iter(())

    def __len__(self) -> int:
        return 0


class Preparation(SchemaExtension):
    """Stands after what looks at documents, so that those which it keeps have passed all of that.

    What it keeps is answered by its plan, where there is one.
    """

    def on_operation(self) -> Iterator[None]:
        found = _find(self.execution_context)
        if found:
            self.execution_context.graphql_document = found.document
        yield

    def on_validate(self) -> Iterator[None]:
        yield
        asked = self.execution_context
        context: Context | None = asked.context
        if context is None or context.prepared is None or context.identity is None:
            return
        if not asked.pre_execution_errors and not is_prepared(asked) and _is_always_within(asked):
            assert asked.query
            assert asked.graphql_document
            context.prepared.keep(asked.query, context.me, asked.graphql_document)

    async def on_execute(self) -> AsyncIterator[None]:
        asked = self.execution_context
        found, kept = _find(asked), asked.root_value
        plan = found.plan(asked._provided_operation_name) if found else None  # noqa: SLF001 - `operation_name` is never empty
        if plan and isinstance(kept, Kept) and not kept.was_tried and plan.kind in asked.allowed_operations:
            data = await plan.attempt(asked.context, asked.variables or {}, kept)
            if data is not None:
                asked.result = ExecutionResult(data=data)
        yield


def is_prepared(asked: ExecutionContext) -> bool:
    """Whether the document has been found good before, and need not be looked at."""
    found = _find(asked)
    return found is not None and found.document is asked.graphql_document


def _find(asked: ExecutionContext) -> Prepared | None:
    context: Context | None = asked.context
    if context is None or context.prepared is None or context.identity is None or not asked.query:
        return None
    return context.prepared.find(asked.query, context.me)


def _is_always_within(asked: ExecutionContext) -> bool:
    """Whether each operation of the document keeps within its limits whatever its variables are."""
    document, schema = asked.graphql_document, asked.schema._schema  # noqa: SLF001 - Strawberry shows its types no other way
    assert document
    assert asked.context
    operations = [each for each in document.definitions if isinstance(each, OperationDefinitionNode)]
    if len(operations) > MOST_OPERATIONS:
        return False
    most: int = asked.context.services.settings.query_cost
    return all(measure(schema, document, each, _Largest()).cost <= most for each in operations)
