"""Reads for the live streams of a process: at their beginning, when a message says so, after a gap, and every
few seconds anyway. All streams of a user share what is read.
"""

from __future__ import annotations

import asyncio
import logging
import random
import time
from collections.abc import Awaitable, Callable, Collection, Iterable
from typing import TypeVar
from uuid import UUID

from core.events import ChangeKind
from core.feed import Feed
from db.calls import UserCall
from db.changes import read_changes, read_generations
from db.models import GenerationRow
from db.sessions import DATABASE_ERRORS, LASTING_ERRORS, ApiDatabase
from resolvers.progress_news import News
from resolvers.progress_waking import Waking

REREAD_SECONDS = (10.0, 15.0)
PAUSE_SECONDS = 1.0
# Clients come back by the thousand when a server does, and take an error for the last word.
FIRST_PATIENCE_SECONDS = 30.0
# Reads that nobody waits for, at once: all users have a gap at the same moment.
MOST_READS = 4
# For how long one of these that failed keeps its turn: all users' would ask a server that is away at once.
FAILED_SECONDS = 0.1

T = TypeVar("T")

logger = logging.getLogger(__name__)


class Desk:
    """One for each process."""

    def __init__(self, feed: Feed, database: ApiDatabase) -> None:
        self._feed = feed
        self._database = database
        self._news: dict[UUID, _Kept] = {}
        self._turns = asyncio.Semaphore(MOST_READS)
        self._waking = Waking()

    def enter(self, me: UUID) -> News:
        """What there is for a stream of the user's. Who enters leaves."""
        kept = self._news.get(me)
        if kept is None:
            self._news[me] = kept = _Kept(News(me, self._want, self._waking))
            self._feed.add(me, kept.news)
            self._look_later(kept)
        kept.streams += 1
        return kept.news

    def leave(self, me: UUID) -> None:
        """Nothing is awaited: a stream that is canceled twice leaves nothing behind either."""
        kept = self._news[me]
        kept.streams -= 1
        if not kept.streams:
            del self._news[me]
            self._feed.remove(me, kept.news)
            kept.close()
        elif not kept.news.follows_all:
            kept.news.forget()

    async def read(self, me: UUID, query: Callable[[UserCall], Awaitable[T]]) -> T:
        """Run the query a stream begins with, again where the database is away or busy: it waits for that.

        Raises one of DATABASE_ERRORS where it is still so after FIRST_PATIENCE_SECONDS, or will be.
        """
        gives_up = time.monotonic() + FIRST_PATIENCE_SECONDS
        while True:
            try:
                return await query(self._database.call(me))
            except DATABASE_ERRORS as error:
                if isinstance(error, LASTING_ERRORS) or time.monotonic() > gives_up:
                    raise
                _log(error)
            await asyncio.sleep(PAUSE_SECONDS)

    def _want(self, news: News) -> None:
        kept = self._news.get(news.user_id)
        if kept is not None and kept.reading is None:
            kept.reading = asyncio.create_task(self._read_wanted(kept))

    async def _read_wanted(self, kept: _Kept) -> None:
        try:
            while kept.news.has_gap or kept.news.unread:
                if not await self._read_in_turn(kept.news):
                    await asyncio.sleep(PAUSE_SECONDS)
        except Exception:
            logger.exception("A live stream cannot read")
        finally:
            kept.reading = None

    async def _read_in_turn(self, news: News) -> bool:
        """Whether the database has answered. Where it has not, as much is wanted as before."""
        async with self._turns:
            try:
                await (self._look(news) if news.has_gap else self._find(news))
            except DATABASE_ERRORS as error:
                _log(error)
                await asyncio.sleep(FAILED_SECONDS)
                return False
            return True

    async def _look(self, news: News) -> None:
        news.has_gap = False
        news.unread.clear()
        began, followed = news.begin(), news.followed
        call = self._database.call(news.user_id)
        try:
            if news.follows_all:
                changes = await read_changes(call, since=news.until, followed=followed)
                news.catch_up(changes, began)
                _enter(news, changes.generations, followed, began)
            elif followed:
                _enter(news, await read_generations(call, generation_ids=followed), followed, began)
        except DATABASE_ERRORS:
            news.has_gap = True
            raise

    async def _find(self, news: News) -> None:
        wanted, began = dict(news.unread), news.begin()
        news.unread.clear()
        deleted = {each for each, kind in wanted.items() if kind is ChangeKind.DELETED}
        call = self._database.call(news.user_id)
        try:
            found = await read_generations(call, generation_ids=wanted)
        except DATABASE_ERRORS:
            news.want(wanted)
            raise
        _enter(news, found, wanted, began, deleted)

    def _look_later(self, kept: _Kept) -> None:
        # Spread, so that the users of one moment do not all read at another.
        seconds = random.uniform(*REREAD_SECONDS)  # noqa: S311 - no secret
        kept.timer = asyncio.get_running_loop().call_later(seconds, self._look_again, kept)

    def _look_again(self, kept: _Kept) -> None:
        kept.news.mark_gap()
        self._look_later(kept)


class _Kept:
    """A user's news, and what goes on for it."""

    __slots__ = ("news", "reading", "streams", "timer")

    def __init__(self, news: News) -> None:
        self.news = news
        self.streams = 0
        self.reading: asyncio.Task[None] | None = None
        self.timer: asyncio.TimerHandle | None = None

    def close(self) -> None:
        if self.timer:
            self.timer.cancel()
        if self.reading:
            self.reading.cancel()


def _log(error: Exception) -> None:
    logger.warning("A live stream waits for the database: %s", error)


def _enter(
    news: News,
    found: Iterable[GenerationRow],
    wanted: Iterable[UUID],
    began: int,
    deleted: Collection[UUID] = (),
) -> None:
    """What was found of what was wanted, and what was not. Some are said to be `deleted`."""
    rows = {row.id: row for row in found}
    news.learn([row for row in rows.values() if row.id in wanted], began)
    for each in wanted:
        if each not in rows:
            news.lose(each, began, was_told=each in deleted)
