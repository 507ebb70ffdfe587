"""What a schema takes away from a contract, or changes in it. What it adds does not count, unless callers
would have to know of it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLSchema,
    GraphQLUnionType,
    is_introspection_type,
    is_required_argument,
    is_required_input_field,
    print_ast,
)


def differences(contract: GraphQLSchema, served: GraphQLSchema) -> list[str]:
    """A sentence for each thing of the contract that is missing or other in `served`; both built of SDL."""
    return list(_of_schemas(contract, served))


def _of_schemas(contract: GraphQLSchema, served: GraphQLSchema) -> Iterator[str]:
    for name, promised in contract.type_map.items():
        if is_introspection_type(promised):
            continue
        found = served.type_map.get(name)
        if type(found) is not type(promised) or found is None:
            yield f"{name} is {type(found).__name__}, not {type(promised).__name__}"
            continue
        yield from _of_descriptions(name, promised, found)
        yield from _of_types(name, promised, found)


def _of_types(name: str, promised: GraphQLNamedType, found: Any) -> Iterator[str]:
    match promised:
        case GraphQLObjectType() | GraphQLInterfaceType():
            yield from _missing(name, _names(promised.interfaces), _names(found.interfaces))
            yield from _of_fields(name, promised.fields, found.fields)
        case GraphQLInputObjectType():
            yield from _of_inputs(name, promised.fields, found.fields, is_required_input_field)
        case GraphQLUnionType():
            yield from _missing(name, _names(promised.types), _names(found.types))
        case GraphQLEnumType():
            yield from _missing(name, set(promised.values), set(found.values))
            for value in promised.values.keys() & found.values.keys():
                yield from _of_descriptions(f"{name}.{value}", promised.values[value], found.values[value])


def _of_fields(name: str, promised: Mapping[str, Any], found: Mapping[str, Any]) -> Iterator[str]:
    yield from _missing(name, set(promised), set(found))
    for field in promised.keys() & found.keys():
        place = f"{name}.{field}"
        yield from _of_descriptions(place, promised[field], found[field])
        if str(promised[field].type) != str(found[field].type):
            yield f"{place} is {found[field].type}, not {promised[field].type}"
        yield from _of_inputs(place, promised[field].args, found[field].args, is_required_argument)


def _of_inputs(
    name: str, promised: Mapping[str, Any], found: Mapping[str, Any], is_required: Any
) -> Iterator[str]:
    yield from _missing(name, set(promised), set(found))
    for value in promised.keys() & found.keys():
        place = f"{name}({value})"
        yield from _of_descriptions(place, promised[value], found[value])
        if str(promised[value].type) != str(found[value].type):
            yield f"{place} takes {found[value].type}, not {promised[value].type}"
        if _default(promised[value]) != _default(found[value]):
            yield f"{place} is {_default(found[value])} by default, not {_default(promised[value])}"
    for value in found.keys() - promised.keys():
        if is_required(found[value]):
            yield f"{name}({value}) has to be given"


def _of_descriptions(place: str, promised: Any, found: Any) -> Iterator[str]:
    if promised.description and promised.description != found.description:
        yield f"{place} is described as {found.description!r}, not {promised.description!r}"


def _missing(name: str, promised: set[str], found: set[str]) -> Iterator[str]:
    for each in sorted(promised - found):
        yield f"{name} lacks {each}"


def _names(types: Any) -> set[str]:
    return {each.name for each in types}


def _default(given: Any) -> str:
    """A default as it is written, "nothing" where there is none: null is one."""
    written = given.ast_node.default_value
    return print_ast(written) if written else "nothing"
