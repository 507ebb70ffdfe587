"""Reads for live streams that fail, for some users alone."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from uuid import UUID, uuid4

import asyncpg
import pytest

from core.events import ChangeKind, GenerationChange
from resolvers.progress_desk import MOST_READS
from tests.callers import Api
from tests.live.hand import Hand
from tests.live.lines import has_streams
from tests.live.streams import EVENTS, PROGRESS, follow, has_begun, until


@asynccontextmanager
async def reads_failing(sql: asyncpg.Connection, users: Collection[UUID]) -> AsyncIterator[None]:
    """The database is short of memory whenever one of `users` asks for generations."""
    listed = ", ".join(f"'{user}'" for user in users)
    await sql.execute(f"""CREATE FUNCTION spare_memory() RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN
        IF current_setting('app.user_id') IN ({listed}) THEN RAISE EXCEPTION USING ERRCODE = 'out_of_memory';
        END IF; RETURN true; END $$""")
    await sql.execute("""CREATE POLICY spare ON story_generations AS RESTRICTIVE FOR SELECT
        TO storycast_api USING (spare_memory())""")
    yield
    await sql.execute("DROP POLICY spare ON story_generations")
    await sql.execute("DROP FUNCTION spare_memory")


@pytest.mark.parametrize("others", [PROGRESS, EVENTS], ids=["one", "all"])
async def test_those_who_fail_keep_nobody_else_from_a_turn_and_go_on_once_they_succeed(
    *,
    api: Api,
    hand: Hand,
    sql: asyncpg.Connection,
    alice: UUID,
    caplog: pytest.LogCaptureFixture,
    others: str,
) -> None:
    users = [uuid4() for _ in range(MOST_READS + 1)]
    generations = {user: await api.initiate(user, await api.add_story(user)) for user in [*users, alice]}
    async with AsyncExitStack() as stack:
        sockets = {user: await stack.enter_async_context(api.socket(user)) for user in generations}
        progress = await follow(sockets[alice], generations[alice])
        assert await progress.next() == ("PENDING", 0, 1)
        for user in users:
            given = {"id": generations[user]} if others == PROGRESS else {}
            await sockets[user].subscribe("1", others, **given)
            await until(partial(has_streams, api, user, 1))
            await until(partial(has_begun, api, user))
            if given:
                await sockets[user].next("1")
        async with reads_failing(sql, users):
            for user in users:
                wakes = GenerationChange(UUID(generations[user]), ChangeKind.UPDATED, 9, "in_progress", 1)
                await api.services.publisher.publish(user, wakes)
            await until(lambda: caplog.text.count("A live stream waits for the database") >= MOST_READS)
            await hand.succeed(await hand.claim(generations[alice]))
            assert (await progress.rest())[-1] == ("SUCCEEDED", 100, 3)
            for user in users:
                await hand.claim(generations[user], lost=True)
        for user in users:
            assert "IN_PROGRESS" in str(await sockets[user].next("1"))
