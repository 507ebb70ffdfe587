"""What subscriptions tell of an event, made at once: for those whose fields are all there with the event.

All others are graphql-core's; so is an event of which anything fails.
"""

from __future__ import annotations

import logging
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from graphql import (
    DocumentNode,
    FieldNode,
    OperationDefinitionNode,
    OperationType,
    get_operation_ast,
)
from strawberry.types.execution import ExecutionResult

from core.events import ChangeKind
from db.models import GenerationRow
from schema.context import Context
from schema.limits import MOST_VALUES, is_within
from schema.once import answer_once
from schema.plans.compiler import Compiler, Root
from schema.plans.fields import definition_of
from schema.plans.inputs import Arguments, Variables, arguments_of
from schema.plans.run import Run
from schema.plans.unplanned import Unplanned
from schema.prepared import Prepared
from schema.root import schema
from schema.subscription import StoryGenerationEvent
from schema.types import StoryGeneration

MOST_PLANS = 200
MOST_FIELDS = 100
ALL = "storyGenerationEvents"

_types = schema._schema  # noqa: SLF001 - Strawberry shows its types no other way

# What a subscription's resolver yields.
Event = StoryGenerationEvent | StoryGeneration | None

logger = logging.getLogger(__name__)


@dataclass(frozen=True, eq=False, slots=True)
class LivePlan:
    """For one subscription of the document that `text` is. `follows_all`: what it tells are events."""

    text: str
    operation_name: str | None
    follows_all: bool
    root: Root
    variables: Variables
    arguments: Arguments

    def begin(self, context: Context, given: Mapping[str, Any]) -> tuple[Run, UUID | None]:
        """What an execution needs, and the generation that it follows, if it is one.

        Raises whatever it raises where the variables do not fit.
        """
        if not is_within(MOST_VALUES, dict(given)):
            raise Unplanned("too many values")
        run = Run(context, self.variables.coerce(given))
        return run, self.arguments(run.variables).get("id")

    def event(self, kind: ChangeKind, generation_id: UUID, row: GenerationRow | None) -> Event:
        """Of a generation in this state."""
        generation = StoryGeneration.of(row) if row else None
        return StoryGenerationEvent.of(kind, generation_id, generation) if self.follows_all else generation

    def data(self, run: Run, event: Event) -> dict[str, Any]:
        """What is told of it. Raises whatever keeps a field from its value: then it is for `answer`."""
        return {self.root.key: self.root.completion.complete(event, run)}

    async def answer(self, context: Context, given: Mapping[str, Any], event: Event) -> ExecutionResult:
        """What graphql-core tells of it."""
        return await answer_once(self.text, self.operation_name, given, context, event)


class LivePlans:
    """One for each process. Those used longest ago go first. As documents are, they are kept for all who send
    the same, or for one user where there is a text in it: see `prepared`.
    """

    def __init__(self) -> None:
        self._kept: OrderedDict[tuple[str, UUID | None, str | None], LivePlan | None] = OrderedDict()

    def find(self, known: Prepared, text: str, user: UUID, operation_name: str | None) -> LivePlan | None:
        """The plan for an operation of a good document; None where graphql-core is to answer."""
        key = (text, user if '"' in text else None, operation_name)
        if key not in self._kept:
            operation = get_operation_ast(known.document, operation_name)
            if operation is None:
                return None
            self._kept[key] = _make(known.document, operation, text, operation_name)
            if len(self._kept) > MOST_PLANS:
                self._kept.popitem(last=False)
        self._kept.move_to_end(key)
        return self._kept[key]


def _make(
    document: DocumentNode, operation: OperationDefinitionNode, text: str, operation_name: str | None
) -> LivePlan | None:
    if operation.operation is not OperationType.SUBSCRIPTION:
        return None
    try:
        return _plan(document, operation, text, operation_name)
    except Unplanned as reason:
        logger.debug("No plan: %s", reason)
        return None


def _plan(
    document: DocumentNode, operation: OperationDefinitionNode, text: str, operation_name: str | None
) -> LivePlan:
    registry = schema.schema_converter.scalar_registry
    node, *others = operation.selection_set.selections
    if others or not isinstance(node, FieldNode) or node.name.value.startswith("__"):
        raise Unplanned("no plain field at the root")
    compiler = Compiler(_types, document, operation, schema.config, registry)
    [root] = compiler.roots()
    if root.completion.awaits or compiler.fields > MOST_FIELDS:
        raise Unplanned("more than an event says by itself, or is worth keeping")
    assert _types.subscription_type
    field = _types.subscription_type.fields[node.name.value]
    arguments = arguments_of(definition_of(field), field.args, node, schema.config, registry)
    variables = Variables(_types, operation)
    return LivePlan(text, operation_name, node.name.value == ALL, root, variables, arguments)
