"""What graphql-core tells of one event of a subscription that has begun otherwise."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import aclosing
from dataclasses import dataclass
from functools import wraps
from typing import Any

from graphql import GraphQLObjectType, GraphQLResolveInfo
from strawberry.types.execution import ExecutionResult

from schema.allowance import end_answer
from schema.context import Context
from schema.root import schema


async def answer_once(
    text: str, operation_name: str | None, given: Mapping[str, Any], context: Context, event: Any
) -> ExecutionResult:
    """Its answer, where the subscription's resolver yields `event`."""
    answers = await schema.subscribe(text, dict(given), context, _Once(event), operation_name)
    try:
        async with aclosing(answers):
            return await anext(answers)
    finally:
        end_answer()


@dataclass(frozen=True, slots=True)
class _Once:
    """As the root value of a subscription: all that it is to tell."""

    event: Any

    async def tell(self) -> AsyncGenerator[Any, None]:
        yield self.event


def _give_once(subscriptions: GraphQLObjectType) -> None:
    for field in subscriptions.fields.values():
        assert field.subscribe
        field.subscribe = _giving(field.subscribe)


def _giving(subscribe: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(subscribe)
    def give(source: Any, info: GraphQLResolveInfo[Any], **arguments: Any) -> Any:
        return source.tell() if isinstance(source, _Once) else subscribe(source, info, **arguments)

    return give


assert schema._schema.subscription_type  # noqa: SLF001 - Strawberry shows its types no other way
_give_once(schema._schema.subscription_type)  # noqa: SLF001
