"""How parts of the contract are taken leave of: deprecated with a day, and free to go from that day on."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from graphql import (
    REMOVE,
    DocumentNode,
    GraphQLDeprecatedDirective,
    GraphQLEnumType,
    GraphQLError,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLSchema,
    Visitor,
    build_ast_schema,
    get_directive_values,
    resolve_schema_coordinate,
    visit,
)

# From the release that first says so.
SHORTEST_NOTICE = timedelta(days=90)
FORM = "Use `Type.field` instead; may go on 2030-01-31."

_REASON = re.compile(r"Use (?P<instead>.+) instead; may go on (?P<day>\d{4}-\d{2}-\d{2})\.")
_QUOTED = re.compile("`([^`]+)`")


@dataclass(frozen=True)
class Deprecation:
    """`place` is a schema coordinate: https://spec.graphql.org/draft/#sec-Schema-Coordinates"""

    place: str
    reason: str

    @property
    def day(self) -> date | None:
        """The first on which it may be gone; None where the reason names none."""
        return _day(self.reason)


def find_deprecations(schema: GraphQLSchema) -> list[Deprecation]:
    return [
        Deprecation(place, part.deprecation_reason)
        for place, part in _parts(schema)
        if part.deprecation_reason is not None
    ]


def check_reasons(schema: GraphQLSchema) -> Iterator[str]:
    """A sentence for each deprecation that does not say until when it stays, and what to use instead."""
    for found in find_deprecations(schema):
        written = _REASON.fullmatch(found.reason)
        if written is None or found.day is None:
            yield f"{found.place} is deprecated with the reason {found.reason!r}: write it as {FORM!r}"
            continue
        instead = written["instead"]
        named = _QUOTED.findall(instead)
        if not named and instead != "nothing":
            yield f"{found.place} is to be replaced by {instead!r}: name it as in `Type.field`, or nothing"
        for name in named:
            if not _exists(schema, name):
                yield f"{found.place} is to be replaced by `{name}`, which the schema does not have"


def check_notice(released: GraphQLSchema, served: GraphQLSchema, today: date) -> Iterator[str]:
    """A sentence for each deprecation of `served` that would leave clients less time than is due."""
    told = {found.place: found.day for found in find_deprecations(released)}
    for found in find_deprecations(served):
        earliest = told.get(found.place) or today + SHORTEST_NOTICE
        if found.day and found.day < earliest:
            yield f"{found.place} may go on {found.day}: clients have time until {earliest} at least"


def without_what_may_go(released: DocumentNode, today: date) -> GraphQLSchema:
    """What of a released contract is promised `today`: all but what was deprecated in it until then at the
    latest, and the types that nothing else leads to.
    """
    whole = build_ast_schema(released, assume_valid=True)
    kept = visit(released, _Leaving(today))
    gone = _reachable(whole) - _reachable(build_ast_schema(kept, assume_valid=True))
    definitions: list[Any] = [each for each in kept.definitions if _name(each) not in gone]
    return build_ast_schema(DocumentNode(definitions=tuple(definitions)), assume_valid=True)


class _Leaving(Visitor):
    """Takes the parts away that may go."""

    def __init__(self, today: date) -> None:
        super().__init__()
        self._today = today

    def enter(self, node: Any, *_: Any) -> Any:
        if node.kind not in {"field_definition", "input_value_definition", "enum_value_definition"}:
            return None
        values = get_directive_values(GraphQLDeprecatedDirective, node)
        day = _day(values["reason"]) if values else None
        return REMOVE if day and day <= self._today else None


def _parts(schema: GraphQLSchema) -> Iterator[tuple[str, Any]]:
    """Whatever can be deprecated, by its coordinate."""
    for name, kind in schema.type_map.items():
        match kind:
            case GraphQLObjectType() | GraphQLInterfaceType():
                for field_name, field in kind.fields.items():
                    yield f"{name}.{field_name}", field
                    for argument, given in field.args.items():
                        yield f"{name}.{field_name}({argument}:)", given
            case GraphQLInputObjectType():
                yield from ((f"{name}.{field}", given) for field, given in kind.fields.items())
            case GraphQLEnumType():
                yield from ((f"{name}.{value}", given) for value, given in kind.values.items())


def _day(reason: str) -> date | None:
    written = _REASON.fullmatch(reason)
    try:
        return date.fromisoformat(written["day"]) if written else None
    except ValueError:
        return None


def _exists(schema: GraphQLSchema, coordinate: str) -> bool:
    try:
        return resolve_schema_coordinate(schema, coordinate) is not None
    except (GraphQLError, TypeError):  # no coordinate at all, or one within what is not there
        return False


def _name(definition: Any) -> str:
    # A schema's own definition, of its roots, has none.
    return definition.name.value if getattr(definition, "name", None) else ""


def _reachable(schema: GraphQLSchema) -> set[str]:
    """The types that operations can come upon."""
    roots = GraphQLSchema(schema.query_type, schema.mutation_type, schema.subscription_type)
    return set(roots.type_map)
