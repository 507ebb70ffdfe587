"""Commands to Redis over one connection for all of a process: what is asked in one turn of the event loop
goes out in one write, and replies come in the order of their commands.
https://redis.io/docs/latest/develop/using-commands/pipelining/
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable
from functools import partial
from typing import Any, Self

import hiredis
from redis.exceptions import InvalidResponse, ResponseError

from core.wire import REDIS_ERRORS, Command, Wire, open_pool, pack

ANSWER_SECONDS = 2
CLOSED = "this end has closed the connection"
# How often commands are sent whose reply was lost with the connection.
MOST_TRIES = 2

Replies = asyncio.Future[list[Any]]

logger = logging.getLogger(__name__)


class _Asked:
    """Commands that were asked together."""

    __slots__ = ("count", "limit", "packed", "replies", "told", "tries")

    def __init__(self, commands: tuple[Command, ...], told: Replies, limit: float) -> None:
        self.packed = b"".join(map(pack, commands))
        self.count = len(commands)
        self.replies: list[Any] = []
        self.told = told
        self.limit = limit
        self.tries = 0

    def take(self, reply: Any) -> bool:
        """Whether that was the last one."""
        self.replies.append(reply)
        if len(self.replies) < self.count:
            return False
        if not self.told.done():
            refused = next((each for each in self.replies if isinstance(each, hiredis.ReplyError)), None)
            if refused:
                self.told.set_exception(ResponseError(str(refused)))
            else:
                self.told.set_result(self.replies)
        return True

    def fail(self, error: Exception) -> None:
        if not self.told.done():
            self.told.set_exception(error)


class Pipeline:
    """For use in one event loop; connects when it is first asked, and anew when it is asked after a loss."""

    def __init__(self, redis_url: str) -> None:
        self._pool = open_pool(redis_url)
        self._wire: Wire | None = None
        # All that have no reply yet, and of those the last: who have not been sent.
        self._asked: deque[_Asked] = deque()
        self._unsent: list[_Asked] = []
        self._runner: asyncio.Task[None] | None = None
        self._watch: asyncio.TimerHandle | None = None
        self._is_closed = False

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        """What has no reply by now is lost, and what is asked later."""
        self._is_closed = True
        if self._runner:
            self._runner.cancel()
            await asyncio.gather(self._runner, return_exceptions=True)
        self._fail_all(ConnectionAbortedError(CLOSED))
        if self._watch:
            self._watch.cancel()
        await self._pool.aclose()

    def ask(self, *commands: Command) -> Replies:
        """Their replies. Raises one of REDIS_ERRORS where one is an error, or after ANSWER_SECONDS.

        The commands are on their way whether it is awaited or not. A loss may have them carried out twice.
        """
        loop = asyncio.get_running_loop()
        asked = _Asked(commands, loop.create_future(), loop.time() + ANSWER_SECONDS)
        if not commands:
            asked.told.set_result([])
            return asked.told
        if self._is_closed:
            asked.fail(ConnectionAbortedError(CLOSED))
            return asked.told
        self._asked.append(asked)
        self._unsent.append(asked)
        if self._wire is None:
            self._connect()
        elif len(self._unsent) == 1:
            loop.call_soon(self._send)
        if self._watch is None:
            self._watch = loop.call_at(asked.limit, self._end_late)
        return asked.told

    def send(self, *commands: Command, lost: Callable[[Exception], None]) -> asyncio.Future[None]:
        """Done when `ask` is. It never fails: `lost` is told why there are no replies."""
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.ask(*commands).add_done_callback(partial(_settle, done, lost))
        return done

    def _connect(self) -> None:
        if self._runner is None or self._runner.done():
            self._runner = asyncio.create_task(self._run(), name="redis pipeline")

    async def _run(self) -> None:
        """Until the connection is lost while nobody waits for a reply, or cannot be had."""
        while self._asked:
            try:
                wire = await Wire.connect(self._pool)
            except REDIS_ERRORS as error:
                self._fail_all(error)
                return
            try:
                await self._exchange(wire)
            except REDIS_ERRORS as error:
                self._lose(error)
            except Exception as error:
                logger.exception("The connection to Redis broke")
                self._lose(error)
            finally:
                self._wire = None
                await wire.close()

    async def _exchange(self, wire: Wire) -> None:
        self._wire, self._unsent = wire, list(self._asked)
        self._send()
        while True:
            replies = await wire.read()
            if self._wire is not wire:
                raise TimeoutError(f"no reply within {ANSWER_SECONDS} seconds")
            for reply in replies:
                if not self._asked:
                    raise InvalidResponse("a reply that nobody asked for")
                if self._asked[0].take(reply):
                    self._asked.popleft()

    def _send(self) -> None:
        if self._wire and self._unsent:
            for asked in self._unsent:
                asked.tries += 1
            self._wire.write(b"".join([asked.packed for asked in self._unsent]))
            self._unsent = []

    def _lose(self, error: Exception) -> None:
        """Keep for another connection what may be tried once more."""
        was_asked, self._asked = self._asked, deque()
        for asked in was_asked:
            if asked.tries < MOST_TRIES:
                asked.replies.clear()
                self._asked.append(asked)
            else:
                asked.fail(error)

    def _fail_all(self, error: Exception) -> None:
        was_asked, self._asked, self._unsent = self._asked, deque(), []
        for asked in was_asked:
            asked.fail(error)

    def _end_late(self) -> None:
        """Give up those whose time is over, and the connection with them: its replies are theirs first."""
        loop = asyncio.get_running_loop()
        now = loop.time()
        self._watch = None
        self._unsent = [asked for asked in self._unsent if asked.limit > now]
        while self._asked and self._asked[0].limit <= now:
            asked = self._asked.popleft()
            asked.fail(TimeoutError(f"no reply within {ANSWER_SECONDS} seconds"))
            if asked.tries and self._wire:
                self._wire.abort()
                self._wire = None
        if self._asked:
            self._watch = loop.call_at(self._asked[0].limit, self._end_late)


def _settle(done: asyncio.Future[None], lost: Callable[[Exception], None], told: Replies) -> None:
    error = None if told.cancelled() else told.exception()
    if isinstance(error, Exception):
        lost(error)
    if not done.done():
        done.set_result(None)
