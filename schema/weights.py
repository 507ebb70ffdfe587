"""What each field of the schema costs, in ordinary fields."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

from graphql import (
    GraphQLField,
    GraphQLInterfaceType,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLSchema,
    SchemaMetaFieldDef,
    TypeMetaFieldDef,
    get_named_type,
    get_nullable_type,
    is_list_type,
)

# The arguments that say how many there will be.
PAGING = {"pageSize", "first"}

# By measurement: rows to read, look-ups, signatures. A content may be a million characters long: one page of
# 100 is the most that an answer holds.
WEIGHTS = {
    "items": 2,
    "edges": 2,
    "story": 2,
    "generations": 4,
    "total": 4,
    "resultUrl": 3,
    "captionsUrl": 3,
    "content": 150,
}

# How many items a list has where no argument says it: what is usual in a log; in introspection, the average.
USUAL_ITEMS = 4
INTROSPECTED_ITEMS = {"types": 40, "fields": 3, "directives": 5}


class Weight(NamedTuple):
    """`items` is None for a list whose length is said by an argument of the field above, and 1 for no list.
    `pages` is the field's own argument of that kind, with its default.
    """

    type_name: str = ""
    weight: int = 1
    items: int | None = 1
    pages: str | None = None
    default: int = USUAL_ITEMS


@lru_cache(maxsize=8)
def weights_of(schema: GraphQLSchema) -> dict[str, dict[str, Weight]]:
    """By type and field."""
    kinds = {
        name: kind
        for name, kind in schema.type_map.items()
        if isinstance(kind, GraphQLObjectType | GraphQLInterfaceType)
    }
    paged = {
        get_named_type(field.type)
        for kind in kinds.values()
        for field in kind.fields.values()
        if PAGING & field.args.keys()
    }
    weights = {
        name: {
            field_name: _weigh(field_name, field, kind, paged) for field_name, field in kind.fields.items()
        }
        for name, kind in kinds.items()
    }
    if schema.query_type:
        weights[schema.query_type.name] |= {
            "__schema": Weight(get_named_type(SchemaMetaFieldDef.type).name),
            "__type": Weight(get_named_type(TypeMetaFieldDef.type).name),
        }
    return weights


def _weigh(name: str, field: GraphQLField, kind: GraphQLNamedType, paged: set[GraphQLNamedType]) -> Weight:
    named = get_named_type(field.type).name
    is_list = is_list_type(get_nullable_type(field.type))
    if kind.name.startswith("__"):
        return Weight(named, items=INTROSPECTED_ITEMS.get(name, 1) if is_list else 1)
    items = 1 if not is_list else None if kind in paged else USUAL_ITEMS
    pages = next((argument for argument in field.args if argument in PAGING), None)
    default = field.args[pages].default_value if pages else USUAL_ITEMS
    return Weight(named, WEIGHTS.get(name, 1), items, pages, default)
