"""One user with thousands of streams: others are told in between."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from uuid import UUID

import pytest

from core.events import ChangeKind, GenerationChange
from resolvers.progress_news import News
from resolvers.progress_waking import FEW, SLICE_SECONDS, Waking
from tests.live.streams import until
from tests.live.test_news import ONE, row

MANY = 4 * FEW


class Slow:
    """A stream that takes a while to tell, and knows which revisions it told, and when it did last."""

    def __init__(self, news: News, woken: list[Slow]) -> None:
        self.cursor = news.moves
        self.told: list[int] = []
        self.at = 0.0
        self._news, self._woken = news, woken

    def wake(self) -> None:
        time.sleep(SLICE_SECONDS / 2)
        self._woken.append(self)
        self.at = time.perf_counter()
        for entry in self._news.since(self.cursor):
            assert entry.row
            self.told.append(entry.row.revision)
            self.cursor = entry.move


class Crowd:
    """The streams of one user who follows a generation so many times; which of them were woken, in order."""

    def __init__(self, waking: Waking, streams: int) -> None:
        self.news = News(UUID(int=9), lambda _: None, waking)
        self.news.learn([row(2)], self.news.begin())
        self.woken: list[Slow] = []
        self.streams = [Slow(self.news, self.woken) for _ in range(streams)]
        for stream in self.streams:
            self.news.join(stream, ONE)

    def move(self, revision: int) -> None:
        self.news.put(GenerationChange(ONE, ChangeKind.UPDATED, revision, "in_progress", 50, 1))

    def has_been_told(self, revision: int) -> bool:
        return all(stream.told and stream.told[-1] == revision for stream in self.streams)


class Turns:
    """How many streams of a crowd are woken in each turn of the event loop."""

    def __init__(self, crowd: Crowd) -> None:
        self.sizes: list[int] = []
        self._crowd = crowd
        self._seen = 0
        self._look()

    def _look(self) -> None:
        self.sizes.append(len(self._crowd.woken) - self._seen)
        self._seen = len(self._crowd.woken)
        self._next = asyncio.get_running_loop().call_soon(self._look)

    def stop(self) -> None:
        self._next.cancel()


@pytest.fixture
def waking() -> Iterator[Waking]:
    made = Waking()
    yield made
    assert not made._rounds  # noqa: SLF001 - a leak shows nowhere else


async def test_many_are_woken_in_slices(waking: Waking) -> None:
    crowd = Crowd(waking, MANY)
    turns = Turns(crowd)
    crowd.move(3)
    await until(lambda: crowd.has_been_told(3))
    turns.stop()
    assert len(crowd.woken) == MANY == len(set(crowd.woken))
    # The first slice is part of the turn in which something moved.
    assert max(turns.sizes) <= 2 * 2 + 1


async def test_another_user_with_few_is_told_at_once_meanwhile(waking: Waking) -> None:
    crowd, other = Crowd(waking, MANY), Crowd(waking, FEW)
    crowd.move(3)
    other.move(3)
    assert other.has_been_told(3)
    assert not crowd.has_been_told(3)
    await until(lambda: crowd.has_been_told(3))


async def test_another_user_with_many_takes_turns(waking: Waking) -> None:
    one, other = Crowd(waking, MANY), Crowd(waking, MANY)
    one.move(3)
    other.move(3)
    await until(lambda: one.has_been_told(3) and other.has_been_told(3))
    assert min(each.at for each in other.streams) < sorted(each.at for each in one.streams)[MANY // 2]


async def test_what_moves_again_meanwhile_is_told_in_its_newest_state(waking: Waking) -> None:
    crowd = Crowd(waking, MANY)
    for revision in range(3, 100):
        crowd.move(revision)
    await until(lambda: crowd.has_been_told(99))
    # Some were told of the first, and nobody of each.
    assert {len(stream.told) for stream in crowd.streams} <= {1, 2}
    assert all(stream.told == sorted(set(stream.told)) for stream in crowd.streams)
    await until(lambda: len(crowd.woken) == 2 * MANY)


async def test_those_who_come_and_go_meanwhile_keep_nobody_from_it(waking: Waking) -> None:
    crowd = Crowd(waking, MANY)
    crowd.move(3)
    for stream in crowd.streams[::2]:
        crowd.news.leave(stream, ONE)
    late = Slow(crowd.news, crowd.woken)
    crowd.news.join(late, ONE)
    crowd.streams = [*crowd.streams[1::2], late]
    crowd.move(4)
    await until(lambda: crowd.has_been_told(4))
    await until(lambda: not crowd.news._waking._rounds)  # noqa: SLF001 - else some are woken after the test
