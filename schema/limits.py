"""How large a document may be: looked at once it is parsed, before any of it is validated or run."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from graphql import GraphQLError, get_operation_ast
from strawberry.extensions import SchemaExtension

from core.errors import BadUserInput
from core.settings import Settings
from schema.context import Context
from schema.measure import DEEPEST, Measured, NestedTooDeeply, measure
from schema.preparation import is_prepared

# In a request's variables, lists and objects included; the documented inputs have a handful.
MOST_VALUES = 10_000
# Beyond it a figure says nothing more.
LARGEST_FIGURE = 1_000_000_000


class Limits(SchemaExtension):
    """Refuses a document that is too large, and introspection where that is off."""

    def on_operation(self) -> Iterator[None]:
        if self._is_asked:
            self.execution_context.parse_options["max_tokens"] = self._settings.query_tokens
        yield

    def on_validate(self) -> Iterator[None]:
        problem = self._problem() if self._is_asked else None
        if problem:
            self.execution_context.pre_execution_errors = [problem]
        yield

    @property
    def _is_asked(self) -> bool:
        """By a client: where the schema asks itself there is no context."""
        return self.execution_context.context is not None

    @property
    def _settings(self) -> Settings:
        context: Context = self.execution_context.context
        return context.services.settings

    def _problem(self) -> GraphQLError | None:
        asked = self.execution_context
        assert asked.graphql_document
        schema = asked.schema._schema  # noqa: SLF001 - Strawberry shows its types no other way
        if not is_within(MOST_VALUES, asked.variables or {}):
            refusal = BadUserInput(f"The variables hold more than {MOST_VALUES:,} values")
            return GraphQLError(str(refusal), original_error=refusal)
        if is_prepared(asked):
            return None
        running = get_operation_ast(asked.graphql_document, asked.operation_name)
        try:
            measured = measure(schema, asked.graphql_document, running, asked.variables or {})
        except NestedTooDeeply:
            return GraphQLError(f"The document nests more than {DEEPEST} selections in one another")
        return _introspection(self._settings, measured) or _excess(self._settings, measured)


def is_within(most: int, variables: dict[str, Any]) -> bool:
    """Whether `variables` hold no more values than `most`. Looks at no more of them."""
    found = len(variables)
    left: list[Any] = [value for value in variables.values() if isinstance(value, dict | list)]
    if not left:
        return found <= most
    while left:
        value = left.pop()
        if isinstance(value, dict | list):
            found += len(value)
            if found > most:
                return False
            left.extend(value.values() if isinstance(value, dict) else value)
    return True


def _introspection(settings: Settings, measured: Measured) -> GraphQLError | None:
    node = measured.introspection
    if node is None or settings.introspects:
        return None
    return GraphQLError(f"Introspection is off on this server, so {node.name.value} cannot be asked", node)


def _excess(settings: Settings, measured: Measured) -> GraphQLError | None:
    figures = [
        (measured.depth, settings.query_depth, "is {} levels deep"),
        (measured.aliases, settings.query_aliases, "has {} aliases and repeated fields"),
        (measured.root_fields, settings.query_root_fields, "has {} fields at its root"),
        (measured.cost, settings.query_cost, "asks for {} fields, lists multiplied by their size"),
    ]
    for figure, limit, what in figures:
        if figure > limit:
            told = f"{figure:,}" if figure <= LARGEST_FIGURE else f"more than {LARGEST_FIGURE:,}"
            return GraphQLError(f"The document {what.format(told)}, and {limit:,} are allowed")
    return None
