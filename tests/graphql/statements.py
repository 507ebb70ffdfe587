"""Which SQL an API sends."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import event
from sqlalchemy.util import await_only

from tests.callers import Api


class QueryRecorder:
    """The statements sent while it listens, but for those that say who asks."""

    def __init__(self) -> None:
        self.statements: list[str] = []

    def __len__(self) -> int:
        return len(self.statements)

    def holding(self, *parts: str) -> list[str]:
        """The statements that hold all of `parts`."""
        return [each for each in self.statements if all(part in each for part in parts)]

    def note(self, _connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        if "set_config" not in statement:
            self.statements.append(statement)


@contextmanager
def recording(api: Api) -> Iterator[QueryRecorder]:
    engine, recorder = api.services.database.engine.sync_engine, QueryRecorder()
    event.listen(engine, "before_cursor_execute", recorder.note)
    try:
        yield recorder
    finally:
        event.remove(engine, "before_cursor_execute", recorder.note)


@contextmanager
def just_before(api: Api, part: str, happens: Callable[[], Awaitable[Any]]) -> Iterator[None]:
    """`happens` runs once, just before the first statement that holds `part` is sent."""
    waiting = [happens]

    def listen(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        if part in statement and waiting:
            await_only(waiting.pop()())

    engine = api.services.database.engine.sync_engine
    event.listen(engine, "before_cursor_execute", listen)
    try:
        yield
        assert not waiting, f"no statement held {part!r}"
    finally:
        event.remove(engine, "before_cursor_execute", listen)
