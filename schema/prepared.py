"""Documents that were found good, so that the next who sends one of them does not wait for that again."""

from __future__ import annotations

from collections import Counter, OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from uuid import UUID

from graphql import DocumentNode, OperationDefinitionNode, get_operation_ast

from schema.plans.plan import Plan

# In characters of documents: of one, and of all. What is kept of one takes some 200 times that.
LONGEST = 8 * 1024
MOST_OF_ALL = 256 * 1024
# Those of users who brought more than this go first, so that nobody pushes out what all others have.
SHARE = MOST_OF_ALL // 8
# What keeping one costs besides, and each field of a plan, counted as if it were part of it.
BESIDES = 64
FIELD = 12

# The document as it may be seen by all who send it, or by one user alone.
Key = tuple[str, UUID | None]
Make = Callable[[DocumentNode, OperationDefinitionNode], Plan | None]


@dataclass
class Prepared:
    """A document that is valid, and within its limits whatever its variables are."""

    document: DocumentNode
    # Who brought it.
    user: UUID
    _make: Make
    _grow: Callable[[Prepared, int], None]
    # As it is counted; None once it is kept no longer.
    size: int | None = 0
    _plans: dict[str | None, Plan | None] = field(default_factory=dict)

    def plan(self, operation_name: str | None) -> Plan | None:
        """The plan for the operation of that name; None where graphql-core is to answer."""
        if operation_name not in self._plans:
            operation = get_operation_ast(self.document, operation_name)
            if operation is None:
                return None
            plan = self._plans[operation_name] = self._make(self.document, operation)
            if plan:
                self._grow(self, plan.fields * FIELD)
        return self._plans[operation_name]


class PreparedDocuments:
    """One for each process, as what is good depends on its settings. Those used longest ago go first, of
    users who have more than their share if there are any.

    Who sends a document that another has sent gets an answer sooner. So one with a text in it, which may
    say something of its user, is kept for that user alone.
    """

    def __init__(self, make: Make) -> None:
        self._make = make
        self._kept: OrderedDict[Key, Prepared] = OrderedDict()
        self._size = 0
        self._sizes: Counter[UUID] = Counter()

    def find(self, text: str, user: UUID) -> Prepared | None:
        key = _key(text, user)
        found = self._kept.get(key)
        if found is not None:
            self._kept.move_to_end(key)
        return found

    def keep(self, text: str, user: UUID, document: DocumentNode) -> None:
        """Keep a document that was found good."""
        key = _key(text, user)
        if len(text) > LONGEST or key in self._kept:
            return
        kept = self._kept[key] = Prepared(document, user, self._make, self._grow)
        self._grow(kept, len(text) + BESIDES)

    def _grow(self, kept: Prepared, by: int) -> None:
        if kept.size is None:
            return
        kept.size += by
        self._size += by
        self._sizes[kept.user] += by
        while self._size > MOST_OF_ALL:
            self._drop(self._kept.pop(self._first_to_go()))

    def _first_to_go(self) -> Key:
        is_anyone_over = max(self._sizes.values()) > SHARE
        return next(
            key for key, kept in self._kept.items() if not is_anyone_over or self._sizes[kept.user] > SHARE
        )

    def _drop(self, kept: Prepared) -> None:
        assert kept.size is not None
        self._size -= kept.size
        self._sizes[kept.user] -= kept.size
        if not self._sizes[kept.user]:
            del self._sizes[kept.user]
        kept.size = None


def _key(text: str, user: UUID) -> Key:
    return text, user if '"' in text else None
