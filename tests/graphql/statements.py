"""Which SQL an API sends."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Any

import asyncpg
from sqlalchemy import event
from sqlalchemy.util import await_only

from tests.callers import Api

# What `db.calls` sends.
CALL = "SELECT * FROM"
PAGE, PAGE_IS_COUNTED = "read_generation_page", 4


class QueryRecorder:
    """The statements sent while it listens, but for those that say who asks; and all that the database was
    asked and had to answer, BEGIN and COMMIT too.
    """

    def __init__(self) -> None:
        self.statements: list[str] = []
        self.round_trips: list[str] = []
        self._counted: list[str] = []
        self._heard: set[Any] = set()

    def __len__(self) -> int:
        return len(self.statements)

    def counting(self) -> list[str]:
        """The statements that count rows of a list."""
        return self.holding("count(") + self._counted

    def holding(self, *parts: str) -> list[str]:
        """The statements that hold all of `parts`."""
        return [each for each in self.statements if all(part in each for part in parts)]

    def note(self, _connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        self.round_trips.append(statement)
        if "set_config" not in statement:
            self.statements.append(statement)

    def hear(self, connection: Any, *_rest: Any) -> None:
        """Note what is sent over this connection past SQLAlchemy."""
        connection.driver_connection.add_query_logger(self._note_asked)
        self._heard.add(connection.driver_connection)

    def hear_no_more(self) -> None:
        for connection in self._heard:
            connection.remove_query_logger(self._note_asked)

    def _note_asked(self, asked: asyncpg.connection.LoggedQuery) -> None:
        self.round_trips.append(asked.query)
        if CALL in asked.query:
            self.statements.append(asked.query)
        if PAGE in asked.query and asked.args[PAGE_IS_COUNTED]:
            self._counted.append(asked.query)


@contextmanager
def recording(api: Api) -> Iterator[QueryRecorder]:
    engine, recorder = api.services.database.engine.sync_engine, QueryRecorder()
    # Those that are there, which nobody has at the moment, and those that are made from here on.
    pool: Any = engine.pool
    for entry in pool._pool._idle:  # noqa: SLF001 - nothing tells of them
        recorder.hear(entry)
    event.listen(engine, "connect", recorder.hear)
    event.listen(engine, "before_cursor_execute", recorder.note)
    try:
        yield recorder
    finally:
        event.remove(engine, "before_cursor_execute", recorder.note)
        event.remove(engine, "connect", recorder.hear)
        recorder.hear_no_more()


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
