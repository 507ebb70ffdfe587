"""Documents that clients have sent with their hash, to be asked by that alone afterwards."""

from __future__ import annotations

from collections import OrderedDict
from uuid import UUID

# In characters: of a user, and of all users of this process.
MOST_OF_A_USER = 256 * 1024
MOST_OF_ALL = 16 * 1024 * 1024
# What keeping one costs besides, some 300 bytes, counted as if it were part of it.
BESIDES = 512


class Registered:
    """Each user's own, by hash, so that nobody learns what others ask. Those used longest ago go first; who
    has lost one sends it again.
    """

    def __init__(self) -> None:
        self._users: OrderedDict[UUID, OrderedDict[str, str]] = OrderedDict()
        self._sizes: dict[UUID, int] = {}
        self._size = 0

    def get(self, user: UUID, digest: str) -> str | None:
        documents = self._users.get(user)
        if documents is None or digest not in documents:
            return None
        documents.move_to_end(digest)
        self._users.move_to_end(user)
        return documents[digest]

    def put(self, user: UUID, digest: str, document: str) -> None:
        if self.get(user, digest) is not None:
            return
        self._users.setdefault(user, OrderedDict())[digest] = document
        self._users.move_to_end(user)
        self._count(user, len(document) + BESIDES)
        while self._sizes[user] > MOST_OF_A_USER:
            self._drop(user)
        while self._size > MOST_OF_ALL:
            self._drop(next(iter(self._users)))

    def _drop(self, user: UUID) -> None:
        _, document = self._users[user].popitem(last=False)
        self._count(user, -len(document) - BESIDES)
        if not self._users[user]:
            del self._users[user], self._sizes[user]

    def _count(self, user: UUID, characters: int) -> None:
        self._sizes[user] = self._sizes.get(user, 0) + characters
        self._size += characters
