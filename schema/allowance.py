"""How much story text one answer may hold. Documents are small, and stories are not: a hundred words of
GraphQL may ask for a hundred stories of a million characters.
"""

from __future__ import annotations

import contextvars
from collections.abc import Iterator
from typing import Any

from strawberry.extensions import SchemaExtension

from core.errors import TooMuchContent
from resolvers.batches import MOST_CONTENT


class Spent:
    """The characters of story text in one answer so far."""

    def __init__(self) -> None:
        self.characters = 0


_spent: contextvars.ContextVar[Spent] = contextvars.ContextVar("spent")


class Allowance(SchemaExtension):
    """Counts anew for each answer, and for each event of a subscription."""

    def on_operation(self) -> Iterator[None]:
        self._spent = Spent()
        _spent.set(self._spent)
        yield

    def on_stream_result(self, _: Any) -> Iterator[None]:
        yield
        self._spent.characters = 0


def spend(content: str) -> str:
    """`content`, once it is counted.

    Raises TooMuchContent where the answer would hold more than MOST_CONTENT characters of stories.
    """
    spent = _spent.get()
    spent.characters += len(content)
    if spent.characters > MOST_CONTENT:
        raise TooMuchContent(MOST_CONTENT)
    return content
