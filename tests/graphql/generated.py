"""Documents made at random out of a schema: what clients send, and some that they should not."""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from graphql import (
    GraphQLField,
    GraphQLObjectType,
    GraphQLOutputType,
    GraphQLSchema,
    get_named_type,
    is_abstract_type,
    is_leaf_type,
)

DEEPEST = 5
# By an argument's name.
VALUES: dict[str, list[Any]] = {
    "page": [1, 1, 1, 2, 3],
    "pageSize": [1, 3, 10, 10, 100],
    "first": [1, 4, 20],
    "after": [None, "AZqM0wAAcACAAAAAAAAAAA"],
    "status": [None, "PENDING", "SUCCEEDED", "FAILED"],
}
# What fails. Only where it is alone: of several failures at once, the one that is told first is told.
BAD: dict[str, list[Any]] = {"page": [0], "pageSize": [101], "first": [0, 101], "after": ["no cursor"]}


@dataclass
class Request:
    """A document, with its variables."""

    document: str
    variables: dict[str, Any]


@dataclass
class Generator:
    """Makes requests. The same `seed` makes the same ones; `ids` are what they ask for."""

    schema: GraphQLSchema
    seed: int
    ids: list[str]
    _dice: random.Random = field(init=False)

    def __post_init__(self) -> None:
        self._dice = random.Random(self.seed)

    def query(self) -> Request:
        return self._operation("query", self.schema.query_type, self._dice.randint(1, 3))

    def mutation(self, inputs: dict[str, list[Any]]) -> Request:
        """`inputs`: by the name of a mutation, what its argument may be."""
        return self._operation("mutation", self.schema.mutation_type, self._dice.randint(1, 2), inputs)

    def _operation(
        self,
        kind: str,
        root: GraphQLObjectType | None,
        number: int,
        inputs: dict[str, list[Any]] | None = None,
    ) -> Request:
        assert root
        made = _Operation(self._dice, self.schema, self.ids, inputs or {}, may_fail=number == 1)
        names = self._dice.choices(sorted(inputs or root.fields), k=number)
        selections = " ".join(
            f"m{place}: {made.field(root, name, 1, may_alias=False)}" for place, name in enumerate(names)
        )
        return made.request(kind, selections)


@dataclass
class _Operation:
    dice: random.Random
    schema: GraphQLSchema
    ids: list[str]
    inputs: dict[str, list[Any]]
    may_fail: bool
    declared: list[str] = field(default_factory=list)
    variables: dict[str, Any] = field(default_factory=dict)
    fragments: list[str] = field(default_factory=list)
    places: Iterator[int] = field(default_factory=itertools.count)

    def request(self, kind: str, selections: str) -> Request:
        declared = f"({', '.join(self.declared)})" if self.declared else ""
        document = " ".join([f"{kind} Made{declared} {{ {selections} }}", *self.fragments])
        return Request(document, self.variables)

    def field(self, parent: Any, name: str, depth: int, *, may_alias: bool = True) -> str:
        definition: GraphQLField = parent.fields[name]
        alias = f"a{next(self.places)}: " if may_alias and self._chance(0.2) else ""
        below = self._below(definition.type, depth)
        return f"{alias}{name}{self._arguments(name, definition)}{self._directive()}{below}"

    def _below(self, kind: GraphQLOutputType, depth: int) -> str:
        named = get_named_type(kind)
        return "" if is_leaf_type(named) else f" {{ {self._selections(named, depth)} }}"

    def _selections(self, kind: Any, depth: int) -> str:
        made = ["__typename"] if self._chance(0.2) else []
        if is_abstract_type(kind) and self._chance(0.3 if hasattr(kind, "fields") else 1):
            members = (*self.schema.get_possible_types(kind), self.schema.type_map["Error"])
            made += [
                f"... on {each.name} {{ {self._selections(each, depth)} }}"
                for each in members
                if self._chance(0.8)
            ]
        if hasattr(kind, "fields"):
            made += self._fields(kind, depth)
        return " ".join(made) or "__typename"

    def _fields(self, kind: Any, depth: int) -> list[str]:
        names = [
            name
            for name, each in sorted(kind.fields.items())
            if depth < DEEPEST or is_leaf_type(get_named_type(each.type))
        ]
        chosen = self.dice.sample(names, min(len(names), self.dice.randint(1, 6)))
        return [self._wrapped(kind, self.field(kind, name, depth + 1)) for name in chosen]

    def _wrapped(self, kind: Any, selection: str) -> str:
        way = self.dice.random()
        if way < 0.1:
            return f"... {{ {selection} }}"
        if way < 0.2:
            return f"... on {kind.name}{self._directive()} {{ {selection} }}"
        if way < 0.3:
            name = f"F{len(self.fragments)}"
            self.fragments.append(f"fragment {name} on {kind.name} {{ {selection} }}")
            return f"...{name}"
        return selection

    def _directive(self) -> str:
        if not self._chance(0.02):
            return ""
        name = self.dice.choice(["skip", "include"])
        return f" @{name}(if: {self._argument('flag', 'Boolean!', self._chance(0.5), inline=True)})"

    def _arguments(self, name: str, definition: GraphQLField) -> str:
        made = []
        for argument, given in definition.args.items():
            is_required = str(given.type).endswith("!") and given.default is None
            if is_required or self._chance(0.5):
                values = self.inputs.get(name) or VALUES.get(argument) or self.ids
                if argument in BAD and self.may_fail and self._chance(0.1):
                    values, self.may_fail = BAD[argument], False
                is_literal = not self.inputs and self._chance(0.5)
                value = self.dice.choice(values)
                made.append(
                    f"{argument}: {self._argument(argument, str(given.type), value, inline=is_literal)}"
                )
        return f"({', '.join(made)})" if made else ""

    def _argument(self, name: str, kind: str, value: Any, *, inline: bool) -> str:
        """A literal, or a variable: given, left out, null, or of another type than it should be."""
        if inline:
            return _literal(value, is_name=name == "status")
        variable = f"v{len(self.declared)}"
        default = ""
        if kind.endswith("!") and name in VALUES and self._chance(0.3):
            default = f" = {_literal(self.dice.choice(VALUES[name][:3]), is_name=False)}"
        self.declared.append(f"${variable}: {kind}{default}")
        way = self.dice.random()
        if way < 0.9:
            self.variables[variable] = value
        elif way < 0.95:
            self.variables[variable] = self.dice.choice([None, [], "odd", 1.5])
        return f"${variable}"

    def _chance(self, share: float) -> bool:
        return self.dice.random() < share


def _literal(value: Any, *, is_name: bool) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return str(value).lower()
    return f'"{value}"' if isinstance(value, str) and not is_name else str(value)
