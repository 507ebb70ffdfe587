"""Whether a document fits the schema, at a cost that is bounded whatever the document says."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from graphql import DocumentNode, GraphQLError, GraphQLOutputType, GraphQLSchema, specified_rules, validate
from graphql.execution import Executor
from graphql.execution.collect_fields import FieldDetailsList
from graphql.pyutils import Path
from graphql.validation import OverlappingFieldsCanBeMergedRule, ValidationContext
from graphql.validation.validate import ValidationAbortedError
from strawberry.extensions import SchemaExtension
from strawberry.schema.schema import StrawberryGraphQLCoreExecutionContext

from core.errors import BadUserInput, Refusal, Unauthenticated
from core.settings import Environment
from schema.context import Context
from schema.preparation import is_prepared

# Some messages quote all of what they are about, each of them.
MOST_ERRORS = 10
# Comparisons of fields that share a name, quadratic in those: a large page of a web UI takes some hundreds.
MOST_COMPARISONS = 20_000


class BoundedOverlaps(OverlappingFieldsCanBeMergedRule):
    def __init__(self, context: ValidationContext) -> None:
        super().__init__(context)
        self.rule_context.remaining_complexity_budget = MOST_COMPARISONS


RULES = tuple(
    BoundedOverlaps if rule is OverlappingFieldsCanBeMergedRule else rule for rule in specified_rules
)


class Validation(SchemaExtension):
    """Takes the place of Strawberry's own, which bounds nothing and knows no way to keep names to itself.

    Its two additional rules are for what the schema has none of: Maybe and oneOf.
    """

    def on_validate(self) -> Iterator[None]:
        asked = self.execution_context
        if asked.pre_execution_errors is None:
            assert asked.graphql_document
            schema = asked.schema._schema  # noqa: SLF001 - Strawberry shows its types no other way
            # Strawberry would look at it, too, if nobody had said that nothing is wrong with it.
            asked.pre_execution_errors = (
                []
                if is_prepared(asked)
                else _validate(
                    schema, asked.graphql_document, hide_suggestions=_hides_suggestions(asked.context)
                )
            )
        yield


class BoundedExecution(StrawberryGraphQLCoreExecutionContext):
    """Holds what is said of variables to the same, and failing fields to what others cost."""

    @classmethod
    def build(
        cls,
        schema: GraphQLSchema,
        document: DocumentNode,
        root_value: Any = None,
        context_value: Any = None,
        *args: Any,
        **options: Any,
    ) -> list[GraphQLError] | Executor[Any]:
        options["hide_suggestions"] = _hides_suggestions(context_value)
        built = super().build(schema, document, root_value, context_value, *args, **options)
        if not isinstance(built, list):
            return built
        # Beyond some number there is one more, which names nothing: it says that there would be more.
        return [error for error in built if error.nodes][:MOST_ERRORS] or built

    def handle_field_error(
        self,
        raw_error: Exception,
        return_type: GraphQLOutputType,
        field_details_list: FieldDetailsList,
        path: Path,
    ) -> None:
        """Lets go of the frames that an expected error has passed: they hold one another, thousands at once
        where every item of a list fails, and looking for them would take longer than all the rest.
        """
        cause = raw_error.original_error if isinstance(raw_error, GraphQLError) else raw_error
        if isinstance(cause, BadUserInput | Refusal | Unauthenticated):
            raw_error.__traceback__ = None
        super().handle_field_error(raw_error, return_type, field_details_list, path)


def _validate(schema: GraphQLSchema, document: DocumentNode, *, hide_suggestions: bool) -> list[GraphQLError]:
    errors = validate(schema, document, RULES, MOST_ERRORS, hide_suggestions)
    return [_explained(error) for error in errors]


def _explained(error: GraphQLError) -> GraphQLError:
    if isinstance(error, ValidationAbortedError) and error.message == "Validation aborted.":
        return GraphQLError("The document selects the same fields too many times over")
    if not isinstance(error.original_error, GraphQLError | None):
        # Python reads no integer beyond 4,300 digits.
        return GraphQLError("A number in the document is too long", error.nodes)
    return error


def _hides_suggestions(context: Context | None) -> bool:
    """Names that a client did not know are told in no environment that strangers reach. There is no context
    where the schema asks itself.
    """
    return context is not None and context.services.settings.environment is Environment.PRODUCTION
