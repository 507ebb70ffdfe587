"""What changes between a stream's first look and its reply."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from db.changes import Changes, read_changes
from resolvers.progress import follow_all
from tests.callers import LIMIT_SECONDS, Api
from tests.live.streams import CANCEL, until


class HeldBack:
    """The first look, whose reply stays on its way until `go`."""

    def __init__(self) -> None:
        self.is_made = asyncio.Event()
        self.go = asyncio.Event()

    async def __call__(self, *arguments: Any, **options: Any) -> Changes:
        found = await read_changes(*arguments, **options)
        self.is_made.set()
        await self.go.wait()
        return found


@pytest.mark.parametrize("since", [None, timedelta(seconds=1)], ids=["begins", "resumes"])
async def test_what_moves_while_the_first_look_is_on_its_way_is_told(
    api: Api, alice: UUID, monkeypatch: pytest.MonkeyPatch, since: timedelta | None
) -> None:
    look = HeldBack()
    story = await api.add_story(alice)
    old = await api.initiate(alice, story)
    monkeypatch.setattr("resolvers.progress.read_changes", look)
    told: list[tuple[str, str]] = []
    expected: set[tuple[str, str]] = set()

    async def follow() -> None:
        moment = datetime.now(UTC) - since if since else None
        async for event in follow_all(api.services, alice, since=moment):
            if event.generation:
                told.append((str(event.id), event.generation.status))
            if look.go.is_set() and expected <= {*told}:
                return

    following = asyncio.create_task(follow())
    await look.is_made.wait()
    new = await api.initiate(alice, story)
    await api.data(alice, CANCEL, id=old)
    expected = {(new, "pending"), (old, "failed")}
    await until(lambda: api.services.desk._news[alice].news.moves == len(expected))  # noqa: SLF001 - no sign of it
    look.go.set()
    async with asyncio.timeout(LIMIT_SECONDS):
        await following
    assert sorted(told) == sorted(expected)
