"""What of a released contract its clients could trip over by now."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import Enum

from graphql import (
    BreakingChangeType,
    DangerousChangeType,
    GraphQLSchema,
    SafeChangeType,
    build_ast_schema,
    find_schema_changes,
    parse,
)

from schema.deprecations import without_what_may_go

_ASKING = "documents that ask for it"
_GIVING = "callers that give it"
_LEAVING_OUT = "callers that leave it out"
_SWITCHING = "clients that took those there were for all there can be"

# Each that counts, and who trips over it. Optional arguments and input fields may come: nobody gives them
# before they are there.
WHOM: dict[Enum, str] = {
    **dict.fromkeys(BreakingChangeType, "documents and clients that use it"),
    BreakingChangeType.TYPE_REMOVED: "documents and clients that name it",
    BreakingChangeType.TYPE_REMOVED_FROM_UNION: "documents with a fragment on it",
    BreakingChangeType.IMPLEMENTED_INTERFACE_REMOVED: "documents that reach it by fragments on the interface",
    BreakingChangeType.VALUE_REMOVED_FROM_ENUM: "callers that give it, and clients that wait for it",
    BreakingChangeType.FIELD_REMOVED: f"{_ASKING}, and {_GIVING}",
    BreakingChangeType.FIELD_CHANGED_KIND: f"{_ASKING}, and {_GIVING}",
    BreakingChangeType.ARG_REMOVED: _GIVING,
    BreakingChangeType.ARG_CHANGED_KIND: _GIVING,
    BreakingChangeType.REQUIRED_ARG_ADDED: "every caller there is",
    BreakingChangeType.REQUIRED_INPUT_FIELD_ADDED: "every caller there is",
    DangerousChangeType.VALUE_ADDED_TO_ENUM: _SWITCHING,
    DangerousChangeType.TYPE_ADDED_TO_UNION: _SWITCHING,
    DangerousChangeType.IMPLEMENTED_INTERFACE_ADDED: "documents whose fragments on the interface take it in",
    DangerousChangeType.ARG_DEFAULT_VALUE_CHANGE: _LEAVING_OUT,
    DangerousChangeType.INPUT_FIELD_DEFAULT_VALUE_CHANGE: _LEAVING_OUT,
    SafeChangeType.ARG_DEFAULT_VALUE_ADDED: _LEAVING_OUT,
    SafeChangeType.INPUT_FIELD_DEFAULT_VALUE_ADDED: _LEAVING_OUT,
}


@dataclass(frozen=True)
class Change:
    """`what` is a sentence that names one change, and no other; `whom` are those that trip over it."""

    what: str
    whom: str


def find_changes(released: str, served: GraphQLSchema, today: date) -> list[Change]:
    """What `served` breaks of the SDL `released`, save what was deprecated there and may be gone `today`."""
    document = parse(released)
    promised = without_what_may_go(document, today)
    # What may go would look like an addition where it is still there: so only what both see.
    still = {change.description for change in find_schema_changes(promised, served)}
    return [
        Change(change.description, WHOM[change.type])
        for change in find_schema_changes(build_ast_schema(document, assume_valid=True), served)
        if change.type in WHOM and change.description in still
    ]
