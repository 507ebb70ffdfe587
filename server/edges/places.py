"""How many of something each user has open at once."""

from __future__ import annotations

from collections import Counter
from uuid import UUID


class Places:
    """At most `most` for each user. Kept in this process, for this process alone."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._taken: Counter[UUID] = Counter()

    def take(self, user: UUID) -> bool:
        """Whether there was a place; who got one gives it back."""
        if self._taken[user] >= self._most:
            return False
        self._taken[user] += 1
        return True

    def give_back(self, user: UUID) -> None:
        self._taken[user] -= 1
        if not self._taken[user]:
            del self._taken[user]

    def __len__(self) -> int:
        """How many places are taken."""
        return self._taken.total()
