"""What a request gives, its variables and arguments: coerced as graphql-core and Strawberry do it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from graphql import (
    FieldNode,
    GraphQLArgument,
    GraphQLInputType,
    GraphQLSchema,
    OperationDefinitionNode,
    Undefined,
    ValueNode,
    VariableNode,
    Visitor,
    coerce_input_value,
    get_nullable_type,
    is_input_type,
    is_leaf_type,
    is_non_null_type,
    type_from_ast,
    visit,
)
from graphql.utilities.coerce_input_value import coerce_default_value, coerce_input_literal
from strawberry.schema.config import StrawberryConfig
from strawberry.types.arguments import StrawberryArgument, convert_argument
from strawberry.types.field import StrawberryField

from schema.plans.unplanned import Unplanned

Coerced = Mapping[str, Any]
Convert = Callable[[Any], Any]
Arguments = Callable[[Coerced], dict[str, Any]]


class _Variable(NamedTuple):
    """`default` is Undefined where there is none. `coerce` gives that, or raises, for what does not fit."""

    name: str
    coerce: Convert
    default: Any
    is_required: bool


class Variables:
    """The variables that an operation declares."""

    def __init__(self, schema: GraphQLSchema, operation: OperationDefinitionNode) -> None:
        """Raises Unplanned."""
        self._all = [_variable(schema, node) for node in operation.variable_definitions or ()]

    def coerce(self, given: Mapping[str, Any]) -> Coerced:
        """Raises Unplanned where a value does not fit, or there is none and must be one."""
        coerced = {}
        for name, coerce, default, is_required in self._all:
            if name in given:
                value = coerce(given[name])
                if value is Undefined:
                    raise Unplanned(name)
                coerced[name] = value
            elif default is not Undefined:
                coerced[name] = default
            elif is_required:
                raise Unplanned(name)
        return coerced


def _variable(schema: GraphQLSchema, node: Any) -> _Variable:
    kind = type_from_ast(schema, node.type)
    if not is_input_type(kind):
        raise Unplanned("no input type")
    name, default, is_required = node.variable.name.value, Undefined, is_non_null_type(kind)
    if node.default_value is not None:
        if not _is_leaf(kind):
            raise Unplanned("a default that callers would share")
        default = _literal(node.default_value, kind)
    return _Variable(name, _coercion(kind), default, is_required)


def _coercion(kind: GraphQLInputType) -> Convert:
    nullable = get_nullable_type(kind)
    if not is_leaf_type(nullable):
        return lambda value: coerce_input_value(value, kind)
    null = Undefined if is_non_null_type(kind) else None
    coerce = nullable.coerce_input_value
    return lambda value: null if value is None else coerce(value)


def arguments_of(
    field: StrawberryField,
    definitions: Mapping[str, GraphQLArgument],
    node: FieldNode,
    config: StrawberryConfig,
    registry: Mapping[object, Any],
) -> Arguments:
    """The keyword arguments of a field's resolver, made of an operation's variables.

    Raises Unplanned, now or then.
    """
    given = {each.name.value: each.value for each in node.arguments or ()}
    fixed: dict[str, Any] = {}
    varying: list[Callable[[Coerced, dict[str, Any]], None]] = []
    for argument in field.arguments:
        name = config.name_converter.from_argument(argument)
        value, definition = given.get(name), definitions[name]
        assert argument.python_name
        if value is None:
            _fix_default(fixed, argument, definition, _conversion(argument, definition, config, registry))
        elif isinstance(value, VariableNode):
            convert = _conversion(argument, definition, config, registry)
            varying.append(_from_variable(value.name.value, argument.python_name, definition, convert))
        elif _is_leaf(definition.type) and not _has_variables(value):
            fixed[argument.python_name] = _literal(value, definition.type)
        else:
            raise Unplanned("an input object in the document")

    def arguments(coerced: Coerced) -> dict[str, Any]:
        made = fixed.copy()
        for take in varying:
            take(coerced, made)
        return made

    return arguments if varying else lambda _: fixed


def _fix_default(
    fixed: dict[str, Any], argument: StrawberryArgument, definition: GraphQLArgument, convert: Convert
) -> None:
    default = coerce_default_value(definition)
    if default is not Undefined:
        if not _is_leaf(definition.type):
            raise Unplanned("a default that callers would share")
        fixed[argument.python_name] = convert(default)
    elif is_non_null_type(definition.type):
        raise Unplanned("a missing argument")


def _from_variable(
    variable: str, python_name: str, definition: GraphQLArgument, convert: Convert
) -> Callable[[Coerced, dict[str, Any]], None]:
    default = coerce_default_value(definition)
    is_required = is_non_null_type(definition.type)

    def take(coerced: Coerced, made: dict[str, Any]) -> None:
        value = coerced.get(variable, Undefined)
        if value is Undefined:
            value = default
        if (value is None or value is Undefined) and is_required:
            raise Unplanned(variable)
        if value is not Undefined:
            made[python_name] = convert(value)

    return take


def _conversion(
    argument: StrawberryArgument,
    definition: GraphQLArgument,
    config: StrawberryConfig,
    registry: Mapping[object, Any],
) -> Convert:
    """From graphql-core's value to Strawberry's, which differ in input objects alone."""
    if _is_leaf(definition.type):
        return lambda value: value
    return lambda value: convert_argument(value, argument.type, registry, config)


def _is_leaf(kind: GraphQLInputType) -> bool:
    return is_leaf_type(get_nullable_type(kind))


def _literal(node: ValueNode, kind: GraphQLInputType) -> Any:
    value = coerce_input_literal(node, kind)
    if value is Undefined:
        raise Unplanned("a literal that does not fit")
    return value


class _Finder(Visitor):
    found = False

    def enter_variable(self, *_: Any) -> None:
        self.found = True


def _has_variables(node: ValueNode) -> bool:
    finder = _Finder()
    visit(node, finder)
    return finder.found
