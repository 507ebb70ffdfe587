"""Operations, answered: by plans where there are any, by graphql-core otherwise."""

from __future__ import annotations

import logging
from collections.abc import Collection
from typing import Any

from graphql import DocumentNode, OperationDefinitionNode
from strawberry.types.execution import ExecutionResult
from strawberry.types.graphql import OperationType

from schema.context import Context
from schema.limits import MOST_VALUES, is_within
from schema.plans.compiler import Compiler
from schema.plans.plan import Kept, Plan, give_kept
from schema.plans.unplanned import Unplanned
from schema.prepared import PreparedDocuments
from schema.root import schema

logger = logging.getLogger(__name__)

_types = schema._schema  # noqa: SLF001 - Strawberry shows its types no other way
give_kept(_types)


def open_documents(*, plans: bool) -> PreparedDocuments:
    """Where a process keeps the documents that it knows, with `plans` for them or without."""
    return PreparedDocuments(make_plan if plans else lambda _, __: None)


def make_plan(document: DocumentNode, operation: OperationDefinitionNode) -> Plan | None:
    """The plan for an operation of a valid document; None where graphql-core is to answer it."""
    registry = schema.schema_converter.scalar_registry
    try:
        return Plan(Compiler(_types, document, operation, schema.config, registry), _types, operation)
    except Unplanned as reason:
        logger.debug("No plan: %s", reason)
        return None


async def execute(
    query: str,
    *,
    context_value: Context,
    variable_values: dict[str, Any] | None = None,
    operation_name: str | None = None,
    allowed_operation_types: Collection[OperationType],
) -> ExecutionResult:
    """What Strawberry's `Schema.execute` returns and raises."""
    kept, given = Kept(), variable_values or {}
    plan = _plan(query, context_value, operation_name)
    if plan and plan.kind in allowed_operation_types and is_within(MOST_VALUES, given):
        data = await plan.attempt(context_value, given, kept)
        if data is not None:
            return ExecutionResult(data=data, errors=None)
    return await schema.execute(
        query,
        variable_values=variable_values,
        operation_name=operation_name,
        context_value=context_value,
        root_value=kept,
        allowed_operation_types=allowed_operation_types,
    )


def _plan(query: str, context: Context, operation_name: str | None) -> Plan | None:
    found = context.prepared.find(query, context.me) if context.prepared and query else None
    return found.plan(operation_name) if found else None
