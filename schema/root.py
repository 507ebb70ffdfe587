"""The schema as a whole."""

from __future__ import annotations

import strawberry
from graphql import GraphQLError
from strawberry.types import ExecutionContext

from schema.allowance import Allowance
from schema.errors import Error
from schema.faults import Faults
from schema.limits import Limits
from schema.locations import Locations
from schema.mutation import Mutation
from schema.operations import OneOperation
from schema.query import Query
from schema.subscription import Subscription
from schema.validation import BoundedExecution, Validation


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
    extensions=[Faults, Locations, OneOperation, Limits, Validation, Allowance],
    execution_context_class=BoundedExecution,
)
