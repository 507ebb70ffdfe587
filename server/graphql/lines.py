"""Subscriptions on sockets whose events are made at once, and written at once wherever the socket has room.

One event of a user is made once for all who asked for the same of it; nothing runs for a stream between two
events. A socket without room is left alone until it has some, and is then told the newest state.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from core.codes import Fault
from core.errors import GenerationNotFound
from core.events import ChangeKind
from db.models import GenerationRow, Status
from db.sessions import DATABASE_ERRORS
from resolvers.progress import begin_all, begin_generation
from resolvers.progress_news import READING
from schema.faults import INTERNAL_MESSAGE
from schema.live import Event, LivePlan
from schema.plans.run import Run
from server.edges.json_text import to_json
from server.edges.socket_protocol import SocketProtocol, text_frame

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Asked:
    """A subscription as a client asked for it, with the variables `given`. `only`: the one generation that
    it follows.
    """

    operation_id: str
    given: Mapping[str, Any]
    plan: LivePlan
    run: Run
    only: UUID | None


class _Failed(Exception):
    """A field of this event has failed."""

    def __init__(self, event: Event) -> None:
        super().__init__()
        self.event = event


class Line:
    """One operation. `task` runs while it begins, and while graphql-core tells an event; `cursor` is what it
    has been told, as `Stream` has it.

    `over` is called with its id once it has ended by itself, and `otherwise` where it cannot begin like this.
    """

    __slots__ = (
        *("_asked", "_is_left", "_news", "_otherwise", "_over", "_prefix", "_wire"),
        *("cursor", "task"),
    )

    def __init__(
        self,
        asked: Asked,
        wire: SocketProtocol,
        over: Callable[[str], None],
        otherwise: Callable[[], Awaitable[None]],
    ) -> None:
        self.cursor = READING
        self._asked = asked
        self._wire, self._over = wire, over
        self._otherwise: Callable[[], Awaitable[None]] | None = otherwise
        self._prefix = b'{"id":' + to_json(asked.operation_id) + b',"type":"next","payload":'
        self._is_left = False
        context = asked.run.context
        self._news = context.services.desk.enter(context.me)
        self.task: asyncio.Task[None] | None = asyncio.create_task(self._begin())

    def leave(self) -> None:
        """Nothing is told any more. Harmless for one that has left."""
        if not self._is_left:
            self._is_left = True
            self._wire.forget(self.wake)
            self._news.leave(self, self._asked.only)
            self._asked.run.context.services.desk.leave(self._news.user_id)
            if self.task and self.task is not asyncio.current_task():
                self.task.cancel()

    def wake(self) -> None:
        """Tell what has moved, as much of it as there is room for."""
        if self.cursor >= READING or self.task or self._is_left:
            return
        try:
            if self._asked.only is None:
                self._tell_all()
            else:
                self._tell_one(self._asked.only)
        except _Failed as failed:
            self.task = asyncio.create_task(self._go_on(failed.event))
        except Exception as error:  # noqa: BLE001 - told to the client, and logged
            self._fail(error)

    async def _begin(self) -> None:
        services, otherwise = self._asked.run.context.services, self._otherwise
        self._otherwise = None
        assert otherwise
        try:
            if self._asked.only is None:
                # At once, room or not: what comes next is newer.
                for event in await begin_all(services, self._news, self):
                    await self._tell_first(event.kind, event.id, event.generation)
            else:
                row = await begin_generation(services, self._news, self, self._asked.only)
                if Status(row.status).final:
                    await self._wire.room()
                    await self._tell_first(ChangeKind.UPDATED, self._asked.only, row)
                    self._end()
                else:
                    self.cursor -= 1
        except (GenerationNotFound, *DATABASE_ERRORS):
            self.task = None
            self.leave()
            await otherwise()
        except Exception as error:  # noqa: BLE001 - told to the client, and logged
            self._fail(error)
        finally:
            self.task = None
        self.wake()

    async def _tell_first(self, kind: ChangeKind, generation_id: UUID, row: GenerationRow | None) -> None:
        try:
            self._tell(kind, generation_id, row, {})
        except _Failed as failed:
            await self._tell_failed(failed.event)

    async def _go_on(self, failed: Event) -> None:
        try:
            await self._tell_failed(failed)
        except Exception as error:  # noqa: BLE001 - told to the client, and logged
            self._fail(error)
        finally:
            self.task = None
        self.wake()

    async def _tell_failed(self, event: Event) -> None:
        asked = self._asked
        answer = await asked.plan.answer(asked.run.context, asked.given, event)
        told: dict[str, Any] = {"data": answer.data}
        if answer.errors:
            told["errors"] = [error.formatted for error in answer.errors]
        self._write(self._frame(to_json(told)))

    def _tell_one(self, generation_id: UUID) -> None:
        entry = self._news.entry(generation_id)
        if entry is None:
            return
        if entry.move > self.cursor:
            if not self._wire.has_room(self.wake):
                return
            self.cursor = entry.move
            if entry.row is not None:
                self._tell(ChangeKind.UPDATED, entry.id, entry.row, entry.made)
        if entry.row is None or Status(entry.row.status).final:
            self._end()

    def _tell_all(self) -> None:
        for entry in self._news.since(self.cursor):
            if not self._wire.has_room(self.wake):
                return
            kind, self.cursor = entry.kind(self.cursor), entry.move
            self._tell(kind, entry.id, entry.row, entry.made)

    def _tell(
        self, kind: ChangeKind, generation_id: UUID, row: GenerationRow | None, made: dict[Any, Any]
    ) -> None:
        """What it tells is made once for all who asked for the same. Raises _Failed."""
        plan = self._asked.plan
        payload: bytes | None = made.get((plan, kind))
        if payload is None:
            event = plan.event(kind, generation_id, row)
            try:
                data = plan.data(self._asked.run, event)
            except Exception as error:
                raise _Failed(event) from error
            payload = made[plan, kind] = to_json({"data": data})
        self._write(self._frame(payload))

    def _frame(self, payload: bytes) -> bytes:
        return text_frame(self._prefix + payload + b"}")

    def _write(self, frame: bytes) -> None:
        self._wire.write_frame(frame)

    def _end(self) -> None:
        self.leave()
        self._over(self._asked.operation_id)
        self._write(text_frame(to_json({"id": self._asked.operation_id, "type": "complete"})))

    def _fail(self, error: Exception) -> None:
        request_id = self._asked.run.context.request_id
        logger.error("Request %s: a subscription broke", request_id, exc_info=error)
        extensions = {"code": Fault.INTERNAL_SERVER_ERROR, "requestId": request_id}
        told = {"message": INTERNAL_MESSAGE, "extensions": extensions}
        self.leave()
        self._over(self._asked.operation_id)
        self._write(text_frame(to_json({"id": self._asked.operation_id, "type": "error", "payload": [told]})))
