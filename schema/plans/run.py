"""One execution of a plan."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Mapping, Sequence
from typing import Any, NamedTuple

from graphql import FieldNode, FragmentDefinitionNode
from strawberry.types import Info
from strawberry.types.field import StrawberryField

from schema.context import Context


class Asked(NamedTuple):
    """What a resolver can learn of its field: of graphql-core's GraphQLResolveInfo what ours look at."""

    context: Context
    field_nodes: list[FieldNode]
    fragments: Mapping[str, FragmentDefinitionNode]


class Run:
    """What the parts of a plan share while it runs."""

    __slots__ = ("context", "variables")

    def __init__(self, context: Context, variables: Mapping[str, Any]) -> None:
        self.context = context
        self.variables = variables

    def info(
        self,
        field: StrawberryField,
        nodes: list[FieldNode],
        fragments: Mapping[str, FragmentDefinitionNode],
    ) -> Info[Any, Any]:
        asked = Asked(self.context, nodes, fragments)
        return Info(asked, field)  # type: ignore[arg-type]  # it is as much of one as it has to be


async def together(awaited: Sequence[Awaitable[Any]]) -> list[Any]:
    """All of them, at the same time; the first that fails ends the others, and is raised."""
    if len(awaited) == 1:
        return [await awaited[0]]
    tasks = [asyncio.ensure_future(each) for each in awaited]
    try:
        return await asyncio.gather(*tasks)
    except BaseException:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        raise
