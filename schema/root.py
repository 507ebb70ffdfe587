"""The schema as a whole."""

from __future__ import annotations

import dataclasses
from datetime import datetime
from uuid import UUID

import strawberry
from graphql import GraphQLError
from strawberry.schema.config import StrawberryConfig
from strawberry.schema.types.base_scalars import DateTimeDefinition, UUIDDefinition
from strawberry.types import ExecutionContext
from strawberry.types.scalar import ScalarDefinition

from schema.allowance import Allowance
from schema.errors import Error
from schema.faults import Faults
from schema.limits import Limits
from schema.locations import Locations
from schema.mutation import Mutation
from schema.operations import OneOperation
from schema.preparation import Preparation
from schema.query import Query
from schema.subscription import Subscription
from schema.validation import BoundedExecution, Validation

# Strawberry's own, with what clients need to know of them.
SCALARS: dict[object, ScalarDefinition] = {
    UUID: dataclasses.replace(
        UUIDDefinition, description="A UUID, as in 00000000-0000-4000-8000-000000000001."
    ),
    datetime: dataclasses.replace(
        DateTimeDefinition,
        description="A moment in UTC, by ISO 8601, as in 2026-11-23T09:26:53.589793+00:00.",
    ),
}


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
    extensions=[Faults, Locations, OneOperation, Limits, Validation, Preparation, Allowance],
    execution_context_class=BoundedExecution,
    config=StrawberryConfig(scalar_map=SCALARS),
)
