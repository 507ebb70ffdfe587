"""How scalars and enums become JSON: by their type's own function, but for what is plainly of the type."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from graphql import GraphQLLeafType, Undefined
from strawberry.schema.schema_converter import CustomGraphQLEnumType

from schema.plans.source import Expression, Names
from schema.plans.unplanned import Unplanned


class Leaf(NamedTuple):
    """`serialize` makes JSON of a value; of None, and whatever else is none of the type, it raises something.

    `write` makes the expression that does the same with what another expression gives.
    """

    serialize: Callable[[Any], Any]
    write: Expression


# By type: which values are plainly of it, and what the answer says of these. Any other is for the type's own
# function. The last two are as the schema's own scalars have it: see `schema.root`.
_KNOWN = {
    "String": ("type({it} := {got}) is str", "{it}"),
    "ID": ("type({it} := {got}) is str", "{it}"),
    "Boolean": ("type({it} := {got}) is bool", "{it}"),
    "Int": ("type({it} := {got}) is int and -0x80000000 <= {it} < 0x80000000", "{it}"),
    "Float": ("type({it} := {got}) is float and isfinite({it})", "{it}"),
    "UUID": ("({it} := {got}) is not None", "str({it})"),
    "DateTime": ("({it} := {got}) is not None", "{it}.isoformat()"),
}
_ENUM = ("type({it} := {got}) is {members}", "{names}[{it}._value_]")


def leaf_of(kind: GraphQLLeafType) -> Leaf:
    def own(value: Any) -> Any:
        made = None if value is None else kind.coerce_output_value(value)
        if made is None or made is Undefined:
            raise Unplanned("no value")
        return made

    if isinstance(kind, CustomGraphQLEnumType):
        names = {each.value: name for name, each in kind.values.items()}
        return _leaf(own, *_ENUM, members=kind.wrapped_cls, names=names)
    if kind.name in _KNOWN:
        return _leaf(own, *_KNOWN[kind.name])
    return Leaf(own, lambda got, names: f"{names.add(own)}({got})")


def optional(leaf: Leaf) -> Leaf:
    """The same, for what may be null."""

    def write(got: str, names: Names) -> str:
        it = names.local()
        return f"(None if ({it} := {got}) is None else {leaf.write(it, names)})"

    return Leaf(lambda value: None if value is None else leaf.serialize(value), write)


def _leaf(own: Callable[[Any], Any], is_plain: str, plainly: str, **used: Any) -> Leaf:
    def write(got: str, names: Names) -> str:
        words = {"got": got, "it": names.local(), **{name: names.add(value) for name, value in used.items()}}
        other = f"{names.add(own)}({words['it']})"
        return f"({plainly.format(**words)} if {is_plain.format(**words)} else {other})"

    return Leaf(own, write)
