"""How much story text answers may hold. Documents are small, and stories are not: a hundred words of GraphQL
may ask for a hundred stories of a million characters, on a socket that nobody reads.
"""

from __future__ import annotations

import asyncio
import contextvars
from collections.abc import Iterator, Sequence
from typing import Any

from strawberry.extensions import SchemaExtension

from core.errors import StorycastError, TooMuchContent
from resolvers.batches import MOST_CONTENT

Turn = asyncio.Lock | asyncio.Semaphore


class AnswerOver(StorycastError):
    """Nobody waits for this field any more; so nobody is told."""


class Answer:
    """What is being made for an operation: its answer, or one event of a subscription."""

    __slots__ = ("_beginning", "_characters", "_held", "_is_over", "_waiting")

    def __init__(self) -> None:
        self._characters = 0
        # Most answers hold no stories.
        self._beginning: asyncio.Lock | None = None
        self._held: list[Turn] = []
        self._waiting: set[asyncio.Task[Any]] = set()
        self._is_over = False

    async def begin(self, turns: Sequence[Turn]) -> None:
        """Wait for each of `turns`, in this order, unless it has had them.

        Raises AnswerOver where there is no answer any more, and is canceled when it ends. So it is for fields
        whose neighbour has failed: graphql-core answers without them, and lets them run on.
        """
        if self._is_over:
            raise AnswerOver
        task = asyncio.current_task()
        assert task
        self._waiting.add(task)
        try:
            self._beginning = self._beginning or asyncio.Lock()
            async with self._beginning:
                for turn in turns[len(self._held) :]:
                    await turn.acquire()
                    self._held.append(turn)
        finally:
            self._waiting.discard(task)

    def spend(self, content: str) -> None:
        """Raises TooMuchContent where the answer would hold more than MOST_CONTENT characters of stories."""
        self._characters += len(content)
        if self._characters > MOST_CONTENT:
            raise TooMuchContent(MOST_CONTENT)

    def end(self) -> None:
        """It is sent, or will not be."""
        self._is_over = True
        for task in self._waiting:
            task.cancel()
        while self._held:
            self._held.pop().release()


_answer: contextvars.ContextVar[Answer | None] = contextvars.ContextVar("answer", default=None)


class Allowance(SchemaExtension):
    """Gives each operation its `Answer`."""

    def on_operation(self) -> Iterator[None]:
        begin_answer()
        yield


def begin_answer() -> None:
    """For an operation that begins."""
    _answer.set(Answer())


def current_answer() -> Answer:
    """That of the operation underway."""
    answer = _answer.get()
    assert answer, "no operation is underway"
    return answer


def end_answer() -> None:
    """To be called by who sends answers, after each: another may follow. Harmless where there is none."""
    answer = _answer.get()
    if answer:
        answer.end()
        _answer.set(Answer())
