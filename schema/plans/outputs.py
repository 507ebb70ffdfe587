"""How values become what answers say: completed as graphql-core does it, wherever all goes well."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, NamedTuple

from schema.plans.leaves import Leaf, optional
from schema.plans.run import Run, together
from schema.plans.source import Written, write_object
from schema.plans.unplanned import Unplanned

Value = Callable[[Any, Run], Any]


class Completion(NamedTuple):
    """`complete` makes of a resolver's value what the answer says, or raises what keeps it from that. Null
    does, but for what is `nullable`.

    `awaits`: what it returns is to be awaited. Of scalars and enums there is the `leaf`, too.
    """

    complete: Value
    awaits: bool = False
    leaf: Leaf | None = None


class Slot(NamedTuple):
    """A field of an object: its key in the answer, and how to get what stands there.

    `written` is the same as an expression, where that takes less.
    """

    key: str
    value: Value
    awaits: bool
    written: Written | None = None


def of_leaf(leaf: Leaf) -> Completion:
    """Scalars and enums."""
    serialize = leaf.serialize
    return Completion(lambda value, _: serialize(value), leaf=leaf)


def nullable(inner: Completion) -> Completion:
    if inner.leaf:
        return of_leaf(optional(inner.leaf))
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
    if not any(slot.awaits for slot in slots):
        return Completion(_written(slots))
    later = [(slot.key, slot.value) for slot in slots if slot.awaits]
    keys = [key for key, _ in later]
    # What is awaited begins when all else has gone well; its place is kept meanwhile.
    first = _written([slot._replace(value=_nothing, written=None) if slot.awaits else slot for slot in slots])

    async def complete(source: Any, run: Run) -> dict[str, Any]:
        made = first(source, run)
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


def _written(slots: Sequence[Slot]) -> Callable[[Any, Any], dict[str, Any]]:
    return write_object([(slot.key, slot.written or _calling(slot.value)) for slot in slots])


def _calling(value: Value) -> Written:
    return lambda names: f"{names.add(value)}(source, run)"


def _nothing(_: Any, __: Run) -> None:
    return None


def _listed(values: Any) -> Sequence[Any]:
    if not isinstance(values, list | tuple):
        raise Unplanned("no list")
    return values
