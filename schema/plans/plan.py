"""An operation that has been made into a plan, and what is kept of one that does not go as planned.

A plan does what graphql-core does, and looks nothing up while it does it. It knows no errors: where anything
is not as planned, graphql-core answers the operation, with what the fields at its root have given already.
So an error is always graphql-core's, and nothing happens twice.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any

from graphql import GraphQLResolveInfo, GraphQLSchema, OperationDefinitionNode
from strawberry.types.graphql import OperationType

from schema.allowance import begin_answer, end_answer
from schema.context import Context
from schema.plans.compiler import Compiler, Root
from schema.plans.inputs import Variables
from schema.plans.run import Run, together

logger = logging.getLogger(__name__)


class Kept:
    """What fields at the root of an operation have given, by their keys in the answer."""

    def __init__(self) -> None:
        self.was_tried = False
        self._values: dict[str, Any] = {}
        self._failures: dict[str, Exception] = {}

    def __contains__(self, key: object) -> bool:
        return key in self._values or key in self._failures

    def give(self, key: str) -> Any:
        """Once more what it gave. Raises what it raised."""
        if key in self._failures:
            raise self._failures[key]
        return self._values[key]

    def keep(self, key: str, value: Any) -> None:
        self._values[key] = value

    def keep_failure(self, key: str, error: Exception) -> None:
        self._failures[key] = error


class Plan:
    """One for each operation of a document; runs any number of times, at the same time too. `fields` is how
    many it has.
    """

    def __init__(self, compiler: Compiler, schema: GraphQLSchema, operation: OperationDefinitionNode) -> None:
        """Raises Unplanned."""
        self.kind = OperationType(operation.operation.value)
        self._roots = compiler.roots()
        self.fields = compiler.fields
        self._variables = Variables(schema, operation)
        self._is_in_turn = len(self._roots) == 1 or self.kind is OperationType.MUTATION

    async def attempt(self, context: Context, given: Mapping[str, Any], kept: Kept) -> dict[str, Any] | None:
        """The data of the answer; None where anything goes not as planned. Then `kept` has what was done."""
        kept.was_tried = True
        begin_answer()
        try:
            run = Run(context, self._variables.coerce(given))
            if self._is_in_turn:
                return {root.key: await _answer(root, run, kept) for root in self._roots}
            return await self._answer_together(run)
        except Exception as reason:  # noqa: BLE001 - graphql-core meets it again, and says what it is
            logger.debug("Not as planned: %r", reason)
            end_answer()
            context.forget_batches()
            return None

    async def _answer_together(self, run: Run) -> dict[str, Any]:
        # Which of several failures comes first, and is told, is for graphql-core to find: nothing is kept.
        answers = await together([_answer(root, run, Kept()) for root in self._roots])
        return {root.key: answer for root, answer in zip(self._roots, answers, strict=True)}


async def _answer(root: Root, run: Run, kept: Kept) -> Any:
    try:
        got = root.resolver.resolve(None, run)
        value = await got if root.resolver.awaits else got
    except Exception as error:
        kept.keep_failure(root.key, error)
        raise
    kept.keep(root.key, value)
    made = root.completion.complete(value, run)
    return await made if root.completion.awaits else made


def give_kept(schema: GraphQLSchema) -> None:
    """Have the fields at the roots of `schema` give what is kept of them, where the root value is `Kept`."""
    for kind in (schema.query_type, schema.mutation_type):
        for field in kind.fields.values() if kind else ():
            if field.resolve:
                field.resolve = _giving(field.resolve)


def _giving(resolve: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(resolve)
    def give(source: Any, info: GraphQLResolveInfo[Any], **arguments: Any) -> Any:
        if isinstance(source, Kept) and info.path.key in source:
            return source.give(str(info.path.key))
        return resolve(source, info, **arguments)

    return give
