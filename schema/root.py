"""The schema as a whole."""

from __future__ import annotations

import strawberry
from graphql import GraphQLError
from strawberry.extensions import MaxTokensLimiter
from strawberry.types import ExecutionContext

from schema.errors import Error
from schema.faults import Faults
from schema.mutation import Mutation
from schema.operations import OneOperation
from schema.query import Query
from schema.subscription import Subscription

# The introspection query of GraphiQL has about 250.
MOST_TOKENS = 2_000


class Schema(strawberry.Schema):
    def process_errors(
        self, errors: list[GraphQLError], execution_context: ExecutionContext | None = None
    ) -> None:
        """Nothing: `Faults` logs what is ours, once, with the request's id."""


schema = Schema(
    query=Query,
    mutation=Mutation,
    subscription=Subscription,
    types=[Error],
    extensions=[Faults, OneOperation, lambda: MaxTokensLimiter(max_token_count=MOST_TOKENS)],
)
