"""A user's story and generation, made anew again and again, as generated requests may do away with them."""

from __future__ import annotations

import asyncio
from uuid import UUID

from hypothesis import strategies as st

from tests.chaos.clients.load import Crowd

MAKE_SECONDS = 30


class Owned:
    """Made by `make`, within the event loop."""

    def __init__(self, crowd: Crowd, user: UUID) -> None:
        self._crowd, self.user = crowd, user
        self._loop = asyncio.get_running_loop()
        self._known: list[str] = []

    @classmethod
    async def make(cls, crowd: Crowd, user: UUID) -> Owned:
        owned = cls(crowd, user)
        await owned._renew()
        return owned

    def renew(self) -> None:
        """Another story and generation; from another thread than the event loop's."""
        asyncio.run_coroutine_threadsafe(self._renew(), self._loop).result(MAKE_SECONDS)

    def ids(self) -> st.SearchStrategy[str]:
        """Those of the story and the generation that there are when it is drawn."""
        return st.sampled_from(range(2)).map(lambda which: self._known[which])

    def is_named(self, text: str) -> bool:
        return any(each in text for each in self._known)

    async def _renew(self) -> None:
        await self._crowd.write_stories([1])
        generation = await self._crowd.ask(self.user)
        assert generation, self._crowd.asked.refused
        self._known = [self._crowd.stories[self.user], str(generation)]
