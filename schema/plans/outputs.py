"""How values become what answers say: completed as graphql-core does it, wherever all goes well."""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable, Mapping, Sequence
from operator import methodcaller
from typing import Any, NamedTuple

from graphql import GraphQLEnumType, GraphQLLeafType, Undefined

from schema.plans.run import Run, together
from schema.plans.unplanned import Unplanned

LARGEST_INT = 2**31

Value = Callable[[Any, Run], Any]


class Completion(NamedTuple):
    """`complete` makes of a resolver's value what the answer says, or raises whatever keeps it from that.

    `awaits`: what it returns is to be awaited.
    """

    complete: Value
    awaits: bool = False


class Slot(NamedTuple):
    """A field of an object: its key in the answer, and how to get what stands there."""

    key: str
    value: Value
    awaits: bool


def leaf(kind: GraphQLLeafType) -> Completion:
    """Scalars and enums."""
    serialize = _serializer(kind)

    def complete(value: Any, _: Run) -> Any:
        return serialize(value)

    return Completion(complete)


def non_null(inner: Completion) -> Completion:
    complete_inner = inner.complete

    def complete(value: Any, run: Run) -> Any:
        if value is None:
            raise Unplanned("null")
        return complete_inner(value, run)

    return Completion(complete, inner.awaits)


def nullable(inner: Completion) -> Completion:
    complete_inner = inner.complete

    def complete(value: Any, run: Run) -> Any:
        return None if value is None else complete_inner(value, run)

    async def complete_later(value: Any, run: Run) -> Any:
        return None if value is None else await complete_inner(value, run)

    return Completion(complete_later if inner.awaits else complete, inner.awaits)


def list_of(inner: Completion) -> Completion:
    complete_inner = inner.complete

    def complete(values: Any, run: Run) -> list[Any]:
        return [complete_inner(value, run) for value in _listed(values)]

    async def complete_later(values: Any, run: Run) -> list[Any]:
        return await together([complete_inner(value, run) for value in _listed(values)])

    return Completion(complete_later if inner.awaits else complete, inner.awaits)


def object_of(slots: Sequence[Slot]) -> Completion:
    at_once = [(slot.key, slot.value) for slot in slots]
    if not any(slot.awaits for slot in slots):
        return Completion(lambda source, run: {key: value(source, run) for key, value in at_once})
    later = [(slot.key, slot.value) for slot in slots if slot.awaits]
    keys = [key for key, _ in later]
    # What is awaited begins when all else has gone well; its place is kept meanwhile.
    first = [(slot.key, _nothing if slot.awaits else slot.value) for slot in slots]

    async def complete(source: Any, run: Run) -> dict[str, Any]:
        made = {key: value(source, run) for key, value in first}
        awaited = await together([value(source, run) for _, value in later])
        made.update(zip(keys, awaited, strict=True))
        return made

    return Completion(complete, awaits=True)


def one_of(kinds: Mapping[type, Completion]) -> Completion:
    """Of a union or an interface: by the value's class."""
    awaits = any(kind.awaits for kind in kinds.values())

    def complete(value: Any, run: Run) -> Any:
        kind = kinds.get(type(value))
        if kind is None:
            raise Unplanned("a value of no known type")
        return kind.complete(value, run)

    async def complete_later(value: Any, run: Run) -> Any:
        made = complete(value, run)
        return await made if isinstance(made, Awaitable) else made

    return Completion(complete_later if awaits else complete, awaits)


_isoformat: Callable[[Any], str] = methodcaller("isoformat")


def _nothing(_: Any, __: Run) -> None:
    return None


def _listed(values: Any) -> Sequence[Any]:
    if not isinstance(values, list | tuple):
        raise Unplanned("no list")
    return values


def _serializer(kind: GraphQLLeafType) -> Callable[[Any], Any]:
    """The type's own, but for what is plainly one of its values already."""

    def own(value: Any) -> Any:
        made = kind.coerce_output_value(value)
        if made is None or made is Undefined:
            raise Unplanned("no value")
        return made

    if isinstance(kind, GraphQLEnumType):
        return _enum_serializer(own)
    known = _KNOWN.get(kind.name)
    return known(own) if known else own


Own = Callable[[Any], Any]


def _enum_serializer(own: Own) -> Own:
    names: dict[Any, Any] = {}

    def serialize(value: Any) -> Any:
        name = names.get(value)
        if name is None:
            name = names[value] = own(value)
        return name

    return serialize


def _string(own: Own) -> Own:
    return lambda value: value if type(value) is str else own(value)


def _int(own: Own) -> Own:
    return lambda value: value if type(value) is int and -LARGEST_INT <= value < LARGEST_INT else own(value)


def _float(own: Own) -> Own:
    return lambda value: value if type(value) is float and math.isfinite(value) else own(value)


_KNOWN: dict[str, Callable[[Own], Own]] = {
    "String": _string,
    "ID": _string,
    "Int": _int,
    "Float": _float,
    # As the schema's own scalars do it: see `schema.root`.
    "UUID": lambda _: str,
    "DateTime": lambda _: _isoformat,
}
