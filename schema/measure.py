"""How large a GraphQL document is, counted in one walk that looks at each node once.

A fragment counts wherever it is spread, and is itself walked once however often that is: a document whose
fragments spread each other ten times over takes no longer than its text.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLSchema,
    InlineFragmentNode,
    IntValueNode,
    OperationDefinitionNode,
    SelectionSetNode,
    ValueNode,
    VariableNode,
)

from resolvers.pages import LARGEST_PAGE
from schema.weights import Weight, weights_of

# Selection sets in one another, fragments included. The walk recurses, and so does validation.
DEEPEST = 100


class NestedTooDeeply(Exception):
    """Selections, through fragments too, are nested beyond DEEPEST."""


@dataclass(frozen=True)
class Measured:
    """`cost` is of the operation that runs, in fields of its answer; all else of the whole document."""

    depth: int
    aliases: int
    root_fields: int
    cost: int
    introspection: FieldNode | None


def measure(
    schema: GraphQLSchema,
    document: DocumentNode,
    running: OperationDefinitionNode | None,
    variables: Mapping[str, Any],
) -> Measured:
    """Measure `document`, valid or not.

    Raises NestedTooDeeply.
    """
    walk = _Walk(schema, document, running, variables)
    operations = [
        (each, walk.operation(each))
        for each in document.definitions
        if isinstance(each, OperationDefinitionNode)
    ]
    whole = [size for _, size in operations] + walk.unreached(document)
    return Measured(
        depth=max((size.depth for size in whole), default=0),
        aliases=sum(size.aliases for size in whole),
        root_fields=sum(size.fields for _, size in operations),
        cost=sum(size.fixed for each, size in operations if each is running),
        introspection=walk.introspection,
    )


class _Size(NamedTuple):
    """What a selection set amounts to. `each` is the cost of one item of those lists in it whose length the
    field above says.
    """

    depth: int = 0
    aliases: int = 0
    fields: int = 0
    names: frozenset[str] | set[str] = frozenset()
    fixed: int = 0
    each: int = 0


NOTHING = _Size()
UNKNOWN = Weight()


class _Walk:
    def __init__(
        self,
        schema: GraphQLSchema,
        document: DocumentNode,
        running: OperationDefinitionNode | None,
        variables: Mapping[str, Any],
    ) -> None:
        self.introspection: FieldNode | None = None
        self._schema = schema
        self._weights = weights_of(schema)
        self._fragments = {
            each.name.value: each for each in document.definitions if isinstance(each, FragmentDefinitionNode)
        }
        self._sizes: dict[str, _Size] = {}
        self._variables = variables
        self._defaults = {
            each.variable.name.value: each.default_value
            for each in (running.variable_definitions if running else None) or ()
            if each.default_value
        }

    def operation(self, node: OperationDefinitionNode) -> _Size:
        root = self._schema.get_root_type(node.operation)
        return self._selections(node.selection_set, root.name if root else "", 1)

    def unreached(self, document: DocumentNode) -> list[_Size]:
        """The fragments that no operation spreads, and those that share their name with another."""
        return [
            self._selections(each.selection_set, each.type_condition.name.value, 1)
            for each in document.definitions
            if isinstance(each, FragmentDefinitionNode)
            and not (each.name.value in self._sizes and self._fragments[each.name.value] is each)
        ]

    def _selections(self, node: SelectionSetNode, type_name: str, nesting: int) -> _Size:
        if nesting > DEEPEST:
            raise NestedTooDeeply
        weights = self._weights.get(type_name, {})
        depth = aliases = fields = fixed = each = 0
        names: set[str] = set()
        for selection in node.selections:
            if isinstance(selection, FieldNode):
                weight = weights.get(selection.name.value, UNKNOWN)
                part = self._field(selection, weight, nesting)
            elif isinstance(selection, InlineFragmentNode):
                condition = selection.type_condition
                narrowed = condition.name.value if condition else type_name
                part = self._selections(selection.selection_set, narrowed, nesting + 1)
            else:
                assert isinstance(selection, FragmentSpreadNode)
                part = self._spread(selection.name.value, nesting)
            depth = max(depth, part.depth)
            repeated = len(names & part.names)
            aliases += part.aliases + repeated
            fields += part.fields
            names |= part.names
            # A repeated field is answered once.
            fixed += part.fixed - repeated
            each += part.each
        return _Size(depth, aliases, fields, names, fixed, each)

    def _field(self, node: FieldNode, weight: Weight, nesting: int) -> _Size:
        name = node.name.value
        if name in {"__schema", "__type"} and not self.introspection:
            self.introspection = node
        below = (
            self._selections(node.selection_set, weight.type_name, nesting + 1)
            if node.selection_set
            else NOTHING
        )
        cost = weight.weight + below.fixed + (below.each and self._items(node, weight) * below.each)
        return _Size(
            below.depth + 1,
            below.aliases + (node.alias is not None),
            1,
            {node.alias.value if node.alias else name},
            0 if weight.items is None else weight.items * cost,
            cost if weight.items is None else 0,
        )

    def _spread(self, name: str, nesting: int) -> _Size:
        size = self._sizes.get(name)
        if size is None:
            # One that spreads itself finds nothing: validation refuses it.
            self._sizes[name] = NOTHING
            fragment = self._fragments.get(name)
            size = NOTHING
            if fragment:
                condition = fragment.type_condition.name.value
                size = self._selections(fragment.selection_set, condition, nesting + 1)
            self._sizes[name] = size
        return size

    def _items(self, node: FieldNode, weight: Weight) -> int:
        for argument in node.arguments or ():
            if argument.name.value == weight.pages:
                return self._number(argument.value, weight.default)
        return weight.default

    def _number(self, value: ValueNode, default: int) -> int:
        """What an argument says; the largest page where that is nothing a page can have."""
        given: Any = None
        if isinstance(value, VariableNode):
            name = value.name.value
            if name not in self._variables:
                preset = self._defaults.get(name)
                return self._number(preset, default) if preset else default
            given = self._variables[name]
        elif isinstance(value, IntValueNode) and len(value.value) <= len(str(LARGEST_PAGE)):
            given = int(value.value)
        return given if type(given) is int and 1 <= given <= LARGEST_PAGE else LARGEST_PAGE
