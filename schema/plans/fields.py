"""How the value of a field is got: an attribute, or what its resolver returns."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from operator import attrgetter
from typing import Any, NamedTuple

from graphql import FieldNode, FragmentDefinitionNode, GraphQLField
from strawberry.types.field import StrawberryField

from schema.plans.inputs import Arguments
from schema.plans.outputs import Completion, Slot
from schema.plans.run import Run
from schema.plans.source import Names
from schema.plans.unplanned import Unplanned

DEFINITION = "strawberry-definition"


class Resolver(NamedTuple):
    """`resolve` calls a field's own function; with `awaits`, what that returns is awaited. `method` is that
    function, where it takes its object alone.
    """

    resolve: Callable[[Any, Run], Any]
    awaits: bool
    method: Callable[[Any], Any] | None = None


def definition_of(field: GraphQLField) -> StrawberryField:
    """Raises Unplanned for a field that is not Strawberry's, or has more about it than a resolver."""
    found = field.extensions.get(DEFINITION)
    if not isinstance(found, StrawberryField) or found.extensions:
        raise Unplanned("an unusual field")
    return found


def attribute(key: str, field: StrawberryField, completion: Completion) -> Slot:
    """A field that is an attribute of its object."""
    name, complete, leaf = field.python_name, completion.complete, completion.leaf
    read = attrgetter(name)
    got = f"source.{name}"

    def written(names: Names) -> str:
        return leaf.write(got, names) if leaf else f"{names.add(complete)}({got}, run)"

    return Slot(key, lambda source, run: complete(read(source), run), completion.awaits, written)


def resolver_of(
    field: StrawberryField,
    nodes: list[FieldNode],
    fragments: Mapping[str, FragmentDefinitionNode],
    arguments: Arguments,
) -> Resolver:
    """Raises Unplanned."""
    resolver = field.base_resolver
    assert resolver
    call: Any = resolver.wrapped_func
    if resolver.root_parameter or resolver.parent_parameter or not resolver.self_parameter:
        raise Unplanned("an unusual resolver")
    info = resolver.info_parameter
    if info is None and not field.arguments:
        return Resolver(lambda source, _: call(source), resolver.is_async, call)
    if info is None:
        return Resolver(lambda source, run: call(source, **arguments(run.variables)), resolver.is_async)
    name = info.name

    def resolve(source: Any, run: Run) -> Any:
        given = {**arguments(run.variables), name: run.info(field, nodes, fragments)}
        return call(source, **given)

    return Resolver(resolve, resolver.is_async)


def resolved(key: str, resolver: Resolver, completion: Completion) -> Slot:
    """A field that a resolver answers."""
    resolve, complete, method, leaf = resolver.resolve, completion.complete, resolver.method, completion.leaf

    def value(source: Any, run: Run) -> Any:
        return complete(resolve(source, run), run)

    async def value_later(source: Any, run: Run) -> Any:
        got = resolve(source, run)
        made = complete(await got if resolver.awaits else got, run)
        return await made if isinstance(made, Awaitable) else made

    def written(names: Names) -> str:
        got = f"{names.add(method)}(source)"
        return leaf.write(got, names) if leaf else f"{names.add(complete)}({got}, run)"

    awaits = resolver.awaits or completion.awaits
    return Slot(key, value_later if awaits else value, awaits, written if method and not awaits else None)
