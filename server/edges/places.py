"""How many of something each user has open at once."""

from __future__ import annotations

from uuid import UUID


class Places:
    """At most `most` for each user. Kept in this process, for this process alone."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._taken: dict[UUID, int] = {}

    def take(self, user: UUID) -> bool:
        """Whether there was a place; who got one gives it back."""
        taken = self._taken.get(user, 0)
        if taken >= self._most:
            return False
        self._taken[user] = taken + 1
        return True

    def give_back(self, user: UUID) -> None:
        taken = self._taken.pop(user)
        if taken > 1:
            self._taken[user] = taken - 1

    def __len__(self) -> int:
        """How many places are taken."""
        return sum(self._taken.values())
