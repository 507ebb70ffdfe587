"""What every field can reach: the services, who asks, and the batched look-ups."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeVar
from uuid import UUID

import strawberry
from strawberry.dataloader import DataLoader

from core.errors import Unauthenticated
from core.identity import Identity
from db.generations import Window
from db.models import Generation, LogEntry, Status, Story
from resolvers import batches
from resolvers.services import Services
from schema.positions import Position

if TYPE_CHECKING:
    from schema.prepared import PreparedDocuments

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")

# With stories in them, to a user at once. Each may be 20 MB long.
MOST_STORY_ANSWERS = 4
# PostgreSQL takes 32,767 parameters a statement, and a key may be one.
LARGEST_BATCH = 30_000


@dataclass
class Context:
    """One for each HTTP request, and one for each socket: so it holds no session, and its look-ups
    batch what one moment asks without remembering any of it. `prepared` is the process's.
    """

    services: Services
    request_id: str
    identity: Identity | None = None
    connection_params: dict[str, Any] | None = None
    position: Position = field(default_factory=Position)
    prepared: PreparedDocuments | None = None

    @property
    def me(self) -> UUID:
        """The user who asks. Raises Unauthenticated before the sign-in."""
        if self.identity is None:
            raise Unauthenticated("no sign-in")
        return self.identity.user_id

    @cached_property
    def turns(self) -> Sequence[asyncio.Lock | asyncio.Semaphore]:
        """What an answer with stories in it holds while it is on its way: one of them at a time goes to a
        client, and few to all the clients of a user.
        """
        users = self.services.story_turns.setdefault(self.me, asyncio.Semaphore(MOST_STORY_ANSWERS))
        return asyncio.Lock(), users

    @cached_property
    def stories(self) -> DataLoader[UUID, Story | None]:
        return self._loader(batches.stories_by_id, None)

    @cached_property
    def contents(self) -> DataLoader[UUID, str | None]:
        return self._loader(batches.contents_by_id, None)

    @cached_property
    def logs(self) -> DataLoader[UUID, list[LogEntry]]:
        return self._loader(batches.logs_by_generation, [])

    @cached_property
    def generations(self) -> DataLoader[tuple[UUID, Window], list[Generation]]:
        return self._loader(batches.generations_by_story, [])

    @cached_property
    def generation_counts(self) -> DataLoader[tuple[UUID, Status | None], int]:
        return self._loader(batches.generation_counts_by_story, 0)

    def forget_batches(self) -> None:
        """Have look-ups begin anew: those that were given up may hold up whoever joins them."""
        for name in ("stories", "contents", "logs", "generations", "generation_counts"):
            self.__dict__.pop(name, None)

    def _loader(
        self,
        batch: Callable[[Services, UUID, Sequence[K]], Awaitable[Mapping[K, V]]],
        missing: V,
    ) -> DataLoader[K, V]:
        async def load(keys: list[K]) -> list[V]:
            found = await batch(self.services, self.me, keys)
            return [found.get(key, missing) for key in keys]

        return DataLoader(load_fn=load, cache=False, max_batch_size=LARGEST_BATCH)


Info = strawberry.Info[Context, None]
