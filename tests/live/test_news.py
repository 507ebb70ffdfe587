"""What a user's streams know of the user's generations, by itself: messages and reads in any order."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from core.events import ChangeKind, GenerationChange
from db.changes import Changes
from db.models import GenerationRow
from resolvers.progress_news import READING, WAITING, News
from resolvers.progress_waking import Waking

ONE, OTHER, NEVER = UUID(int=1), UUID(int=2), UUID(int=3)
NOW = datetime(2026, 1, 1, tzinfo=UTC)

Told = list[tuple[str, int, int | None]]


def row(revision: int, generation: UUID = ONE, **more: Any) -> GenerationRow:
    state = {"status": "in_progress", "progress": 0, "attempt": 1, **more}
    nothing = dict.fromkeys(GenerationRow._fields)
    return GenerationRow(**{**nothing, "id": generation, "revision": revision, **state})


def heard(revision: int, generation: UUID = ONE, progress: int = 50, **more: Any) -> GenerationChange:
    kind = more.pop("kind", ChangeKind.UPDATED)
    return GenerationChange(generation, kind, revision, more.pop("status", "in_progress"), progress, 1)


class Listener:
    """A stream that takes in what it is told, unless it is `slow`."""

    def __init__(self, news: News, *, slow: bool = False) -> None:
        self.cursor = news.moves
        self.slow = slow
        self.told: Told = []
        self._news = news

    def wake(self) -> None:
        if not self.slow:
            self.ask()

    def ask(self) -> Told:
        for entry in self._news.since(self.cursor):
            revision = entry.row.revision if entry.row else None
            self.told.append((entry.kind(self.cursor).value, entry.id.int, revision))
        self.cursor = self._news.moves
        return self.told


@pytest.fixture
def news() -> News:
    """One that knows of ONE, in progress with revision 2."""
    made = News(UUID(int=9), lambda _: None, Waking())
    made.learn([row(2)], made.begin())
    return made


@pytest.fixture
def listener(news: News) -> Listener:
    made = Listener(news)
    news.join(made)
    return made


def test_progress_of_the_same_attempt_is_known_by_its_message(news: News, listener: Listener) -> None:
    news.put(heard(3))
    assert listener.told == [("updated", 1, 3)]
    entry = news.entry(ONE)
    assert entry
    assert (entry.row, news.unread) == (row(3, progress=50), {})


@pytest.mark.parametrize("late", [heard(2), heard(1), heard(1, kind=ChangeKind.CREATED, status="pending")])
def test_what_is_late_is_no_news(news: News, listener: Listener, late: GenerationChange) -> None:
    news.put(late)
    assert (listener.told, news.unread) == ([], {})


def test_messages_about_what_nobody_follows_are_left_alone() -> None:
    news = News(UUID(int=9), lambda _: None, Waking())
    news.join(Listener(news), ONE)
    news.put(heard(3, OTHER))
    assert news.unread == {}
    news.put(heard(3, ONE))
    assert news.unread == {ONE: ChangeKind.UPDATED}


def test_one_who_is_slow_is_told_the_newest_of_each_in_the_order_of_the_last_moves(news: News) -> None:
    slow = Listener(news, slow=True)
    news.join(slow)
    news.learn([row(1, OTHER)], news.begin())
    for revision in range(3, 50):
        news.put(heard(revision))
    news.put(heard(2, OTHER))
    assert slow.ask() == [("updated", 1, 49), ("created", 2, 2)]
    news.lose(ONE, news.begin())
    assert slow.ask()[2:] == [("deleted", 1, None)]


def test_a_read_that_began_before_a_message_takes_nothing_back(news: News, listener: Listener) -> None:
    began = news.begin()
    news.put(heard(5))
    news.learn([row(4)], began)
    news.lose(ONE, began)
    assert listener.told == [("updated", 1, 5)]


def test_reads_that_overtake_one_another_end_in_the_newest(news: News, listener: Listener) -> None:
    first, second = news.begin(), news.begin()
    news.learn([row(7)], second)
    news.learn([row(6)], first)
    assert listener.told == [("updated", 1, 7)]


def test_a_read_that_began_after_a_message_is_right_whatever_that_said(
    news: News, listener: Listener
) -> None:
    news.put(heard(99))
    news.learn([row(3)], news.begin())
    news.put(heard(4))
    assert [revision for _, _, revision in listener.told] == [99, 3, 4]


def test_what_is_gone_stays_gone(news: News, listener: Listener) -> None:
    news.lose(ONE, news.begin())
    news.put(heard(9))
    news.learn([row(9)], news.begin())
    news.lose(ONE, news.begin(), was_told=True)
    assert (listener.told, news.unread) == ([("deleted", 1, None)], {})


@pytest.mark.parametrize(("was_told", "told"), [(True, [("deleted", 3, None)]), (False, [])])
def test_a_deletion_is_news_of_one_that_nobody_knew_where_it_was_told(
    *, news: News, listener: Listener, was_told: bool, told: Told
) -> None:
    news.lose(NEVER, news.begin(), was_told=was_told)
    assert listener.told == told


def test_a_gap_matters_to_those_alone_who_have_begun_to_read(news: News) -> None:
    stream = Listener(news)
    stream.cursor = WAITING
    news.join(stream)
    news.mark_gap()
    assert not news.has_gap
    stream.cursor = READING
    news.mark_gap()
    assert news.has_gap


def test_a_deletion_among_what_is_unread_is_not_forgotten_for_a_later_message(
    news: News, listener: Listener
) -> None:
    news.put(heard(4, kind=ChangeKind.DELETED))
    news.put(heard(5, status="pending"))
    assert news.unread == {ONE: ChangeKind.DELETED}
    assert listener.told == []


def test_a_look_forgets_what_is_settled_and_told(news: News, listener: Listener) -> None:
    later = NOW + timedelta(seconds=10)
    news.catch_up(Changes([row(2), row(4, OTHER, status="failed")], [NEVER], NOW), news.begin())
    assert listener.told == [("created", 2, 4), ("deleted", 3, None)]
    listener.slow = True
    news.catch_up(Changes([row(3)], [], later), news.begin())
    assert (news.entry(OTHER), news.entry(NEVER), news.until) == (None, None, later)
    news.catch_up(Changes([], [], NOW), news.begin())
    assert news.until == later
    assert news.entry(ONE), "the slow one has yet to be told"
    listener.ask()
    news.catch_up(Changes([], [], later), news.begin())
    assert news.entry(ONE) is None


def test_what_is_followed_by_itself_is_kept(news: News, listener: Listener) -> None:
    follower = Listener(news)
    news.join(follower, ONE)
    news.catch_up(Changes([], [], NOW), news.begin())
    news.leave(listener)
    news.forget()
    assert news.entry(ONE)
    news.leave(follower, ONE)
    news.leave(follower, ONE)
    news.forget()
    assert (news.entry(ONE), len(news)) == (None, 0)


def test_a_first_read_that_is_overtaken_takes_nothing_back() -> None:
    news = News(UUID(int=9), lambda _: None, Waking())
    slow, quick = news.begin(), news.begin()
    news.learn([row(3)], quick)
    news.learn([row(2)], slow)
    entry = news.entry(ONE)
    assert entry
    assert entry.row
    assert entry.row.revision == 3
